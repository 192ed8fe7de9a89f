"""Inputs from the field, each run as its case says, and held against what `benchmarks/cases.toml` demands of it.

The cases are not part of the project: `MLAUDIT_CASES` names their folder. Every kind has tests of its own beside this;
`test_field_cases.py` has those of `security`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import tomli

from benchmarks import cases
from tests.checkout import ROOT

CASES = Path(os.environ.get("MLAUDIT_CASES", ROOT.parent / "shared" / "cases"))
FOLDERS = ("readers", "repositories", "use")
EXPECTED: dict[str, dict[str, Any]] = tomli.loads((ROOT / "benchmarks" / "cases.toml").read_text(encoding="utf-8"))

NOT_YET: dict[str, str] = {}
"""Cases that do not hold, with what is wrong; whoever mends one takes its line away."""


def _parameters() -> Iterator[Any]:
    for folder in FOLDERS:
        for path in sorted((CASES / folder).glob("*/case.toml")):
            name = f"{folder}/{path.parent.name}"
            reason = NOT_YET.get(name)
            marks = [pytest.mark.xfail(strict=True, reason=reason, raises=AssertionError)] if reason else []
            yield pytest.param(folder, path.parent.name, id=name, marks=marks)


PARAMETERS = list(_parameters())


def test_every_case_has_an_expectation() -> None:
    if not PARAMETERS:
        pytest.skip(f"no cases below {CASES}; MLAUDIT_CASES names their folder")
    assert {one.id for one in PARAMETERS} == {f"{folder}/{name}" for folder in FOLDERS for name in EXPECTED[folder]}
    assert set(NOT_YET) <= {one.id for one in PARAMETERS}


@pytest.mark.slow
@pytest.mark.parametrize(("folder", "name"), PARAMETERS)
def test_a_case_shows_what_it_must(folder: str, name: str, tmp_path: Path) -> None:
    expected = EXPECTED[folder][name]
    if "by-hand" in expected:
        pytest.skip(f"no program can judge it: {expected['by-hand']}")
    source = CASES / folder / name
    case = tomli.loads((source / "case.toml").read_text(encoding="utf-8"))
    assert cases.fault(source, case, expected, tmp_path) == ""
