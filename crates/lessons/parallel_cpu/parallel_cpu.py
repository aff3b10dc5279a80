"""Processes share the calls, each with a Python and a GIL of its own: all cores compute.

Run:   python3 crates/lessons/parallel_cpu/parallel_cpu.py
Watch: the time of sync_cpu, divided by the cores; a system monitor shows all of them busy.

It computes fib(30), to end in some seconds. `--number 35`, as in Rust, takes eleven times as long.
"""

import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

sys.path.append(str(Path(__file__).parents[2] / "common"))
import common


# ANCHOR: main
def main():
    with common.Run("processes", number=30, calls=20, workers=common.CORES) as run:
        with ProcessPoolExecutor(max_workers=run.workers) as executor:
            list(map(run.record, executor.map(compute, run.numbers)))
    return run.finish()


def compute(number):
    with common.Item(number) as call:
        call.end(fib(number))
    return call  # a worker shares nothing with the run: the call is sent back


def fib(n):
    return n if n < 2 else fib(n - 1) + fib(n - 2)
# ANCHOR_END: main


if __name__ == "__main__":
    sys.exit(main())
