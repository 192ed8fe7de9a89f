"""What a planned upgrade consists of."""

from __future__ import annotations

from enum import Enum

from mlaudit.model.findings import Finding
from mlaudit.model.lazy_dataclass import dataclass
from mlaudit.model.nouns import Edit, Evidence, Place, Severity
from mlaudit.repair.nouns import NativeCommand


@dataclass(frozen=True, slots=True, kw_only=True)
class Unfit:
    """Two packages of one environment that do not fit each other; `other` may be `python`.

    Attributes:
        named: versions that what is known of the conflict names as its solution, as package and version.
    """

    environment: str
    subject: str
    other: str
    says: str
    named: tuple[tuple[str, str], ...] = ()

    @property
    def packages(self) -> tuple[str, str]:
        """Both, the one that requires first."""
        return self.subject, self.other


@dataclass(frozen=True, slots=True, kw_only=True)
class Unsolved:
    """A conflict for which no version was found.

    Attributes:
        environments: where the two do not fit.
        proven: no release from what is there on solves it; else one may, that is not known or was not tried.
    """

    unfit: Unfit
    environments: tuple[str, ...]
    says: str
    proven: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class FittingVersions:
    """What a search ends with.

    Attributes:
        versions: the version of each package that moves, targets first.
        because: why each package that is no target moves.
        gave_up: the budget was used up.
    """

    versions: tuple[tuple[str, str], ...]
    because: tuple[tuple[str, str], ...] = ()
    unsolved: tuple[Unsolved, ...] = ()
    gave_up: bool = False
    steps: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvironmentMove:
    """One package in one environment.

    Attributes:
        statements: where its version is stated now.
        refusal: why the files are to be changed by hand; empty if `edits` and `commands` are all.
    """

    environment: str
    was: str
    statements: tuple[Place, ...] = ()
    edits: tuple[Edit, ...] = ()
    commands: tuple[NativeCommand, ...] = ()
    refusal: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PackageMove:
    """One package that takes another version, in every environment that names it and has another."""

    package: str
    to: str
    because: str
    asked: bool
    environments: tuple[EnvironmentMove, ...]


class Fate(str, Enum):
    """What happens to an artifact."""

    BREAKS = "breaks"
    CHANGES = "changes"
    UNPROMISED = "unpromised"

    @property
    def rank(self) -> int:
        """0 for the worst."""
        return tuple(Fate).index(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class AffectedArtifact:
    """An artifact that exists, or is known to cross, and what the new versions make of it.

    Attributes:
        name: its path, or in words what of it is known.
        already: the same is true of the versions that are there now.
    """

    name: str
    at: Place | None
    writer: str
    reader: str
    package: str
    written: str
    read: str
    fate: Fate
    says: str
    remedy: str
    already: bool
    evidence: tuple[Evidence, ...] = ()


class Order(str, Enum):
    """Who changes first."""

    READERS_FIRST = "readers-first"
    WRITERS_FIRST = "writers-first"
    TOGETHER = "together"


@dataclass(frozen=True, slots=True, kw_only=True)
class PairOrder:
    """Who of a writer and a reader changes first, and why."""

    writer: str
    reader: str
    order: Order
    because: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RollOutStep:
    """Environments that change at one time."""

    environments: tuple[str, ...]
    packages: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class UpgradePlan:
    """Everything that an upgrade takes.

    Attributes:
        targets: what was requested, or proposed.
        proposed: nothing was requested.
        index: the day up to which the release index is known.
        unknown: sentences on what could not be judged.
        before: the errors now.
        after: the errors and warnings that an audit of the new versions finds, those of artifacts among them.
        fresh: fingerprints of `after` that are not there now.
        uniform: each package takes one version, in all environments that have another.
    """

    targets: tuple[tuple[str, str], ...]
    proposed: bool
    moves: tuple[PackageMove, ...]
    unsolved: tuple[Unsolved, ...]
    artifacts: tuple[AffectedArtifact, ...]
    orders: tuple[PairOrder, ...]
    steps: tuple[RollOutStep, ...]
    unknown: tuple[str, ...]
    before: tuple[Finding, ...]
    after: tuple[Finding, ...]
    fresh: frozenset[str]
    index: str
    gave_up: bool
    search_steps: int
    uniform: bool

    @property
    def errors_left(self) -> tuple[Finding, ...]:
        """The errors that an audit of the new versions finds."""
        return tuple(finding for finding in self.after if finding.severity is Severity.ERROR)

    @property
    def by_hand(self) -> tuple[tuple[PackageMove, EnvironmentMove], ...]:
        """The moves that `mlaudit fix` does not make."""
        return tuple(
            (move, environment) for move in self.moves for environment in move.environments if environment.refusal
        )
