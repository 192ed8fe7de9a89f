"""States of a main line, oldest first → the times in which each package differed, and the commits behind them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from mlaudit.model.history import Commit, CrossingState, DriftStep, PackageDrift, Period
from mlaudit.model.lazy_dataclass import dataclass, field, replace
from mlaudit.revisions.states import Key

WRITER, READER, BOTH = "writer", "reader", "both"


@dataclass(frozen=True, slots=True, kw_only=True)
class TimelinePoint:
    """One commit of the main line with its state; keys have the names that environments have at the tip.

    Attributes:
        lost: environments of which nobody knows what they state.
    """

    commit: Commit
    crossings: Mapping[Key, CrossingState]
    lost: frozenset[str] = frozenset()


class Origins(Protocol):
    """Who finds the commit of a merged branch that made a change."""

    def of(self, point: TimelinePoint, key: Key, side: str) -> Commit:
        """The commit that brought what a side states; that of the point itself where no branch was merged."""
        ...


@dataclass(slots=True, kw_only=True)
class _Course:
    """One crossing on its way through the history."""

    first_seen: datetime
    state: CrossingState | None = None
    periods: list[Period] = field(default_factory=list)


def drifts(points: Sequence[TimelinePoint], origins: Origins, *, is_cut: bool) -> list[PackageDrift]:
    """Every crossing that differed at some time: those that still differ first, the oldest of them first.

    Args:
        is_cut: commits before the first point were not looked at, so that nobody knows what brought its state.
    """
    courses: dict[Key, _Course] = {}
    for number, point in enumerate(points):
        for key in {
            **point.crossings,
            **{key: None for key, drift_course in courses.items() if drift_course.state is not None},
        }:
            if not point.lost.isdisjoint(key[1:]):
                # What could not be read is no news.
                continue
            state = point.crossings.get(key)
            course = courses.setdefault(key, _Course(first_seen=point.commit.committed))
            if state != course.state:
                _advance(course, key, point, state, origins, is_first=is_cut and number == 0)
                course.state = state
    package_drifts = [_drift(key, course) for key, course in courses.items() if course.periods]
    return sorted(package_drifts, key=_order)


def _order(drift: PackageDrift) -> tuple[object, ...]:
    return (not drift.lasts, drift.periods[-1].begins, drift.package, drift.writer, drift.reader)


def _drift(key: Key, course: _Course) -> PackageDrift:
    package, writer, reader = key
    last = course.periods[-1]
    left = CrossingState(apart=False, writer="not named", reader="not named")
    latest = course.state or (last.mended[-1].state if last.mended else left)
    return PackageDrift(
        package=package,
        writer=writer,
        reader=reader,
        periods=tuple(course.periods),
        latest=latest,
        first_seen=course.first_seen,
    )


def _advance(
    course: _Course, key: Key, point: TimelinePoint, state: CrossingState | None, origins: Origins, *, is_first: bool
) -> None:
    """Note what a commit changes: it parts both sides, changes how they differ, or fixes them."""
    before = course.state
    was, now = before is not None and before.apart, state is not None and state.apart
    if not was and not now:
        return
    shown = state or CrossingState(apart=False, writer="not named", reader="not named")
    steps = () if is_first else tuple(_steps(key, point, before, shown, origins))
    if not was:
        course.periods.append(Period(parted=steps, begins=point.commit.committed))
    elif not now:
        course.periods[-1] = replace(course.periods[-1], mended=steps, ends=point.commit.committed)
    else:
        last = course.periods[-1]
        course.periods[-1] = replace(last, steps=(*last.steps, *steps))


def _steps(
    key: Key, point: TimelinePoint, before: CrossingState | None, state: CrossingState, origins: Origins
) -> Iterator[DriftStep]:
    """The commits behind a change, one for each side that changed, together where it is one."""
    sides = [
        side
        for side, old, new in (
            (WRITER, before.writer if before else None, state.writer),
            (READER, before.reader if before else None, state.reader),
        )
        if old != new
    ]
    commits = {side: origins.of(point, key, side) for side in sides}
    if len(commits) == 2 and commits[WRITER] == commits[READER]:
        yield _step(BOTH, commits[WRITER], point, state)
    else:
        yield from (_step(side, commit, point, state) for side, commit in commits.items())


def _step(side: str, commit: Commit, point: TimelinePoint, state: CrossingState) -> DriftStep:
    landed = point.commit if point.commit.name != commit.name else None
    return DriftStep(side=side, commit=commit, landed=landed, state=state)
