#!/usr/bin/env python3
"""Measures the lessons on this machine: `scripts/measure.py timings`, `builds` or `recording COMMIT`.

`timings` runs the lessons, built for dev and for release, and prints the median and the range as
multiples of the ideal or of the loop. `builds` prints the seconds from a fresh clone (crates
downloaded already) to a lesson's first line. `recording` compares two lessons with those of an
earlier commit, such as the one before CPU time was recorded, and that one with itself: a cost that is
smaller than a program's difference from itself cannot be seen.
"""

import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from lessons import ROOT, nine

RUNS = 7
RUNS_TO_COMPARE = 30
LATENCY = 0.050
PAGES = 160


def run(program):
    """A lesson's report of its run."""
    return json.loads(subprocess.run([program, "--json"], capture_output=True, check=True).stdout)


def spread(values, unit):
    median = statistics.median(values) / unit
    return f"{median:.2f} ({min(values) / unit:.2f} to {max(values) / unit:.2f})"


def timings():
    for profile, option in [("debug", []), ("release", ["--release"])]:
        subprocess.run(["cargo", "build", "--quiet", "--workspace", *option], cwd=ROOT, check=True)
        print(f"\n{profile}, {RUNS} runs: median (lowest to highest)")
        directory = ROOT / "target" / profile
        for lesson in nine(directory, "page"):
            runs = [run(directory / lesson) for _ in range(RUNS)]
            # That many latencies must pass one after another.
            ideal = -(-PAGES // runs[0]["workers"]) * LATENCY
            print(f"  {lesson:<20} {spread([each['seconds'] for each in runs], ideal)} times the ideal")
        # Round by round, so that a slow moment of the machine meets all of them.
        loop, *others = nine(directory, "call")
        rounds = [{lesson: run(directory / lesson)["seconds"] for lesson in [loop, *others]} for _ in range(RUNS)]
        base = statistics.median(each[loop] for each in rounds)
        print(f"  {loop:<20} {base:.3f} s")
        for lesson in others:
            took = [each[lesson] for each in rounds]
            print(f"  {lesson:<20} {spread(took, base)} times {loop}")


def builds():
    with tempfile.TemporaryDirectory() as folder:
        clone = Path(folder) / "clone"
        subprocess.run(["git", "clone", "--quiet", ROOT, clone], check=True)
        subprocess.run(["cargo", "fetch", "--quiet", "--locked"], cwd=clone, check=True)
        start = time.monotonic()
        subprocess.run(["cargo", "build", "--quiet", "--offline", "--workspace"], cwd=clone, check=True)
        print(f"{'--workspace':<20} {time.monotonic() - start:.1f} s to build")
        directory = clone / "target" / "debug"
        lessons = [nine(directory, "call")[0], nine(directory, "page")[0], nine(directory, "page", "async")[0]]
        for lesson in lessons:
            shutil.rmtree(clone / "target", ignore_errors=True)
            start = time.monotonic()
            command = ["cargo", "run", "--quiet", "--offline", "-p", lesson]
            with subprocess.Popen(command, cwd=clone, stdout=subprocess.PIPE) as lesson_run:
                lesson_run.stdout.readline()
                print(f"{lesson:<20} {time.monotonic() - start:.1f} s to its first line")
                lesson_run.stdout.read()


def recording(commit):
    with tempfile.TemporaryDirectory() as folder:
        clone = Path(folder) / "clone"
        subprocess.run(["git", "clone", "--quiet", ROOT, clone], check=True)
        subprocess.run(["git", "checkout", "--quiet", commit], cwd=clone, check=True)
        for root in [clone, ROOT]:
            subprocess.run(["cargo", "build", "--quiet", "--workspace"], cwd=root, check=True)
        earlier = clone / "target" / "debug"
        programs = {"earlier": earlier, "again": earlier, "now": ROOT / "target" / "debug"}
        print(f"seconds now to seconds at {commit}, medians of {RUNS_TO_COMPARE} runs each")
        for lesson in [nine(programs["now"], "call")[0], nine(programs["now"], "page", "async")[0]]:
            took = {which: [] for which in programs}
            # Round by round, and not always in the same order: a slow moment is to meet all of them.
            for number in range(RUNS_TO_COMPARE):
                order = list(programs)
                for which in order[number % 3 :] + order[: number % 3]:
                    took[which].append(run(programs[which] / lesson)["seconds"])
            median = {which: statistics.median(values) for which, values in took.items()}
            ratio, itself = (median[which] / median["earlier"] for which in ["now", "again"])
            print(f"  {lesson:<20} {ratio:.4f}; of the earlier one to itself {itself:.4f}")


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["timings"]:
            timings()
        case ["builds"]:
            builds()
        case ["recording", commit]:
            recording(commit)
        case _:
            sys.exit(__doc__)
