"""One page after another, on one thread: each wait begins when the last one has ended.

Run:   python3 crates/lessons/sync_downloader/sync_downloader.py --site http://127.0.0.1:8000
Watch: the lines come at even steps: each page waits until the one before it has arrived.
"""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[2] / "common"))
import common
import requests


def main():
    with common.Run("sync", repeat=80) as run:
        download_all_sites(run, run.sites)
    return run.finish()


# ANCHOR: download_all_sites
def download_all_sites(run, sites):
    with requests.Session() as session:
        for url in sites:
            with run.begin(url) as page:
                page.end(download_site(session, url))


def download_site(session, url):
    with session.get(url, timeout=10) as response:
        response.raise_for_status()
        return len(response.content)
# ANCHOR_END: download_all_sites


if __name__ == "__main__":
    sys.exit(main())
