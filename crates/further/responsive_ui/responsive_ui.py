"""An interface answers at once if its thread only answers: long work belongs to another thread.

Run:   python3 crates/further/responsive_ui/responsive_ui.py
Watch: how late each key is answered (it plays keys): with the GIL, some take over 5 ms.
"""

import contextlib
import itertools
import queue
import sys
import threading
import time
from pathlib import Path

sys.path.append(str(Path(__file__).parents[2] / "common"))
import common


def main():
    parts = {"thread of the keys": on_the_thread_of_the_keys, "a worker thread": on_a_worker_thread}
    with common.Run("threads", list(parts), number=32, calls=30) as run:
        for name, part in parts.items():
            run.section(name)
            keys = queue.Queue()
            threading.Thread(target=play, args=[keys], daemon=True).start()
            part(run, run.numbers, keys)
    return run.finish()


# ANCHOR: parts
def on_the_thread_of_the_keys(run, numbers, keys):
    for number in numbers:
        with run.begin(number) as call:
            call.end(fib(number))
    while not keys.empty():
        answer(run, *keys.get())


def on_a_worker_thread(run, numbers, keys):
    def compute():
        for number in itertools.takewhile(lambda _: not is_cancelled.is_set(), numbers):
            with run.begin(number) as call:
                call.end(fib(number))

    is_cancelled = threading.Event()
    worker = threading.Thread(target=compute)
    worker.start()
    try:
        while worker.is_alive():
            with contextlib.suppress(queue.Empty):
                answer(run, *keys.get(timeout=0.02))
    finally:  # after Ctrl-C, too
        is_cancelled.set()
        worker.join()
# ANCHOR_END: parts


def answer(run, key, pressed):
    run.note(f"Answered after {(time.perf_counter() - pressed) * 1000:.2f} ms: {key}")


def play(keys):
    for key in itertools.cycle("are_you_there?_"):
        keys.put((key, time.perf_counter()))
        time.sleep(0.2)


def fib(n):
    return n if n < 2 else fib(n - 1) + fib(n - 2)


if __name__ == "__main__":
    sys.exit(main())
