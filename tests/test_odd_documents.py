"""Documents of known formats with something odd in them: nothing is lost, and what is not read is said."""

from __future__ import annotations

from typing import Any

import pytest
import tomli

from mlaudit.document.document import Document
from mlaudit.parsers._read import read
from tests.parser_cases import FIXTURES

CASES = tomli.loads((FIXTURES / "odd_documents.toml").read_text(encoding="utf-8"))["case"]


@pytest.mark.parametrize("case", [pytest.param(case, id=f"{case['as']}-{at}") for at, case in enumerate(CASES)])
def test_what_is_odd_is_said(case: dict[str, Any]) -> None:
    found = read(Document(case["path"], case["text"].encode()), case["as"])
    said = [
        f"{pin.at.line}:{pin.at.column} {pin.name} {pin.version or pin.specifier or ''}".strip() for pin in found.pins
    ]
    said += [f"{entry.at.line}:{entry.at.column} not read: {entry.why}" for entry in found.unread]
    assert said == case["says"]
