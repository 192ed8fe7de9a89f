"""Threads that the knowledge was tried on, through the whole audit: the severity and the cause of each."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import tomli

from mlaudit import door
from mlaudit.model.report import Finding
from tests.parser_cases import FIXTURES

ROWS = tomli.loads((FIXTURES / "incidents" / "threads.toml").read_text(encoding="utf-8"))
LEVELS = ("error", "warning", "info")


def written(folder: Path, requirements: Sequence[str], python: str | None) -> str:
    """The files of one environment, as a source."""
    folder.mkdir()
    (folder / "requirements.txt").write_text("".join(f"{line}\n" for line in requirements), encoding="utf-8")
    if python is not None:
        (folder / ".python-version").write_text(f"{python}\n", encoding="utf-8")
    files = ("requirements.txt",) if python is None else ("requirements.txt", ".python-version")
    return ",".join(f"{folder.name}={folder / name}" for name in files)


def said(findings: Sequence[Finding], level: str) -> list[str]:
    """What the findings of at least a severity say."""
    levels = LEVELS[: LEVELS.index(level) + 1]
    return [" ".join((one.message, *one.details)) for one in findings if one.severity.value in levels]


def expect(row: dict[str, Any], findings: Sequence[Finding]) -> None:
    if row["severity"] == "none":
        assert not said(findings, "error")
        return
    found = said(findings, row["severity"])
    assert any(re.search(row["says"], text) for text in found), found or said(findings, "info")


@pytest.mark.parametrize("row", ROWS["crossing"], ids=lambda row: str(row["id"]))
def test_a_crossing_of_a_thread_is_told_with_its_cause(row: dict[str, Any], tmp_path: Path) -> None:
    pythons = row.get("pythons", (None, None))
    sides = [
        written(tmp_path / name, row[name], python)
        for name, python in zip(("training", "serving"), pythons, strict=True)
    ]
    expect(row, door.compare(*sides).findings)


@pytest.mark.parametrize("row", ROWS["environment"], ids=lambda row: str(row["id"]))
def test_an_environment_of_a_thread_is_told_with_its_cause(row: dict[str, Any], tmp_path: Path) -> None:
    written(tmp_path / "environment", row["requirements"], row.get("python"))
    expect(row, door.check(tmp_path / "environment", no_config=True).findings)
