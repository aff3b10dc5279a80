# For gdb: stepping through programs of several threads. `cargo gdb -p LESSON` builds a lesson and starts it with this
# file; the book's page "Five minutes in the debugger" shows how to use it.

set pagination off
set confirm off
set breakpoint pending on
set print thread-events off
set print inferior-events off
# The beginning of a list of pages is enough.
set print elements 60
set print max-depth 4

# A thread that has stopped moves only when it is told to: `next` stays in its thread, and the others stay where they
# stopped. Threads that have not stopped go on, so a line that waits for one of them ends. The practice site goes on, too.
set non-stop on

# `step` goes into the functions of the course, and not into those of the standard library.
python gdb.execute("skip -rfunction ^<?(alloc|core|std)::", to_string=True)

define follow-workers
  set detach-on-fork off
  set schedule-multiple on
end
document follow-workers
Debug the worker process as well. Type it before `run`, and let the program have one worker (`--workers 1`):
gdb 13 loses a process if the next one starts soon after it.
end

python
import gdb

stopped = None


def remember(event):
    """A thread stops; or all do, in an editor, which switches the mode above off: there, too, `next` moves one thread."""
    global stopped
    stopped = event.inferior_thread
    if not gdb.parameter("non-stop"):
        gdb.execute("set scheduler-locking step")


def select():
    """Selects the thread that stopped last, if the selected one runs on: so the next command has a thread to act on."""
    thread = gdb.selected_thread()
    is_free = thread is None or not thread.is_stopped()
    if is_free and stopped is not None and stopped.is_valid() and stopped.is_stopped():
        stopped.switch()


gdb.events.stop.connect(remember)
gdb.events.before_prompt.connect(select)


def number(value):
    """The number in an atomic or another wrapper of one field."""
    while value.type.strip_typedefs().code == gdb.TYPE_CODE_STRUCT:
        value = value[value.type.fields()[0]]
    return int(value)


class Run:
    """A `common::Run` in one line."""

    def __init__(self, run):
        self.run = run

    def to_string(self):
        cancelled = "yes" if number(gdb.parse_and_eval("common::CANCELLED")) else "no"
        sections = number(self.run["sections_begun"])
        return f"Run: workers: {int(self.run['workers'])}, sections begun: {sections}, cancelled: {cancelled}"


class Atomic:
    """An atomic number as a number."""

    def __init__(self, atomic):
        self.atomic = atomic

    def to_string(self):
        return str(number(self.atomic))


class Timer:
    """A `common::Timer` in one line."""

    def __init__(self, timer):
        self.timer = timer

    def to_string(self):
        span = self.timer["record"]["span"]
        ended = "ended" if self.timer["has_ended"] else "in progress"
        item, worker = (str(span[name]).strip('"') for name in ("label", "worker"))
        return f"Timer: {item} on {worker}, {ended}"


def in_one_line(value):
    """The printer for a value of the course, or for a reference to one."""
    kind = value.type.strip_typedefs()
    if kind.code == gdb.TYPE_CODE_PTR and value:
        kind, value = kind.target().strip_typedefs(), value.dereference()
    name = (kind.name or "").split("<")[0]
    if name.startswith("core::sync::atomic::Atomic"):
        return Atomic(value)
    return {"common::Run": Run, "common::Timer": Timer}.get(name, lambda _: None)(value)


gdb.pretty_printers.append(in_one_line)
end
