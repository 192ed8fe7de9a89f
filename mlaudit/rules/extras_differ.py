"""Two environments ask for different extras of one package."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from mlaudit.comparison.scene import View
from mlaudit.model.nouns import Layer, Severity
from mlaudit.model.report import Cell, Crossing, Hit
from mlaudit.rules._phrases import places
from mlaudit.rules._registry import crossing_rule


@crossing_rule("MLA007", Severity.INFO, since="0.1", title="extras differ", fact="extras", when="has_extras")
def check(crossing: Crossing, view: View) -> Iterator[Hit]:
    """Two environments ask for different extras of one package.

    What it does:
        Compares the extras in the brackets of declared requirements (`ray[serve]` against `ray`).

    Why:
        An extra brings packages of its own; where one side lacks them, an import fails late.

    Example:
        Training says `ray[train]==2.9.0`, serving says `ray==2.9.0`.

    Fix:
        Ask for the same extras, or ignore it where one side needs fewer.

    References:
        https://packaging.python.org/en/latest/specifications/dependency-specifiers/#extras
    """
    left, right = (_extras(cell) for cell in crossing.cells)
    if left is None or right is None or left == right:
        return
    at, related = places(crossing, view)
    writer, reader = crossing.environments
    yield Hit(
        package=crossing.package,
        environments=crossing.environments,
        message=(
            f"{writer} asks for {_with_extras(crossing.package, left)}, {reader} for "
            f"{_with_extras(crossing.package, right)}."
        ),
        at=at,
        related=related,
        expected=",".join(sorted(left)),
        actual=",".join(sorted(right)),
    )


def _extras(cell: Cell) -> frozenset[str] | None:
    """The extras that the requirements ask for; None if the cell is not made of requirements."""
    if not cell.stated or any(pin.layer is not Layer.DECLARED for pin in cell.pins):
        return None
    return frozenset(extra for pin in cell.pins for extra in pin.extras)


def _with_extras(package: str, extras: Iterable[str]) -> str:
    named = ",".join(sorted(extras))
    return f"{package}[{named}]" if named else f"{package} without extras"
