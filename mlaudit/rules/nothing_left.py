"""Requirements that reach each other through a package that is not pinned leave no version of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from mlaudit.comparison.scene import View
from mlaudit.model.nouns import Fix, Role, Severity
from mlaudit.model.report import Environment, Hit, Location
from mlaudit.rules._registry import environment_rule

if TYPE_CHECKING:
    from mlaudit.comparison.left_versions import Bound, NothingLeft

_SHOWN = 2
"""Groups of releases that a sentence names; the others are counted."""


@environment_rule(
    "MLA208",
    Severity.ERROR,
    since="0.2",
    title="no version is left",
    fact="fit",
    when="may_leave_nothing",
)
def check(environment: Environment, view: View) -> Iterator[Hit]:
    """Requirements that reach each other through a package that is not pinned leave no version of it.

    What it does:
        Follows what the named packages require to packages that have a range or are not named at all, and from release
        to release of those, by the index of what releases declare (markers are evaluated for the target). Reports the
        first package of which no known release fits what is required of it and gets what it requires: pip and uv refuse
        to install such a list. It is a warning where a release that is yet to come could fit, and where the packages
        are named in different files or steps, of which the later one replaces what the earlier one installed.

    Why:
        Each pin fits the others, and the image cannot be built.

    Example:
        `fastapi==0.95.1` and `gradio==4.16.0`: the first requires pydantic<2.0.0, the second pydantic>=2.0.

    Fix:
        Take another release of one of the packages that the finding names. `uv pip compile` on the list without its
        pins shows versions that fit.

    References:
        https://pip.pypa.io/en/stable/topics/dependency-resolution/#dealing-with-dependency-conflicts
    """
    from mlaudit.comparison.left_versions import nothing_left

    emptied = nothing_left(environment)
    if emptied is None or not emptied.roots:
        return
    is_one_install = _is_one_install(environment, emptied.roots)
    first, *others = (environment.cells[name] for name in emptied.roots)
    yield Hit(
        package=first.package,
        other=emptied.package if emptied.package != first.package else None,
        environments=(environment.name,),
        severity=Severity.ERROR if emptied.is_sure and is_one_install else Severity.WARNING,
        message=f"{_opening(environment, is_one_install)}: {_reason(environment, emptied)}.",
        at=view.place(first),
        says=f"{first.package} {first.shown}",
        related=tuple(Location(view.place(cell), Role.PACKAGE, f"{cell.package} {cell.shown}") for cell in others),
        details=_details(emptied),
        evidence=emptied.evidence,
        actual=", ".join(f"{cell.package} {cell.shown}" for cell in (first, *others)),
        values=(emptied.package, *(f"{cell.package} {cell.shown}" for cell in (first, *others))),
        fix=Fix(says=f"Take another release of {' or '.join(emptied.roots)}."),
    )


def _is_one_install(environment: Environment, roots: tuple[str, ...]) -> bool:
    """Whether one file names them all for one install."""
    pins = [environment.cells[name].pins for name in roots]
    documents = [frozenset(reading.path for reading in environment.documents(own)) for own in pins]
    steps = [frozenset(pin.step for pin in own) for own in pins]
    return bool(frozenset.intersection(*documents)) and bool(frozenset.intersection(*steps))


def _opening(environment: Environment, is_one_install: bool) -> str:
    if is_one_install:
        return f"{environment.name} cannot be installed"
    return f"{environment.name} cannot be installed in one step"


def _reason(environment: Environment, emptied: NothingLeft) -> str:
    """What is required of the package, what its releases require, and what there is of that."""
    cell = environment.cells.get(emptied.package)
    parts = (
        [f"it asks for {emptied.package}{cell.specifier or ''}"] if cell is not None and cell.version is None else []
    )
    parts += [_required(bound, emptied.package) for bound in emptied.bounds if bound.subject]
    parts += _needs(emptied)
    for other, bounds in emptied.others.items():
        parts += _there(environment, other, bounds, emptied)
    known = "" if emptied.is_sure else " that is known"
    *before, last = dict.fromkeys(parts)
    all_of_it = f"{', '.join(before)}, and {last}" if before else last
    if emptied.pip_on and not emptied.python:
        return f"{all_of_it}: pip finds no version for Python {emptied.pip_on} that satisfies all of this"
    if emptied.python:
        return f"{all_of_it}, and no release in that range declares Python {emptied.python}"
    return f"{all_of_it}: no version{known} satisfies all of this"


def _needs(emptied: NothingLeft) -> Iterator[str]:
    shown = emptied.needs if len(emptied.needs) <= _SHOWN else (emptied.needs[0], emptied.needs[-1])
    for first, last, other, text in shown:
        if first == last:
            yield f"{emptied.package} {first} requires {other}{text}"
        else:
            yield f"{emptied.package} {first} to {last} require {other}{text}"
    if len(emptied.needs) > _SHOWN:
        yield f"those between require others ({len(emptied.needs) - _SHOWN} groups of releases)"


def _there(environment: Environment, other: str, bounds: tuple[Bound, ...], emptied: NothingLeft) -> Iterator[str]:
    """What there is of a package that is required."""
    from mlaudit.model.versions import disjoint

    cell = environment.cells.get(other)
    if cell is not None and cell.version is not None:
        yield f"{other} is {cell.version}"
        return
    asked = [text for *_, package, text in emptied.needs if package == other]
    refusing = [
        bound
        for bound in bounds
        if all(disjoint(text, wanted) for text in bound.ranges for wanted in asked) and bound.subject != emptied.package
    ]
    for bound in (refusing or [bound for bound in bounds if bound.subject != emptied.package])[:_SHOWN]:
        yield _required(bound, other)


def _required(bound: Bound, package: str) -> str:
    """Who requires a package, and in which range."""
    if not bound.subject:
        return f"{package}{bound.ranges[0]} is asked for"
    first, last = bound.versions[0], bound.versions[-1]
    text = bound.ranges[-1] if len(bound.ranges) > 1 else bound.ranges[0]
    if first == last:
        return f"{bound.subject} {first} requires {package}{text}"
    if len(bound.ranges) == 1:
        return f"{bound.subject} {first} to {last} require {package}{text}"
    return f"{bound.subject} {first} to {last} require {package} (the last one {text})"


def _details(emptied: NothingLeft) -> tuple[str, ...]:
    """Until when releases are known, where a later one could fit."""
    from mlaudit.knowledge.releases import history

    known = history(emptied.package)
    if emptied.is_sure or emptied.pip_on or known is None:
        return ()
    return (f"of {emptied.package}, releases are known until {known.listed}",)
