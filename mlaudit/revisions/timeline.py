"""The commits of one or several main lines in one order, and the commits of merged branches behind each of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path

from mlaudit.knowledge.dependency_bots import dependency_bot
from mlaudit.model.errors import Unreadable
from mlaudit.model.history import Commit
from mlaudit.model.lazy_dataclass import dataclass, replace
from mlaudit.sources.commit_tree import changed_paths
from mlaudit.sources.commits import log
from mlaudit.sources.object_reader import ObjectReader
from mlaudit.sources.repository import Repository

MAX_WALKED = 5_000
"""Commits of merged branches that are looked at to find one change."""

Slot = tuple[str | None, str] | None
"""Whose commit it is: of the audited repository (None), or of a revision of a source, by its clone and its name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """The commits that lead to one tip.

    Attributes:
        main: those of the main line (first parents), oldest first.
        known: all of them, by hash.
    """

    slot: Slot
    repository: Repository
    main: tuple[Commit, ...]
    known: Mapping[str, Commit]


@dataclass(frozen=True, slots=True, kw_only=True)
class TimelineMoment:
    """One commit, and the commits of all lines that count with it."""

    slot: Slot
    commit: Commit
    audited: str
    revisions: Mapping[tuple[str | None, str], str]


def line(repository: Repository, tip: str, slot: Slot = None) -> Line:
    """The commits that lead to a tip, those of dependency bots marked. Raises Unreadable."""
    shown = "" if slot is None else f"{Path(slot[0]).name}@{slot[1]}" if slot[0] else slot[1]
    known = {commit.name: replace(commit, repository=shown) for commit in log(repository, tip)}
    main: list[Commit] = []
    at: str | None = tip
    while at is not None and at in known:
        main.append(known[at])
        at = known[at].parents[0] if known[at].parents else None
    return Line(slot=slot, repository=repository, main=tuple(reversed(main)), known=known)


def with_bot(commit: Commit) -> Commit:
    """A commit with the dependency bot that made it."""
    return replace(commit, bot=dependency_bot(commit.author, commit.address))


def touching(kept_line: Line, reader: ObjectReader, folders: Sequence[str]) -> Line:
    """A line without the commits that change nothing in some folders. Raises Unreadable."""
    kept: list[Commit] = []
    for commit in kept_line.main:
        try:
            changed = not kept or any(
                not folder or path.startswith(f"{folder}/")
                for path in changed_paths(reader, kept[-1].name, commit.name)
                for folder in folders
            )
        except Unreadable:
            changed = True
        if changed:
            kept.append(commit)
    return replace(kept_line, main=tuple(kept))


def moments(lines: Sequence[Line]) -> Iterator[TimelineMoment]:
    """The commits of all lines by date, each line in its own order, from where every line has one."""
    dated = (
        sorted(
            (when, number, place, commit, kept_line.slot)
            for number, kept_line in enumerate(lines)
            for place, (when, commit) in enumerate(_ascending(kept_line.main))
        )
        if len(lines) > 1
        else [
            (commit.committed, 0, place, commit, kept_line.slot)
            for kept_line in lines
            for place, commit in enumerate(kept_line.main)
        ]
    )
    current: dict[Slot, str] = {}
    for _, _, _, commit, slot in dated:
        current[slot] = commit.name
        if len(current) == len(lines):
            revisions = {key: name for key, name in current.items() if key is not None}
            yield TimelineMoment(slot=slot, commit=commit, audited=current[None], revisions=revisions)


def _ascending(commits: Sequence[Commit]) -> Iterator[tuple[datetime, Commit]]:
    """Commits with dates that never go back: clocks of machines do."""
    latest: datetime | None = None
    for commit in commits:
        latest = commit.committed if latest is None else max(latest, commit.committed)
        yield latest, commit


def origin(commit: Commit, known: Mapping[str, Commit], value: Callable[[str], str | None]) -> Commit:
    """The commit that brought what a commit of the main line states: in a merged branch, where that has it too.

    Args:
        known: all commits, by hash.
        value: what the commit of a hash states.
    """
    wanted = value(commit.name)
    at, walked = commit, 0
    while walked < MAX_WALKED:
        walked += 1
        parents = [known[name] for name in at.parents if name in known]
        if not parents:
            return at
        # The first parent was passed on the main line already; in a branch it is asked first.
        asked = parents[1:] if at is commit else parents
        following = next((parent for parent in asked if value(parent.name) == wanted), None)
        if following is None:
            return at
        at = following
    return at
