"""Runtimes that are judged by what another environment exports, though no package is named by both."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from mlaudit.knowledge.kinds import carried
from mlaudit.knowledge.table import readers
from mlaudit.model.pairs import EnvironmentPair
from mlaudit.model.report import Cell, Environment

EXPORTER = "onnx"
"""The package whose default formats the runtimes are judged by."""


def judged_runtimes(
    writing: Environment, reading: Environment, kinds: frozenset[str], known_pairs: Iterable[EnvironmentPair]
) -> Iterator[Cell]:
    """The cells of the reader's runtimes that load, or refuse, what the writer exports by default."""
    if writing.cell(EXPORTER).version is None or not _may_cross(writing, reading, kinds, known_pairs):
        return
    yield from (cell for name in readers(EXPORTER)[1:] if (cell := reading.cell(name)).version is not None)


def _may_cross(
    writing: Environment, reading: Environment, kinds: frozenset[str], known_pairs: Iterable[EnvironmentPair]
) -> bool:
    """Whether graphs cross, or nothing is known of what does."""
    if kinds:
        return EXPORTER in carried(kinds)
    names = (writing.name, reading.name)
    return not any((pair.writer, pair.reader) == names and pair.exchanges_tables_alone for pair in known_pairs)
