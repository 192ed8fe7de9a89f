"""Hand-checked findings in real repositories: what they name is read, and what they call harmless gives no error."""

from __future__ import annotations

import csv
import os
import re
from datetime import date
from pathlib import Path

import pytest

from mlaudit.api import compare, listing
from mlaudit.model.names import package_of
from mlaudit.model.nouns import Severity
from mlaudit.model.versions import same_public
from mlaudit.request.options import Options
from mlaudit.request.wanted import Wanted

CORPUS = Path(os.environ.get("MLAUDIT_CORPUS", Path(__file__).parent.parent.parent / "shared" / "corpus"))
FILE = CORPUS / "findings.csv"
ROWS = list(csv.DictReader(FILE.read_text(encoding="utf-8").splitlines())) if FILE.is_file() else []
SIDES = (("side_a_file", "version_a"), ("side_b_file", "version_b"))
PLAIN = re.compile(r"(?:==|=|~=|>=)?[0-9][0-9A-Za-z.+]*")

pytestmark = pytest.mark.skipif(not ROWS, reason="the corpus is not here; MLAUDIT_CORPUS names its folder")


def path(row: dict[str, str], side: str) -> Path:
    return CORPUS / row["repo"].replace("/", "+") / row[side]


def single(row: dict[str, str]) -> bool:
    """Whether a row speaks of one package of two files that are here."""
    return re.fullmatch(r"[a-z0-9-]+", row["package"]) is not None and all(
        path(row, side).is_file() for side, _ in SIDES
    )


CASES = [
    pytest.param(row, side, version, id=f"{row['repo']}:{row[side]}:{row['package']}")
    for row in ROWS
    if single(row)
    for side, version in SIDES
    if PLAIN.fullmatch(row[version])
]


def options(**wanted: str) -> Options:
    return Options(root=CORPUS, wanted=Wanted(python=wanted.get("python")), today=date(2026, 11, 22))


@pytest.mark.parametrize(("row", "side", "version"), CASES)
def test_list_names_what_a_reader_found(row: dict[str, str], side: str, version: str) -> None:
    environment = listing([str(path(row, side))], options())[0]
    package = package_of(row["package"])
    stated = [pin for pin, _ in environment.pins() if pin.package == package]
    wanted = row[version]
    bare = wanted.lstrip("=~>")
    assert any(same_public(pin.version, bare) if pin.version else bare in (pin.specifier or "") for pin in stated), [
        (pin.version, pin.specifier) for pin in stated
    ]


HARMLESS = [
    pytest.param(row, id=f"{row['repo']}:{row['side_a_file']}:{row['side_b_file']}:{row['package']}")
    for row in ROWS
    if row["risk"] == "none" and all(path(row, side).is_file() for side, _ in SIDES)
]


@pytest.mark.parametrize("row", HARMLESS)
def test_what_a_reader_calls_harmless_gives_no_error(row: dict[str, str]) -> None:
    sides = [f"{name}={path(row, side)}" for name, (side, _) in zip(("training", "serving"), SIDES, strict=True)]
    report = compare(sides, options())
    package = package_of(row["package"])
    errors = [
        finding
        for finding in report.findings
        if finding.severity is Severity.ERROR and (finding.package == package or "(" in row["package"])
    ]
    assert not errors, [finding.message for finding in errors]


def test_enough_rows_are_of_files_that_are_here() -> None:
    assert len(CASES) >= 90
    assert len(HARMLESS) >= 20
