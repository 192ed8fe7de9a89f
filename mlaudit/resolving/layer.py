"""What would be installed as a layer of an environment: below a lock, above what is declared."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from mlaudit.environments.environment import with_reading
from mlaudit.model.lazy_dataclass import replace
from mlaudit.model.names import normalized, package_of
from mlaudit.model.nouns import Kind, Layer, Pin, Place, Reading, State
from mlaudit.model.report import Environment
from mlaudit.model.resolution import Unresolvable
from mlaudit.model.versions import split_variant
from mlaudit.resolving.answers import ResolvedPackage, ResolverAnswer
from mlaudit.resolving.conda_answers import CondaQuestion
from mlaudit.resolving.questions import ResolverQuestion

FORMAT = "resolved"
"""The format of a reading that no file holds."""
_MAX_DEPTH = 64


def with_answer(environment: Environment, asked: ResolverQuestion, answer: ResolverAnswer) -> Environment:
    """The environment with what uv says would be installed, or with why nothing can be."""
    assumed = f" for {asked.pythons_assumed}" if asked.pythons_assumed else f" for Python {asked.python}"
    return _with_answer(environment, answer, asked.left_out, tool="uv", where=assumed, ecosystem="pypi")


def with_conda_answer(environment: Environment, asked: CondaQuestion, answer: ResolverAnswer, tool: str) -> Environment:
    """The environment with what a tool of conda says would be installed, or with why nothing can be."""
    where = f" for {asked.subdir}"
    return _with_answer(environment, answer, asked.left_out, tool=tool, where=where, ecosystem="conda")


def _with_answer(
    environment: Environment,
    answer: ResolverAnswer,
    left_out: Sequence[str],
    *,
    tool: str,
    where: str,
    ecosystem: str,
) -> Environment:
    if answer.conflict:
        named = tuple(package for package in environment.cells if _is_named(package, answer.conflict))
        return replace(environment, unresolvable=(Unresolvable(says=answer.conflict, packages=named, tool=tool),))
    if not answer.packages:
        return environment
    answered = with_reading(environment, _reading(environment, answer.packages, ecosystem, whole=not left_out))
    notes = _notes(environment, answer, left_out, f"{tool} resolved", where, f"{tool} was not asked for")
    return replace(answered, notes=(*answered.notes, *notes))


def _is_named(package: str, sentence: str) -> bool:
    return re.search(rf"(?<![\w.-]){re.escape(package)}(?![\w-])", sentence, re.IGNORECASE) is not None


def _notes(
    environment: Environment, answer: ResolverAnswer, left_out: Sequence[str], did: str, where: str, unasked: str
) -> Iterator[str]:
    yield f"{environment.name}: {did} {len(answer.packages)} packages{where}; nothing was installed"
    if left_out:
        shown = "; ".join(left_out[:5])
        more = f"; and {len(left_out) - 5} more" if len(left_out) > 5 else ""
        yield f"{environment.name}: {unasked} {shown}{more}"


def _reading(environment: Environment, packages: Sequence[ResolvedPackage], ecosystem: str, *, whole: bool) -> Reading:
    """The resolved packages as a reading; what a statement says exactly already needs no other."""
    by_name = {package.name: package for package in packages}
    path = environment.sources[0] if environment.sources else environment.name
    pins = []
    for package in packages:
        cell = environment.cells.get(package_of(package.name, ecosystem))
        if cell is None or cell.state is State.RANGE:
            pins.append(_pin(package, _place(package.name, environment, by_name) or Place(path=path), ecosystem))
    images = any(pin.kind is Kind.IMAGE or pin.derived_from for pin, selected in environment.pins() if selected)
    return Reading(path=path, format=FORMAT, complete=whole and not images and not environment.unread, pins=tuple(pins))


def _pin(package: ResolvedPackage, at: Place, ecosystem: str) -> Pin:
    return Pin(
        name=package.name,
        package=package_of(package.name, ecosystem),
        at=at,
        version=package.version,
        ecosystem=ecosystem,
        variant=split_variant(package.version)[1],
        layer=Layer.RESOLVED,
        hashes=package.hashes,
        detail=f"via {', '.join(package.via)}" if package.via else None,
    )


def _place(name: str, environment: Environment, by_name: Mapping[str, ResolvedPackage]) -> Place | None:
    """Where the sources state a package, or the one that asks for it."""
    seen: set[str] = set()
    waiting = [name]
    while waiting and len(seen) < _MAX_DEPTH:
        current = waiting.pop(0)
        if current in seen:
            continue
        seen.add(current)
        cell = environment.cells.get(package_of(current))
        if cell is not None and cell.at is not None:
            return cell.at
        package = by_name.get(normalized(current))
        waiting += [word.partition("[")[0] for word in package.via] if package else []
    return None
