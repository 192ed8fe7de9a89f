"""What environments state about one package, side by side: cells, what crosses between two of them, the row of all."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from mlaudit.model.lazy_dataclass import dataclass, field, states_nothing_rare
from mlaudit.model.nouns import Distance, Kind, Layer, Pin, Place, State, Verdict

MAX_LISTED = 12
"""Values that a sentence names; the others are counted."""


def listed(values: Iterable[str], separator: str) -> str:
    """Values in one text, `MAX_LISTED` of them at most, and how many there are beside them."""
    texts = list(values)
    more = len(texts) - MAX_LISTED
    return separator.join((*texts[:MAX_LISTED], *((f"{more:,} more",) if more > 0 else ())))


class _NoVersions(dict[str, str]):
    """An empty mapping that stays empty, and that copies and pickles as the same one."""

    def __setitem__(self, python: str, text: str) -> None:
        raise TypeError("it is shared by many cells")

    def __reduce__(self) -> str:
        return "_NOT_BY_PYTHON"


_NOT_BY_PYTHON: Mapping[str, str] = _NoVersions()
"""Of nearly all cells; shared, since a report holds one for each package of each environment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """What one environment states about one package.

    Attributes:
        versions: the exact versions that may be installed, local parts kept; one where `state` is exact.
        specifier: the range, None if any version will do.
        by_python: which statement holds for which Python, where that differs; the text is a version or a specifier.
        pins: the statements that count.
        overruled: statements of a lower layer or an earlier install.
        conflict: statements that cannot hold together.
        at: the place to point to.
    """

    environment: str
    package: str
    state: State
    versions: tuple[str, ...] = ()
    specifier: str | None = None
    variant: str | None = None
    layer: Layer | None = None
    kind: Kind = Kind.PACKAGE
    by_python: Mapping[str, str] = field(default_factory=lambda: _NOT_BY_PYTHON)
    pins: tuple[Pin, ...] = ()
    overruled: tuple[Pin, ...] = ()
    conflict: tuple[Pin, ...] = ()
    at: Place | None = None

    __rare__ = (("specifier", "variant", "by_python", "overruled", "conflict"),)
    is_plain = states_nothing_rare()

    @property
    def stated(self) -> bool:
        """Whether the environment names the package and the statement was understood."""
        state = self.state
        return state is State.EXACT or state is State.RANGE or state is State.SEVERAL

    @property
    def named(self) -> bool:
        """Whether the environment names the package, understood or not."""
        return self.stated or self.state is State.UNREAD

    @property
    def version(self) -> str | None:
        """The exact version, None if there is not exactly one."""
        return self.versions[0] if self.state is State.EXACT else None

    @property
    def shown(self) -> str:
        """The cell as people read it."""
        if self.state is State.EXACT:
            return self.versions[0]
        if self.state is State.SEVERAL:
            return listed(dict.fromkeys((*self.versions, *((self.specifier,) if self.specifier else ()))), " | ")
        if self.state is State.RANGE:
            return self.specifier or "any"
        return str(self.state.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Crossing:
    """Writer to reader, one package: what is judged; `from_model` where the writer is a model and no environment."""

    writer: Cell
    reader: Cell
    verdict: Verdict
    distance: Distance | None = None
    watched: bool = False
    from_model: bool = False

    __rare__ = (("distance", "watched", "from_model"),)

    @property
    def package(self) -> str:
        """The package that crosses."""
        return self.writer.package

    @property
    def environments(self) -> tuple[str, str]:
        """The names of writer and reader."""
        return self.writer.environment, self.reader.environment

    @property
    def cells(self) -> tuple[Cell, Cell]:
        """Writer's and reader's cell."""
        return self.writer, self.reader


@dataclass(frozen=True, slots=True, kw_only=True)
class ArtifactCrossing:
    """One library that a model artifact records, against the environment that loads the artifact.

    Attributes:
        writer, reader: names of environments; the same where an environment loads what nobody here writes.
        artifact: the pin that stands for the file.
        pin: what the file records of the library.
        cell: what the reader states about the library.
    """

    writer: str
    reader: str
    artifact: Pin
    pin: Pin
    cell: Cell


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One package over all environments, and the worst of its crossings."""

    package: str
    kind: Kind
    cells: tuple[Cell, ...]
    crossings: tuple[Crossing, ...]
    verdict: Verdict
    distance: Distance | None
    watched: bool
