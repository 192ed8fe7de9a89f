"""Conflicts that a merge has left in a text: one statement tells of each, rather than one of every marker."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from mlaudit.document.document import Document
from mlaudit.model.errors import Unreadable
from mlaudit.model.lazy_dataclass import replace
from mlaudit.model.nouns import Statement, Unread

_START, _END = "<<<<<<< ", ">>>>>>> "
_MARKERS = (_START, "||||||| ", "=======", _END)


class MergeConflict(NamedTuple):
    """A conflict: its first and last line, the lines of its markers, and the text of the first."""

    first: int
    last: int
    markers: frozenset[int]
    text: str

    @property
    def says(self) -> str:
        """What it is, for the user."""
        return f"lines {self.first} to {self.last} are a merge conflict that nobody has resolved"


def tell_conflicts(document: Document, statements: Iterable[Statement]) -> Iterator[Statement]:
    """The statements, with what markers of conflicts made unreadable told once for each conflict."""
    conflicts = tuple(_conflicts(document))
    known: set[MergeConflict] = set()
    for statement in statements:
        conflict = _conflict_of(statement, conflicts) if isinstance(statement, Unread) else None
        if conflict is None or not isinstance(statement, Unread):
            yield statement
        elif conflict not in known:
            known.add(conflict)
            at = document.place(conflict.first, 1)
            yield replace(statement, at=at, why=conflict.says, what=conflict.text)


def _conflict_of(unread: Unread, conflicts: tuple[MergeConflict, ...]) -> MergeConflict | None:
    """The conflict that something was not read for; a document of which nothing is read owes it to its first one."""
    if unread.whole and conflicts and not unread.exhausted:
        return conflicts[0]
    return next((conflict for conflict in conflicts if unread.at.line in conflict.markers), None)


def _conflicts(document: Document) -> Iterator[MergeConflict]:
    try:
        text = document.text if _START.encode() in document.data else ""
    except Unreadable:
        return
    markers: list[int] = []
    first = ""
    for number, line in enumerate(text.split("\n") if text else (), start=1):
        if not line.startswith(_MARKERS):
            continue
        if line.startswith(_START):
            markers, first = [], line.strip()
        markers.append(number)
        if line.startswith(_END) and first:
            yield MergeConflict(markers[0], number, frozenset(markers), first[:200])
            first = ""
