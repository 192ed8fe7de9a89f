"""What the program knows by name, one a line: rules, formats that are read, kinds of artifacts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from mlaudit.knowledge.kinds import artifact_kinds
from mlaudit.parsers._registry import parsers
from mlaudit.reporters._layout import columns, painted, wrapped
from mlaudit.rules._registry import rules

GAP = 3
"""Blanks between columns."""
MIN_WIDTH = 20
"""Columns that the last cell has at least, however narrow the terminal is."""


def all_rules(width: int | None = None) -> str:
    """Every rule with its code, name, default severity and what it says."""
    rows = ((one.code, one.name, one.severity.value, _first(one.documentation)) for one in rules().values())
    return _table(rows, width)


def all_formats(width: int | None = None) -> str:
    """Every format that is read, with the names of files that tell it."""
    return _table(((name, ", ".join(one.files) or "by content") for name, one in parsers().items()), width)


def all_kinds(width: int | None = None) -> str:
    """Every kind of artifact that `artifact-kinds` may name."""
    return _table(((one.name, one.title) for one in artifact_kinds().values()), width)


def _first(documentation: str) -> str:
    return documentation.strip().partition("\n")[0]


def _table(rows: Iterable[tuple[str, ...]], width: int | None) -> str:
    """A row a line; within a width the last cell goes on below itself."""
    cells = [list(row) for row in rows]
    indent = sum(max(len(row[at]) for row in cells) + GAP for at in range(len(cells[0]) - 1))
    if width is not None:
        cells = [folded for row in cells for folded in _folded(row, max(MIN_WIDTH, width - indent))]
    return painted(columns([[(text, "") for text in row] for row in cells], GAP), colour=False)


def _folded(row: list[str], width: int) -> Iterator[list[str]]:
    lines = wrapped(row[-1], width) or [""]
    yield [*row[:-1], lines[0]]
    yield from ([*("" for _ in row[:-1]), line] for line in lines[1:])
