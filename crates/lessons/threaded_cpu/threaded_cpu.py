"""Threads share the calls and one core: only the thread that has the GIL computes.

Run:   python3 crates/lessons/threaded_cpu/threaded_cpu.py
Watch: the time of sync_cpu, and no less; a free-threaded Python (3.14t) has no GIL.

It computes fib(30), to end in some seconds. `--number 35`, as in Rust, takes eleven times as long.
"""

import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.append(str(Path(__file__).parents[2] / "common"))
import common


# ANCHOR: main
def main():
    def compute(number):
        with run.begin(number) as call:
            call.end(fib(number))

    with common.Run("threads", number=30, calls=20, workers=common.CORES) as run:
        with ThreadPoolExecutor(max_workers=run.workers) as executor:
            list(executor.map(compute, run.numbers))  # raises what went wrong
    return run.finish()


def fib(n):
    return n if n < 2 else fib(n - 1) + fib(n - 2)
# ANCHOR_END: main


if __name__ == "__main__":
    sys.exit(main())
