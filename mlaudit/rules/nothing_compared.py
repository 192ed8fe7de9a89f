"""Two environments share nothing that could be compared."""

from __future__ import annotations

from collections.abc import Iterator

from mlaudit.comparison.scene import View
from mlaudit.model.nouns import Kind, Role, Severity
from mlaudit.model.report import Cell, Environment, Hit, Location, listed
from mlaudit.rules._implied_reader import implied_break
from mlaudit.rules._registry import fleet_rule


@fleet_rule(
    "MLA905",
    Severity.WARNING,
    since="0.1",
    title="nothing was compared",
    fact="compared",
    when="leaves_pairs_uncompared",
)
def check(view: View) -> Iterator[Hit]:
    """Two environments share nothing that could be compared.

    What it does:
        Reports a pair in which no package is named on both sides.

    Why:
        A run without findings would otherwise look like a run that found everything aligned.

    Example:
        `training/requirements.txt` is empty because every pin is in a Dockerfile that was not given.

    Fix:
        Give the sources that name what is installed: a lock, `pip freeze`, the image.

    References:
        https://pip.pypa.io/en/stable/cli/pip_inspect/
    """
    compared = view.compared_pairs()
    for writer, reader in view.pairs:
        if (writer, reader) not in compared and not _breaks_unnamed(writer, reader, view):
            yield Hit(
                environments=(writer, reader),
                message=_message(view.environments[writer], view.environments[reader]),
                at=view.home(reader),
                related=(Location(view.home(writer), Role.WRITER),),
            )


def _message(writer: Environment, reader: Environment) -> str:
    lost = _lost(writer, reader)
    if not lost:
        if not any(environment.packages or environment.is_model for environment in (writer, reader)):
            return f"Neither {writer.name} nor {reader.name} names a package."
        unversioned = _without_version(writer, reader)
        if unversioned:
            return (
                f"Nothing was compared between {writer.name} and {reader.name}: {writer.name} records no version of "
                f"what {reader.name} names ({listed(unversioned, ', ')})."
            )
        return (
            f"No package is named by both {writer.name} and {reader.name}: {_counted(writer)} and {_counted(reader)}."
        )
    return (
        f"Nothing was compared between {writer.name} and {reader.name}: of what both name ({listed(lost, ', ')}), one "
        "side could not be read."
    )


def _lost(writer: Environment, reader: Environment) -> list[str]:
    """Packages that both name, of which one side could not be read."""
    return [package for package, cell in writer.cells.items() if _is_lost(cell, reader.cells.get(package))]


def _is_lost(cell: Cell, other: Cell | None) -> bool:
    if other is None or Kind.PACKAGE not in (cell.kind, other.kind):
        return False
    return not (cell.stated and other.stated)


def _breaks_unnamed(writer: str, reader: str, view: View) -> bool:
    """Whether a model was compared with what the reader installs without naming it, and something was found."""
    crossings = (artifact for artifact in view.artifacts if (artifact.writer, artifact.reader) == (writer, reader))
    return any(implied_break(crossing, view) is not None for crossing in crossings)


def _counted(environment: Environment) -> str:
    """How many packages an environment names; of a model how many its files record."""
    if not environment.is_model or environment.packages:
        return f"{environment.name} names {environment.packages or 'none'}"
    recorded = _recorded(environment)
    names = f" ({listed(recorded, ', ')})" if recorded else ""
    return f"{environment.name} records {len(recorded)}{names}"


def _without_version(writer: Environment, reader: Environment) -> list[str]:
    """Packages that the files of a model record without a version, and that the reader names."""
    recorded = _recorded(writer) if writer.is_model else ()
    return [package for package in recorded if reader.cell(package).named]


def _recorded(environment: Environment) -> tuple[str, ...]:
    """Packages that the files of a model record."""
    pins = (pin for reading in environment.writes for pin in reading.pins)
    return tuple(dict.fromkeys(pin.package for pin in pins if pin.kind is Kind.PACKAGE))
