"""The sources of one environment state different versions of a package."""

from __future__ import annotations

from collections.abc import Iterator

from mlaudit.comparison.scene import View
from mlaudit.comparison.verdict import agree
from mlaudit.model.nouns import Pin, Role, Severity
from mlaudit.model.report import Cell, Environment, Hit, Location, listed
from mlaudit.model.versions import admits
from mlaudit.parsers._registry import kind_of
from mlaudit.rules._phrases import other_statements
from mlaudit.rules._registry import environment_rule


@environment_rule(
    "MLA008", Severity.WARNING, since="0.1", title="its files disagree", fact="layers", when="is_contested"
)
def check(environment: Environment, view: View) -> Iterator[Hit]:
    """The sources of one environment state different versions of a package.

    What it does:
        Reports a statement that another one overrides and contradicts: a Dockerfile that installs another version than
        the lock pins, an install that a later one in the same recipe replaces.

    Why:
        Only one of them runs. The other misleads its readers, and the two drift further apart.

    Example:
        A Dockerfile installs `scikit-learn==1.4.2` and later `-r requirements.txt`, which says 1.9.0.

    Fix:
        State the version in one source, and let the others include it.

    References:
        https://docs.astral.sh/uv/guides/integration/docker/
    """
    for cell in environment.cells.values():
        if cell.conflict and len(environment.documents(cell.conflict)) > 1:
            yield _equals(environment, cell)
        elif (other := _contradicting(environment, cell)) is not None:
            yield _hit(environment, cell, other)


def _contradicting(environment: Environment, cell: Cell) -> Pin | None:
    """The first statement that does not count and says another version; what a lock is made of is another rule's."""
    contradicting = (pin for pin in cell.overruled if _contradicts(pin, cell) and not _in_manifest(pin, environment))
    return next(contradicting, None)


def _contradicts(pin: Pin, cell: Cell) -> bool:
    if cell.version is None:
        return False
    if pin.version is not None:
        return not agree(pin.version, cell.version, cell.kind)
    return pin.specifier is not None and not admits(pin.specifier, cell.version)


def _hit(environment: Environment, cell: Cell, other: Pin) -> Hit:
    stated = f"{other.version or other.specifier}"
    effective = cell.pins[0]
    return Hit(
        package=cell.package,
        environments=(environment.name,),
        message=(
            f"{environment.name} states {cell.package} {stated} at {other.at}, but {cell.version} at {effective.at} is "
            f"what runs."
        ),
        at=other.at,
        related=(Location(effective.at, Role.STATEMENT, f"{cell.version}"),),
        expected=cell.version,
        actual=stated,
    )


def _equals(environment: Environment, cell: Cell) -> Hit:
    """Sources of equal rank: which of them runs is not known."""
    stated = list(dict.fromkeys(f"{pin.version or pin.specifier}" for pin in cell.conflict))
    first, *others = cell.conflict
    return Hit(
        package=cell.package,
        environments=(environment.name,),
        message=(
            f"The sources of {environment.name} state {cell.package} {listed(stated, ' and ')}; no source takes "
            f"precedence."
        ),
        at=others[-1].at,
        related=other_statements((first, *others[:-1])),
        expected=stated[0],
        actual=stated[-1],
    )


def _in_manifest(pin: Pin, environment: Environment) -> bool:
    """Whether a pin is in a file that its tool locks."""
    formats = [reading.format for reading in environment.readings if reading.path == pin.at.path]
    return any(kind_of(name) == "manifest" for name in formats)
