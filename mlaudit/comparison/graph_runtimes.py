"""Runtimes that are judged by what another environment exports, though no package is named by both."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from mlaudit.knowledge.kinds import carried
from mlaudit.knowledge.table import readers
from mlaudit.model.report import Cell

if TYPE_CHECKING:
    from mlaudit.comparison.scene import View

EXPORTER = "onnx"
"""The package whose default formats the runtimes are judged by."""


def judged_runtimes(writer: str, reader: str, view: View) -> Iterator[Cell]:
    """The cells of the reader's runtimes that load, or refuse, what the writer exports by default."""
    if view.environments[writer].cell(EXPORTER).version is None or not _may_cross(writer, reader, view):
        return
    reading = view.environments[reader]
    yield from (cell for name in readers(EXPORTER)[1:] if (cell := reading.cell(name)).version is not None)


def _may_cross(writer: str, reader: str, view: View) -> bool:
    """Whether graphs cross, or nothing is known of what does."""
    kinds, _ = view.judgements.what_crosses(writer, reader)
    if kinds:
        return EXPORTER in carried(kinds)
    known = (
        (pair.writer, pair.reader) == (writer, reader) and pair.exchanges_tables_alone for pair in view.known_pairs
    )
    return not any(known)
