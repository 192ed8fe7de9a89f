"""A lock does not satisfy what its project declares."""

from __future__ import annotations

from collections.abc import Iterator

from mlaudit.comparison.scene import View
from mlaudit.model.nouns import Layer, Pin, Role, Severity
from mlaudit.model.report import Environment, Hit, Location
from mlaudit.model.versions import admits
from mlaudit.parsers._registry import kind_of
from mlaudit.rules._registry import environment_rule


@environment_rule(
    "MLA502",
    Severity.WARNING,
    since="0.1",
    title="the lock file is out of date",
    fact="stale-lock",
    when="is_contested",
)
def check(environment: Environment, view: View) -> Iterator[Hit]:
    """A lock does not satisfy what its project declares.

    What it does:
        Compares the versions of a lock with the ranges of the manifest beside it (pyproject.toml, Pipfile, pixi.toml).

    Why:
        The manifest was edited and the lock was not updated: the next install changes versions without review.

    Example:
        pyproject.toml says `pandas>=2.2`; the lock has pandas 2.1.4.

    Fix:
        Update the lock (`uv lock`, `poetry lock`), and commit both.

    References:
        https://docs.astral.sh/uv/concepts/projects/sync/
    """
    for cell in environment.cells.values():
        if cell.layer is not Layer.LOCKED or cell.version is None:
            continue
        for pin in cell.overruled:
            declared = pin.specifier or (f"=={pin.version}" if pin.version else "")
            if _in_manifest(pin, environment) and declared and not admits(declared, cell.version):
                yield Hit(
                    package=cell.package,
                    environments=(environment.name,),
                    message=(
                        f"{environment.name} declares {cell.package} {declared}, and its lock has {cell.version}: "
                        f"the lock is older than the declaration."
                    ),
                    at=view.place(cell),
                    related=(Location(pin.at, Role.STATEMENT, declared),),
                    expected=declared,
                    actual=cell.version,
                )
                break


def _in_manifest(pin: Pin, environment: Environment) -> bool:
    """Whether a pin is in a file that its tool locks."""
    formats = [reading.format for reading in environment.readings if reading.path == pin.at.path]
    return any(kind_of(name) == "manifest" for name in formats)
