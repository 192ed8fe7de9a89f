"""A page of the documentation played like a script: files are written, commands run, outputs kept."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.checkout import ROOT, environment

ADDED = ">> "

BLOCK = re.compile(
    r'^```(?P<language>\w+)(?: title="(?P<title>[^"\n]+)")?[^\n]*\n(?P<body>.*?)^```$', re.DOTALL | re.MULTILINE
)
_COMMAND = re.compile(r"^\$ (?P<command>[^\n]*)\n(?P<output>(?:(?!\$ )[^\n]*\n)*)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Block:
    """One fenced block: a file where it has a title, commands where its language is `console`."""

    language: str
    title: str | None
    body: str


def blocks(text: str) -> Iterator[Block]:
    """The blocks of a page."""
    for found in BLOCK.finditer(text):
        yield Block(found["language"], found["title"], found["body"])


class Stage:
    """A folder with a shell: the current folder and the last exit code go from command to command.

    Args:
        with_package: the folder holds a copy of the package, which the commands use and a page may change.
    """

    def __init__(self, folder: Path, *, with_package: bool = False) -> None:
        self.folder = folder / "stage"
        self.folder.mkdir()
        self.package_root = self.folder if with_package else ROOT
        if with_package:
            shutil.copytree(ROOT / "mlaudit", self.folder / "mlaudit", ignore=shutil.ignore_patterns("__pycache__"))
        self.here = str(self.folder)
        self.code = 0
        self._programs = folder / "bin"
        self._programs.mkdir()
        self.program("mlaudit", f'exec "{sys.executable}" -m mlaudit "$@"')
        self.program("python", f'exec "{sys.executable}" "$@"')

    def program(self, name: str, script: str) -> None:
        """A program that the commands find first."""
        path = self._programs / name
        path.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
        path.chmod(0o755)

    def run(self, command: str) -> str:
        """What a command prints to both streams."""
        ends = self._programs / ".ends"
        script = f'(exit {self.code})\n{command}\ncode=$?\npwd > "{ends}"\nexit $code\n'
        done = subprocess.run(
            ["bash", "-c", script],
            cwd=self.here,
            env=environment(**self._environment()),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        self.code = done.returncode
        self.here = ends.read_text(encoding="utf-8").strip() if ends.exists() else self.here
        shown = done.stdout.replace(str(self.folder), "~")
        return shown if shown.endswith("\n") or not shown else f"{shown}\n"

    def _environment(self) -> Mapping[str, str]:
        path = environment().get("PATH", "")
        day = "2026-11-22T12:00:00Z"
        return {
            "PATH": f"{self._programs}:{path}",
            "PYTHONPATH": str(self.package_root),
            "HOME": str(self.folder),
            "COLUMNS": "80",
            "TERMINAL_WIDTH": "80",
            "TERM": "dumb",
            "LC_ALL": "C.UTF-8",
            "SOURCE_DATE_EPOCH": "1795348800",
            "GIT_AUTHOR_DATE": day,
            "GIT_COMMITTER_DATE": day,
        }

    def write(self, title: str, body: str) -> None:
        """A file that a page shows, relative to where the page began; `>> FILE` adds to the end of one."""
        path = self.folder / title.removeprefix(ADDED)
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a" if title.startswith(ADDED) else "w", encoding="utf-8") as target:
            target.write(body)


def play(text: str, folder: Path, *, with_package: bool = False) -> str:
    """The page with the outputs that its commands really have."""
    stage = Stage(folder, with_package=with_package)

    def played(found: re.Match[str]) -> str:
        if found["title"]:
            stage.write(found["title"], found["body"])
        if found["language"] != "console":
            return found[0]
        commands = _COMMAND.sub(lambda one: f"$ {one['command']}\n{stage.run(one['command'])}", found["body"])
        return found[0].replace(found["body"], commands)

    return BLOCK.sub(played, text)
