"""The parts around a lesson: the clock and the record. It wraps no thread, task or process."""

import json
import os
import sys
import threading
import time
import types

import arguments
import report
from arguments import CORES, GIL, FromZero  # these are for the lessons
from kinds import ASIDE, CALL, PAGE, Kind


class Item:
    """A page or a call: its worker, its times, its result. A worker process sends it back."""

    def __init__(self, item, kind=None, run=None):
        self.kind = kind or (CALL if isinstance(item, int) else PAGE)
        self.label = f"fib({item})" if self.kind == CALL else str(item)
        self.run, self.line, self.result, self.turns = run, "", {}, []

    def __enter__(self):
        self.worker = os.getpid(), threading.get_native_id()
        self.working, self.ready = (-used for used in report.usage())
        self.start = time.perf_counter()
        return self

    def end(self, value, line=None, **details):
        of_page, of_call = f"Read {value} bytes from {self.label}", f"{self.label} = {value}"
        self.line = line or (of_page if self.kind.unit == "bytes" else of_call)
        self.result = {self.kind.unit: value, **details}

    @types.coroutine
    def end_after(self, coroutine):
        """Ends when the coroutine ends. Each step of it is a turn of the task on its thread."""
        step, value = coroutine.send, None
        while True:
            start, cpu = time.perf_counter(), time.thread_time()
            try:
                future = step(value)
            except StopIteration as end:
                return self.end(end.value)
            finally:
                before, Run.turned = cpu - Run.turned, time.thread_time()
                self.turns.append((start, time.perf_counter(), Run.turned - cpu, before))
            try:
                step, value = coroutine.send, (yield future)
            except BaseException as error:
                step, value = coroutine.throw, error

    def __exit__(self, kind, error, trace):
        self.stop = time.perf_counter()  # one clock for all processes of a machine
        worked, was_ready = report.usage()
        self.working, self.ready = self.working + worked, self.ready + was_ready
        if self.turns:  # it had its thread only in these
            self.working, self.ready = sum(working for _, _, working, _ in self.turns), 0
        failed = isinstance(error, Exception)
        if failed:
            self.result = {"error": str(error) or kind.__name__}
        if self.run and (failed or not error):
            self.run.record(self)
        return failed  # it is reported and not counted, and the others continue


class Run:
    """The clock of a program, its options and their defaults, and how many items it will do."""

    def __init__(self, model, sections=(), kind=None, **defaults):
        self.model, self.workers = model, 1
        self.options = arguments.read(model, sections, kind, defaults)
        self.sites, self.numbers = self.options.sites, self.options.numbers
        times, many = max(1, len(sections)), max(len(self.sites), len(self.numbers))
        self.wanted = {PAGE: len(self.sites) * times, CALL: len(self.numbers) * times}
        if "workers" in defaults:
            self.workers = min(self.options.workers or many, many)
        self.main = os.getpid(), threading.get_native_id()
        self.items, self.sections, self.names = [], [], {self.main: "main"}
        self.lock, self.interrupted = threading.Lock(), False

    def __enter__(self):
        self.started, Run.turned = time.perf_counter(), time.thread_time()
        return self

    def section(self, name):  # what was prepared before the first one is no part of the run
        self.started = self.started if self.sections or self.items else time.perf_counter()
        self.sections.append((name, time.perf_counter()))
        self.names = {self.main: "main"}
        self.note(f"-- {name}")

    def note(self, text):
        if not self.options.json:
            report.show(text)

    def begin(self, item, kind=None):
        return Item(item, kind, self)

    def record(self, item):
        """Reports an item that has ended."""
        with self.lock:  # so that the lines of threads are not mixed
            item.worker = self.names.setdefault(item.worker, f"worker-{len(self.names)}")
            item.section = self.sections[-1][0] if self.sections else None
            self.items.append(item)
            if "error" in item.result:
                print(f"Failed {item.label}: {item.result['error']}", file=sys.stderr)
            elif item.line:
                is_named = self.model == "processes" and item.kind == PAGE
                self.note(f"{item.worker}: {item.line}" if is_named else item.line)

    def __exit__(self, kind, error, trace):
        self.ended = time.perf_counter()
        self.interrupted = kind is KeyboardInterrupt
        return self.interrupted  # after Ctrl-C, the finished items are still reported

    def finish(self):
        """Prints the summary; returns the exit status."""
        is_json = self.options.json
        report.show(json.dumps(report.whole(self)) if is_json else report.summary(self))
        return 130 if self.interrupted else int(any("error" in it.result for it in self.items))
