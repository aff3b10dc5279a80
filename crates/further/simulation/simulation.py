"""Heat spreads over a plate: a step needs the whole last step, so the threads meet at a barrier.

Run:   python3 crates/further/simulation/simulation.py
Watch: the checksums, which are the same; and the lanes: the GIL lets one thread compute at a time.
"""

import sys
import threading
import zlib
from pathlib import Path

sys.path.append(str(Path(__file__).parents[2] / "common"))
import common

FRAME = common.Kind("frame", "computed", "frames", only_computes=True)


def main():
    sections = ["one core", "threads, a barrier"]
    options = {"size": 40, "steps": 400, "workers": common.CORES}
    with common.Run("threads", sections, FRAME, **options) as run:
        size, steps = max(3, run.options.size), range(run.options.steps)
        run.frames = [steps[at:at + 100] for at in steps[::100]]
        run.wanted[FRAME] = 2 * len(run.frames)
        run.workers = min(run.options.workers, size - 2)
        for section, threads in zip(sections, [1, run.workers]):
            run.section(section)  # a plate with a hot edge above, twice: the last step and the next
            plate = [[[100.0 * (row == 0)] * size for row in range(size)] for _ in range(2)]
            with_a_barrier(run, plate, threads, range(1, size - 1))
    return run.finish()


# ANCHOR: with_a_barrier
def with_a_barrier(run, plate, threads, rows):
    def work(number):
        kind = common.ASIDE if number else FRAME  # a frame is counted once
        compute(run, plate, rows[number::threads], kind, meet)

    def meet():
        try:
            barrier.wait()
        except threading.BrokenBarrierError:
            sys.exit()  # after Ctrl-C: ends this thread alone
    barrier = threading.Barrier(threads)
    workers = [threading.Thread(target=work, args=[number]) for number in range(threads)]
    try:
        for act in [threading.Thread.start, threading.Thread.join]:
            list(map(act, workers))
    finally:
        barrier.abort()  # after Ctrl-C, no thread is to wait for another


def compute(run, plate, rows, kind, meet):
    last, following = plate
    for steps in run.frames:
        with run.begin(f"steps {steps[0] + 1} to {steps[-1] + 1}", kind) as frame:
            for _ in steps:
                for row in rows:
                    spread(*last[row - 1:row + 2], following[row])
                meet()
                last, following = following, last
            if kind is FRAME:
                checksum = zlib.crc32(repr(last).encode())
                frame.end(checksum, f"{frame.label}: checksum {checksum:08x}")
# ANCHOR_END: with_a_barrier


def spread(above, here, below, following):
    for at in range(1, len(here) - 1):
        following[at] = (above[at] + below[at] + here[at - 1] + here[at + 1]) / 4


if __name__ == "__main__":
    sys.exit(main())
