"""Why threads slow Python down, or fail to speed it up: its global interpreter lock.

Run:   python3 crates/further/gil_cpu/gil_cpu.py
Watch: which of the sections take the time of one core: with the GIL, threads do.

It computes fib(30), so that it ends within seconds. `--number 35`, as in Rust, takes eleven times
as long.
"""

import concurrent.futures as pools
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[2] / "common"))
import common


# ANCHOR: main
def main():
    executors = {
        "threads with a GIL" if common.GIL else "threads without": pools.ThreadPoolExecutor,
        "processes": pools.ProcessPoolExecutor,
    }
    if hasattr(pools, "InterpreterPoolExecutor"):  # since 3.14: a GIL for each, in one process
        executors["interpreters"] = pools.InterpreterPoolExecutor
    sections = ["one thread", *executors]
    with common.Run("threads", sections, number=30, calls=20, workers=common.CORES) as run:
        run.section("one thread")
        list(map(run.record, map(compute, run.numbers)))
        for name, executor in executors.items():
            run.section(name)
            compute_all(run, run.numbers, executor)
    return run.finish()


def compute_all(run, numbers, executor):
    with executor(max_workers=run.workers) as executor:
        list(map(run.record, executor.map(compute, numbers)))
# ANCHOR_END: main


def compute(number):
    with common.Item(number) as call:
        call.end(fib(number))
    return call


def fib(n):
    return n if n < 2 else fib(n - 1) + fib(n - 2)


if __name__ == "__main__":
    sys.exit(main())
