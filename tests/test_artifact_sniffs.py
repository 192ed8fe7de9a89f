"""Recognition by bytes: every artifact fixture is claimed by its own format alone, whatever it is called."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mlaudit.document.document import Document
from mlaudit.parsers._read import recognized
from mlaudit.parsers._registry import parsers
from tests.parser_cases import FIXTURES

ARTIFACTS = {name for name, parser in parsers().items() if parser.artifact and parser.access == "binary"}


def samples() -> list[tuple[str, Path]]:
    found = []
    for expected in sorted((FIXTURES / "parsers").glob("*/*/expected.json")):
        format_name, case = expected.parent.parent.name, expected.parent.name
        if format_name in ARTIFACTS and case not in ("empty", "broken"):
            found.append((format_name, expected.parent / json.loads(expected.read_text(encoding="utf-8"))["input"]))
    return found


@pytest.mark.parametrize(("format_name", "path"), samples(), ids=lambda value: str(value).rpartition("parsers/")[2])
@pytest.mark.parametrize("name", [None, "model", "model.pkl", "model.bin", "model.json"])
def test_bytes_tell_the_format(format_name: str, path: Path, name: str | None) -> None:
    document = Document(name or path.name, path.read_bytes())
    assert recognized(document).format == format_name


@pytest.mark.parametrize(("format_name", "path"), samples(), ids=lambda value: str(value).rpartition("parsers/")[2])
def test_no_other_binary_format_claims_them(format_name: str, path: Path) -> None:
    document = Document(path.name, path.read_bytes())
    claiming = {name for name in ARTIFACTS if (sniff := parsers()[name].content) is not None and sniff(document)}
    assert claiming == {format_name}
