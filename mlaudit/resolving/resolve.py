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
    made = [resolver.resolved(environment) for environment in environments]
    return made, [*dict.fromkeys((*resolver.notes, *resolver.locks.notes))]


class _Resolver:
    """Asks uv for one environment after the other; without uv, for none."""

    def __init__(self, options: Options, wanted: Resolution, locks: LockWriter) -> None:
        self._options = options
        self._wanted = wanted
        self.locks = locks
        self.notes: list[str] = []

    def resolved(self, one: Environment) -> Environment:
        """The environment with its layer `resolved`, or as it is, with a sentence on why."""
        if is_locked(one):
            return one
        if is_of_conda(one):
            return self._of_conda(one)
        asked = question(one)
        found = self._answer(one, asked)
        if found is None:
            return one
        if self._wanted.writes_locks and found.packages:
            self.locks.write(one, asked, found)
        return with_answer(one, asked, found)

    def _of_conda(self, one: Environment) -> Environment:
        """What the user's tool of conda would install; the environment as it is, with a note, if none can be asked."""
        tool = conda_tool()
        if tool is None:
            why = f"conda installs some of it, and none of {', '.join(TOOLS)} is on the PATH"
        elif self._wanted.as_of is not None:
            why = "conda installs some of it, and its tools know no state of a channel as of a day (--as-of)"
        else:
            name = Path(tool).stem
            self._options.progress.reading(f"{one.name} ({name})")
            asked = conda_question(one)
            found = conda_answer(tool, asked, today=self._options.today)
            if not found.failure:
                return with_conda_answer(one, asked, found, name)
            self.notes.extend(self._failed(one, found.failure, name))
            return one
        return replace(one, notes=(*one.notes, f"{one.name} was not resolved: {why}"))

    def _answer(self, one: Environment, asked: ResolverQuestion) -> ResolverAnswer | None:
        self._options.progress.reading(f"{one.name} (uv)")
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
            self.notes.extend(self._failed(one, found.failure))
            return None
        return found

    @staticmethod
    def _failed(one: Environment, why: str, tool: str = "uv") -> Iterator[str]:
        shown = why if len(why) <= _LONGEST else f"{why[:_LONGEST]} ..."
        yield f"{one.name} was not resolved, and is audited as it is; {tool} reports: {shown}"
