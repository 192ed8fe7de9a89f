"""Every format over its case folders: `fixtures/parsers/<format>/<case>/` holds an input and what is read from it."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlaudit.parsers._registry import parsers
from tests.parser_cases import FIXTURES, run

CASES = sorted((FIXTURES / "parsers").glob("*/*/expected.json"))
LADDER = {"empty", "one", "many", "broken", "unknown-version"}


@pytest.mark.parametrize("case", [path.parent for path in CASES], ids=lambda case: f"{case.parent.name}/{case.name}")
def test_reads_what_is_expected(case: Path) -> None:
    expected, actual = run(case)
    assert actual == expected


@pytest.mark.parametrize("format_name", sorted(parsers()))
def test_every_format_owns_the_ladder_of_cases(format_name: str) -> None:
    present = {case.parent.name for case in CASES if case.parent.parent.name == format_name}
    assert present >= LADDER


@pytest.mark.parametrize("case", [path.parent for path in CASES], ids=lambda case: f"{case.parent.name}/{case.name}")
def test_every_pin_of_a_text_format_has_a_place(case: Path) -> None:
    expected, actual = run(case)
    if parsers()[actual["format"]].access == "text" if actual["format"] in parsers() else False:
        assert all(pin["at"].count(":") >= 2 for pin in actual.get("pins", []))
    assert expected
