"""A crawler finds its work on the way: the end is an empty queue, and nothing in flight.

Run:   python3 crates/further/web_scraper/web_scraper.py --site http://127.0.0.1:8000
Watch: the second part: few pages in flight at first, then as many as there are workers.
"""

import asyncio
import sys
from pathlib import Path
from urllib.parse import urlsplit

sys.path.append(str(Path(__file__).parents[2] / "common"))
import common
import aiohttp
import links

SECTIONS = ["one at a time", "several at once"]
VISIT = common.Kind("visit", "visited", "pages", "bytes")


def main():
    with common.Run("async", SECTIONS, VISIT, site=None, workers=20, visits=104) as run:
        run.wanted[VISIT], run.workers = 2 * run.options.visits, run.options.workers
        asyncio.run(crawl_twice(run, run.options.site.rstrip("/") + "/world/"))
    return run.finish()


async def crawl_twice(run, start):
    for name, limit in zip(SECTIONS, (1, run.workers)):
        run.section(name)
        await crawl(run, start, limit)


# ANCHOR: crawl
async def crawl(run, start, limit):
    async def work():
        while True:
            url = await frontier.get()
            for link in await visit(run, session, url):
                is_here = urlsplit(link)[:2] == urlsplit(start)[:2]
                if is_here and rules.can_fetch(links.AGENT, link) and link not in seen:
                    seen.add(link)
                    frontier.put_nowait(link)
            frontier.task_done()  # only now: its links are in the queue

    seen, frontier = {start}, asyncio.Queue()
    async with aiohttp.ClientSession(**links.POLITE) as session:
        rules = await links.rules(session, start)
        if rules.can_fetch(links.AGENT, start):
            frontier.put_nowait(start)
        workers = [asyncio.create_task(work()) for _ in range(limit)]
        await frontier.join()  # as many were done as were put in
        for worker in workers:
            worker.cancel()  # they wait for a page that will not come
# ANCHOR_END: crawl


async def visit(run, session, url):
    found = []
    with run.begin(url, VISIT) as page:
        await page.end_after(download(session, url, found))
    return found


async def download(session, url, found):
    async with session.get(url, allow_redirects=False) as response:
        body = await response.read()
        found += links.of(url, response, body)
        return len(body)


if __name__ == "__main__":
    sys.exit(main())
