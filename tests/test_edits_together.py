"""Edits of many statements of one file: proven in few readings, and each right by itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import mlaudit
from mlaudit.repair import documents
from mlaudit.repair.entry import plan_fix
from mlaudit.repair.nouns import RepairChoice
from mlaudit.repair.plan import MAX_TRIED
from tests.checkout import write
from tests.test_fix import PAIR, TODAY, options

ALL = f'packages = ["*"]\n{PAIR}'
"""A configuration of a pair in which every package is compared."""
NAMES = [f"package-{number}" for number in range(300)]


def watched(folder: Path, training: str, serving: str) -> None:
    write(folder, {"mlaudit.toml": ALL, "training.txt": training, "serving.txt": serving})


@pytest.fixture
def readings(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The paths of the documents that were read for an edit."""
    read: list[str] = []
    real = documents._statements

    def counted(parser: Any, document: Any) -> Any:
        read.append(document.path)
        return real(parser, document)

    monkeypatch.setattr(documents, "_statements", counted)
    return read


def lines(version: str, *more: str) -> str:
    return "".join(f"{line}\n" for line in (*(f"{name}=={version}" for name in NAMES), *more))


def edited(folder: Path) -> dict[str, str]:
    """Each package of which a finding has edits, with the line that they make of its old one."""
    report = mlaudit.check(folder, today=TODAY)
    made = {}
    for finding in report.findings:
        if finding.fix is not None:
            for edit in finding.fix.edits:
                line, start = edit.whole_line, edit.column - 1
                made[str(finding.package)] = line[:start] + edit.new + line[start + len(edit.old) :]
    return made


def test_many_edits_of_one_file_need_few_readings(tmp_path: Path, readings: list[str]) -> None:
    watched(tmp_path, lines("1.2.0"), lines("1.1.0"))
    made = edited(tmp_path)
    assert made == {name: f"{name}==1.2.0" for name in NAMES}
    assert len(readings) <= 3


def test_what_one_reading_does_not_show_is_tried_by_itself(tmp_path: Path, readings: list[str]) -> None:
    """The first proposal for `lib-1.1.0` changes its name, so that no reading with it is right."""
    watched(tmp_path, lines("1.2.0", "lib-1.1.0==1.2.0"), lines("1.1.0", "lib-1.1.0==1.1.0"))
    made = edited(tmp_path)
    assert made == {name: f"{name}==1.2.0" for name in NAMES} | {"lib-1-1-0": "lib-1.1.0==1.2.0"}
    assert len(readings) <= 25


def test_a_plan_of_many_moves_needs_few_readings(tmp_path: Path, readings: list[str]) -> None:
    watched(tmp_path, lines("1.2.0", "lib-1.1.0==1.2.0"), lines("1.1.0", "lib-1.1.0==1.1.0"))
    asked = options(tmp_path)
    plan = plan_fix(mlaudit.check(tmp_path, today=TODAY), asked, RepairChoice())
    (change,) = plan.files
    assert change.new == lines("1.2.0", "lib-1.1.0==1.2.0").encode()
    assert len(readings) <= 60


def test_a_report_tries_a_hundred_changes_by_themselves_and_fix_all(tmp_path: Path) -> None:
    """Each of these has its own version in its name, so that none is proven with others."""
    names = [f"lib{number}-1.1.0" for number in range(MAX_TRIED + 3)]
    train, serve = ("".join(f"{name}=={version}\n" for name in names) for version in ("1.2.0", "1.1.0"))
    watched(tmp_path, train, serve)
    assert len(edited(tmp_path)) == MAX_TRIED
    (change,) = plan_fix(mlaudit.check(tmp_path, today=TODAY), options(tmp_path), RepairChoice()).files
    assert change.new == train.encode()


def test_statements_that_share_a_variable_are_not_proven_together(tmp_path: Path) -> None:
    """Together both edits would be the same one; each by itself changes what the other says."""
    config = ALL.replace("training.txt", "Dockerfile.train").replace("serving.txt", "Dockerfile")
    train = "FROM python:3.11\nRUN pip install one==1.2.0 two==1.2.0\n"
    serve = "FROM python:3.11\nARG VERSION=1.1.0\nRUN pip install one==${VERSION} two==${VERSION}\n"
    write(tmp_path, {"mlaudit.toml": config, "Dockerfile.train": train, "Dockerfile": serve})
    assert edited(tmp_path) == {}
