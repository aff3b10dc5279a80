"""One call after another: one core computes, the others have nothing to do.

Run:   python3 crates/lessons/sync_cpu/sync_cpu.py
Watch: the calls come at even steps; a system monitor shows one busy core.

It computes fib(30), to end in some seconds. `--number 35`, as in Rust, takes eleven times as long.
"""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[2] / "common"))
import common


# ANCHOR: fib
def main():
    with common.Run("sync", number=30, calls=20) as run:
        for number in run.numbers:
            with run.begin(number) as call:
                call.end(fib(number))
    return run.finish()


def fib(n):
    return n if n < 2 else fib(n - 1) + fib(n - 2)
# ANCHOR_END: fib


if __name__ == "__main__":
    sys.exit(main())
