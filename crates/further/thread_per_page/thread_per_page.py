"""A thread for every page, joined by hand: no pool, no queue, and no limit.

Run:   python3 crates/further/thread_per_page/thread_per_page.py --site http://127.0.0.1:8000
Watch: 160 pages in little time; the lines come in the order in which the threads are joined.
"""

import sys
import threading
from pathlib import Path

sys.path.append(str(Path(__file__).parents[2] / "common"))
import common
import requests


def main():
    with common.Run("threads", repeat=80) as run:
        run.workers = len(run.sites)
        download_all_sites(run, run.sites)
    return run.finish()


# ANCHOR: download_all_sites
def download_all_sites(run, sites):
    def download(page, url):
        with page, requests.Session() as session:
            page.end(download_site(session, url))

    pages = [common.Item(url) for url in sites]
    threads = [threading.Thread(target=download, args=it) for it in zip(pages, sites)]
    for thread in threads:
        thread.start()
    for page, thread in zip(pages, threads):
        thread.join()
        run.record(page)  # it ended in its thread, and is reported when that is joined
# ANCHOR_END: download_all_sites


def download_site(session, url):
    with session.get(url, timeout=10) as response:
        response.raise_for_status()
        return len(response.content)


if __name__ == "__main__":
    sys.exit(main())
