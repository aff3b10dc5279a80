"""Async alone makes nothing concurrent: pages awaited one by one, then gathered.

Run:   python3 crates/further/sequential_await/sequential_await.py --site http://127.0.0.1:8000
Watch: the first lines come one by one, the others all at once.
"""

import asyncio
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[2] / "common"))
import common
import aiohttp


def main():
    with common.Run("async", ["one by one", "joined"], repeat=5) as run:
        asyncio.run(download_all_sites(run, run.sites))
    return run.finish()


# ANCHOR: download_all_sites
async def download_all_sites(run, sites):
    async def download(url):
        with run.begin(url) as page:  # keeps an error: it does not stop the other pages
            await page.end_after(download_site(session, url))

    connector = aiohttp.TCPConnector(limit=0)  # by itself, a session opens 100 connections at most
    async with aiohttp.ClientSession(connector=connector) as session:
        run.section("one by one")
        for url in sites:
            await download(url)
        run.section("joined")
        # A coroutine does nothing until it is awaited: these are awaited together.
        await asyncio.gather(*map(download, sites))
# ANCHOR_END: download_all_sites


async def download_site(session, url):
    async with session.get(url, timeout=aiohttp.ClientTimeout(10)) as response:
        response.raise_for_status()
        return len(await response.read())


if __name__ == "__main__":
    sys.exit(main())
