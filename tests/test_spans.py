"""Offsets mean the same in every format: the text between them is the value that states a pin."""

from __future__ import annotations

import json
import re
from pathlib import Path
from urllib.parse import unquote

import pytest

from mlaudit.document.document import Document
from mlaudit.model.errors import Unreadable
from mlaudit.model.names import normalized
from mlaudit.model.nouns import Kind, Layer, Pin
from mlaudit.parsers._read import read
from mlaudit.sources.working_tree import WorkingTree
from tests.parser_cases import FIXTURES

PINNED_TEXTS = [case.parent for case in sorted((FIXTURES / "parsers").glob("*/*/expected.json"))]
_LINE_END = re.compile(r"\r\n|\r|\n")


def text_of(case: Path, root: WorkingTree, path: str) -> str | None:
    """The text of a file of a case; None for what is no text, or lies inside another file."""
    try:
        document = Document(path, root.document(case / path).data)
        return document.text
    except Unreadable:
        return None


@pytest.mark.parametrize("folder", sorted({case.parent.name for case in PINNED_TEXTS}))
def test_offsets_are_those_of_the_value(folder: str) -> None:
    for case in (one for one in PINNED_TEXTS if one.parent.name == folder):
        expected = json.loads((case / "expected.json").read_text(encoding="utf-8"))
        if (case / expected["input"]).is_dir():
            continue
        root = WorkingTree(case, expected.get("defines"))
        for pin in read(root.document(case / expected["input"]), expected.get("as")).pins:
            text = text_of(case, root, pin.at.path) if pin.at.start is not None else None
            if text is not None:
                wrong = wrongness(pin, text)
                assert wrong is None, f"{case.name}: {pin.name} {pin.version} at {pin.at}: {wrong}"


def wrongness(pin: Pin, text: str) -> str | None:
    """What is wrong with the offsets of a pin, None where nothing is."""
    start, end = pin.at.start, pin.at.end
    if start is None or end is None or not 0 <= start < end <= len(text):
        return f"no stretch of the text: {start}:{end}"
    value = text[start:end]
    before = _LINE_END.split(text[:start])
    if value != value.strip() and value[0] not in "|>":
        # A block of YAML is a value to its end.
        return f"blanks belong to no value: {value!r}"
    if (pin.at.line, pin.at.column) != (len(before), len(before[-1]) + 1):
        return f"its offset is on line {len(before)}, column {len(before[-1]) + 1}"
    stated = pin.kind is Kind.PACKAGE and pin.layer in (Layer.LOCKED, Layer.INSTALLED) and pin.source == "index"
    if stated and pin.version is not None and pin.version not in unquote(value):
        # An address beside the name may hold the version, which then has no value of its own.
        return None if normalized(value.strip('"')) == pin.name else f"its version does not stand in {value!r}"
    return None
