"""Phrases that several rules share, so that one thing is stated in one way."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mlaudit.comparison.scene import View
from mlaudit.model.nouns import Change, Distance, Fix, Kind, Layer, Pin, Place, Role, State
from mlaudit.model.report import MAX_LISTED, Cell, Crossing, Hit, Location

RELEASE_PARTS = 3
"""Numbers with which a version names a release rather than a series."""
_APART = {
    Distance.MAJOR: "a major version apart",
    Distance.MINOR: "a minor version apart",
    Distance.PATCH: "a patch release apart",
    Distance.PRE: "a prerelease apart",
}


def apart(distance: Distance) -> str:
    """How far two versions are apart, in words; builds of one version are not."""
    return _APART[distance]


def worded(cell: Cell) -> str:
    """What an environment states about a package, in words."""
    if cell.state is State.RANGE:
        return f"`{cell.specifier}`" if cell.specifier else "any version"
    if cell.state is State.SEVERAL and cell.by_python:
        return ", ".join(f"{statement.removeprefix('==')} on Python {pythons}" for statement, pythons in _grouped(cell))
    return cell.shown


def on_pythons(cell: Cell, version: str) -> str:
    """A version, with the Pythons on which it is what the cell says, where that differs by Python."""
    span = dict(_grouped(cell)).get(f"=={version}")
    return f"{version} (on Python {span})" if span else version


def sides(crossing: Crossing) -> str:
    """Both sides of a crossing, without a full stop."""
    writer, reader = crossing.cells
    return f"{writer.package} is {worded(writer)} in {writer.environment} and {worded(reader)} in {reader.environment}"


def _grouped(cell: Cell) -> list[tuple[str, str]]:
    grouped: dict[str, list[str]] = {}
    for python in sorted(cell.by_python, key=lambda text: [int(part) for part in text.split(".") if part.isdigit()]):
        grouped.setdefault(cell.by_python[python] or "any version", []).append(python)
    return [(statement, _span(pythons)) for statement, pythons in grouped.items()]


def _span(pythons: list[str]) -> str:
    """Minors, in order, as people say them, without those between them: `3.10`, `3.8 and 3.11 to 3.13`."""
    runs: list[list[str]] = []
    for python in pythons:
        if runs and _is_next(python, runs[-1][-1]):
            runs[-1].append(python)
        else:
            runs.append([python])
    return " and ".join(run[0] if len(run) == 1 else f"{run[0]} to {run[-1]}" for run in runs)


def _is_next(python: str, earlier: str) -> bool:
    major, _, minor = earlier.partition(".")
    return minor.isdigit() and python == f"{major}.{int(minor) + 1}"


def places(crossing: Crossing, view: View) -> tuple[Place, tuple[Location, ...]]:
    """Where the change should be made (the reader), and the other side."""
    return view.place(crossing.reader), _of_writer(crossing.writer, view)


def _of_writer(cell: Cell, view: View) -> tuple[Location, ...]:
    """Where the writer states the package; of several statements each with what it says."""
    places_by_statement = {stated_by(pin): pin.at for pin in reversed(cell.pins)} if cell.state is State.SEVERAL else {}
    if len(places_by_statement) < 2:
        return (Location(view.place(cell), Role.WRITER, cell.shown),)
    return tuple(Location(at, Role.WRITER, says) for says, at in reversed(places_by_statement.items()))[:MAX_LISTED]


def stated_by(pin: Pin) -> str:
    """What one statement states about its package."""
    return pin.version or pin.specifier or "any version"


def other_statements(pins: Sequence[Pin]) -> tuple[Location, ...]:
    """Further locations of a package, with the text at each."""
    return tuple(Location(pin.at, Role.STATEMENT, stated_by(pin)) for pin in pins[:MAX_LISTED])


def align(crossing: Crossing) -> Fix | None:
    """The smallest change that makes both sides equal: the reader takes the writer's version if that is known."""
    writer, reader = crossing.cells
    # A model does not change its version: it is made again.
    target = None if crossing.from_model else _named_version(reader, beside=writer)
    back = Change(writer.environment, crossing.package, target) if target is not None else None
    wanted = _named_version(writer, beside=reader)
    if wanted is not None:
        changes = (Change(reader.environment, crossing.package, wanted), *((back,) if back else ()))
        if _of_image_alone(writer):
            image = f"start from an image with {crossing.package} {writer.version}"
            return Fix(says=f"{reader.environment}: {image}", changes=changes[1:])
        return Fix(says=str(changes[0]), changes=changes)
    if back is not None:
        return Fix(says=str(back), changes=(back,))
    return None


def _named_version(cell: Cell, *, beside: Cell) -> str | None:
    """The version of a cell; of `==1.2.2.*`, as conda's `=1.2.2` reads, the release, where the other side differs."""
    specifier = cell.specifier
    if cell.state is not State.RANGE or not specifier or specifier == beside.specifier:
        return cell.version
    named = specifier.removeprefix("==").removesuffix(".*")
    is_release = specifier == f"=={named}.*" and named.count(".") >= RELEASE_PARTS - 1
    return named if is_release else None


def verb_of_writer(crossing: Crossing) -> str:
    """What the writer does with its version: a list beside a model asks for it and records no writing."""
    return "asks for" if _is_asked_for(crossing) else "writes with"


def verb_of(crossing: Crossing, cell: Cell) -> str:
    """The verb for how one side states a package: nothing is installed in a model, which asks for it or records it."""
    if cell is not crossing.writer or not crossing.from_model:
        return "has"
    return "asks for" if _is_asked_for(crossing) else "records"


def _is_asked_for(crossing: Crossing) -> bool:
    return crossing.from_model and crossing.writer.layer is not Layer.RECORDED


def _of_image_alone(cell: Cell) -> bool:
    """Whether a version is one that an image's publisher built: no index has it."""
    return cell.version is not None and "+" in cell.version and any(pin.derived_from is not None for pin in cell.pins)


def reference_differs(crossing: Crossing, view: View, kind: Kind) -> Iterator[Hit]:
    """A reference to a model or to data that both sides state, and not alike."""
    if crossing.writer.kind is not kind:
        return
    writer, reader = crossing.cells
    at, related = places(crossing, view)
    yield Hit(
        package=crossing.package,
        environments=crossing.environments,
        message=f"{sides(crossing)}.",
        at=at,
        related=related,
        expected=writer.shown,
        actual=reader.shown,
    )
