"""Runtimes of a reader that load what a package of the writer writes, which the reader does not have itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from mlaudit.knowledge.runtimes import Runtime, runtimes
from mlaudit.model.pairs import EnvironmentPair
from mlaudit.model.report import ArtifactCrossing, Cell, Environment


class ForeignRuntime(NamedTuple):
    """A runtime, what is known of it, and the package of the writer whose files it loads."""

    row: Runtime
    written: Cell
    runtime: Cell

    @property
    def is_judged(self) -> bool:
        """Whether both releases are stated and it is known how they go together."""
        return self.row.is_judged and self.written.version is not None and self.runtime.version is not None


def foreign_runtimes(
    writing: Environment,
    reading: Environment,
    kinds: frozenset[str],
    known_pairs: Iterable[EnvironmentPair],
    artifacts: Iterable[ArtifactCrossing],
) -> Iterator[ForeignRuntime]:
    """The runtimes of one pair, each once: not where other formats cross, or a file that was read decides."""
    for row in runtimes():
        runtime = reading.cell(row.reader)
        if not runtime.named or (row.unless is not None and writing.cell(row.unless).named):
            continue
        written = _written(row, writing, reading)
        if written is None or (kinds and kinds.isdisjoint(row.kinds)):
            continue
        pair = (writing.name, reading.name)
        if not _is_settled(row, pair, known_pairs, artifacts):
            yield ForeignRuntime(row, written, runtime)


def _written(row: Runtime, writing: Environment, reading: Environment) -> Cell | None:
    """The first package of the writer whose files it loads; None where both have it, or the runtime."""
    if writing.cell(row.reader).named or any(reading.cell(name).named for name in row.writers):
        return None
    return next((cell for name in row.writers if (cell := writing.cell(name)).named), None)


def _is_settled(
    row: Runtime,
    pair: tuple[str, str],
    known_pairs: Iterable[EnvironmentPair],
    artifacts: Iterable[ArtifactCrossing],
) -> bool:
    """Whether tables alone cross, or a file of the kind was read."""
    if any(known.exchanges_tables_alone for known in known_pairs if (known.writer, known.reader) == pair):
        return True
    at_hand = (artifact.pin.recorded for artifact in artifacts if (artifact.writer, artifact.reader) == pair)
    return any(kind in row.kinds for recorded in at_hand if recorded is not None for kind in recorded.kinds)
