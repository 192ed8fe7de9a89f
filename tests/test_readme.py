"""What README shows is what happens: its commands are run, and the formats page lists the registered ones."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from mlaudit.registry import parsers

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
CONSOLE = re.compile(r"```console\n\$ (?P<command>mlaudit [^\n]*)\n(?P<output>.*?)```", re.DOTALL)
FORMATS = ROOT / "docs" / "formats.md"
REGENERATE = os.environ.get("MLAUDIT_REGENERATE") == "1"


def ran(command: str) -> str:
    """What a command prints, as in a pipe."""
    environment = {
        name: value for name, value in os.environ.items() if name not in ("CI", "NO_COLOR", "GITHUB_ACTIONS", "COLUMNS")
    }
    environment["COLUMNS"] = environment["TERMINAL_WIDTH"] = "80"
    done = subprocess.run(
        [sys.executable, "-m", *command.split()], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    return done.stdout.replace("Usage: python -m mlaudit", "Usage: mlaudit")


def formats() -> str:
    """The formats that are registered, each with the names of its files and the first line of its documentation."""
    rows = ["# Formats", "", "| format | files | |", "|---|---|---|"]
    for parser in parsers().values():
        files = ", ".join(f"`{pattern}`" for pattern in parser.files) or "by content"
        what = parser.title.partition(": ")[2] or parser.title
        rows.append(f"| {parser.format} | {files} | {what.rstrip('.')} |")
    return "\n".join(rows) + "\n"


if REGENERATE:
    text = README.read_text(encoding="utf-8")
    text = CONSOLE.sub(lambda found: f"```console\n$ {found['command']}\n{ran(found['command'])}```", text)
    README.write_text(text, encoding="utf-8")
    FORMATS.write_text(formats(), encoding="utf-8")

BLOCKS = [(found["command"], found["output"]) for found in CONSOLE.finditer(README.read_text(encoding="utf-8"))]


@pytest.mark.parametrize(("command", "output"), BLOCKS, ids=[command for command, _ in BLOCKS])
def test_prints_what_readme_shows(command: str, output: str) -> None:
    assert ran(command) == output


def test_readme_shows_commands() -> None:
    assert len(BLOCKS) >= 2


def test_the_formats_page_lists_what_is_registered() -> None:
    assert FORMATS.read_text(encoding="utf-8") == formats()
