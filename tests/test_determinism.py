"""The same project gives the same bytes: whatever the hash seed, locale, time zone, order of files, folder or mode."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.checkout import write
from tests.command_line import run
from tests.nightly import some_now

FIXTURES = Path(__file__).parent.parent / "fixtures"
TREES = {
    "declared": FIXTURES / "cases" / "drift",
    "discovered": FIXTURES / "discovery" / "stages-of-dvc" / "files",
}
COMMANDS = (
    *(("check", "--format", name) for name in ("json", "table", "markdown", "sarif", "html", "csv", "junit", "gitlab")),
    ("list", "--format", "json"),
    ("list", "--format", "cyclonedx"),
    ("map", "--format", "json"),
    ("fix",),
    ("plan",),
    ("explain", "MLA101"),
    ("formats",),
    ("rules",),
    ("init",),
)
REVERSED = """
import os

plain_scandir, plain_listdir = os.scandir, os.listdir


class Backwards:
    def __init__(self, entries):
        with entries:
            self.entries = iter(sorted(entries, key=lambda entry: entry.name, reverse=True))

    def __iter__(self):
        return self

    def __next__(self):
        return next(self.entries)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        return None

    def close(self):
        return None


os.scandir = lambda *path: Backwards(plain_scandir(*path))
os.listdir = lambda *path: sorted(plain_listdir(*path), reverse=True)
"""
"""Folders are listed backwards, as another file system may do."""


def printed(folder: Path, environment: dict[str, str]) -> dict[tuple[str, ...], tuple[int, str, str]]:
    """What every command prints in a folder."""
    done = {words: run(folder, *words, env={"COLUMNS": "90", **environment}) for words in COMMANDS}
    shown = {words: (one.returncode, one.stdout, one.stderr) for words, one in done.items()}
    return {**shown, ("mlaudit.toml",): (0, (folder / "mlaudit.toml").read_text(), "")}


@pytest.mark.slow
@pytest.mark.parametrize("name", some_now(TREES, 2))
def test_every_report_is_the_same_everywhere(name: str, tmp_path: Path) -> None:
    here, there = tmp_path / "a" / "project", tmp_path / "b" / "deeper" / "project"
    for folder in (here, there):
        shutil.copytree(TREES[name], folder)
    shim = tmp_path / "shim"
    shim.mkdir()
    (shim / "sitecustomize.py").write_text(REVERSED)
    plain = printed(here, {"PYTHONHASHSEED": "0", "TZ": "UTC", "LC_ALL": "C.UTF-8"})
    elsewhere = {"PYTHONHASHSEED": "1", "TZ": "Pacific/Kiritimati", "LC_ALL": "POSIX", "PYTHONPATH": str(shim)}
    assert printed(there, {**elsewhere, "PYTHONOPTIMIZE": "2"}) == plain
    assert any(exit_code in (0, 1) for exit_code, _, _ in plain.values())


def test_of_several_hazards_the_same_is_told_every_time(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "a.txt": "pydantic==2.12.4\npydantic-core==2.41.5\ntyping-extensions==4.15.0\n",
            "b.txt": "pydantic==2.11.3\npydantic-core==2.33.1\ntyping-extensions==4.13.2\n",
        },
    )
    words = ("compare", "a.txt", "b.txt", "--format", "json")
    printed_by_seed = {run(tmp_path, *words, env={"PYTHONHASHSEED": seed}).stdout for seed in "012345"}
    (text,) = printed_by_seed
    assert "pydantic 2.12.4 requires " in text
