"""A fixed number of threads answers any number of clients, and says no at once when too many wait.

Run:   python3 crates/further/web_server/web_server.py --workers 16
Watch: the lanes; then --clients 100 --queue 8: how many of the 48 are answered?
"""

import http.server
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from urllib.request import urlopen

sys.path.append(str(Path(__file__).parents[2] / "common"))
import common

REQUEST = common.Kind("request", "answered", "requests", "bytes")


def main():
    options = {"requests": 48, "workers": 4, "latency": 50, "queue": 64, "clients": 16}
    with common.Run("threads", kind=REQUEST, **options) as run:
        run.workers, run.wanted[REQUEST] = run.options.workers, run.options.requests
        serve(run)
    return run.finish()


# ANCHOR: serve
def serve(run):
    with Server(("127.0.0.1", 0), Handler) as server, ThreadPoolExecutor(run.workers) as pool:
        server.run, server.pool = run, pool
        server.room = threading.Semaphore(run.workers + run.options.queue)
        threading.Thread(target=ask_for_all, args=(server,)).start()
        server.serve_forever(poll_interval=0.01)


class Server(http.server.HTTPServer):
    request_queue_size = 128  # of the system; with the default of 5, clients wait for a second

    def process_request(self, connection, address):  # on the main thread, for each connection
        if self.room.acquire(blocking=False):
            answer = super().process_request  # a Handler reads the request, and answers it
            answered = self.pool.submit(answer, connection, address)
            answered.add_done_callback(lambda _: self.room.release())
        else:
            connection.sendall(b"HTTP/1.0 503 Service Unavailable\r\nRetry-After: 1\r\n\r\n")
            self.shutdown_request(connection)


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        with self.server.run.begin(self.path, REQUEST) as request:
            time.sleep(self.server.run.options.latency / 1000)  # as for a database
            self.wfile.write(b"HTTP/1.0 200 OK\r\n\r\n" + b"*" * 10_000)
            request.end(10_000, f"{self.path}: 200, 10000 bytes")
# ANCHOR_END: serve


def ask_for_all(server):
    def ask(_):
        with suppress(OSError):  # refused, or the server has gone
            urlopen("http://{}:{}/page".format(*server.server_address)).read()

    with ThreadPoolExecutor(server.run.options.clients) as clients:
        list(clients.map(ask, range(server.run.options.requests)))
    server.shutdown()


if __name__ == "__main__":
    sys.exit(main())
