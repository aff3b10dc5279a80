"""A task for each page, all on one thread: a task lets the others run wherever it awaits.

Run:   python3 crates/lessons/async_downloader/async_downloader.py --site http://127.0.0.1:8000
Watch: all lines come at once, after little more than the time of one page.
"""

import asyncio
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[2] / "common"))
import common
import aiohttp


def main():
    with common.Run("async", repeat=80, workers=None) as run:
        asyncio.run(download_all_sites(run, run.sites))
    return run.finish()


# ANCHOR: download_all_sites
async def download_all_sites(run, sites):
    async def download(url):
        async with limit:
            with run.begin(url) as page:  # keeps an error: one that got out would cancel the others
                await page.end_after(download_site(session, url))

    limit = asyncio.Semaphore(run.workers)
    connector = aiohttp.TCPConnector(limit=0)  # by itself, a session opens 100 connections at most
    async with aiohttp.ClientSession(connector=connector) as session, asyncio.TaskGroup() as tasks:
        for url in sites:
            tasks.create_task(download(url))


async def download_site(session, url):
    async with session.get(url, timeout=aiohttp.ClientTimeout(10)) as response:
        response.raise_for_status()
        return len(await response.read())
# ANCHOR_END: download_all_sites


if __name__ == "__main__":
    sys.exit(main())
