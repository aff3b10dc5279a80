"""An event loop by hand: a list of ready tasks, a list of waiting ones, and a selector.

Run:   python3 crates/further/event_loop/event_loop.py --site http://127.0.0.1:8000
Watch: all lines come at once, as with asyncio, which is not imported.
"""

import collections
import selectors
import socket
import sys
import types
import urllib.parse
from pathlib import Path

sys.path.append(str(Path(__file__).parents[2] / "common"))
import common


def main():
    with common.Run("async", repeat=80, workers=None) as run:
        run_all(download_all_sites(run, run.sites))
    return run.finish()


# ANCHOR: run_all
def run_all(tasks):
    ready, waiting = collections.deque(tasks), selectors.DefaultSelector()
    while ready or waiting.get_map():
        for key, _ in [] if ready else waiting.select():  # sleeps until a socket is ready
            waiting.unregister(key.fileobj)
            ready.append(key.data)
        task = ready.popleft()
        if wanted := next(task, None):  # its turn, up to a `yield`; None: it has ended
            waiting.register(*wanted, task)


@types.coroutine
def until(sock, event):
    yield sock, event
# ANCHOR_END: run_all


def download_all_sites(run, sites):
    async def download():
        for url in queue:
            with run.begin(url) as page:
                await page.end_after(download_site(url))

    queue = iter(sites)  # the tasks share it
    return [download().__await__() for _ in range(run.workers)]


async def download_site(url):
    site, answer = urllib.parse.urlsplit(url), b""
    with socket.socket() as sock:
        sock.setblocking(False)
        sock.connect_ex((site.hostname, site.port))
        await until(sock, selectors.EVENT_WRITE)
        sock.sendall(f"GET {site.path} HTTP/1.0\r\nHost: {site.netloc}\r\n\r\n".encode())
        await until(sock, selectors.EVENT_READ)
        while part := sock.recv(65536):  # it is empty at the end of the connection
            answer += part
            await until(sock, selectors.EVENT_READ)
    head, _, body = answer.partition(b"\r\n\r\n")
    if b" 200 " not in head.partition(b"\r\n")[0]:
        raise OSError(head.decode().partition("\r\n")[0] or "no answer")
    return len(body)


if __name__ == "__main__":
    sys.exit(main())
