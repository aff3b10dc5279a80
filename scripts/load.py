#!/usr/bin/env python3
"""Puts the lessons and the practice site under load: `scripts/load.py load`, `class` or `soak [N]`.

`load` has 10,000 pages of one second in flight at once, built for dev and for release, and prints the
seconds and the memory of client and site; and 160 pages at once as a multiple of the ideal. `class`
has 30 clients on one site at once, of all lessons that download the pages once, and prints each lesson's time as a multiple
of its time alone. `soak` runs each lesson N times (200) in a row, short, half of them on one site that keeps
running, and reports failures, growth, and leftovers. It reads memory and descriptors from /proc, so it
needs Linux.
"""

import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from lessons import ROOT, lessons, nine

RUNS = 5
PAGES = 10_000
STUDENTS = 30
# Little to do for each lesson, by the options that it has.
SHORT = {
    "latency": 5,
    "connecting": 5,
    "repeat": 3,
    "number": 20,
    "calls": 7,
    "increments": 1000,
    "pictures": 3,
}


def build(*options):
    subprocess.run(["cargo", "build", "--quiet", "--workspace", "--bins", *options], cwd=ROOT, check=True)


def status(process, what):
    """A figure in kB of a process's status; 0 of one that has ended."""
    try:
        lines = Path(f"/proc/{process}/status").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith(f"{what}:")), 0)


def children(process):
    try:
        return Path(f"/proc/{process}/task/{process}/children").read_text().split()
    except OSError:
        return []


class Site:
    """The practice site as a process of its own."""

    def __init__(self, latency, directory):
        command = [directory / "practice_site", "--port", "0", "--latency", str(latency)]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self.url = re.search(r"http://\S+", self.process.stdout.readline())[0]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def memory(self):
        return status(self.process.pid, "VmRSS")


def watched(command):
    """What a lesson says of its run, and the most memory that it and its site had, in MB."""
    process = subprocess.Popen([*command, "--json"], stdout=subprocess.PIPE, text=True)
    said = []
    reader = threading.Thread(target=lambda: said.append(process.stdout.read()))
    reader.start()
    client = site = 0
    while process.poll() is None:
        client = max(client, status(process.pid, "VmHWM"))
        site = max([site, *(status(child, "VmHWM") for child in children(process.pid))])
        time.sleep(0.01)
    reader.join()
    return json.loads(said[0]), client // 1000, site // 1000


def load():
    for profile, option in [("debug", []), ("release", ["--release"])]:
        build(*option)
        directory = ROOT / "target" / profile
        lesson = directory / nine(directory, "page", "async")[0]
        print(f"\n{profile}, {RUNS} runs: median (lowest to highest)")
        command = [lesson, "--latency", "1000", "--repeat", str(PAGES // 2), "--timeout", "120"]
        runs = [watched(command) for _ in range(RUNS)]
        took = [run["seconds"] for run, _, _ in runs]
        peak = min(run["facts"]["peak_in_flight"] for run, _, _ in runs)
        failed = sum(run["failed"] for run, _, _ in runs)
        print(f"  {PAGES} pages of 1 s: {spread(took)} s, {peak} or more at once, {failed} failed")
        print(f"  memory: client {max(run[1] for run in runs)} MB, site {max(run[2] for run in runs)} MB")
        took = [watched([lesson])[0]["seconds"] / 0.050 for _ in range(RUNS)]
        print(f"  160 pages of 50 ms: {spread(took)} times the ideal")


def spread(values):
    return f"{statistics.median(values):.2f} ({min(values):.2f} to {max(values):.2f})"


def classroom():
    build()
    directory = ROOT / "target" / "debug"
    names = [it.name for it in lessons(directory) if it.kinds == ["page"] and not it.sections]
    with Site(50, directory) as site:
        options = ["--site", site.url, "--json"]
        command = {lesson: [directory / lesson, *options] for lesson in names}

        def seconds(process):
            return json.loads(process.communicate()[0])["seconds"]

        def start(lesson):
            return subprocess.Popen(command[lesson], stdout=subprocess.PIPE, text=True)

        alone = {lesson: statistics.median(seconds(start(lesson)) for _ in range(RUNS)) for lesson in names}
        cpu = os.times()
        started = time.monotonic()
        # What they print is read by threads: a full pipe would hold a student up.
        took = {lesson: [] for lesson in names}

        def note(lesson, process):
            took[lesson].append(seconds(process))

        students = []
        for number in range(STUDENTS):
            lesson = names[number % len(names)]
            students.append(threading.Thread(target=note, args=(lesson, start(lesson))))
            students[-1].start()
        for student in students:
            student.join()
        wall = time.monotonic() - started
        now = os.times()
    print(f"{STUDENTS} clients at once on one site, to the time of each lesson alone: median (range)")
    for lesson in names:
        ratios = [each / alone[lesson] for each in took[lesson]]
        print(f"  {lesson:<20} {spread(ratios)} times its {alone[lesson]:.3f} s")
    used = now.children_user + now.children_system - cpu.children_user - cpu.children_system
    print(f"The clients used {used:.2f} s of the {wall * os.cpu_count():.2f} s of the cores in {wall:.2f} s.")


def left_over(directory):
    """The processes of the lessons that still run."""
    left = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            program = (folder / "exe").readlink()
        except OSError:
            continue
        if program.parent == directory:
            left.append(f"{program.name} ({folder.name})")
    return left


def soak(times):
    build()
    directory = ROOT / "target" / "debug"
    running = left_over(directory)
    if running:
        sys.exit(f"These run already: {', '.join(running)}")
    wrong = []
    with tempfile.TemporaryDirectory() as temporary, Site(SHORT["latency"], directory) as site:
        environment = {**os.environ, "TMPDIR": temporary}
        for lesson, options in [(it.name, it.options) for it in lessons(directory)]:
            short, on_site = [], []
            for option, value in SHORT.items():
                if option in options:
                    short += [f"--{option}", str(value)]
                    # The site has its own times.
                    on_site += [] if option in ("latency", "connecting") else short[-2:]
            on_site = [*on_site, "--site", site.url] if "site" in options else short
            failed, memory, started = [], [], time.monotonic()
            for number in range(times):
                command = [directory / lesson, *(short if number % 2 else on_site)]
                try:
                    run = subprocess.run(
                        command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120
                    )
                    if run.returncode != 0:
                        failed.append(f"run {number}: status {run.returncode}: {run.stderr.strip()[:300]}")
                except subprocess.TimeoutExpired:
                    failed.append(f"run {number}: hung for two minutes")
                memory.append(site.memory())
            # The last connections of a client end a moment after it.
            time.sleep(0.5)
            descriptors = site.descriptors()
            left = [name for name in left_over(directory) if not name.startswith("practice_site ")]
            files = os.listdir(temporary)
            print(
                f"{lesson:<20} {times} runs, {len(failed)} failed, {time.monotonic() - started:.0f} s; "
                f"the site: {descriptors} descriptors, {memory[0]} to {memory[-1]} kB; "
                f"left: {len(left)} processes, {len(files)} files",
                flush=True,
            )
            wrong += [f"{lesson}: {what}" for what in [*failed, *left, *files]]
            if descriptors > 32:
                wrong.append(f"{lesson}: the site still has {descriptors} descriptors")
    for what in wrong:
        print(what)
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["load"]:
            load()
        case ["class"]:
            classroom()
        case ["soak"]:
            soak(200)
        case ["soak", times] if times.isdigit():
            soak(int(times))
        case _:
            sys.exit(__doc__)
