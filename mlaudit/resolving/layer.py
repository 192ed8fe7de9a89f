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
from mlaudit.resolving.questions import ResolverQuestion

FORMAT = "resolved"
"""The format of a reading that no file holds."""
_MAX_DEPTH = 64


def with_answer(environment: Environment, asked: ResolverQuestion, answer: ResolverAnswer) -> Environment:
    """The environment with what uv says would be installed, or with why nothing can be."""
    if answer.conflict:
        named = tuple(package for package in environment.cells if _is_named(package, answer.conflict))
        return replace(environment, unresolvable=(Unresolvable(says=answer.conflict, packages=named),))
    if not answer.packages:
        return environment
    made = with_reading(environment, _reading(environment, asked, answer.packages))
    return replace(made, notes=(*made.notes, *_notes(environment, asked, answer)))


def _is_named(package: str, sentence: str) -> bool:
    return re.search(rf"(?<![\w.-]){re.escape(package)}(?![\w-])", sentence, re.IGNORECASE) is not None


def _notes(environment: Environment, asked: ResolverQuestion, answer: ResolverAnswer) -> Iterator[str]:
    assumed = f" for {asked.pythons_assumed}" if asked.pythons_assumed else f" for Python {asked.python}"
    yield f"{environment.name}: uv resolved {len(answer.packages)} packages{assumed}; nothing was installed"
    if asked.left_out:
        shown = "; ".join(asked.left_out[:5])
        more = f"; and {len(asked.left_out) - 5} more" if len(asked.left_out) > 5 else ""
        yield f"{environment.name}: uv was not asked for {shown}{more}"


def _reading(environment: Environment, asked: ResolverQuestion, packages: Sequence[ResolvedPackage]) -> Reading:
    """The resolved packages as a reading; what a statement says exactly already needs no other."""
    by_name = {package.name: package for package in packages}
    path = environment.sources[0] if environment.sources else environment.name
    pins = []
    for package in packages:
        cell = environment.cells.get(package_of(package.name))
        if cell is None or cell.state is State.RANGE:
            pins.append(_pin(package, _place(package.name, environment, by_name) or Place(path=path)))
    images = any(pin.kind is Kind.IMAGE or pin.derived_from for pin, selected in environment.pins() if selected)
    whole = not asked.left_out and not images and not environment.unread
    return Reading(path=path, format=FORMAT, complete=whole, pins=tuple(pins))


def _pin(package: ResolvedPackage, at: Place) -> Pin:
    return Pin(
        name=package.name,
        package=package_of(package.name),
        at=at,
        version=package.version,
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
        found = by_name.get(normalized(current))
        waiting += [word.partition("[")[0] for word in found.via] if found else []
    return None
