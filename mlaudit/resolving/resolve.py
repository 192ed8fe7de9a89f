"""Environments without a lock, resolved by uv or a tool of conda; what cannot be is audited as it is, with a note."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from mlaudit.model.lazy_dataclass import replace
from mlaudit.model.report import Environment
from mlaudit.request.options import Options
from mlaudit.request.resolution import Resolution
from mlaudit.resolving.answers import ResolverAnswer, answer
from mlaudit.resolving.conda_answers import conda_answer, conda_question
from mlaudit.resolving.layer import with_answer, with_conda_answer
from mlaudit.resolving.questions import ResolverQuestion, is_locked, is_of_conda, question
from mlaudit.resolving.written_locks import LockWriter
from mlaudit.sources.conda_tool import TOOLS, conda_tool
from mlaudit.sources.uv_tool import NoUv

_LONGEST = 300


def with_resolutions(environments: Sequence[Environment], options: Options) -> tuple[list[Environment], list[str]]:
    """The environments with what would be installed in them, and what the user learns beside the findings."""
    wanted = options.resolution or Resolution()
    resolver = _Resolver(options, wanted, locks=LockWriter(options.root))
    resolved = [resolver.resolved(environment) for environment in environments]
    return resolved, [*dict.fromkeys((*resolver.notes, *resolver.locks.notes))]


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
            return self._of_conda(environment)
        asked = question(environment)
        resolver_answer = self._answer(environment, asked)
        if resolver_answer is None:
            return environment
        if self._wanted.writes_locks and resolver_answer.packages:
            self.locks.write(environment, asked, resolver_answer)
        return with_answer(environment, asked, resolver_answer)

    def _of_conda(self, environment: Environment) -> Environment:
        """What the user's tool of conda would install; the environment as it is, with a note, if none can be asked."""
        tool = conda_tool()
        if tool is None:
            why = f"conda installs some of it, and none of {', '.join(TOOLS)} is on the PATH"
        elif self._wanted.as_of is not None:
            why = "conda installs some of it, and its tools know no state of a channel as of a day (--as-of)"
        else:
            name = Path(tool).stem
            self._options.progress.reading(f"{environment.name} ({name})")
            asked = conda_question(environment)
            resolver_answer = conda_answer(tool, asked, today=self._options.today)
            if not resolver_answer.failure:
                return with_conda_answer(environment, asked, resolver_answer, name)
            self.notes.extend(self._failed(environment, resolver_answer.failure, name))
            return environment
        return replace(environment, notes=(*environment.notes, f"{environment.name} was not resolved: {why}"))

    def _answer(self, environment: Environment, asked: ResolverQuestion) -> ResolverAnswer | None:
        self._options.progress.reading(f"{environment.name} (uv)")
        try:
            resolver_answer = answer(
                asked,
                as_of=self._wanted.as_of,
                today=self._options.today,
                with_hashes=self._wanted.writes_locks,
            )
        except NoUv as error:
            self.notes.append(f"Nothing was resolved: {error}. The audit is the same as without --resolve.")
            return None
        if resolver_answer.failure:
            self.notes.extend(self._failed(environment, resolver_answer.failure))
            return None
        return resolver_answer

    @staticmethod
    def _failed(environment: Environment, why: str, tool: str = "uv") -> Iterator[str]:
        shown = why if len(why) <= _LONGEST else f"{why[:_LONGEST]} ..."
        yield f"{environment.name} was not resolved, and is audited as it is; {tool} reports: {shown}"
