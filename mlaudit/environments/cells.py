"""From the pins of one environment to its cells: which statement is effective for each package."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache

from mlaudit.environments.target import Choice
from mlaudit.model.lazy_dataclass import dataclass
from mlaudit.model.nouns import Kind, Layer, Pin, Place, State, Target, Unread
from mlaudit.model.plain_versions import MAX_CLAUSES
from mlaudit.model.report import Cell
from mlaudit.model.versions import admits, exact, joined, meet, public, split_variant, version_key

_COMPARED = frozenset(
    (Kind.PACKAGE, Kind.LOCAL, Kind.PYTHON, Kind.CUDA, Kind.CUDNN, Kind.DRIVER, Kind.SYSTEM, Kind.MODEL, Kind.DATA)
)


@dataclass(frozen=True, slots=True)
class Stated:
    """A selected pin, the reading it is in, the Pythons it is for (None: every one), and whether that is sure."""

    pin: Pin
    reading: int
    pythons: tuple[str, ...] | None = None
    sure: bool = True


@dataclass(frozen=True, slots=True)
class NotRead:
    """What could not be read, and the number of the reading it is in."""

    entry: Unread
    reading: int


def cells(environment: str, stated: Iterable[Stated], unread: Iterable[NotRead], target: Target) -> Mapping[str, Cell]:
    """The cells of everything that an environment names, by package."""
    named: dict[str, list[Stated]] = {}
    bounds: dict[str, list[Stated]] = {}
    replaced: dict[str, list[Pin]] = {}
    lost = [not_read for not_read in unread if not_read.entry.package is not None]
    last_lost = _last_lost(lost)
    for statement in stated:
        pin = statement.pin
        if last_lost and last_lost.get((pin.package, statement.reading), 0) > pin.step and pin.kind is not Kind.BOUND:
            replaced.setdefault(pin.package, []).append(pin)
        elif pin.kind is Kind.BOUND:
            bounds.setdefault(pin.package, []).append(statement)
        elif pin.kind in _COMPARED and pin.layer is not Layer.RECORDED:
            named.setdefault(pin.package, []).append(statement)
    built_cells = {
        package: _cell(environment, package, statements, bounds.get(package, ()))
        for package, statements in named.items()
    }
    built_cells.update(_python(environment, built_cells.get("python"), target))
    for not_read in lost:
        package = not_read.entry.package or ""
        if package not in built_cells:
            overruled = tuple(replaced.get(package, ()))
            built_cells[package] = Cell(
                environment=environment, package=package, state=State.UNREAD, overruled=overruled, at=not_read.entry.at
            )
    return built_cells


def _last_lost(lost: Iterable[NotRead]) -> Mapping[tuple[str | None, int], int]:
    """The step of the last install of each package, of each reading, that could not be read.

    Whatever it installs takes the place of what earlier steps state.
    """
    last: dict[tuple[str | None, int], int] = {}
    for not_read in lost:
        key = not_read.entry.package, not_read.reading
        last[key] = max(last.get(key, 0), not_read.entry.step)
    return last


def _cell(environment: str, package: str, stated: list[Stated], bounds: Sequence[Stated]) -> Cell:
    if len(stated) == 1 and not bounds:
        pin = stated[0].pin
        if pin.version is not None and not pin.specifier:
            return _only(environment, package, pin, pin.version)
        versions = _alone(pin.version) if pin.version is not None else ()
        return _cells(environment, package, _Combined((pin,), versions, _bounded(pin.specifier or "")), ())
    effective = _effective(stated)
    counting = set(map(id, effective))
    overruled = tuple(statement.pin for statement in stated if id(statement) not in counting)
    pythons = sorted({python for statement in (*effective, *bounds) for python in statement.pythons or ()})
    if not pythons:
        return _cells(environment, package, _combined(effective, bounds), overruled)
    by_python = {
        python: _combined(active, [bound for bound in bounds if _for(bound, python)])
        for python in pythons
        if (active := [statement for statement in effective if _for(statement, python)])
    }
    distinct = {(combined.versions, combined.specifier) for combined in by_python.values()}
    if len(distinct) == 1:
        return _cells(environment, package, next(iter(by_python.values())), overruled)
    return _several(environment, package, by_python, overruled)


def _only(environment: str, package: str, pin: Pin, version: str) -> Cell:
    """The cell of one statement of one version, which nothing can contradict: nearly all are such."""
    return Cell(
        environment=environment,
        package=package,
        state=State.EXACT,
        versions=_alone(version),
        variant=pin.variant,
        layer=pin.layer,
        kind=pin.kind,
        pins=(pin,),
        at=pin.at,
    )


@lru_cache(maxsize=65536)
def _alone(version: str) -> tuple[str, ...]:
    """One version as all that there are; environments of a fleet share them."""
    return (version,)


def _for(stated: Stated, python: str) -> bool:
    return stated.pythons is None or python in stated.pythons


def _effective(stated: list[Stated]) -> list[Stated]:
    """The last install of each recipe, then the surest layer that has a statement."""
    last = _last_installs(stated)
    surest = max(statement.pin.layer.rank for statement in last)
    return [statement for statement in last if statement.pin.layer.rank == surest]


def _last_installs(stated: list[Stated]) -> list[Stated]:
    """What no later install of its reading replaces.

    A statement that is kept removes those of lower steps, so the steps of a reading's kept ones never rise: what the
    next one replaces is at the end of the list.
    """
    kept: dict[int, list[Stated]] = {}
    for statement in stated:
        others = kept.setdefault(statement.reading, [])
        if others and others[-1].pin.step < statement.pin.step:
            if _satisfied(statement.pin, others[-1].pin):
                continue
            while others and others[-1].pin.step < statement.pin.step:
                others.pop()
        others.append(statement)
    lasting = {id(other) for others in kept.values() for other in others}
    return [statement for statement in stated if id(statement) in lasting]


def _satisfied(later: Pin, earlier: Pin) -> bool:
    """Whether an installer that meets the later requirement would keep what an earlier step installed."""
    if later.version is not None:
        return False
    return earlier.version is None or admits(later.specifier or "", earlier.version)


@dataclass(frozen=True, slots=True)
class _Combined:
    pins: tuple[Pin, ...]
    versions: tuple[str, ...]
    specifier: str
    sure: bool = True

    @property
    def refused(self) -> bool:
        """The one exact version is outside the ranges that are beside it."""
        return len(self.versions) == 1 and bool(self.specifier) and not admits(self.specifier, self.versions[0])

    @property
    def conflict(self) -> bool:
        """The statements cannot hold together."""
        return self.sure and (self.refused or len(self.versions) > 1 or (not self.versions and _empty(self.specifier)))

    @property
    def conflicting(self) -> tuple[Pin, ...]:
        """The statements that cannot hold together, where that is so; a mere name contradicts nothing."""
        return tuple(pin for pin in self.pins if pin.version or pin.specifier) if self.conflict else ()

    @property
    def statement(self) -> str:
        return f"=={self.versions[0]}" if len(self.versions) == 1 else self.specifier


def _exacts(pins: Sequence[Pin], kind: Kind) -> tuple[str, ...]:
    """Exact versions, each once; one with a local part speaks for the same one without."""
    by_public: dict[str, dict[str | None, int]] = {}
    versions: list[str] = []
    for version in (pin.version for pin in pins if pin.version is not None):
        positions = by_public.setdefault(version_key(public(version)), {})
        variant = split_variant(version)[1]
        if variant is None and positions:
            continue
        at = positions.pop(None, positions.get(variant, len(versions)))
        positions[variant] = at
        versions[at : at + 1] = [version]
    return tuple(version for version in versions if not _is_beginning(version, versions, kind))


def _is_beginning(version: str, versions: Sequence[str], kind: Kind) -> bool:
    """Whether another version says more of the same: CUDA 11.2.2 is a CUDA 11.2."""
    by_prefix = kind in (Kind.PYTHON, Kind.CUDA, Kind.CUDNN)
    return by_prefix and any(other.startswith(f"{version}.") for other in versions)


def _combined(stated: Sequence[Stated], bounds: Iterable[Stated]) -> _Combined:
    """Statements that hold together: exact ones side by side, ranges intersected, bounds applied to them.

    An override replaces what is declared, and narrows nothing that is locked or installed.
    """
    pins = tuple(statement.pin for statement in stated)
    limits = [bound.pin for bound in bounds]
    declared = all(pin.layer is Layer.DECLARED for pin in pins)
    replaced = declared and any(pin.overrides and not pin.optional for pin in limits)
    versions = () if replaced else _exacts(pins, pins[0].kind if pins else Kind.PACKAGE)
    ranges = [] if replaced else [pin.specifier or "" for pin in pins]
    ranges += [_range_of(pin) for pin in limits if replaced or not pin.overrides]
    specifier = joined(ranges)
    if not versions and specifier and (only := exact(specifier)) is not None:
        versions = (only,)
    return _Combined(pins, versions, specifier, all(statement.sure for statement in stated))


def _range_of(pin: Pin) -> str:
    return pin.specifier or (f"=={pin.version}" if pin.version else "")


def _bounded(specifier: str) -> str:
    """A specifier as written; the tightest clauses of one that has too many."""
    return specifier if specifier.count(",") < MAX_CLAUSES else joined((specifier,))


def crowded(cells: Mapping[str, Cell]) -> Iterable[str]:
    """Sentences on the packages of which more bounds are stated than are compared."""
    for package, cell in cells.items():
        if not cell.is_plain and (cell.specifier or "").count(",") >= MAX_CLAUSES - 1:
            yield f"of {package} {MAX_CLAUSES} bounds or more are stated; the tightest {MAX_CLAUSES} are compared"


def _empty(specifier: str) -> bool:
    """Whether two of the clauses exclude each other."""
    return not meet([clause for clause in specifier.split(",") if clause])


def _cells(environment: str, package: str, combined: _Combined, overruled: tuple[Pin, ...]) -> Cell:
    state, specifier = _state(combined)
    first = combined.pins[0]
    return Cell(
        environment=environment,
        package=package,
        state=state,
        versions=combined.versions,
        specifier=specifier,
        variant=_variant(combined),
        layer=first.layer,
        kind=first.kind,
        pins=combined.pins,
        overruled=overruled,
        conflict=combined.conflicting,
        at=first.at,
    )


def _state(combined: _Combined) -> tuple[State, str | None]:
    if not combined.versions:
        return State.RANGE, combined.specifier or None
    if combined.refused or len(combined.versions) > 1:
        return State.SEVERAL, combined.specifier or None
    return State.EXACT, None


def _variant(combined: _Combined) -> str | None:
    stated = {pin.variant for pin in combined.pins} - {None}
    return stated.pop() if len(stated) == 1 else None


def _several(environment: str, package: str, by_python: Mapping[str, _Combined], overruled: tuple[Pin, ...]) -> Cell:
    pins = tuple(dict.fromkeys(pin for combined in by_python.values() for pin in combined.pins))
    ranges = tuple(dict.fromkeys(combined.specifier for combined in by_python.values() if not combined.versions))
    return Cell(
        environment=environment,
        package=package,
        state=State.SEVERAL,
        versions=tuple(dict.fromkeys(version for combined in by_python.values() for version in combined.versions)),
        specifier=" | ".join(ranges) or None,
        layer=pins[0].layer,
        kind=pins[0].kind,
        by_python={python: combined.statement for python, combined in by_python.items()},
        pins=pins,
        overruled=overruled,
        conflict=next((combined.conflicting for combined in by_python.values() if combined.conflict), ()),
        at=pins[0].at,
    )


def _python(environment: str, stated: Cell | None, target: Target) -> Mapping[str, Cell]:
    """The Python that the target settles on, which is what the environment will run; the statements keep the place."""
    if len(target.pythons) != 1:
        return {}
    pins: tuple[Pin, ...] = stated.pins if stated else ()
    at: Place | None = stated.at if stated else None
    layer = stated.layer if stated else Layer.DECLARED
    version = target.pythons[0]
    return {
        "python": Cell(
            environment=environment,
            package="python",
            state=State.EXACT,
            versions=(version,),
            layer=layer,
            kind=Kind.PYTHON,
            pins=pins,
            at=at,
        )
    }


def stated_pins(pins: Iterable[Pin], choices: Iterable[Choice], reading: int, pythons: int) -> Iterable[Stated]:
    """The pins that are, or may be, installed for the target; a pin for all of `pythons` Pythons is for every one."""
    for pin, choice in zip(pins, choices, strict=True):
        if choice.selected is not False:
            whole = choice.selected is True or len(choice.pythons) >= max(pythons, 1)
            yield Stated(pin, reading, None if whole else choice.pythons, choice.selected is True or not whole)
