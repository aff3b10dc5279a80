"""The arguments of a Python original, and the messages if something is missing."""

import argparse
import json
import multiprocessing
import os
import signal
import sys
import threading

from kinds import CALL, PAGE

CORES = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
GIL = getattr(sys, "_is_gil_enabled", lambda: True)()
os.environ["no_proxy"] = "*"  # the practice site is reached directly


def give_up(sentence):
    print("error:", sentence, file=sys.stderr)
    sys.exit(2)


def explain(kind, error, trace):
    if not isinstance(error, ModuleNotFoundError):
        return sys.__excepthook__(kind, error, trace)
    package = "Pillow" if error.name == "PIL" else error.name
    give_up(f"{package} is missing: python3 -m pip install {package}")


sys.excepthook = explain
if sys.version_info < (3, 11):
    give_up(f"this is Python {sys.version.split()[0]}, and the lessons need 3.11 or newer")


def ignore_ctrl_c():
    signal.signal(signal.SIGINT, signal.SIG_IGN)


if multiprocessing.parent_process():
    ignore_ctrl_c()  # Ctrl-C is for the process that started this one


def number(text):
    if not 0 <= int(text) <= 1_000_000_000:
        raise argparse.ArgumentTypeError(f"{text} is not a number from 0 to 1000000000")
    return int(text)


def end_with_input():
    """Ends together with the program that reads the report, which holds this one's input."""
    while os.read(0, 1024):  # without a lock, which a forked worker would wait for
        pass
    if hasattr(os, "killpg"):
        os.killpg(0, signal.SIGKILL)  # the workers, too
    os._exit(130)


def describe(model, sections, kind, defaults, options):
    """A lesson's description of itself, for programs that look for lessons."""
    limit = defaults.get("workers", "one")
    does = {kind: kind, PAGE: "repeat" in defaults, CALL: "number" in defaults}
    return json.dumps({
        "model": model,
        "limit": "all of them" if limit is None else limit,
        "kinds": [kind.name for kind, is_done in does.items() if is_done],
        "sections": [{"name": name, "kind": None} for name in sections],
        "options": [{"name": name, "default": None} for name in options],
    })


FromZero = type("FromZero", (int,), {})  # the default of an option that may be 0


def read(model, sections, kind, defaults):
    """Reads the options of a lesson. Adds `sites` if it has pages, and `numbers` if it has calls."""
    has_site = "repeat" in defaults or "site" in defaults
    defaults = {name: default for name, default in defaults.items() if name != "site"}
    parser = argparse.ArgumentParser(
        description=sys.modules["__main__"].__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--json", action="store_true", help="print only one JSON object")
    for name, default in defaults.items():
        text = f"default: {'as many as there are' if default is None else default}"
        parser.add_argument("--" + name, metavar="N", type=number, default=default, help=text)
    if has_site:
        parser.add_argument("--site", metavar="URL", help="a practice site that is already running")
    for name in ("--describe", "--ends-with-input"):
        parser.add_argument(name, action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.describe:
        print(describe(model, sections, kind, defaults, vars(options)))
        sys.exit()
    if options.ends_with_input:
        threading.Thread(target=end_with_input, daemon=True).start()
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a background job may ignore it
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=ignore_ctrl_c)
    for name, default in defaults.items():
        if getattr(options, name) == 0 and name != "number" and not isinstance(default, FromZero):
            parser.error(f"argument --{name}: a whole number from 1 on")
    options.sites, options.numbers = [], []
    if has_site and not options.site:
        give_up("bring up the practice site with `cargo run -p practice_site`, and name it: "
                "--site http://127.0.0.1:8000")
    if "repeat" in defaults:
        pages = [options.site.rstrip("/") + page for page in ("/jython", "/dice")]
        options.sites = pages * options.repeat
    if "number" in defaults:
        calls = options.calls if "calls" in defaults else len(options.sites)
        options.numbers = [options.number] * calls
    return options
