"""Which environments the paths of a run belong to, so that a hook audits what a commit changes and no more."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from mlaudit.model.report import Environment
from mlaudit.sources.paths import relative


def touched_by(environments: list[Environment], paths: Sequence[str], root: Path) -> list[Environment]:
    """The environments with a source at or below the paths, those that they follow, and those that follow them."""
    asked = [relative(path, root) for path in paths]
    if not asked or any(path == "." for path in asked):
        return environments
    touched = {
        environment.name
        for environment in environments
        if any(_at_or_below(source, asked) for source in _paths(environment))
    }
    followed = {name for environment in environments if environment.name in touched for name in environment.follows}
    following = {environment.name for environment in environments if touched.intersection(environment.follows)}
    return [environment for environment in environments if environment.name in touched | followed | following]


def _paths(environment: Environment) -> Iterator[str]:
    yield from environment.sources
    for reading in (*environment.readings, *environment.writes):
        yield reading.path
        yield from (pin.at.path for pin in reading.pins)


def _at_or_below(source: str, asked: Iterable[str]) -> bool:
    return any(source == path or source.startswith(f"{path}/") for path in asked)
