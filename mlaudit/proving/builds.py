"""Environments built by uv in the cache folder, each once for what it is made of, by one run at a time."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path

from mlaudit.model.lazy_dataclass import dataclass, replace
from mlaudit.model.names import normalized
from mlaudit.model.nouns import Kind, State
from mlaudit.model.report import Environment
from mlaudit.proving.nouns import BuiltEnvironment, NotBuilt
from mlaudit.resolving.answers import answer
from mlaudit.resolving.questions import ResolverQuestion, is_locked, is_of_conda, question
from mlaudit.sources.cache_folder import cache_folder, write_whole
from mlaudit.sources.uv_tool import run_uv

READY = "ready.json"
_LONGEST = 600


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildPlan:
    """What an environment is made of: exact versions by name, a line of requirements each."""

    name: str
    python: str
    lines: tuple[str, ...]
    packages: Mapping[str, str]
    words: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """The same for environments that are made of the same."""
        content = [
            self.python,
            sorted(self.lines),
            list(self.words),
            sys.platform,
            os.uname().machine if _POSIX else "",
        ]
        return hashlib.sha256(json.dumps(content).encode()).hexdigest()[:32]


_POSIX = os.name == "posix"


def plan_of(
    environment: Environment,
    *,
    today: date,
    as_of: date | None = None,
    changed: Mapping[str, str] | None = None,
    beside: Sequence[str] = (),
) -> BuildPlan:
    """What an environment is built of: its lock as it is, else what uv resolves. Raises NotBuilt and NoUv.

    Args:
        changed: versions that it takes instead of its own.
        beside: requirements that come along.
    """
    if is_of_conda(environment):
        raise NotBuilt(
            f"{environment.name} cannot be built: conda installs some of it, and mlaudit builds with uv alone"
        )
    asked = question(environment)
    if is_locked(environment) and not changed and not beside:
        return _of_lock(environment, asked)
    if is_locked(environment):
        asked = _unlocked(asked, frozenset(changed or ()))
    if changed or beside:
        kept = [line for line in asked.requirements if _name(line) not in (changed or {})]
        versions = [f"{name}=={version}" for name, version in (changed or {}).items()]
        asked = _with_lines(asked, (*kept, *versions, *beside))
    resolver_answer = answer(asked, as_of=as_of, today=today, with_hashes=False)
    if resolver_answer.conflict or resolver_answer.failure:
        why = resolver_answer.conflict or resolver_answer.failure
        raise NotBuilt(f"{environment.name} cannot be built: uv reports: {why[:_LONGEST]}")
    if not resolver_answer.packages:
        raise NotBuilt(f"{environment.name} cannot be built: its sources name no package that an index has")
    return BuildPlan(
        name=environment.name,
        python=asked.python,
        lines=tuple(f"{package.name}=={package.version}" for package in resolver_answer.packages),
        packages={package.name: package.version for package in resolver_answer.packages},
        words=_index_words(asked),
        notes=(
            *_notes(environment, asked),
            *([f"{environment.name}: {asked.pythons_assumed}"] if asked.pythons_assumed else []),
        ),
    )


def _name(line: str) -> str:
    return normalized(
        line.partition("[")[0]
        .partition("=")[0]
        .partition("<")[0]
        .partition(">")[0]
        .partition("~")[0]
        .partition("!")[0]
        .strip()
    )


def _with_lines(asked: ResolverQuestion, lines: Sequence[str]) -> ResolverQuestion:
    return replace(asked, requirements=tuple(sorted(dict.fromkeys(lines))))


def _unlocked(asked: ResolverQuestion, free: frozenset[str]) -> ResolverQuestion:
    """The question with locked versions as they are, but for packages that must move with those that change."""
    exacts = [line for line in asked.requirements if _name(line) not in free]
    return replace(asked, requirements=tuple(exacts))


def _of_lock(environment: Environment, asked: ResolverQuestion) -> BuildPlan:
    lines: list[str] = []
    packages: dict[str, str] = {}
    for cell in environment.cells.values():
        if cell.kind is not Kind.PACKAGE or cell.state is not State.EXACT or cell.version is None:
            continue
        pin = cell.pins[0]
        if pin.ecosystem != "pypi" or pin.source != "index":
            continue
        name = normalized(pin.name)
        packages[name] = cell.version
        lines.append(" ".join((f"{name}=={cell.version}", *(f"--hash={text}" for text in pin.hashes))))
    if not lines:
        raise NotBuilt(f"{environment.name} cannot be built: its sources name no package that an index has")
    if not all("--hash" in line for line in lines):
        lines = [line.partition(" ")[0] for line in lines]
    return BuildPlan(
        name=environment.name,
        python=asked.python,
        lines=tuple(lines),
        packages=packages,
        words=_index_words(asked),
        notes=tuple(_notes(environment, asked)),
    )


def _notes(environment: Environment, asked: ResolverQuestion) -> Iterator[str]:
    if asked.left_out:
        yield f"{environment.name} is built without {'; '.join(asked.left_out[:5])}"
    target = environment.target
    if target.platform != sys.platform and "platform" not in target.assumed:
        yield f"{environment.name} is for {target.platform}, and was built for this machine ({sys.platform})"


def _index_words(asked: ResolverQuestion) -> tuple[str, ...]:
    words = ["--index-strategy", "unsafe-best-match"]
    words += ["--default-index", asked.default_index] if asked.default_index else []
    return (*words, *(word for url in asked.indexes for word in ("--index", url)))


def built(plan: BuildPlan) -> BuiltEnvironment:
    """The environment of a plan, built now or by an earlier run. Raises NotBuilt and NoUv."""
    begin = time.monotonic()
    place = cache_folder() / "environments" / plan.key
    interpreter = place / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        with locked(place.with_suffix(".lock")) as lock:
            fresh = not (place / READY).is_file() or not interpreter.exists()
            if fresh:
                _build(plan, place, interpreter, lock)
    except OSError as error:
        raise NotBuilt(f"{plan.name} cannot be built in {place.parent}: {error.strerror or error}") from None
    return BuiltEnvironment(
        name=plan.name,
        interpreter=interpreter,
        python=plan.python,
        packages=plan.packages,
        fresh=fresh,
        seconds=time.monotonic() - begin,
        notes=plan.notes,
    )


def _build(plan: BuildPlan, place: Path, interpreter: Path, lock: int) -> None:
    """Build; what is interrupted has no `ready.json`, and is built again by the next run."""
    (place / READY).unlink(missing_ok=True)
    outcome = run_uv(["venv", "-q", "--clear", "--no-project", "--python", plan.python, str(place)], holding=(lock,))
    if outcome.code:
        why = " ".join(outcome.says.split())[:_LONGEST]
        raise NotBuilt(f"{plan.name} cannot be built with Python {plan.python}: uv reports: {why}")
    lines = "".join(f"{line}\n" for line in plan.lines)
    words = ["pip", "sync", "-q", "--python", str(interpreter), *plan.words, "requirements.txt"]
    synced = run_uv(words, {"requirements.txt": lines}, holding=(lock,))
    if synced.code:
        raise NotBuilt(f"{plan.name} cannot be built: uv reports: {' '.join(synced.says.split())[:_LONGEST]}")
    write_whole(place / READY, json.dumps({"python": plan.python, "packages": dict(plan.packages)}))


@contextmanager
def locked(path: Path) -> Iterator[int]:
    """A block that one process at a time enters, with the descriptor of its lock.

    The system frees it where a process dies, and whoever that process handed the descriptor to.
    """
    with path.open("a+b") as stream:
        if os.name == "nt":
            import msvcrt

            while True:
                with contextlib.suppress(OSError):
                    msvcrt.locking(stream.fileno(), msvcrt.LK_LOCK, 1)  # type: ignore[attr-defined,unused-ignore]
                    break
        else:
            import fcntl

            fcntl.flock(stream.fileno(), fcntl.LOCK_EX)
        yield stream.fileno()
