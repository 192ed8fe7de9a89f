"""Runs a parser over a case folder and says what it read, in the shape of `expected.json`."""

from __future__ import annotations

import dataclasses
import json
import os
from enum import Enum
from pathlib import Path
from typing import Any

from mlaudit.model.nouns import Reading
from mlaudit.parsers._read import read
from mlaudit.sources.images.recognize import image_document
from mlaudit.sources.virtualenv import environment_document
from mlaudit.sources.working_tree import WorkingTree

FIXTURES = Path(__file__).parent.parent / "fixtures"
REGENERATE = os.environ.get("MLAUDIT_REGENERATE") == "1"


def plain(value: Any) -> Any:
    """A value as JSON, fields at their default left out and places as `line:column`."""
    if isinstance(value, Enum):
        return value.value
    if hasattr(value, "_asdict"):
        return {name: plain(held) for name, held in value._asdict().items() if held not in (None, ())}
    if isinstance(value, tuple):
        return [plain(member) for member in value]
    if dataclasses.is_dataclass(value):
        return _fields(value)
    return value


def _fields(value: Any) -> Any:
    if type(value).__name__ == "Place":
        return str(value)
    shown = {}
    for field in dataclasses.fields(value):
        held = getattr(value, field.name)
        if held != field.default or field.default is dataclasses.MISSING:
            shown[field.name] = plain(held)
    if shown.get("package") == shown.get("name"):
        shown.pop("package", None)
    return shown


def described(reading: Reading) -> dict[str, Any]:
    parts = ("roots", "pins", "includes", "facts", "conflicts", "waivers", "unread")
    shown = {name: plain(getattr(reading, name)) for name in parts}
    return {
        "format": reading.format,
        "complete": reading.complete,
        **{name: rows for name, rows in shown.items() if rows},
    }


def run(case: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """What the case expects, and what was read; with MLAUDIT_REGENERATE=1 the expectation is written anew."""
    expected_file = case / "expected.json"
    expected = json.loads(expected_file.read_text(encoding="utf-8"))
    root, path = WorkingTree(case, expected.get("defines")), case / expected["input"]
    installed = image_document(path, root) or (environment_document(path, root) if path.is_dir() else None)
    document = installed or root.document(path)
    actual = {key: expected[key] for key in ("input", "as", "defines") if key in expected}
    actual.update(described(read(document, expected.get("as"))))
    if REGENERATE:
        expected_file.write_text(json.dumps(actual, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        expected = actual
    return expected, actual
