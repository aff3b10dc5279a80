"""The report of a run, like a Rust lesson's: its last line, and the JSON object of `--json`."""

import os
import platform
import sys
import time
from pathlib import Path

from arguments import CORES, GIL
from kinds import ASIDE

STEP = 0.015625 if sys.platform == "win32" else 1e-6  # the step in which the system counts CPU time
SCHEDULED = Path("/proc/thread-self/schedstat")
TELLS_READY = SCHEDULED.exists()


def usage():
    """How long this thread has worked, and was ready without a core (which only Linux counts)."""
    ready = int(SCHEDULED.read_bytes().split()[1]) / 1e9 if TELLS_READY else 0
    return time.thread_time(), ready


def show(text):
    try:
        print(text + "\n", end="", flush=True)  # in one piece, even if Ctrl-C comes
    except BrokenPipeError:  # `| head -1` reads no more: the rest of the run is silent
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def summary(run):
    done = [item.kind for item in run.items if "error" not in item.result]
    failed = len([item for item in run.items if "error" in item.result])
    wanted = {kind: many for kind, many in run.wanted.items() if many}
    is_whole = all(done.count(kind) == many for kind, many in wanted.items())
    phrases = []
    for kind, many in wanted.items():
        words = [kind.verb]
        is_counted = len(wanted) > 1 or kind.is_counted
        if run.interrupted or not is_whole:
            words.append(f"{done.count(kind)} of {many}")
        elif is_counted:
            words.append(str(many))
        phrases.append(" ".join(words + [kind.nouns] * is_counted))
    text = " and ".join(phrases)
    text = f"Interrupted: {text}" if run.interrupted else text[0].upper() + text[1:]
    failures = f" ({failed} failed)" if failed else ""
    return f"{text} in {run.ended - run.started:.3f} seconds{failures}"


def whole(run):
    items = [item for item in run.items if item.kind != ASIDE]
    failed = len([item for item in items if "error" in item.result])
    about = {kind for kind, many in run.wanted.items() if many}
    kind = {"item": "item", "only_computes": False}
    if len(about) == 1:
        only = about.pop()
        kind = {"item": only.name, "only_computes": only.only_computes}
    starts = [start for _, start in run.sections] + [run.ended]
    return {
        "lesson": Path(sys.argv[0]).stem,
        "model": run.model,
        "python": {"version": platform.python_version(), "gil": GIL},
        "workers": run.workers,
        "cores": CORES,
        "seconds": run.ended - run.started,
        "done": len(items) - failed,
        "failed": failed,
        "interrupted": run.interrupted,
        **kind,
        # Nobody knows when a task was ready for its turn.
        "clock": {"tells_ready": TELLS_READY and run.model != "async", "step": STEP},
        "parts": [
            {"name": name, **kind, "start": start - run.started, "seconds": end - start}
            for (name, start), end in zip(run.sections, starts[1:])
        ],
        "items": [as_json(run, item) for item in items],
        "asides": [as_json(run, item) for item in run.items if item.kind == ASIDE],
    }


def as_json(run, item):
    """All times in seconds since the start of the run."""
    span = {
        "label": item.label,
        "worker": item.worker,
        "start": item.start - run.started,
        "end": item.stop - run.started,
        "working": item.working,
        "ready": item.ready,
        **item.result,
    }
    if item.section:
        span["part"] = item.section
    if item.turns:
        span["turns"] = [
            (start - run.started, end - run.started, start - run.started, working, 0, before)
            for start, end, working, before in item.turns
        ]
    return span
