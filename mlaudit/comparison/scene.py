"""What a rule may look at: the environments, the rows made of them, and what the user declared."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from mlaudit.comparison.judgement import Judgements
from mlaudit.knowledge.table import runtime_names
from mlaudit.model.lazy_dataclass import dataclass, field
from mlaudit.model.nouns import Kind, Pin, Place
from mlaudit.model.pairs import EnvironmentPair
from mlaudit.model.report import ArtifactCrossing, Cell, Crossing, Environment, Row, SharedFile
from mlaudit.request.settings import Settings

if TYPE_CHECKING:
    from mlaudit.comparison.foreign_runtimes import ForeignRuntime


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """Everything that is known before rules speak.

    Attributes:
        command: `check` or `compare`; `check` counts unwatched differences, `compare` lists them.
        pairs: names of writer and reader.
        judgements: what the knowledge states about each crossing, asked once.
        known_pairs: what code shows of pairs, beyond who follows whom.
        shared: files that must be the same, a tuple for each set that the configuration declares.
    """

    command: str
    environments: Mapping[str, Environment]
    pairs: tuple[tuple[str, str], ...]
    rows: tuple[Row, ...] = ()
    artifacts: tuple[ArtifactCrossing, ...] = ()
    shared: tuple[tuple[SharedFile, ...], ...] = ()
    settings: Settings = field(default_factory=Settings)
    known_pairs: tuple[EnvironmentPair, ...] = ()
    judgements: Judgements = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Begin to judge."""
        object.__setattr__(self, "judgements", Judgements(self.environments))

    def crossings(self) -> Iterator[Crossing]:
        """Every crossing, row by row."""
        for row in self.rows:
            yield from row.crossings

    def compared_pairs(self) -> frozenset[tuple[str, str]]:
        """The pairs that share something that both state, or where a runtime is judged by what the writer exports.

        To run one Python is not yet to share anything.
        """
        return frozenset(self._each_compared_pair())

    def compares_something(self) -> bool:
        """Whether any pair shares something that both state."""
        return next(self._each_compared_pair(), None) is not None

    def _each_compared_pair(self) -> Iterator[tuple[str, str]]:
        crossed: set[tuple[str, str]] = set()
        for crossing in self.crossings():
            pair = crossing.environments
            # Of a fleet nearly every pair is known by its first package.
            if pair in crossed or crossing.writer.kind is Kind.PYTHON:
                continue
            if crossing.writer.stated and crossing.reader.stated:
                crossed.add(pair)
                yield pair
        yield from ((artifact.writer, artifact.reader) for artifact in self.artifacts if is_compared(artifact))
        yield from (pair for pair in self.pairs if pair not in crossed and self._judges_runtimes(*pair))

    def _judges_runtimes(self, writer: str, reader: str) -> bool:
        judged = (foreign.is_judged for foreign in self.foreign_runtimes(writer, reader))
        return bool(self.runtimes_of(writer, reader)) or any(judged)

    def foreign_runtimes(self, writer: str, reader: str) -> Iterator[ForeignRuntime]:
        """The reader's runtimes of what the writer writes with a package that the reader does not have."""
        sides = (self.environments[writer], self.environments[reader])
        if runtime_names().isdisjoint(sides[1].cells):
            return iter(())
        from mlaudit.comparison.foreign_runtimes import foreign_runtimes

        kinds, _ = self.judgements.what_crosses(writer, reader)
        return foreign_runtimes(*sides, kinds, self.known_pairs, self.artifacts)

    def runtimes_of(self, writer: str, reader: str) -> tuple[Cell, ...]:
        """The reader's runtimes that are judged by what the writer exports by default."""
        from mlaudit.comparison.graph_runtimes import judged_runtimes

        kinds, _ = self.judgements.what_crosses(writer, reader)
        sides = (self.environments[writer], self.environments[reader])
        return tuple(judged_runtimes(*sides, kinds, self.known_pairs))

    def place(self, cell: Cell) -> Place:
        """Where a cell points to; where it names nothing, the first source of its environment."""
        return cell.at or self.home(cell.environment)

    def home(self, environment: str) -> Place:
        """The first source of an environment."""
        home = self.environments[environment]
        path = home.readings[0].path if home.readings else next(iter(home.sources), environment)
        return Place(path=path)


def is_compared(artifact: ArtifactCrossing) -> bool:
    """Whether a model states a version of a library that its reader states too; a format alone is no version.

    A format counts where it is known what it requires of the reader.
    """
    pin, cell = artifact.pin, artifact.cell
    if not cell.stated:
        return False
    return pin.version is not None or pin.specifier is not None or _is_known_by_format(pin, cell)


def _is_known_by_format(pin: Pin, cell: Cell) -> bool:
    from mlaudit.knowledge.minimum_readers import minimum_readers

    kinds = pin.recorded.kinds if pin.recorded is not None and cell.version is not None else ()
    return any((kind, cell.package) in minimum_readers() for kind in kinds)


def watches(settings: Settings, package: str) -> bool:
    """Whether the configuration names a package to be watched."""
    return any(fnmatchcase(package, pattern) for pattern in settings.packages)
