"""Worker processes compute: cores for Python, but expensive to start and to send data to.

Run:   python3 crates/further/process_cpu/process_cpu.py --payload 10000000
Watch: the time with and without a payload: it is pickled, copied and unpickled with each call.

It computes fib(30), so that it ends within seconds. `--number 35`, as in Rust, takes eleven times
as long.
"""

import sys
from concurrent.futures import ProcessPoolExecutor
from itertools import repeat
from pathlib import Path

sys.path.append(str(Path(__file__).parents[2] / "common"))
import common


# ANCHOR: main
def main():
    options = {"number": 30, "calls": 20, "workers": common.CORES, "payload": common.FromZero(0)}
    with common.Run("processes", **options) as run:
        payload = b"*" * run.options.payload
        with ProcessPoolExecutor(max_workers=run.workers) as executor:
            # Both cross the process border, with every call.
            calls = executor.map(compute, run.numbers, repeat(payload))
            list(map(run.record, calls))
    return run.finish()


def compute(number, _payload):
    with common.Item(number) as call:
        call.end(fib(number))
    return call  # a worker shares nothing with the run: the call is sent back
# ANCHOR_END: main


def fib(n):
    return n if n < 2 else fib(n - 1) + fib(n - 2)


if __name__ == "__main__":
    sys.exit(main())
