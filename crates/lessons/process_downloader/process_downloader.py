"""Worker processes download the pages: for waiting, a heavy tool does not pay.

Run:   python3 crates/lessons/process_downloader/process_downloader.py --site http://127.0.0.1:8000
Watch: each line names its worker; a system monitor shows a process for each of them.
"""

import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

sys.path.append(str(Path(__file__).parents[2] / "common"))
import common
import requests


def main():
    with common.Run("processes", repeat=80, workers=common.CORES) as run:
        download_all_sites(run, run.sites)
    return run.finish()


# ANCHOR: download_all_sites
def download_all_sites(run, sites):
    with ProcessPoolExecutor(max_workers=run.workers, initializer=init_process) as executor:
        list(map(run.record, executor.map(download, sites)))


def init_process():
    global session
    session = requests.Session()


def download(url):
    with common.Item(url) as page:
        page.end(download_site(session, url))
    return page  # a worker shares nothing with the run: the page is sent back


def download_site(session, url):
    with session.get(url, timeout=10) as response:
        response.raise_for_status()
        return len(response.content)
# ANCHOR_END: download_all_sites


if __name__ == "__main__":
    sys.exit(main())
