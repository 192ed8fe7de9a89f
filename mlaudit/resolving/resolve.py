"""Every environment without a lock, resolved by uv; what could not be asked is stated and audited as it is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mlaudit.model.lazy_dataclass import replace
from mlaudit.model.report import Environment
from mlaudit.request.options import Options
from mlaudit.request.resolution import Resolution
from mlaudit.resolving.answers import ResolverAnswer, answer
from mlaudit.resolving.layer import with_answer
from mlaudit.resolving.questions import ResolverQuestion, is_locked, is_of_conda, question
from mlaudit.resolving.written_locks import LockWriter
from mlaudit.sources.uv_tool import NoUv

_LONGEST = 300


def with_resolutions(environments: Sequence[Environment], options: Options) -> tuple[list[Environment], list[str]]:
    """The environments with what would be installed in them, and what the user learns beside the findings."""
    wanted = options.resolution or Resolution()
    resolver = _Resolver(options, wanted, locks=LockWriter(options.root))
    made = [resolver.resolved(environment) for environment in environments]
    return made, [*dict.fromkeys((*resolver.notes, *resolver.locks.notes))]


class _Resolver:
    """Asks uv for one environment after the other; without uv, for none."""

    def __init__(self, options: Options, wanted: Resolution, locks: LockWriter) -> None:
        self._options = options
        self._wanted = wanted
        self.locks = locks
        self.notes: list[str] = []

    def resolved(self, environment: Environment) -> Environment:
        """The environment with its layer `resolved`, or as it is, with a sentence on why."""
        if is_locked(environment):
            return environment
        if is_of_conda(environment):
            says = f"{environment.name} was not resolved: conda installs some of it, and mlaudit asks uv alone"
            return replace(environment, notes=(*environment.notes, says))
        asked = question(environment)
        found = self._answer(environment, asked)
        if found is None:
            return environment
        if self._wanted.writes_locks and found.packages:
            self.locks.write(environment, asked, found)
        return with_answer(environment, asked, found)

    def _answer(self, environment: Environment, asked: ResolverQuestion) -> ResolverAnswer | None:
        self._options.progress.reading(f"{environment.name} (uv)")
        try:
            found = answer(
                asked,
                as_of=self._wanted.as_of,
                today=self._options.today,
                with_hashes=self._wanted.writes_locks,
            )
        except NoUv as error:
            self.notes.append(f"Nothing was resolved: {error}. The audit is the same as without --resolve.")
            return None
        if found.failure:
            self.notes.extend(self._failed(environment, found.failure))
            return None
        return found

    @staticmethod
    def _failed(environment: Environment, why: str) -> Iterator[str]:
        shown = why if len(why) <= _LONGEST else f"{why[:_LONGEST]} ..."
        yield f"{environment.name} was not resolved, and is audited as it is; uv reports: {shown}"
