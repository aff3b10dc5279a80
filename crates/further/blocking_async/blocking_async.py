"""One call that blocks stops all tasks: the event loop cannot interrupt it.

Run:   python3 crates/further/blocking_async/blocking_async.py --site http://127.0.0.1:8000
Watch: the blocking calls in the diagram: one block, then stairs, while all other tasks wait.
"""

import asyncio
import sys
import time
from pathlib import Path

sys.path.append(str(Path(__file__).parents[2] / "common"))
import common
import aiohttp

SECTIONS = "one task blocks", "every task blocks", "asyncio.to_thread"


def main():
    with common.Run("async", sections=SECTIONS, repeat=2, block=100) as run:
        asyncio.run(download_all_sites(run, run.sites))
    return run.finish()


# ANCHOR: download_all_sites
async def download_all_sites(run, sites):
    async def download_and_block(url):
        size = await download_site(session, url)
        # The first task to arrive blocks for all of them, or each blocks for itself.
        times = 1 if section != SECTIONS[0] else len(sites) if not arrived else 0
        arrived.append(url)
        if section == SECTIONS[2]:
            # The fix: a thread that may block, while this one goes on with the other tasks.
            await asyncio.to_thread(block, run, times)
        else:
            block(run, times)  # wrong on purpose: no other task runs until it returns
        return size

    async def download(url):
        with run.begin(url) as page:
            await page.end_after(download_and_block(url))

    async with aiohttp.ClientSession() as session:
        for section in SECTIONS:
            run.section(section)
            arrived = []
            await asyncio.gather(*map(download, sites))


def block(run, times):
    for _ in range(times):
        with run.begin("blocks", common.ASIDE):
            time.sleep(run.options.block / 1000)
# ANCHOR_END: download_all_sites


async def download_site(session, url):
    async with session.get(url, timeout=aiohttp.ClientTimeout(10)) as response:
        response.raise_for_status()
        return len(await response.read())


if __name__ == "__main__":
    sys.exit(main())
