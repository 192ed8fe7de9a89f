"""What an audit says: environments, cells, crossings, rows, findings, and the report of them all."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from mlaudit.model.cells import MAX_LISTED, ArtifactCrossing, Cell, Crossing, Row, listed
from mlaudit.model.findings import Finding, Hit, Location
from mlaudit.model.lazy_dataclass import dataclass, field
from mlaudit.model.nouns import (
    Kind,
    Layer,
    Pin,
    Problem,
    Reading,
    Severity,
    State,
    Target,
    Unread,
)

if TYPE_CHECKING:
    # What code lacks, what was proven and what is resolved is asked of few environments; the nouns come with the first.
    from mlaudit.model.dependency_map import DependencyMap
    from mlaudit.model.evidence import RecordedProof
    from mlaudit.model.exchanges import Exchange
    from mlaudit.model.fleet import FleetReport
    from mlaudit.model.history import BranchChange, DriftHistory
    from mlaudit.model.missing_names import MissingName
    from mlaudit.model.missing_states import MissingState, RefusedByCode
    from mlaudit.model.observation import Observation
    from mlaudit.model.pairs import EnvironmentPair
    from mlaudit.model.refused_configurations import RefusedConfiguration
    from mlaudit.model.resolution import Unresolvable

__all__ = [
    "BASELINE",
    "BASELINED",
    "CONFIGURATION",
    "MAX_LISTED",
    "PROVEN",
    "WAIVER",
    "ArtifactCrossing",
    "Cell",
    "Crossing",
    "Discovered",
    "Environment",
    "Finding",
    "Hit",
    "Location",
    "Report",
    "Row",
    "SharedFile",
    "Summary",
    "WriterReader",
    "listed",
]


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Environment:
    """One place where the code runs: its sources read, its target settled, its cells computed.

    Attributes:
        follows: names of the environments whose artifacts this one reads.
        selected: parallel to the pins of `readings`: whether each is installed for the target; None if it depends.
        complete: its sources name everything that is installed.
        artifact_kinds: what crosses, where no artifact is available (`sklearn.pickle`).
        kinds_from: what crosses from each writer that it follows, if that is known; by the writer's name.
        guessed: nothing but names suggests that it reads what the environments that it follows write.
        evidence: what shows that it exists, where looking found it.
        exchanges: what its code writes to or reads from registries, hubs and buckets.
        writes, reads: the model artifacts that it makes, and those that it loads.
        is_model: it is no place where code runs, but a model with what it records and asks for.
        notes: what the user should know about how it was understood.
        problems: what was asked of its target and is not there.
        unresolvable: why its statements cannot be installed together, where a resolver was asked.
        proofs: what was recorded of models that it reads, and still holds.
        away: what would hold, too, of models that are not in the tree.
        missing_names: what the artifacts that it loads import and its code surely does not have.
        missing_states: what its code reads of the objects in them and they do not have.
        refused_calls: what loading them calls and its code refuses.
        agreeing_code: writers with packages of which it has all code that their pickles need to be served, as far as
            the code of both sides shows.
        refused_configurations: what their configurations ask for and its code refuses.
        without_code: packages whose names the artifacts that it loads ask for and whose code is not available.
    """

    name: str
    role: str
    follows: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    target: Target = field(default_factory=Target)
    readings: tuple[Reading, ...] = ()
    selected: tuple[tuple[bool | None, ...], ...] = ()
    complete: bool = False
    cells: Mapping[str, Cell] = field(default_factory=dict)
    artifact_kinds: tuple[str, ...] = ()
    kinds_from: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    guessed: bool = False
    evidence: tuple[Observation, ...] = ()
    exchanges: tuple[Exchange, ...] = ()
    writes: tuple[Reading, ...] = ()
    reads: tuple[Reading, ...] = ()
    is_model: bool = False
    notes: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()
    missing_names: tuple[MissingName, ...] = ()
    unresolvable: tuple[Unresolvable, ...] = ()
    proofs: tuple[RecordedProof, ...] = ()
    away: tuple[RecordedProof, ...] = ()
    missing_states: tuple[MissingState, ...] = ()
    refused_calls: tuple[RefusedByCode, ...] = ()
    agreeing_code: tuple[tuple[str, str], ...] = ()
    refused_configurations: tuple[RefusedConfiguration, ...] = ()
    without_code: tuple[str, ...] = ()
    _known: dict[str, Any] = field(default_factory=dict, init=False, repr=False, compare=False)

    def __repr__(self) -> str:
        return f"<Environment {self.name}: {self.packages} packages, {len(self.unread)} unread>"

    @property
    def unread(self) -> tuple[Unread, ...]:
        """Everything that was seen and not understood."""
        return tuple(entry for reading in (*self.readings, *self.writes, *self.reads) for entry in reading.unread)

    @property
    def names_code(self) -> bool:
        """Whether an artifact that it makes or loads names code which loading it imports."""
        pins = (pin for reading in (*self.writes, *self.reads) for pin in reading.pins)
        return any(pin.artifact is not None and pin.artifact.names for pin in pins)

    @property
    def kinds_at_hand(self) -> frozenset[str]:
        """The kinds of the artifacts available that it makes or loads, and the formats of what records a model."""
        recording = [reading for reading in self.readings if reading.pins and reading.pins[0].layer is Layer.RECORDED]
        readings = (*self.writes, *self.reads, *recording)
        pins = (pin for reading in readings for pin in reading.pins)
        kinds = (pin.artifact.kind for pin in pins if pin.artifact is not None and pin.artifact.kind)
        return frozenset((*kinds, *(reading.format for reading in readings)))

    @property
    def packages(self) -> int:
        """How many packages it names."""
        return sum(1 for cell in self.cells.values() if cell.kind is Kind.PACKAGE)

    @property
    def exact_versions(self) -> Mapping[str, str]:
        """The packages of which one exact version is known, in the order of the cells; made once."""
        versions: Mapping[str, str] | None = self._known.get("versions")
        if versions is None:
            pairs = (
                (package, cell.versions[0])
                for package, cell in self.cells.items()
                if cell.kind is Kind.PACKAGE and cell.state is State.EXACT
            )
            versions = self._known["versions"] = _shared_versions(tuple(pairs))
        return versions

    @property
    def versions_with_base(self) -> Mapping[str, str]:
        """The exact versions of its packages, and of what is below them: Python, CUDA and cuDNN."""
        base = {
            name: cell.version
            for name, cell in self.cells.items()
            if cell.kind in (Kind.PYTHON, Kind.CUDA, Kind.CUDNN) and cell.version is not None
        }
        return {**base, **self.exact_versions}

    @property
    def distributions(self) -> NamedDistributions:
        """Every package that it names, with the names of its distributions."""
        return NamedDistributions(self.cells)

    @property
    def unusual_cells(self) -> tuple[Cell, ...]:
        """The cells of anything but one plain statement of one version, made once: of most lists there are none."""
        cells: tuple[Cell, ...] | None = self._known.get("unusual")
        if cells is None:
            cells = self._known["unusual"] = tuple(cell for cell in self.cells.values() if not _is_usual(cell))
        return cells

    def documents(self, pins: Iterable[Pin]) -> tuple[Reading, ...]:
        """The readings in which some pins are, each once."""
        holders: dict[int, int] | None = self._known.get("holders")
        if holders is None:
            holders = {id(pin): number for number, reading in enumerate(self.readings) for pin in reading.pins}
            self._known["holders"] = holders
        holding = {holders[id(pin)] for pin in pins if id(pin) in holders}
        return tuple(self.readings[number] for number in sorted(holding))

    def pins(self) -> Iterator[tuple[Pin, bool | None]]:
        """Every pin with whether it is selected."""
        for reading, chosen in zip(self.readings, self.selected, strict=True):
            yield from zip(reading.pins, chosen, strict=True)

    def listed(self) -> Iterator[tuple[Pin, bool | None, str]]:
        """Every pin, those that artifacts record too, with whether it is selected and the format it was read from."""
        for reading, chosen in zip(self.readings, self.selected, strict=True):
            yield from ((pin, selected, reading.format) for pin, selected in zip(reading.pins, chosen, strict=True))
        for reading in (*self.writes, *self.reads):
            yield from ((pin, True, reading.format) for pin in reading.pins)

    def cell(self, package: str) -> Cell:
        """The cell of a package, made up as `absent` or `unstated` where the environment does not name it."""
        cell = self.cells.get(package)
        return cell if cell is not None else self.missing(package, Kind.PACKAGE)

    @property
    def lost(self) -> bool:
        """Whether of some source nothing at all could be read, model files among them."""
        return self._is_lost((*self.readings, *self.writes, *self.reads))

    def _is_lost(self, readings: Iterable[Reading]) -> bool:
        return any(entry.whole for reading in readings for entry in reading.unread if not reading.pins)

    def missing(self, package: str, kind: Kind) -> Cell:
        """The cell of something that is not named: `absent` in a complete list of packages, else `unstated`.

        What a source of which nothing was read would have said is not known.
        """
        state = State.ABSENT if self.complete and kind is Kind.PACKAGE else State.UNSTATED
        return Cell(
            environment=self.name,
            package=package,
            state=State.UNREAD if self._is_lost(self.readings) else state,
            kind=kind,
        )


class NamedDistributions(Mapping[str, frozenset[str]]):
    """Every package that is named, with the names of its distributions; those of a few are asked for."""

    def __init__(self, cells: Mapping[str, Cell]) -> None:
        self._cells = cells

    def __getitem__(self, package: str) -> frozenset[str]:
        from mlaudit.model.names import normalized

        cell = self._cells[package]
        if not cell.stated:
            raise KeyError(package)
        return frozenset(normalized(pin.name) for pin in cell.pins)

    def __iter__(self) -> Iterator[str]:
        return (package for package, cell in self._cells.items() if cell.stated)

    def __len__(self) -> int:
        return sum(1 for _ in self)


@lru_cache(maxsize=64)
def _shared_versions(pairs: tuple[tuple[str, str], ...]) -> Mapping[str, str]:
    """One mapping for all equal ones: many environments of a fleet install the same."""
    return dict(pairs)


def _is_usual(cell: Cell) -> bool:
    return cell.state is State.EXACT and cell.is_plain and all(pin.is_plain for pin in cell.pins)


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedFile:
    """One of the files that must be the same on every side; `text` is None if it could not be read, and `why`."""

    path: str
    text: str | None
    why: str = ""


CONFIGURATION, WAIVER, BASELINED, PROVEN = "configuration", "waiver", "baseline", "evidence"
"""What may suppress a finding."""
BASELINE = "in the baseline"
"""Why a finding that the baseline knows does not count."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """Counts of one report.

    Attributes:
        suppressed: findings that do not count, however that came.
        by_configuration, by_waivers, by_baseline, by_evidence: those of them that each of these suppressed.
        left_out: findings of rules that `select`, `ignore` or their options left out, and that are listed nowhere.
        compared: crossings in which both sides name the package.
        aligned: those of them that agree.
        equal: what else is stated and the same everywhere (`Python 3.11`, `CUDA 12.4`, `7 system libraries`).
        unknown_images: base images of which nothing is known.
        unseen: what no pair states on both sides, so that nothing known of it applied (`CUDA`, `model artifacts`).
        unknown_requirements: packages of exact versions of which it is not known what they require, so that it was not
            held against what is there; those of locks are left out, since a resolver knew.
    """

    error: int = 0
    warning: int = 0
    info: int = 0
    suppressed: int = 0
    by_configuration: int = 0
    by_waivers: int = 0
    by_baseline: int = 0
    by_evidence: int = 0
    left_out: int = 0
    aligned: int = 0
    compared: int = 0
    unread: int = 0
    equal: tuple[str, ...] = ()
    unseen: tuple[str, ...] = ()
    unknown_images: tuple[str, ...] = ()
    unknown_requirements: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Discovered:
    """One thing that looking found, and why it was taken for what it is; `role` is `ignored` for what was left out."""

    role: str
    folder: str
    documents: tuple[str, ...]
    why: str


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


class WriterReader(NamedTuple):
    """The names of two environments of which the second reads what the first writes."""

    writer: str
    reader: str


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Report:
    """Everything that a reporter may show.

    Attributes:
        fail_on: the mildest severity that fails the run, None for never.
        baselined: a baseline was given, used or not.
        found: what was discovered, where no configuration declares it.
        notes: sentences that the user should read before the findings.
        known_pairs: who reads what whom writes, and what is known to cross.
        history: since when environments differ, where that was requested too.
        map: what depends on what, where that was requested too.
        fleet: of which fleet the report shows the worst pairs.
        against: what a branch changed, where the audit was of a branch; `findings` are the new ones then.
    """

    command: str
    environments: tuple[Environment, ...]
    rows: tuple[Row, ...]
    findings: tuple[Finding, ...]
    summary: Summary
    exit_code: int
    knowledge: str
    fail_on: Severity | None = Severity.ERROR
    baselined: bool = False
    found: tuple[Discovered, ...] = ()
    notes: tuple[str, ...] = ()
    suppressed: tuple[Finding, ...] = ()
    known_pairs: tuple[EnvironmentPair, ...] = ()
    against: BranchChange | None = None
    history: DriftHistory | None = None
    map: DependencyMap | None = None
    fleet: FleetReport | None = None

    def __repr__(self) -> str:
        counts = self.summary
        counted = f"{_count(counts.error, 'error')}, {_count(counts.warning, 'warning')}, {counts.info} info"
        where = _count(len(self.environments), "environment")
        return f"<Report: {counted}, {counts.unread} unread in {where}; exit code {self.exit_code}>"

    @property
    def pairs(self) -> tuple[WriterReader, ...]:
        """Which environment reads what which other writes."""
        known = {environment.name for environment in self.environments}
        return tuple(
            WriterReader(writer, environment.name)
            for environment in self.environments
            for writer in environment.follows
            if writer in known
        )
