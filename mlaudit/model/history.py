"""What a history says: commits, what each side of a crossing had when, and since when two sides differ."""

from __future__ import annotations

from datetime import date, datetime

from mlaudit.model.findings import Finding
from mlaudit.model.lazy_dataclass import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Commit:
    """One commit.

    Attributes:
        name: its hash.
        repository: the name of its repository, if there are several; empty for the audited one.
        bot: the dependency bot that made it, None if nobody knows of one.
    """

    name: str
    parents: tuple[str, ...]
    authored: datetime
    committed: datetime
    author: str
    address: str
    subject: str
    repository: str = ""
    bot: str | None = None


NEW, WORSE, UNCHANGED, MENDED = "new", "worse", "unchanged", "mended"
"""What a finding is against another revision."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BranchChange:
    """What is between two revisions, beside the findings that count: those that are new or worse.

    Attributes:
        revision: what was requested (`origin/main`).
        base: the commit that was audited as the earlier state.
        head: the commit that was audited as the later state; None for the working tree.
        new: how many findings only the later state has.
        worse: findings of both states that the later one grades more severely, as the earlier one has them.
        unchanged: findings of both states, as the later one has them.
        mended: findings that only the earlier state has, with the places of that state.
        notes: what the user should know about how the two were compared.
    """

    revision: str
    base: str
    head: str | None = None
    new: int = 0
    worse: tuple[Finding, ...] = ()
    unchanged: tuple[Finding, ...] = ()
    mended: tuple[Finding, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CrossingState:
    """What one revision has of one package between two environments.

    Attributes:
        apart: no version is both, or the versions differ.
        writer, reader: what either side states, as people read it (`2.1.3`, `>=2,<3`, `not named`).
    """

    apart: bool
    writer: str
    reader: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DriftStep:
    """One change of what is stated.

    Attributes:
        side: `writer`, `reader`, or `both` where one commit changed both.
        commit: that made the change.
        landed: the commit of the main line with which it came, where that is another one: a merge.
    """

    side: str
    commit: Commit
    landed: Commit | None
    state: CrossingState

    @property
    def since(self) -> datetime:
        """When the main line had it."""
        return (self.landed or self.commit).committed


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """A time in which two environments differed.

    Attributes:
        parted: the changes by which they parted; none where they differed when what was looked at begins.
        begins: when they parted, or when what was looked at begins.
        steps: further changes while they differed.
        mended: the changes that ended it; none while it lasts.
        ends: when it ended, None while it lasts.
    """

    parted: tuple[DriftStep, ...]
    begins: datetime
    steps: tuple[DriftStep, ...] = ()
    mended: tuple[DriftStep, ...] = ()
    ends: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PackageDrift:
    """All periods in which one package differed between two environments, the first one first.

    Attributes:
        latest: what both sides state at the tip.
        first_seen: when both of them were first compared.
    """

    package: str
    writer: str
    reader: str
    periods: tuple[Period, ...]
    latest: CrossingState
    first_seen: datetime

    @property
    def lasts(self) -> bool:
        """Whether it is not fixed."""
        return self.periods[-1].ends is None


@dataclass(frozen=True, slots=True, kw_only=True)
class DriftHistory:
    """What a history says.

    Attributes:
        tip: the last commit that was looked at.
        commits: how many commits of the main line were looked at, those of other repositories too.
        evaluated: in how many of them something that counts had changed.
        begins, ends: dates of the first and the last of them.
        begins_late: commits before the first one were not looked at, and why; empty if it is the first of all.
        drifts: those that last first, the oldest first.
        notes: what the user should know: revisions that could not be read, repositories that are shallow.
        today: the day until which what lasts has lasted.
    """

    tip: str
    today: date
    commits: int
    evaluated: int
    begins: datetime | None
    ends: datetime | None
    begins_late: str = ""
    drifts: tuple[PackageDrift, ...] = ()
    notes: tuple[str, ...] = ()
