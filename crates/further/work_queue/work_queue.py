"""A queue with room for two pages: the producer waits until a consumer takes one.

Run:   python3 crates/further/work_queue/work_queue.py --site http://127.0.0.1:8000
Watch: main in the diagram: it produces, and waits for room in the queue (back-pressure).
"""

import queue
import sys
import threading
from pathlib import Path

sys.path.append(str(Path(__file__).parents[2] / "common"))
import common
import requests

THE_END = None  # a sentinel: since Python 3.13, shutdown() ends a queue without one


def main():
    with common.Run("threads", repeat=10, workers=4) as run:
        download_all_sites(run, run.sites)
    return run.finish()


# ANCHOR: download_all_sites
def download_all_sites(run, sites):
    def consume():
        with requests.Session() as session:
            while (url := pages.get()) is not THE_END:
                with run.begin(url) as page:
                    page.end(download_site(session, url))

    pages = queue.Queue(maxsize=2)  # it has a lock of its own
    workers = [threading.Thread(target=consume) for _ in range(run.workers)]
    for worker in workers:
        worker.start()
    try:
        for url in sites:
            with run.begin("fills the queue", common.ASIDE):
                pages.put(url)
    finally:  # after Ctrl-C, too: a worker without a sentinel would wait forever
        for worker in workers:
            pages.put(THE_END)
        for worker in workers:
            worker.join()
# ANCHOR_END: download_all_sites


def download_site(session, url):
    with session.get(url, timeout=10) as response:
        response.raise_for_status()
        return len(response.content)


if __name__ == "__main__":
    sys.exit(main())
