"""Environments as they would be read after some packages moved."""

from __future__ import annotations

from collections.abc import Mapping

from mlaudit.model.lazy_dataclass import replace
from mlaudit.model.nouns import Kind, Pin, State
from mlaudit.model.report import Cell, Environment
from mlaudit.model.versions import admits, public, same_public


def has(cell: Cell, version: str) -> bool:
    """Whether a cell states exactly a version already."""
    return cell.version is not None and same_public(cell.version, version)


def moves_there(environment: Environment, package: str, version: str) -> bool:
    """Whether an environment has to change for a package to have a version in it."""
    cell = environment.cells.get(package)
    return cell is not None and bool(cell.pins) and not environment.is_model and not has(cell, version)


def with_versions(environment: Environment, versions: Mapping[str, str]) -> Environment:
    """The environment in which packages have other versions, in its statements and in what follows from them."""
    moved = {name: to for name, to in versions.items() if moves_there(environment, name, to)}
    if not moved:
        return environment
    cells, rebound = dict(environment.cells), {}
    for name, to in moved.items():
        cell = cells[name]
        changed = {id(pin): _moved(pin, to) for pin in (*cell.pins, *cell.overruled, *cell.conflict)}
        rebound.update(changed)
        cells[name] = _cell(cell, to, tuple(changed[id(pin)] for pin in cell.pins))
    readings = tuple(
        replace(reading, pins=tuple(rebound.get(id(pin)) or _bound(pin, moved) for pin in reading.pins))
        for reading in environment.readings
    )
    target = environment.target
    if "python" in moved:
        target = replace(target, pythons=(moved["python"],))
    return replace(
        environment,
        readings=readings,
        cells=cells,
        target=target,
        missing_names=(),
        missing_states=(),
        refused_calls=(),
        agreeing_code=(),
    )


def _cell(cell: Cell, to: str, pins: tuple[Pin, ...]) -> Cell:
    return replace(
        cell,
        state=State.EXACT,
        versions=(_built(cell.version, to),),
        specifier=None,
        by_python={},
        pins=pins,
        overruled=(),
        conflict=(),
    )


def _built(was: str | None, to: str) -> str:
    """A new version with the build part that stays."""
    local = (was or "").partition("+")[2]
    return f"{to}+{local}" if local and "+" not in to else to


def _moved(pin: Pin, to: str) -> Pin:
    return replace(pin, version=_built(pin.version, to), specifier=None, hashes=(), requires=())


def _bound(pin: Pin, moved: Mapping[str, str]) -> Pin:
    """A constraint that would not admit the new version takes it too."""
    to = moved.get(pin.package)
    if to is None or pin.kind is not Kind.BOUND:
        return pin
    stated = f"=={pin.version}" if pin.version is not None else pin.specifier or ""
    return _moved(pin, to) if stated and not admits(stated, public(to)) else pin
