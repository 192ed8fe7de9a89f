"""What the program knows by name, one a line: rules, formats that are read, kinds of artifacts."""

from __future__ import annotations

from collections.abc import Iterable

from mlaudit.knowledge.kinds import artifact_kinds
from mlaudit.parsers._registry import parsers
from mlaudit.reporters._layout import columns, painted
from mlaudit.rules._registry import rules


def all_rules() -> str:
    """Every rule with its code, name, default severity and what it says."""
    return _table((one.code, one.name, one.severity.value, _first(one.documentation)) for one in rules().values())


def all_formats() -> str:
    """Every format that is read, with the names of files that tell it."""
    return _table((name, ", ".join(one.files)) for name, one in parsers().items())


def all_kinds() -> str:
    """Every kind of artifact that `artifact-kinds` may name."""
    return _table((one.name, one.title) for one in artifact_kinds().values())


def _first(documentation: str) -> str:
    return documentation.strip().partition("\n")[0]


def _table(rows: Iterable[tuple[str, ...]]) -> str:
    return painted(columns([[(text, "") for text in row] for row in rows]), colour=False)
