"""What environments state at one commit after another; what has not changed is not looked at again."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from mlaudit import api
from mlaudit.comparison.rows import asked_for, rows
from mlaudit.environments.declared import confined, declared
from mlaudit.model.errors import MlauditError, Unreadable
from mlaudit.model.history import CrossingState
from mlaudit.model.lazy_dataclass import dataclass, field, replace
from mlaudit.model.masking import mask_environment
from mlaudit.model.nouns import Kind, State, Verdict
from mlaudit.model.report import Cell, Environment
from mlaudit.request.options import Options
from mlaudit.revisions.lock_core import Core, LockCores
from mlaudit.revisions.reading_cache import RevisionReadings
from mlaudit.sources.commit_tree import CommitTree, changed_paths
from mlaudit.sources.mounting import mounted
from mlaudit.sources.object_reader import ObjectReader
from mlaudit.sources.repository import Repository
from mlaudit.sources.working_tree import WorkingTree

_APART = (Verdict.DIFFERS, Verdict.DISJOINT)

Key = tuple[str, str, str]
"""A package, the environment that writes, the one that reads."""
StateKey = tuple[str, tuple[str, ...]]
Revisions = Mapping[tuple[str | None, str], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class RevisionState:
    """What one commit states of the packages that are requested.

    Attributes:
        crossings: of the pairs that both sides name.
        sources: the files that each environment is made of.
        lost: environments of which some source could not be read, and why: nobody knows what they state.
        why: what kept all of it from being read; then there are no crossings.
    """

    crossings: Mapping[Key, CrossingState]
    sources: Mapping[str, tuple[str, ...]]
    lost: Mapping[str, str] = field(default_factory=dict)
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _KnownState:
    """A state with everything that it depends on."""

    commit: str
    asked: Mapping[str, str | None]
    cores: Mapping[str, Core]
    revisions: Revisions
    state: RevisionState


class RevisionStates:
    """The states of the commits of one repository.

    Args:
        ask: gives the options, with the configuration of the commit that is mounted at the moment of the call.
        packages: globs; only watched packages if there is none.
    """

    def __init__(
        self, repository: Repository, reader: ObjectReader, ask: Callable[[], Options], packages: Sequence[str]
    ) -> None:
        self.evaluated = 0
        self._repository = repository
        self._reader = reader
        self._ask = ask
        self._packages = tuple(packages)
        self._cores = LockCores(self._matters)
        self._readings = RevisionReadings(self._cores)
        self._watched: tuple[str, ...] = ()
        self._last: _KnownState | None = None
        self._by_commit: dict[StateKey, RevisionState] = {}

    def at(self, commit: str, revisions: Revisions) -> RevisionState:
        """The state of a commit, where other commits stand for some revisions of sources."""
        key = commit, tuple(revisions.values())
        if key not in self._by_commit:
            self._by_commit[key] = self._state(commit, revisions)
        return self._by_commit[key]

    def known(self) -> Mapping[StateKey, RevisionState]:
        """Every state so far, by the commits that it is of."""
        return self._by_commit

    def learn(self, states: Mapping[StateKey, RevisionState], evaluated: int) -> None:
        """Take over states that somebody else has worked out."""
        self._by_commit.update(states)
        self.evaluated += evaluated

    def _matters(self, package: str) -> bool:
        from mlaudit.knowledge.table import watched

        return watched(package) or any(asked_for(package, [glob]) for glob in (*self._packages, *self._watched))

    def _state(self, commit: str, revisions: Revisions) -> RevisionState:
        tree = CommitTree(self._repository, commit, self._reader)
        known = self._last
        try:
            with mounted(tree):
                if known is not None and known.revisions == revisions:
                    unchanged = self._unchanged(known, tree)
                    if unchanged is not None:
                        self._last = unchanged
                        return unchanged.state
                return self._evaluated(tree, revisions)
        finally:
            tree.close()

    def _unchanged(self, known: _KnownState, tree: CommitTree) -> _KnownState | None:
        """What is known of the last commit, if it holds for this one too; None if something has changed."""
        try:
            paths = {path: tree.token(path) for path in changed_paths(self._reader, known.commit, tree.commit)}
        except Unreadable:
            return None
        if any((token or "").startswith("160000 ") for token in paths.values()):
            return None
        moved = {path: token for path, token in paths.items() if known.asked.get(path, token) != token}
        if not moved:
            return known
        for path in moved:
            core = known.cores.get(path)
            if core is None or moved[path] is None:
                return None
            document = WorkingTree(self._repository.tree).document(self._repository.tree / path)
            if self._cores.core(document) != core:
                return None
        return replace(known, commit=tree.commit, asked={**known.asked, **moved})

    def _evaluated(self, tree: CommitTree, revisions: Revisions) -> RevisionState:
        self.evaluated += 1
        self._readings.enter(tree)
        try:
            options = replace(self._ask(), readings=self._readings, revisions=revisions)
            self._watched = options.settings.packages
            environments = _environments(options)
            state = self._of(environments, options)
        except MlauditError as error:
            why = error.why if isinstance(error, Unreadable) else str(error)
            state = RevisionState(crossings={}, sources={}, why=why)
        self._last = _KnownState(
            commit=tree.commit, asked=dict(tree.asked), cores=self._readings.cores, revisions=revisions, state=state
        )
        return state

    def _of(self, environments: Sequence[Environment], options: Options) -> RevisionState:
        names = {environment.name for environment in environments}
        pairs = [
            (writer, environment.name)
            for environment in environments
            for writer in environment.follows
            if writer in names
        ]
        by_key: dict[Key, CrossingState] = {}
        wanted = [self._narrowed(environment) for environment in environments]
        for row in rows(wanted, pairs, options.settings):
            for crossing in row.crossings:
                chosen = asked_for(row.package, self._packages) if self._packages else crossing.watched
                if chosen and crossing.writer.named and crossing.reader.named:
                    writer, reader = crossing.environments
                    by_key[row.package, writer, reader] = CrossingState(
                        apart=crossing.verdict in _APART, writer=_shown(crossing.writer), reader=_shown(crossing.reader)
                    )
        return RevisionState(
            crossings=by_key,
            sources={environment.name: environment.sources for environment in environments},
            lost={environment.name: _why_lost(environment) for environment in environments if environment.lost},
        )

    def _narrowed(self, environment: Environment) -> Environment:
        """An environment with the cells of what counts."""
        cells = {
            package: cell
            for package, cell in environment.cells.items()
            if self._matters(package) or cell.kind is not Kind.PACKAGE
        }
        return mask_environment(replace(environment, cells=cells))


def _environments(options: Options) -> list[Environment]:
    """The environments of a commit, without the models in it: what those record is no drift of two environments."""
    if not options.settings.environments and not options.settings.pairs:
        return list(api.check((str(options.root),), options).environments)
    rows_without = tuple(replace(environment, writes=(), reads=()) for environment in options.settings.environments)
    settings = replace(options.settings, environments=rows_without)
    return list(declared(confined(replace(options, settings=settings))))


def _why_lost(environment: Environment) -> str:
    return next((f"{entry.at}: {entry.why}" for entry in environment.unread if entry.whole), "it was not read")


def _shown(cell: Cell) -> str:
    return "not named" if cell.state is State.UNSTATED else cell.shown
