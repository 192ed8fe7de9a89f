"""The search for versions that fit: what must move is moved to the nearest known release, within a budget of steps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import islice

from mlaudit.knowledge.releases import history
from mlaudit.model.lazy_dataclass import replace
from mlaudit.model.nouns import State
from mlaudit.model.versions import parsed, public
from mlaudit.repair.upgrade.candidates import candidates, final_releases, is_listed, newest_admitted
from mlaudit.repair.upgrade.fit import PYTHON, EnvironmentFit, cells_of
from mlaudit.repair.upgrade.nouns import FittingVersions, Unfit, Unsolved

MAX_STEPS = 4000
"""Candidates that one search looks at."""
MAX_UNSOLVED = 40
"""Conflicts without a solution after which a search ends."""
_BRANCHES = 4
"""Candidates of one package that are followed before the search goes back."""


class _OutOfSteps(Exception):
    """The budget is used up."""


class SearchBudget:
    """How many candidates may still be looked at."""

    def __init__(self, steps: int = MAX_STEPS) -> None:
        self.left = steps

    def spend(self) -> None:
        """Count one candidate."""
        if self.left <= 0:
            raise _OutOfSteps
        self.left -= 1


class VersionSearch:
    """One search over all environments; a package that moves takes one version in all that name it.

    Args:
        fits: the environments.
        targets: versions that are given.
        mend: packages whose conflicts are to be solved though they do not move.
        budget: what is left to look at; searches may share one.
    """

    def __init__(
        self,
        fits: Sequence[EnvironmentFit],
        targets: Mapping[str, str],
        *,
        mend: frozenset[str] = frozenset(),
        budget: SearchBudget | None = None,
    ) -> None:
        self._fits = fits
        self._targets = dict(targets)
        self._mend = mend
        self._budget = SearchBudget() if budget is None else budget
        self._begun = self._budget.left
        self._ignored: dict[tuple[str, str], Unsolved] = {}
        self._dead_end: Unfit | None = None
        self._because: dict[str, str] = {}
        self._downward = self._goes_down()

    def solve(self) -> FittingVersions:
        """The versions that fit, and the conflicts that nothing known solves."""
        gave_up = False
        while True:
            try:
                extended = self._extended(self._targets)
            except _OutOfSteps:
                gave_up, extended = True, None
            if extended is not None:
                break
            unfit = self._dead_end
            if gave_up or unfit is None or len(self._ignored) >= MAX_UNSOLVED:
                left = self._conflicts(self._targets)
                self._ignore(left, "the search used up its budget", proven=False)
                extended = dict(self._targets)
                break
            self._ignore([unfit], "no set of known releases was found that fits everything", proven=False)
            self._dead_end = None
        versions = self._smallest(extended)
        return FittingVersions(
            versions=tuple(versions.items()),
            because=tuple((name, self._why(name, versions)) for name in versions if name not in self._targets),
            unsolved=tuple(map(self._with_environments, self._ignored.values())),
            gave_up=gave_up,
            steps=self._begun - self._budget.left,
        )

    def _ignore(self, conflicts: Sequence[Unfit], says: str, *, proven: bool) -> None:
        for unfit in conflicts:
            self._ignored.setdefault(unfit.packages, _unsolved(unfit, says, proven=proven))

    def _with_environments(self, unsolved: Unsolved) -> Unsolved:
        """A conflict with every environment in which the two packages conflict with what is given."""
        packages = frozenset(unsolved.unfit.packages)
        conflicts = (unfit for fit in self._fits for unfit in fit.conflicts(self._targets, packages))
        where = dict.fromkeys(unfit.environment for unfit in conflicts if unfit.packages == unsolved.unfit.packages)
        return replace(unsolved, environments=tuple(where) or unsolved.environments)

    def _goes_down(self) -> bool:
        """Whether the targets are older than what is there, all of those that move."""
        ways: set[bool] = set()
        for package, to in self._targets.items():
            there, wanted = map(parsed, self._current(package)), parsed(to)
            ways.update(
                version > wanted
                for version in there
                if version is not None and wanted is not None and version != wanted
            )
        return ways == {True}

    def _current(self, package: str) -> tuple[str, ...]:
        """The versions that are there; of a range the newest known one."""
        cells = cells_of(self._fits, package)
        exact = [public(version) for cell in cells for version in cell.versions]
        ranges = [cell.specifier or "" for cell in cells if cell.state is State.RANGE]
        newest = [version for text in ranges for version in islice(newest_admitted(package, text), 1)]
        return tuple(dict.fromkeys(exact or newest))

    def _conflicts(self, versions: Mapping[str, str], focus: frozenset[str] | None = None) -> list[Unfit]:
        about = (frozenset(versions) | self._mend) if focus is None else focus
        conflicts = (unfit for fit in self._fits for unfit in fit.conflicts(versions, about))
        return [unfit for unfit in conflicts if unfit.packages not in self._ignored]

    def _extended(self, versions: Mapping[str, str]) -> dict[str, str] | None:
        """The versions with those that solve every conflict; None if the way leads nowhere."""
        while True:
            conflicts = self._conflicts(versions)
            if not conflicts:
                return dict(versions)
            unfit = conflicts[0]
            options = [
                (package, candidate)
                for package in unfit.packages
                if package not in versions and package != PYTHON
                for candidate in self._ranked(package, versions, unfit)
            ]
            if options:
                break
            if self._has_candidates(unfit):
                # Another version of what moved before may leave it one.
                self._dead_end = unfit
                return None
            self._ignored[unfit.packages] = self._proven(unfit)
        for package, candidate in options:
            extended = self._extended({**versions, package: candidate})
            if extended is not None:
                self._because[package] = unfit.says
                return extended
        self._dead_end = self._dead_end or unfit
        return None

    def _has_candidates(self, unfit: Unfit) -> bool:
        """Whether a known release would solve a conflict if only the targets were given."""
        movable = (package for package in unfit.packages if package not in self._targets and package != PYTHON)
        return any(self._ranked(package, self._targets, unfit) for package in movable)

    def _ranked(self, package: str, versions: Mapping[str, str], unfit: Unfit) -> list[str]:
        """The few best candidates: those that fit what is decided, with the fewest new conflicts, the nearest first.

        What the conflict itself names comes last: of it nothing else may be known.
        """
        named = tuple(version for name, version in unfit.named if name == package)
        for group in (*candidates(package, self._current(package), self._downward), named):
            ranked: list[tuple[int, int, str]] = []
            for number, candidate in enumerate(group):
                new = self._new_conflicts(package, candidate, versions)
                if new is None:
                    continue
                ranked.append((new, number, candidate))
                if new == 0:
                    break
            if ranked:
                return [candidate for _, _, candidate in sorted(ranked)[:_BRANCHES]]
        return []

    def _new_conflicts(self, package: str, candidate: str, versions: Mapping[str, str]) -> int | None:
        """How many conflicts a candidate has with what is not decided yet; None if it has one with what is."""
        self._budget.spend()
        conflicts = self._conflicts({**versions, package: candidate}, frozenset((package,)))
        decided = versions.keys() | {package, PYTHON}
        if any(decided.issuperset(unfit.packages) for unfit in conflicts):
            return None
        return len(conflicts)

    def _proven(self, unfit: Unfit) -> Unsolved:
        """A conflict between what is given and what no known release fixes, with how far releases are known."""
        movable = [package for package in unfit.packages if package not in self._targets and package != PYTHON]
        says = "; ".join(map(self._why_none, movable))
        proven = all(self._since(package) is not None for package in movable)
        return _unsolved(unfit, says or "both versions are given", proven=proven)

    def _why_none(self, package: str) -> str:
        known, every = history(package), final_releases(package)
        if not every:
            return f"the release index lacks {package}, so whether another release fits is not known"
        newest, decided = every[-1], self._targets.keys() | {package, PYTHON}
        conflicts = self._conflicts({**self._targets, package: newest}, frozenset((package,)))
        reason = next((f": {unfit.says.rstrip('.')}" for unfit in conflicts if decided.issuperset(unfit.packages)), "")
        since = self._since(package)
        if since is None or known is None:
            known_part = f"none of the {len(every):,} releases of {package} in the index fits{reason}"
            return f"{known_part}; the index does not have all releases"
        return f"no release of {package} from {since} up to {newest} ({known.listed}) fits{reason}"

    def _since(self, package: str) -> str | None:
        """The version that is there, where every release from it on is known."""
        current = self._current(package)
        return current[0] if current and is_listed(package, f">={current[0]}") else None

    def _why(self, package: str, versions: Mapping[str, str]) -> str:
        """The conflict that some versions have if a package stays: on the way to them it moved for another one."""
        without = {name: version for name, version in versions.items() if name != package}
        conflicts = self._conflicts(without)
        return next((unfit.says for unfit in conflicts if package in unfit.packages), self._because.get(package, ""))

    def _smallest(self, solution: Mapping[str, str]) -> dict[str, str]:
        """The versions without those that are not needed."""
        kept = dict(solution)
        for package in [name for name in solution if name not in self._targets]:
            without = {name: version for name, version in kept.items() if name != package}
            if not self._conflicts(without):
                kept = without
        return kept


def _unsolved(unfit: Unfit, says: str, *, proven: bool) -> Unsolved:
    return Unsolved(unfit=unfit, environments=(unfit.environment,), says=says, proven=proven)
