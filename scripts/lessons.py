"""Finds the lessons of the course for the other scripts, as they describe themselves."""

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Lesson:
    name: str
    is_further: bool
    model: str
    kinds: list
    sections: list
    options: set

    @property
    def kind(self):
        """The kind of work that it is about."""
        return self.kinds[0]


def run(program):
    """What a program says of itself."""
    return subprocess.run([program, "--describe"], capture_output=True, check=True).stdout


def lessons(programs, describe=run):
    """All lessons in the order of the course, whose programs were built in this folder."""
    command = ["cargo", "metadata", "--no-deps", "--format-version", "1"]
    metadata = subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout
    found = []
    for package in json.loads(metadata)["packages"]:
        declared = (package["metadata"] or {}).get("lesson")
        if declared:
            is_further = Path(package["manifest_path"]).parent.parent.name == "further"
            found.append((is_further, declared["number"], package["name"]))
    return [described(name, further, describe(programs / name)) for further, _, name in sorted(found)]


def described(name, is_further, said):
    it = json.loads(said)
    options = {option["name"] for option in it["options"]}
    return Lesson(name, is_further, it["model"], it["kinds"], it["sections"], options)


def nine(programs, kind, model=None):
    """The names of the nine's lessons that are about this kind of work, with this model of concurrency."""
    wanted = [it for it in lessons(programs) if not it.is_further and it.kind == kind]
    return [it.name for it in wanted if model in (None, it.model)]
