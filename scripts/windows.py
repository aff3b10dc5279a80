"""Checks the workspace with the oldest Rust that it promises, and runs it on Windows, or rather on wine.

    sudo python3 scripts/windows.py [TEST...]

Needs Linux, root, and Debian's `apt-get`. Makes a Debian 13 in a folder, since its Rust is 1.85 and its wine is new enough:
`target/windows`, or the folder that COURSE_WINDOWS names. It takes 10 GB and is kept, so that only the first time is long. The
machine itself gets the package `debootstrap`, and nothing else. Mounts and processes end with this script, however it ends.

The course is checked with the oldest Rust and built for Windows. Then each lesson runs under wine with small inputs, and its
status and counts must be right; `compare` runs, and the tests, without those of `NOT_UNDER_WINE`. With names of tests, only
tests run whose names contain one of them.
"""

import json
import os
import shlex
import shutil
import subprocess
import sys
import time
from pathlib import Path, PurePosixPath

from lessons import ROOT, lessons

DEBIAN = Path(os.environ.get("COURSE_WINDOWS", ROOT / "target/windows")).absolute()
RELEASE = "trixie"
PACKAGES = "cargo rustc rust-src gcc libc6-dev gcc-mingw-w64-x86-64 wine wine64 procps"
TARGET = "x86_64-pc-windows-gnu"
CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")
# Folders in that Debian. The course is this machine's, and cannot be written to.
COURSE = PurePosixPath("/course")
BUILT = PurePosixPath("/built")
PROGRAMS = BUILT / TARGET / "debug"
ENVIRONMENT = {
    "HOME": "/root",
    "LANG": "C.UTF-8",
    "PATH": "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin",
    "DEBIAN_FRONTEND": "noninteractive",
    "CARGO_TARGET_DIR": BUILT,
    "CARGO_TERM_COLOR": "never",
    "SSL_CERT_FILE": CERTIFICATES,
    "WINEDEBUG": "-all",
    "WINEDLLOVERRIDES": "mscoree,mshtml=",
    "WINEPATH": r"Z:\usr\bin",
    "XDG_RUNTIME_DIR": "/root",
}

# What makes a lesson's work small.
SMALL = {"repeat": 10, "latency": 20, "number": 22, "calls": 8, "pictures": 4, "increments": 1000}

# Parts of the names of tests that fail or take many minutes under wine. Reasons with "perhaps" were not looked into.
NOT_UNDER_WINE = {
    "the_outputs_are_what_the_lessons_print": "160 pages at once reached their time limit, perhaps since the machine was busy",
    "ten_thousand": "10,000 connections at once take wine many minutes",
    "the_trace_of_a_long_run_is_one_too": "1,000 pages at once, of which perhaps some fail",
    "who_asks_for_more_and_more_and_reads_nothing": "the connection stays open, perhaps since wine sends the rest first",
    "each_fault_ends_as_the_table_says": "a page without end reached its time limit, perhaps since the machine was busy",
    "the_files_hold_what_was_measured": "wine takes longer to start eight processes than they save",
    "for_the_reason_that_is_stated": "starts rustc",
    "a_cpu_lesson_builds_no_http_tls_or_async_crate": "asks cargo for more than the packages",
    "a_new_folder_is_a_lesson_alone_and_in_the_comparison": "has cargo build in another folder",
}

# Debian 13 has no standard library for Windows: it is built from its source, with the two objects that rustc links with.
STANDARD_LIBRARY = f"""
to=/usr/lib/rustlib/{TARGET}/lib
[ ! -e $to/rsend.o ] || exit 0
mkdir -p /root/std/src $to; cd /root/std
printf '[package]\\nname = "empty"\\n[workspace]\\n' > Cargo.toml
: > src/lib.rs
export RUSTC_BOOTSTRAP=1 # for this alone: a stable Rust builds no library of its own
cargo build --quiet --release -Zbuild-std=std,panic_unwind,test --target {TARGET} --target-dir target
cp target/{TARGET}/release/deps/*.rlib $to/; rm $to/libempty*
for object in rsbegin rsend; do
  rustc --target {TARGET} --emit=obj -o $to/$object.o /usr/lib/rustlib/src/rust/library/rtstartup/$object.rs
done
"""

# wine has no cargo. What programs and tests ask of it is already built, and which packages there are is already known.
CARGO = """
fn main() {
    if std::env::args().nth(1).as_deref() == Some("metadata") {
        print!("{}", include_str!("metadata.json"));
    }
}
"""


def give_up(why):
    sys.exit(f"windows.py: {why}")


def in_own_namespaces():
    """Starts this script again where mounts are its own and all processes end with it, unless it is there already."""
    if sys.platform != "linux" or not shutil.which("apt-get"):
        give_up("this needs Debian, or a Linux made from it: there is no apt-get here")
    if os.geteuid() != 0:
        give_up("this needs root, to mount and to change the root folder")
    if "IN_OWN_NAMESPACES" not in os.environ:
        os.environ["IN_OWN_NAMESPACES"] = "yes"
        step = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]
        # The shell, which is process 1 there, takes leave of those that have lost their parent.
        os.execvp(step[0], [*step, "bash", "-c", '"$@"; exit $?', "bash", sys.executable, *sys.argv])


def mirror():
    """Where this machine's own packages come from."""
    sources = [Path("/etc/apt/sources.list"), *Path("/etc/apt/sources.list.d").glob("*")]
    for source in sources:
        if source.suffix in (".list", ".sources") and source.exists():
            for word in source.read_text().split():
                if "://" in word and word.rstrip("/").endswith("/debian"):
                    return word
    give_up("no Debian mirror is named in /etc/apt")


def inside(script, **how):
    """Runs a bash script in that Debian, in the folder of the course."""
    variables = [f"{name}={value}" for name, value in ENVIRONMENT.items()]
    bash = ["bash", "-euo", "pipefail", "-c", f"cd {COURSE}; {script}"]
    return subprocess.run(["chroot", DEBIAN, "env", "-i", *variables, *bash], text=True, **how)


def prepare():
    """Makes that Debian, as far as it is not there, and mounts what it needs of this machine."""
    if not (DEBIAN / "root/made").exists():
        if not shutil.which("debootstrap"):
            install = "apt-get update && apt-get install --yes --no-install-recommends debootstrap"
            subprocess.run(install, shell=True, check=True)
        DEBIAN.mkdir(parents=True, exist_ok=True)
        make = ["debootstrap", "--variant=minbase", "--include=ca-certificates", RELEASE]
        subprocess.run([*make, DEBIAN, mirror()], check=True, stdout=subprocess.DEVNULL)
        (DEBIAN / "root/made").touch()
    # The name servers and certificates of this machine are the ones that work here.
    for file in (Path("/etc/resolv.conf"), CERTIFICATES):
        shutil.copyfile(file, DEBIAN / file.relative_to("/"))
    (DEBIAN / COURSE.relative_to("/")).mkdir(exist_ok=True)
    subprocess.run(["mount", "-t", "proc", "proc", DEBIAN / "proc"], check=True)
    for folder, options in (("/dev", "bind"), ("/dev/pts", "bind"), (ROOT, "bind,ro")):
        at = COURSE if folder == ROOT else PurePosixPath(folder)
        subprocess.run(["mount", "-o", options, folder, DEBIAN / at.relative_to("/")], check=True)
    tools = "wine x86_64-w64-mingw32-gcc rustc"
    inside(
        f"command -v {tools} >/dev/null || (apt-get update; apt-get install --yes --no-install-recommends {PACKAGES})"
        " >/dev/null; rustc --version; wine --version",
        check=True,
    )
    inside(STANDARD_LIBRARY, check=True)
    folder = DEBIAN / "root/cargo"
    folder.mkdir(exist_ok=True)
    (folder / "cargo.rs").write_text(CARGO)
    inside(
        "cargo metadata --no-deps --format-version 1 > /root/cargo/metadata.json;"
        f"rustc --target {TARGET} -o /usr/bin/cargo.exe /root/cargo/cargo.rs;"
        # wine's own processes stay from one program to the next.
        "wineserver --persistent; wineboot --init 2>/dev/null",
        check=True,
    )


def wine(program, *arguments):
    """Runs a program for Windows to its end."""
    words = shlex.join([f"{program}.exe", *map(str, arguments)])
    return inside(f"timeout 180 wine {words} </dev/null", capture_output=True)


def how_many(kind, lesson, report):
    """How many items of a kind that must make, each time that the lesson does them."""
    pages = 2 * SMALL["repeat"]
    if kind == "call":
        return SMALL["calls"] if "calls" in lesson.options else pages
    return {"page": pages, "picture": SMALL["pictures"]}.get(kind, len(report["items"]))


def check_lesson(lesson):
    """Runs a lesson. Returns what is wrong."""
    options = [word for name, value in SMALL.items() if name in lesson.options for word in (f"--{name}", value)]
    ended = wine(PROGRAMS / lesson.name, *options, "--json")
    if ended.returncode != 0:
        return f"status {ended.returncode}: {ended.stderr.strip()}"
    report = json.loads(ended.stdout)
    expected = 0
    for kind in lesson.kinds:
        times = sum(section["kind"] in (None, kind) for section in lesson.sections) or 1
        expected += times * how_many(kind, lesson, report)
    is_right = report["done"] == len(report["items"]) == expected and report["failed"] == 0
    return None if is_right else f"{report['done']} done of {expected}, {report['failed']} failed"


def check_programs():
    """Runs all lessons, and `compare`. Returns what failed."""
    failed = []

    def say(name, wrong):
        print(f"{name}: {wrong or 'ok'}", flush=True)
        if wrong:
            failed.append(name)

    for lesson in lessons(PROGRAMS, lambda program: wine(program, "--describe").stdout):
        say(lesson.name, check_lesson(lesson))
    ended = wine(PROGRAMS / "compare", "--runs", 2, "--repeat", 10, "--number", 22)
    is_right = ended.returncode == 0 and "got the same 20 pages" in ended.stdout
    say("compare", None if is_right else f"status {ended.returncode}: {ended.stdout}{ended.stderr}")
    # What has ended must have left no process behind.
    time.sleep(2)
    left = inside(f"ps -eo args | grep '{TARGET}.debug.*[.]exe' | grep -v grep || true", stdout=subprocess.PIPE)
    say("no process left", left.stdout.strip())
    return failed


def check_tests(names):
    """Builds the tests and runs them, or those of these names. Returns what failed."""
    build = f"nice cargo test --workspace --no-run --locked --quiet --target {TARGET} --message-format json"
    messages = inside(build, check=True, stdout=subprocess.PIPE).stdout.splitlines()
    failed = []
    for message in map(json.loads, messages):
        if not message.get("executable") or not message["profile"]["test"]:
            continue
        package = PurePosixPath(message["manifest_path"]).parent
        name = f"{package.name}/{message['target']['name']}"
        skip = [word for part in NOT_UNDER_WINE for word in ("--skip", part)]
        words = shlex.join([message["executable"], *skip, *names])
        script = f"cd {package}; CARGO_MANIFEST_DIR={package} timeout 900 wine {words} </dev/null 2>&1"
        ended = inside(script, stdout=subprocess.PIPE)
        summary = [line for line in ended.stdout.splitlines() if line.startswith("test result")]
        print(f"{name}: {summary[-1] if summary else 'no result'}", flush=True)
        if ended.returncode != 0:
            (DEBIAN / "root" / f"{name.replace('/', '-')}.txt").write_text(ended.stdout)
            lines = ended.stdout.splitlines()
            for line, next_line in zip(lines, [*lines[1:], ""]):
                if line.endswith(" FAILED"):
                    print(f"  {line}", flush=True)
                elif " panicked at " in line:
                    print(f"    {next_line[:300]}", flush=True)
            failed.append(name)
    return failed


def main():
    in_own_namespaces()
    began = time.monotonic()

    def step(what):
        print(f"\n== {time.monotonic() - began:.0f} s: {what}", flush=True)

    names, failed = sys.argv[1:], []
    step(f"Debian in {DEBIAN}")
    prepare()
    if not names:
        step("the oldest Rust")
        check = "nice cargo check --workspace --all-targets --locked --keep-going --quiet"
        if inside(check).returncode != 0:
            failed.append("the check with the oldest Rust")
        step("a build for Windows")
        inside(f"nice cargo build --workspace --bins --locked --quiet --target {TARGET}", check=True)
        step("the lessons")
        failed += check_programs()
    step("the tests")
    failed += check_tests(names)
    step("done")
    if failed:
        give_up(f"failed: {', '.join(failed)}")


main()
