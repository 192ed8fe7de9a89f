"""What the knowledge states about each crossing, asked once and read by every rule."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache

from mlaudit.comparison.verdict import meetings, statements
from mlaudit.knowledge.crossing import PYTHON, Consequence, judge
from mlaudit.knowledge.kinds import code_picklers, kinds_of
from mlaudit.knowledge.load import Effect, asked_beside
from mlaudit.knowledge.table import runtime_names
from mlaudit.model.lazy_dataclass import dataclass, replace
from mlaudit.model.nouns import Artifact, Kind, Verdict
from mlaudit.model.report import ArtifactCrossing, Crossing, Environment
from mlaudit.model.versions import exact

_JUDGED = (Verdict.DIFFERS, Verdict.DISJOINT, Verdict.LOOSE)

WhatCrosses = tuple[frozenset[str], frozenset[str]]
"""Artifact kinds and estimator classes."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """Consequences, worst first, of the versions that meet.

    Attributes:
        may: only ranges that overlap allow them.
        holds_for_all: all that the ranges allow comes to the same severity.
    """

    writer: str
    reader: str
    consequences: tuple[Consequence, ...]
    may: bool
    holds_for_all: bool = True

    @property
    def worst(self) -> Consequence:
        """The consequence that decides."""
        return self.consequences[0]


class Judgements:
    """The judgements of one audit.

    Of package crossings only the last is kept, since all rules look at one before the next; there may be millions.

    Args:
        environments: by name, all that crossings name.
    """

    def __init__(self, environments: Mapping[str, Environment]) -> None:
        self._environments = environments
        self._crossing: Crossing | None = None
        self._judgement: Judgement | None = None
        self._of_artifacts: dict[int, tuple[ArtifactCrossing, Judgement | None]] = {}
        self._crosses: dict[tuple[str, str], WhatCrosses] = {}
        self._names: dict[tuple[str, str], frozenset[str]] = {}
        self._shown: dict[tuple[str, str], Mapping[str, frozenset[str]]] = {}

    def of(self, crossing: Crossing) -> Judgement | None:
        """What is known of a crossing; None if nothing is, or where a side does not state the package."""
        if crossing is not self._crossing:
            self._crossing, self._judgement = crossing, self._of_crossing(crossing)
        return self._judgement

    def _of_crossing(self, crossing: Crossing) -> Judgement | None:
        writer, reader = crossing.cells
        if crossing.verdict not in _JUDGED or not (writer.stated and reader.stated):
            return None
        pythons = (_python(self._environments[name]) for name in crossing.environments)
        kinds, classes = self.what_crosses(*crossing.environments)
        kinds = _served(crossing.package, self._environments[crossing.environments[1]], kinds)
        names = self.names_that_cross(*crossing.environments)
        classes = self._shown_of(crossing.package, *crossing.environments) or classes
        return _judged(
            crossing.package,
            meetings(writer, reader),
            *pythons,
            kinds=kinds,
            classes=classes,
            names=names,
            beside=_beside(crossing.package, self._environments[crossing.environments[1]]),
        )

    def of_artifact(self, crossing: ArtifactCrossing) -> Judgement | None:
        """What is known of a library that an artifact records, in the environment that loads the artifact."""
        known = self._of_artifacts.get(id(crossing))
        if known is None:
            # The crossing is kept beside its judgement, so that no other takes its identity.
            known = self._of_artifacts[id(crossing)] = (crossing, self._of_recorded(crossing))
        return known[1]

    def _of_recorded(self, crossing: ArtifactCrossing) -> Judgement | None:
        pin, cell = crossing.pin, crossing.cell
        if not cell.stated or cell.package != pin.package or pin.kind is not Kind.PACKAGE:
            return None
        if pin.version is None and pin.specifier is None:
            return None
        recorded = f"=={pin.version}" if pin.version is not None else pin.specifier or ""
        artifact = crossing.artifact.artifact or Artifact()
        judged = _judged(
            pin.package,
            tuple((recorded, statement) for statement in statements(cell)),
            None,
            _python(self._environments[crossing.reader]),
            kinds=_served(
                pin.package,
                self._environments[crossing.reader],
                frozenset((pin.recorded.kinds if pin.recorded else ()) or filter(None, (artifact.kind,))),
            ),
            classes=frozenset((pin.recorded.classes if pin.recorded else ()) or artifact.classes),
            names=frozenset(name.full_name for name in artifact.names),
            beside=_beside(pin.package, self._environments[crossing.reader]),
        )
        return _of_files(judged) if judged is not None else None

    def of_pythons(self, crossing: Crossing) -> Consequence | None:
        """What both Pythons do to what crosses; to code, where a package that pickles it is there."""
        writer, reader = crossing.cells
        if writer.version is None or reader.version is None:
            return None
        both = [self._environments[name] for name in crossing.environments]
        kinds, classes = self.what_crosses(*crossing.environments)
        kinds = kinds or _byte_code(both)
        if not kinds:
            return None
        consequences = judge(PYTHON, writer.version, reader.version, kinds=kinds, classes=classes)
        return consequences[0] if consequences else None

    def _shown_of(self, package: str, writer: str, reader: str) -> frozenset[str]:
        """What the files that cross show of a library's own part, if each that records the library shows it."""
        if (writer, reader) not in self._shown:
            self._shown[writer, reader] = _shown(self._environments[writer], self._environments[reader])
        return self._shown[writer, reader].get(package, frozenset())

    def names_that_cross(self, writer: str, reader: str) -> frozenset[str]:
        """What the pickles that cross import; nothing if anything crosses of which that is not known."""
        if (writer, reader) not in self._names:
            self._names[writer, reader] = _names_that_cross(self._environments[writer], self._environments[reader])
        return self._names[writer, reader]

    def what_crosses(self, writer: str, reader: str) -> WhatCrosses:
        """The artifact kinds and estimator classes that cross, as declared or as the artifacts themselves say."""
        if (writer, reader) not in self._crosses:
            self._crosses[writer, reader] = _what_crosses(self._environments[writer], self._environments[reader])
        return self._crosses[writer, reader]


def _served(package: str, reading: Environment, kinds: frozenset[str]) -> frozenset[str]:
    """What crosses; of a package that a server of the reader stands for, only what that server reads of it."""
    if runtime_names().isdisjoint(reading.cells):
        return kinds
    from mlaudit.knowledge.runtimes import served_kinds

    servers = served_kinds().get(package, {})
    served = frozenset[str]().union(*(of for server, of in servers.items() if reading.cell(server).named))
    return served if served and (not kinds or kinds_of(package, kinds)) else kinds


def _beside(package: str, reading: Environment) -> frozenset[tuple[str, str]]:
    """The packages of a reader that rows about this package ask for, with their versions."""
    cells = map(reading.cell, asked_beside(package))
    return frozenset((cell.package, cell.version) for cell in cells if cell.version is not None)


def _byte_code(environments: Iterable[Environment]) -> frozenset[str]:
    """The kinds of byte code that packages of some environments store."""
    stated = (
        kinds
        for package, kinds in code_picklers().items()
        if any(environment.cell(package).stated for environment in environments)
    )
    return frozenset().union(*stated)


def _of_files(judged: Judgement) -> Judgement | None:
    """What is known about the file alone: other behaviour of the code beside it is reported for the environments."""
    kept = tuple(consequence for consequence in judged.consequences if consequence.effect is not Effect.PREPROCESSING)
    return replace(judged, consequences=kept) if kept else None


def _artifacts(writing: Environment, reading: Environment) -> list[Artifact]:
    readings = (*writing.writes, *reading.reads)
    return [pin.artifact for reading in readings for pin in reading.pins if pin.artifact is not None]


def _shown(writing: Environment, reading: Environment) -> Mapping[str, frozenset[str]]:
    """What the files that cross show of each library's own part; nothing of one that a file does not show."""
    shown: dict[str, list[tuple[str, ...]]] = {}
    for read in (*writing.writes, *reading.reads):
        for pin in read.pins:
            if pin.recorded is not None:
                shown.setdefault(pin.package, []).append(pin.recorded.classes)
    return {package: frozenset().union(*classes) for package, classes in shown.items() if all(classes)}


def _declared(writing: Environment, reading: Environment) -> frozenset[str]:
    return frozenset((*writing.artifact_kinds, *reading.artifact_kinds, *reading.kinds_from.get(writing.name, ())))


def _names_that_cross(writing: Environment, reading: Environment) -> frozenset[str]:
    artifacts = _artifacts(writing, reading)
    # A kind that code or the configuration states, and that none of the files read has, is of a file that was not read.
    is_known = _declared(writing, reading) <= {artifact.kind for artifact in artifacts} and all(
        artifact.names for artifact in artifacts
    )
    return frozenset(name.full_name for artifact in artifacts for name in artifact.names) if is_known else frozenset()


def _what_crosses(writing: Environment, reading: Environment) -> WhatCrosses:
    artifacts = _artifacts(writing, reading)
    kinds = {*_declared(writing, reading), *(artifact.kind for artifact in artifacts if artifact.kind)}
    return frozenset(kinds), frozenset(name for artifact in artifacts for name in artifact.classes)


def _python(environment: Environment) -> str | None:
    return environment.target.pythons[0] if len(environment.target.pythons) == 1 else None


@lru_cache(maxsize=16384)
def _judged(
    package: str,
    pairs: tuple[tuple[str, str], ...],
    writer_python: str | None,
    reader_python: str | None,
    *,
    kinds: frozenset[str],
    classes: frozenset[str],
    names: frozenset[str],
    beside: frozenset[tuple[str, str]],
) -> Judgement | None:
    """The worst judgement over the pairs of statements that can meet."""
    worst: Judgement | None = None
    for writer, reader in pairs:
        left, right = exact(writer), exact(reader)
        if left is not None and right is not None:
            consequences = judge(
                package,
                left,
                right,
                writer_python=writer_python,
                reader_python=reader_python,
                kinds=kinds,
                classes=classes,
                names=names,
                beside=beside,
            )
            here = Judgement(left, right, consequences, may=False) if consequences else None
        else:
            here = _in_ranges(package, writer, reader, kinds, classes, names, beside)
        if here is not None and (worst is None or here.worst.rank < worst.worst.rank):
            worst = here
    return worst


def _in_ranges(
    package: str,
    writer: str,
    reader: str,
    kinds: frozenset[str],
    classes: frozenset[str],
    names: frozenset[str],
    beside: frozenset[tuple[str, str]],
) -> Judgement | None:
    from mlaudit.knowledge.ranges import worst_in_ranges

    ranges = worst_in_ranges(package, writer, reader, kinds=kinds, classes=classes, names=names, beside=beside)
    if ranges is None:
        return None
    return Judgement(ranges.writer, ranges.reader, ranges.consequences, may=True, holds_for_all=ranges.holds_for_all)
