"""Pins of one environment for one package contradict each other."""

from __future__ import annotations

from collections.abc import Iterator

from mlaudit.comparison.scene import View
from mlaudit.model.nouns import Layer, Pin, Severity
from mlaudit.model.report import Cell, Environment, Hit, listed
from mlaudit.rules._phrases import other_statements, stated_by
from mlaudit.rules._registry import environment_rule

_OF_LOCKS = frozenset(("cyclonedx", "spdx", "uv-tree", "poetry-show"))
"""Formats that list every package of a lock, those that markers or extras keep apart too, and no marker beside them."""


@environment_rule("MLA205", Severity.WARNING, since="0.1", title="pins conflict", fact="conflict", when="is_contested")
def check(environment: Environment, view: View) -> Iterator[Hit]:
    """Pins of one environment for one package contradict each other.

    What it does:
        Reports two pins, or a pin and a bound, of one package in one source (with what it includes), which no version
        satisfies together and whose markers are true at the same time. Pins for disjoint markers are no conflict, nor
        are several versions in a bill of materials that was made of a lock; two sources that disagree are
        `layers-disagree`.

    Why:
        An installer refuses it, or the last one wins and the audit cannot know which one runs.

    Example:
        `requirements.txt` says `numpy==1.26.4`; the `constraints.txt` that it names says `numpy==2.1.3`.

    Fix:
        Keep one of the statements.

    References:
        https://pip.pypa.io/en/stable/topics/dependency-resolution/#dealing-with-dependency-conflicts
    """
    for cell in environment.cells.values():
        documents = environment.documents(cell.conflict)
        if len(documents) == 1 and not _are_of_a_lock(documents[0].format, cell.conflict):
            yield _hit(environment, cell)


def _are_of_a_lock(format_name: str, pins: tuple[Pin, ...]) -> bool:
    """Whether the pins are the versions that a lock has for several cases."""
    return format_name in _OF_LOCKS and all(pin.layer is Layer.LOCKED for pin in pins)


def _hit(environment: Environment, cell: Cell) -> Hit:
    first, *others = cell.conflict
    return Hit(
        package=cell.package,
        environments=(environment.name,),
        message=_message(environment, cell),
        at=others[-1].at if others else first.at,
        says=stated_by(others[-1] if others else first),
        related=other_statements((first, *others[:-1])) if others else (),
        actual=cell.shown,
    )


def _message(environment: Environment, cell: Cell) -> str:
    statements = list(dict.fromkeys(_statement(pin) for pin in cell.conflict))
    builds = {pin.name: pin.version for pin in cell.conflict}
    if all(pin.version and builds[pin.name] == pin.version for pin in cell.conflict):
        named = listed([f"`{name}=={version}`" for name, version in builds.items()], " and ")
        says = "builds of one project that install the same modules; what runs is of the one that is installed last"
        return f"{environment.name} pins {named}, {says}."
    if len(statements) > 1:
        return f"{environment.name} pins {cell.package} to {listed(statements, ' and ')}; no version satisfies all."
    return f"{environment.name} states {cell.package} {cell.shown}, which no version satisfies."


def _statement(pin: Pin) -> str:
    return f"`=={pin.version}`" if pin.version else f"`{pin.specifier}`"
