"""What every command prints in a terminal of 60 to 120 columns: no wide line, no word cut, colours only if wanted."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

import pytest

from mlaudit.cli import app, delivery, progress
from tests.checkout import committed, write
from tests.parser_cases import FIXTURES

WIDTHS = (60, 80, 100, 120)
COMMANDS = (
    "check",
    "check --verbose",
    "check --statistics",
    "check --against HEAD~1",
    "compare training/uv.lock serving/requirements.txt",
    "explain numpy",
    "explain MLA101",
    "fleet . --executor processes",
    "formats",
    "guard snapshot.json",
    "history",
    "kinds",
    "list",
    "map",
    "map --impact serving/requirements.txt",
    "map --package numpy",
    "plan",
    "plan numpy==2.2.0",
    "rules",
    "why numpy training",
)
SNAPSHOT = """{"schema": "mlaudit.snapshot/1", "python": "3.9.1", "platform": "linux", "machine": "x86_64",
"packages": [{"name": "numpy", "version": "1.0.0"}, {"name": "packaging", "version": "1.0"}]}
"""
STYLE = re.compile(r"\x1b\[[0-9;]*m")
LABEL = 14
"""Columns that a label or a branch of a tree may have before a word that cannot be broken."""


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example of the README in a repository of two commits, with a snapshot of another environment."""
    folder = tmp_path_factory.mktemp("widths") / "example"
    shutil.copytree(FIXTURES / "example", folder)
    later = (folder / "serving/requirements.txt").read_text(encoding="utf-8")
    write(folder, {"serving/requirements.txt": later.replace("numpy==1.26.0", "numpy==2.1.3")})
    committed(folder, "Serve with the same numpy")
    write(folder, {"serving/requirements.txt": later})
    committed(folder, "Pin numpy for the base image, which has no later one, until that is built again")
    write(folder, {"snapshot.json": SNAPSHOT})
    return folder


def printed(folder: Path, command: str, capture: pytest.CaptureFixture[bytes]) -> str:
    """What a command prints to both streams."""
    here = Path.cwd()
    os.chdir(folder)
    try:
        app.run(command.split())
    finally:
        os.chdir(here)
    out, err = (stream.decode() for stream in capture.readouterr())
    assert "this is a defect of mlaudit" not in out + err, err
    return out + err


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Both streams are terminals, and nothing is said about colours; no bar shows, however slow the machine is."""
    monkeypatch.setattr(progress, "PATIENCE", float("inf"))
    monkeypatch.setattr(delivery, "is_terminal", lambda _stream: True)
    for name in ("NO_COLOR", "FORCE_COLOR", "CI", "GITHUB_ACTIONS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    return monkeypatch


@pytest.mark.parametrize("command", COMMANDS)
def test_lines_fit_the_terminal(
    command: str, example: Path, terminal: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    words: dict[int, list[str]] = {}
    for width in WIDTHS:
        terminal.setenv("COLUMNS", str(width))
        lines = STYLE.sub("", printed(example, command, capfdbinary)).splitlines()
        assert lines
        # A path or an address that is wider than the terminal stays whole, so that it can be opened.
        broken = [line for line in lines if len(line) > width and max(map(len, line.split())) + LABEL <= width]
        assert broken == [], width
        assert [line for line in lines if line != line.rstrip()] == [], width
        words[width] = re.findall(r"[\w./:=<>-]{12,}", " ".join(lines))
    # Narrow lines have the same words, whole; the widest terminal may tell more in the same number of lines.
    assert set(words[60]) <= set(words[120]) | set(words[80]) | set(words[100])


@pytest.mark.parametrize(
    ("variables", "coloured"),
    [
        ({}, True),
        ({"NO_COLOR": "1"}, False),
        ({"TERM": "dumb"}, False),
        ({"TERM": "dumb", "FORCE_COLOR": "1"}, True),
        ({"NO_COLOR": "1", "FORCE_COLOR": "1"}, False),
    ],
)
@pytest.mark.parametrize(
    "command", ["check", "check --statistics", "list", "history", "map", "plan", "why numpy training"]
)
def test_colours_add_nothing_but_colour(
    command: str,
    variables: dict[str, str],
    coloured: bool,
    example: Path,
    terminal: pytest.MonkeyPatch,
    capfdbinary: pytest.CaptureFixture[bytes],
) -> None:
    terminal.setenv("COLUMNS", "100")
    terminal.setenv("NO_COLOR", "1")
    plain = printed(example, command, capfdbinary)
    terminal.delenv("NO_COLOR")
    for name, value in variables.items():
        terminal.setenv(name, value)
    shown = printed(example, command, capfdbinary)
    assert ("\x1b[" in shown) == coloured
    assert STYLE.sub("", shown) == plain
