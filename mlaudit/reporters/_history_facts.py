"""What every report of a history says in the same words."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timezone

from mlaudit.model.history import DriftHistory, DriftStep, PackageDrift, Period
from mlaudit.model.secrets import masked


def days(period: Period, history: DriftHistory) -> int:
    """How many days a period lasted, or has lasted until today."""
    end = history.today if period.ends is None else period.ends.date()
    return max(0, (end - period.begins.date()).days)


def lasted(period: Period, history: DriftHistory) -> str:
    """The same in words: `3 days`, `less than a day`."""
    number = days(period, history)
    return "less than a day" if number == 0 else f"{number:,} day{'' if number == 1 else 's'}"


def headline(drift: PackageDrift) -> str:
    """The package with both versions, and the pair."""
    return f"{versions_words(drift)} {pair_words(drift)}"


def versions_words(drift: PackageDrift) -> str:
    """The package with both versions."""
    writer, reader = drift.latest.writer, drift.latest.reader
    return f"{drift.package} {writer}" if writer == reader else f"{drift.package} {writer} → {reader}"


def pair_words(drift: PackageDrift) -> str:
    """The pair, in brackets."""
    return f"({drift.writer} → {drift.reader})"


def since(drift: PackageDrift, history: DriftHistory) -> str:
    """Since when a drift lasts, or when it ended, and whether there were others before."""
    last = drift.periods[-1]
    if last.ends is None:
        start = f"since {last.begins:%Y-%m-%d}" if last.parted else f"since {last.begins:%Y-%m-%d} at least"
        sentence = f"different {start}, {lasted(last, history)}"
    else:
        sentence = f"aligned again since {last.ends:%Y-%m-%d}, after a difference of {lasted(last, history)}"
    before = len(drift.periods) - 1
    return sentence if not before else f"{sentence}; differed {before} time{'' if before == 1 else 's'} before"


def steps(drift: PackageDrift) -> Iterator[tuple[str, DriftStep]]:
    """The commits of the last period, with what each did."""
    last = drift.periods[-1]
    yield from (("began", step) for step in last.parted)
    yield from (("changed", step) for step in last.steps)
    yield from (("fixed", step) for step in last.mended)


def commit_words(step: DriftStep, drift: PackageDrift) -> str:
    """One commit: its hash and repository, author date, who, the side that it changed, and its subject."""
    commit = step.commit
    side = {"writer": drift.writer, "reader": drift.reader}.get(step.side, "both sides")
    where = f"{commit.repository}:" if commit.repository else ""
    who = f"{commit.bot} (bot)" if commit.bot else commit.author
    landed = f" (merged by {step.landed.name[:12]} on {step.landed.committed:%Y-%m-%d})" if step.landed else ""
    return masked(f"{where}{commit.name[:12]} {commit.authored:%Y-%m-%d} {who}, {side}: {commit.subject}{landed}")


def shares(drift: PackageDrift, history: DriftHistory, parts: int) -> list[float | None]:
    """For each of equal parts of the history which share of it the sides differed; None if none was compared."""
    begin, end = _span(history)
    width = (end - begin).total_seconds() / parts
    lengths: list[float | None] = []
    for number in range(parts):
        left, right = begin.timestamp() + number * width, begin.timestamp() + (number + 1) * width
        if right < drift.first_seen.timestamp():
            lengths.append(None)
            continue
        covered = sum(_overlap(period, left, right, end) for period in drift.periods)
        lengths.append(min(1.0, covered / width) if width else float(drift.lasts))
    return lengths


def _span(history: DriftHistory) -> tuple[datetime, datetime]:
    now = datetime.fromtimestamp(0, timezone.utc)
    begin, end = history.begins or now, history.ends or now
    return begin, max(begin, end)


def _overlap(period: Period, left: float, right: float, end: datetime) -> float:
    start, stop = period.begins.timestamp(), (period.ends or end).timestamp()
    return max(0.0, min(right, stop) - max(left, start))


def closing(history: DriftHistory) -> str:
    """What was looked at, as one or two sentences."""
    commits = f"{history.commits:,} commit{'' if history.commits == 1 else 's'}"
    if history.begins is None or history.ends is None:
        return f"{commits} up to {history.tip[:12]}: there is nothing to compare."
    looked = f"Read {commits} of the main line, {history.begins:%Y-%m-%d} to {history.ends:%Y-%m-%d}, up to"
    late = f" Earlier commits are missing: {history.begins_late}." if history.begins_late else ""
    return f"{looked} {history.tip[:12]}.{late} Uncommitted changes are not included."
