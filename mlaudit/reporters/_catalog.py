"""What the program knows by name, one a line: rules, formats that are read, kinds of artifacts."""

from __future__ import annotations

from collections.abc import Iterable

from mlaudit.knowledge.kinds import artifact_kinds
from mlaudit.parsers._registry import parsers
from mlaudit.reporters._layout import columns, painted
from mlaudit.rules._registry import rules


def all_rules(width: int | None = None) -> str:
    """Every rule with its code, name, default severity and what it says."""
    rows = ((rule.code, rule.name, rule.severity.value, _first(rule.documentation)) for rule in rules().values())
    return _table(rows, width)


def all_formats(width: int | None = None) -> str:
    """Every format that is read, with the names of files that show it."""
    return _table(((name, ", ".join(parser.files) or "by content") for name, parser in parsers().items()), width)


def all_kinds(width: int | None = None) -> str:
    """Every kind of artifact that `artifact-kinds` may name."""
    return _table(((kind.name, kind.title) for kind in artifact_kinds().values()), width)


def _first(documentation: str) -> str:
    return documentation.strip().partition("\n")[0]


def _table(rows: Iterable[tuple[str, ...]], width: int | None) -> str:
    """A row a line; within a width, what does not fit goes on below."""
    return painted(columns([[(text, "") for text in row] for row in rows], width=width), colour=False)
