"""Async waits for pages while processes compute with those that have arrived.

Run:   python3 crates/further/mixed_pipeline/mixed_pipeline.py --site http://127.0.0.1:8000
Watch: the two kinds of line: first one after the other, then mixed.

It computes fib(25) for each page. `--number 35`, as in Rust, takes 120 times as long.
"""

import asyncio
import itertools
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

sys.path.append(str(Path(__file__).parents[2] / "common"))
import common
import aiohttp


def main():
    sections = ["stage after stage", "pipeline"]
    with common.Run("async", sections, repeat=20, workers=5, number=25) as run:
        with ProcessPoolExecutor(max_workers=common.CORES) as executor:
            asyncio.run(download_all_sites(run, run.sites, run.numbers, executor))
    return run.finish()


# ANCHOR: download_all_sites
async def download_all_sites(run, sites, numbers, executor):
    async def download(url):
        async with limit:
            with run.begin(url) as page:
                await page.end_after(download_site(session, url))
        return "error" not in page.result

    async def compute_elsewhere(number):
        event_loop = asyncio.get_running_loop()
        run.record(await event_loop.run_in_executor(executor, compute, number))

    async def download_and_compute(url, number):
        if await download(url):
            await compute_elsewhere(number)

    limit = asyncio.Semaphore(run.workers)
    async with aiohttp.ClientSession() as session:
        run.section("stage after stage")
        arrived = await asyncio.gather(*map(download, sites))
        await asyncio.gather(*map(compute_elsewhere, itertools.compress(numbers, arrived)))
        run.section("pipeline")
        await asyncio.gather(*map(download_and_compute, sites, numbers))
# ANCHOR_END: download_all_sites


def compute(number):
    with common.Item(number) as call:
        call.end(fib(number))
    return call


def fib(n):
    return n if n < 2 else fib(n - 1) + fib(n - 2)


async def download_site(session, url):
    async with session.get(url, timeout=aiohttp.ClientTimeout(10)) as response:
        response.raise_for_status()
        return len(await response.read())


if __name__ == "__main__":
    sys.exit(main())
