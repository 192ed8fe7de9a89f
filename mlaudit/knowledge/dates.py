"""On which day rows were checked: the date of the whole knowledge, and the rows that are older than a year."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from functools import lru_cache

from mlaudit.model.lazy_dataclass import dataclass
from mlaudit.model.lazy_pattern import lazy_pattern
from mlaudit.model.packaged import KNOWLEDGE_FOLDERS, packaged, packaged_names

INDEX = "knowledge/_date.txt"
"""Keeps `newest_row`, which `python -m mlaudit.lab.generate` writes: to look takes as long as to compare two lists."""
DAYS = 365
"""Behind so many days a row must be checked again."""

# The lines alone: to parse every file into tables would take longer than the rest of a run.
_CHECKED = lazy_pattern(r'^checked = "(\d{4}-\d\d-\d\d)"', re.MULTILINE)
_NAMED = lazy_pattern(r'^(?:id|package|name) = "([^"]+)"|^\[+([^\]]+)\]+', re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class DatedRow:
    """A row of a knowledge file by the line of its date."""

    checked: str
    file: str
    line: int
    row: str


@lru_cache(maxsize=1)
def knowledge_date() -> str:
    """The day on which the newest row was checked, as the generated index has it."""
    return packaged(INDEX).strip()


def newest_row() -> str:
    """The day on which the newest row was checked, by a look at every file."""
    return max(str(day) for _, text in _files() for day in _CHECKED.findall(text))


def stale_rows(today: date) -> tuple[DatedRow, ...]:
    """Rows that were checked more than a year before a day, the oldest first."""
    every = (row for file, text in _files() for row in _dated(file, text))
    stale = (row for row in every if (today - date.fromisoformat(row.checked)).days > DAYS)
    return tuple(sorted(stale, key=lambda row: (row.checked, row.file, row.line)))


def _files() -> Iterator[tuple[str, str]]:
    for folder in KNOWLEDGE_FOLDERS:
        for name in packaged_names(folder):
            if name.endswith(".toml"):
                yield f"{folder}/{name}", packaged(f"{folder}/{name}")


def _dated(file: str, text: str) -> Iterator[DatedRow]:
    """Each date with the last name or table that precedes it."""
    names = list(_NAMED.finditer(text))
    at, name = 0, "the whole file"
    for match in _CHECKED.finditer(text):
        while at < len(names) and names[at].start() < match.start():
            name = names[at].group(1) or (name if names[at].group(2) is None else names[at].group(2))
            at += 1
        yield DatedRow(checked=match.group(1), file=file, line=text.count("\n", 0, match.start()) + 1, row=name)
