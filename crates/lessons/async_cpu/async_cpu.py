"""Async does nothing for work that never waits: it uses one core, and every await costs.

Run:   python3 crates/lessons/async_cpu/async_cpu.py
Watch: more than twice the time of sync_cpu: each awaited call is a coroutine of its own.

It computes fib(30), to end in some seconds. `--number 35`, as in Rust, takes eleven times as long.
"""

import asyncio
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[2] / "common"))
import common


# ANCHOR: main
def main():
    async def compute_all():
        for number in run.numbers:
            with run.begin(number) as call:
                call.end(await fib(number))
            await asyncio.sleep(0)  # nothing in fib waits: here alone Ctrl-C reaches this task

    with common.Run("async", number=30, calls=20) as run:
        asyncio.run(compute_all())
    return run.finish()


async def fib(n):
    return n if n < 2 else await fib(n - 1) + await fib(n - 2)
# ANCHOR_END: main


if __name__ == "__main__":
    sys.exit(main())
