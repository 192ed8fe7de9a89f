"""`history`: since when two environments differ, and by which commit of which side."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from datetime import date, datetime, time, timezone
from pathlib import Path

from mlaudit.environments.sources import parse_source
from mlaudit.model.errors import Unreadable, UsageError
from mlaudit.model.history import Commit, CrossingState, DriftHistory
from mlaudit.model.lazy_dataclass import dataclass, replace
from mlaudit.request.options import Options
from mlaudit.revisions.asking import Ask, options_here
from mlaudit.revisions.changes import environment_names
from mlaudit.revisions.models_left_out import sentence_on_models
from mlaudit.revisions.periods import WRITER, TimelinePoint, drifts
from mlaudit.revisions.renamed import committed_renames
from mlaudit.revisions.spans import commit_of
from mlaudit.revisions.states import Key, RevisionState, RevisionStates, StateKey
from mlaudit.revisions.timeline import Line, TimelineMoment, line, moments, origin, touching, with_bot
from mlaudit.sources.commit_tree import CommitTree
from mlaudit.sources.commits import is_shallow
from mlaudit.sources.forked import ForkedWork, can_fork
from mlaudit.sources.mounting import mounted
from mlaudit.sources.object_reader import ObjectReader
from mlaudit.sources.repository import Repository, find_repository

OPTION = "history"
LONG = 100
"""Commits from which on a second process is worth its start."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryRequest:
    """What a history is asked.

    Attributes:
        root: the audited folder.
        ask: gives the options, with the configuration that is in the tree at the moment of the call.
        packages: globs; watched packages if there is none.
        since: what was earlier is not looked at.
    """

    root: Path
    ask: Ask
    packages: Sequence[str] = ()
    since: date | None = None


def day_of(text: str | None) -> date | None:
    """The day of `--since`. Raises UsageError."""
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise UsageError(f"--since {text[:40]}: expected a date such as 2026-03-31") from None


def drift_history(request: HistoryRequest, options: Options) -> DriftHistory:
    """Since when what differs between the environments of HEAD differs. Raises UsageError and ConfigError.

    Args:
        options: those of the working tree; its progress hears of every commit.
    """
    try:
        repository, _ = find_repository(request.root.resolve(), bare=False)
        tip = commit_of(repository, "HEAD", OPTION)
        with ExitStack() as stack:
            reader = stack.enter_context(closing(ObjectReader(repository.store)))
            ask = request.ask
            request = replace(request, ask=lambda: options_here(ask, options))
            lines = [line(repository, tip), *_other_lines(repository, tip, request, reader, stack)]
            return _History(request, options, lines, reader).run(tip)
    except Unreadable as error:
        raise UsageError(f"{OPTION}: {error.why}") from None


def _other_lines(
    repository: Repository, tip: str, request: HistoryRequest, reader: ObjectReader, stack: ExitStack
) -> Iterator[Line]:
    """The lines of the revisions that sources name, of this repository and of others. Raises Unreadable."""
    folders: dict[tuple[str | None, str], set[str]] = {}
    with closing(CommitTree(repository, tip, reader)) as tree, mounted(tree):
        settings = request.ask().settings
        base = repository.tree / posixpath.dirname(settings.path or "")
        texts = [text for environment in settings.environments for text in environment.sources]
        for part in (part for text in texts for part in parse_source(text, base)):
            if part.revision is not None:
                folders.setdefault((part.clone, part.revision), set()).add(
                    posixpath.dirname(posixpath.normpath(part.path))
                )
    for slot, inside in folders.items():
        other = repository if slot[0] is None else find_repository(Path(slot[0]).resolve(), bare=True)[0]
        commit = commit_of(other, slot[1], OPTION)
        its_reader = stack.enter_context(closing(ObjectReader(other.store)))
        yield touching(line(other, commit, slot), its_reader, sorted(inside))


class _History:
    """One run over all commits."""

    def __init__(self, request: HistoryRequest, options: Options, lines: Sequence[Line], reader: ObjectReader) -> None:
        self._request = request
        self._options = options
        self._lines = {kept_line.slot: kept_line for kept_line in lines}
        self._repository = lines[0].repository
        self._states = RevisionStates(self._repository, reader, request.ask, request.packages)
        self._reader = reader
        self._names = _EnvironmentNames(self._repository, reader)
        self._moments: dict[str, TimelineMoment] = {}
        self._unread: list[tuple[Commit, str]] = []
        self._lost: dict[str, list[str]] = {}
        self._before: tuple[str, RevisionState] | None = None

    def run(self, tip: str) -> DriftHistory:
        every = list(moments(list(self._lines.values())))
        chosen, late = self._since(every)
        self._options.progress.expect(len(chosen))
        beside = self._beside(chosen)
        half = len(chosen) // 2 if beside is not None else len(chosen)
        points = list(self._points(chosen[:half]))
        if beside is not None:
            self._states.learn(*beside.value())
            points += self._points(chosen[half:])
        late = late or self._shallow()
        package_drifts = drifts([self._names.renamed(point) for point in points], self, is_cut=bool(late))
        return DriftHistory(
            tip=tip,
            today=self._options.today,
            commits=len(chosen),
            evaluated=self._states.evaluated,
            begins=chosen[0].commit.committed if chosen else None,
            ends=chosen[-1].commit.committed if chosen else None,
            begins_late=late,
            drifts=tuple(package_drifts),
            notes=(*self._notes(), *self._models(tip)),
        )

    def _beside(self, chosen: Sequence[TimelineMoment]) -> ForkedWork[tuple[dict[StateKey, RevisionState], int]] | None:
        """The later half of a long history, worked out beside this process where there is another core."""
        if len(chosen) < LONG or not can_fork():
            return None

        def later() -> tuple[dict[StateKey, RevisionState], int]:
            with closing(ObjectReader(self._repository.store)) as reader:
                states = RevisionStates(self._repository, reader, self._request.ask, self._request.packages)
                for moment in chosen[len(chosen) // 2 :]:
                    states.at(moment.audited, moment.revisions)
                return dict(states.known()), states.evaluated

        return ForkedWork(later)

    def _since(self, every: list[TimelineMoment]) -> tuple[list[TimelineMoment], str]:
        """The commits to look at: with `--since` the last one before that day, too, for what was there already."""
        since = self._request.since
        if since is None:
            return every, ""
        day = datetime.combine(since, time.min, timezone.utc)
        first = next((at for at, moment in enumerate(every) if moment.commit.committed >= day), len(every))
        start = max(0, first - 1)
        return every[start:], f"commits before {since} were not requested" if start else ""

    def _shallow(self) -> str:
        shallow = [kept_line for kept_line in self._lines.values() if is_shallow(kept_line.repository)]
        if not shallow:
            return ""
        return "the clone is shallow; `git fetch --unshallow` brings earlier commits"

    def _points(self, chosen: Sequence[TimelineMoment]) -> Iterator[TimelinePoint]:
        before = self._before
        for moment in chosen:
            self._options.progress.reading(moment.commit.name[:12])
            state = self._states.at(moment.audited, moment.revisions)
            if state.why:
                # What cannot be read is no news of any package.
                self._unread.append((moment.commit, state.why))
                continue
            if before is None or before[1] is not state:
                self._names.follow(before, (moment.audited, state))
            before = self._before = (moment.audited, state)
            self._moments[moment.commit.name] = moment
            for name, why in state.lost.items():
                self._lost.setdefault(name, []).append(why)
            yield TimelinePoint(
                commit=moment.commit,
                crossings=self._names.identified(state.crossings),
                lost=self._names.numbers(state.lost),
            )

    def of(self, point: TimelinePoint, key: Key, side: str) -> Commit:
        """The commit that brought what a side states: in a merged branch, where one brought it."""
        moment = self._moments[point.commit.name]
        if len(moment.commit.parents) < 2:
            return with_bot(moment.commit)
        names = self._names.at(self._states.at(moment.audited, moment.revisions), key)

        def value(commit: str) -> str | None:
            audited, revisions = _moved(moment, commit)
            crossing = self._states.at(audited, revisions).crossings.get(names)
            return None if crossing is None else crossing.writer if side == WRITER else crossing.reader

        return with_bot(origin(moment.commit, self._lines[moment.slot].known, value))

    def _models(self, tip: str) -> Iterator[str]:
        """What is reported about the models of the last commit: no commit is audited for its models."""
        with closing(CommitTree(self._repository, tip, self._reader)) as tree, mounted(tree):
            state = self._before[1] if self._before is not None else RevisionState(crossings={}, sources={})
            yield from sentence_on_models(self._options, state)

    def _notes(self) -> Iterator[str]:
        if self._unread:
            commit, why = self._unread[0]
            number = len(self._unread)
            yield f"{_commits(number)} could not be read, {commit.name[:12]} first: {why}"
        for name, reasons in self._lost.items():
            yield f"{name} could not be read in {_commits(len(reasons))}, where nothing is known of it: {reasons[0]}"


def _commits(number: int) -> str:
    return f"{number:,} commit{'' if number == 1 else 's'}"


def _moved(moment: TimelineMoment, commit: str) -> tuple[str, Mapping[tuple[str | None, str], str]]:
    """What is read where the line of a moment is at another commit."""
    if moment.slot is None:
        return commit, moment.revisions
    return moment.audited, {**moment.revisions, moment.slot: commit}


class _EnvironmentNames:
    """Environments over renames: each has a number, and at the end the name that it had last."""

    def __init__(self, repository: Repository, reader: ObjectReader) -> None:
        self._repository = repository
        self._reader = reader
        self._numbers: dict[str, str] = {}
        self._last_name: dict[str, str] = {}
        self._by_state: dict[int, dict[str, str]] = {}
        self._states: list[RevisionState] = []

    def follow(self, before: tuple[str, RevisionState] | None, now: tuple[str, RevisionState]) -> None:
        """Give the environments of a state the numbers of those that they were before."""
        commit, state = now
        if before is not None:
            gone = {name: files for name, files in before[1].sources.items() if name not in state.sources}
            come = {name: files for name, files in state.sources.items() if name not in before[1].sources}
            if gone and come:
                files = committed_renames(self._repository, self._reader, before[0], commit)
                for old, new in environment_names(gone, come, files).items():
                    self._numbers[new] = self._numbers.pop(old)
        for name in state.sources:
            number = self._numbers.setdefault(name, f"{len(self._last_name)}")
            self._last_name[number] = name
        self._by_state[id(state)] = {self._numbers[name]: name for name in state.sources}
        # Numbers of objects are only theirs while they live.
        self._states.append(state)

    def identified(self, crossings: Mapping[Key, CrossingState]) -> dict[Key, CrossingState]:
        """Crossings by numbers instead of names."""
        return {
            (package, self._numbers[writer], self._numbers[reader]): state
            for (package, writer, reader), state in crossings.items()
        }

    def numbers(self, names: Iterable[str]) -> frozenset[str]:
        """The numbers of some environments of the state that was followed last."""
        return frozenset(self._numbers[name] for name in names)

    def renamed(self, point: TimelinePoint) -> TimelinePoint:
        """A point with the names that environments had last."""
        crossings = {self._shown(key): state for key, state in point.crossings.items()}
        return replace(point, crossings=crossings, lost=frozenset(self._last_name[old_name] for old_name in point.lost))

    def _shown(self, key: Key) -> Key:
        package, writer, reader = key
        return package, self._last_name[writer], self._last_name[reader]

    def at(self, state: RevisionState, key: Key) -> Key:
        """A key of last names in the names of one state."""
        known = self._by_state.get(id(state), {})
        package, writer, reader = key
        numbers = {name: number for number, name in self._last_name.items()}
        return package, known.get(numbers[writer], writer), known.get(numbers[reader], reader)
