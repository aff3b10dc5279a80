"""An update lost between a read and a write: hidden by the GIL, seen, and kept in two ways.

Run:   python3 crates/lessons/race_counter/race_counter.py
Watch: the first two counts: the same mistake, never seen and always seen. Since Python 3.10 a
       thread hands the GIL on at a call or at the end of a round; `counter += 1` has neither.
"""

import sys
import time
from pathlib import Path
from threading import Lock, Thread

sys.path.append(str(Path(__file__).parents[2] / "common"))
import common


def main():
    sys.setswitchinterval(1e-5)  # a thread may have the GIL for 10 microseconds, not for 5,000
    ways = unprotected, wide_window, mutex, joined_sums
    with common.Run("threads", kind=ROUND, threads=8, increments=300_000) as run:
        run.wanted[ROUND] = len(ways)
        for count in ways:
            with run.begin(count.__doc__, ROUND) as this_round:
                race(this_round, count, run.options.threads, run.options.increments)
    return run.finish()


# ANCHOR: ways
def unprotected(increments):
    """unprotected"""
    global counter
    for _ in range(increments):
        counter += 1


def wide_window(increments):
    """unprotected, wide window"""
    global counter
    for _ in range(increments):
        counter += int(1)  # within the call, another thread may come between read and write
# ANCHOR_END: ways


def mutex(increments):
    """mutex"""
    global counter
    for _ in range(increments):
        with lock:
            counter += 1


def joined_sums(increments):
    """sum per thread, joined"""
    global counter
    own = sum(1 for _ in range(increments))  # nothing is shared until the end
    with lock:
        counter += own


lock = Lock()
ROUND = common.Kind("round", "counted", "rounds", is_counted=False)


def race(this_round, count, n, k):
    """Has n threads add to one counter k times each."""
    global counter
    counter, start, cpu = 0, time.perf_counter(), time.process_time()
    threads = [Thread(target=count, args=[k]) for _ in range(n)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    this_round.working += time.process_time() - cpu  # of all its threads
    lost, took = n * k - counter, time.perf_counter() - start
    line = f"{count.__doc__:<24} {n:>4} x {k:<7} counted {counter:>7}, lost {lost:>7}, {took:.3f} s"
    this_round.end(counter, line, threads=n, increments=k, counted=counter, lost=lost)


if __name__ == "__main__":
    sys.exit(main())
