"""One constraints file for all environments: what every one of them can install with `pip install -c`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from mlaudit.model.names import normalized
from mlaudit.model.nouns import Kind, State
from mlaudit.model.report import Cell, Environment, Report
from mlaudit.model.versions import admits, disjoint, exact, joined, public, same_public
from mlaudit.repair.moves import VERSION
from mlaudit.repair.nouns import RepairPlan

_HEAD = """\
# One file that every environment can install with: pip install -c {name}
# Made by `mlaudit fix --constraints {name}` of: {environments}.
"""


def constraints_text(report: Report, plan: RepairPlan, name: str) -> str:
    """The text of the file, as the environments stand after a plan."""
    environments = [environment for environment in report.environments if not environment.is_model]
    moved = {(move.change.environment, move.change.package): move.change.to for move in plan.made}
    lines = dict(_lines(environments, moved))
    names = ", ".join(environment.name for environment in environments) or "none"
    return _HEAD.format(name=name, environments=names) + "".join(f"{lines[package]}\n" for package in sorted(lines))


def _lines(environments: Sequence[Environment], moved: Mapping[tuple[str, str], str]) -> Iterator[tuple[str, str]]:
    packages = dict.fromkeys(
        package for environment in environments for package, cell in environment.cells.items() if _is_installed(cell)
    )
    for package in packages:
        cells = [environment.cells[package] for environment in environments if package in environment.cells]
        stated = [_statement(cell, moved.get((cell.environment, package))) for cell in cells]
        names = sorted({normalized(pin.name) for cell in cells for pin in cell.pins if pin.ecosystem == "pypi"})
        for distribution in names:
            yield distribution, _line(distribution, cells, stated)


def _is_installed(cell: Cell) -> bool:
    return cell.kind is Kind.PACKAGE and any(pin.ecosystem == "pypi" for pin in cell.pins)


def _statement(cell: Cell, to: str | None) -> str | None:
    """The range that an environment allows; None if it is not one range."""
    if to is not None:
        return f"=={to}"
    if any(pin.source != "index" for pin in cell.pins):
        return None
    if cell.version is not None:
        return f"=={cell.version}"
    return (cell.specifier or "") if cell.state is State.RANGE else None


def _line(distribution: str, cells: Sequence[Cell], stated: Sequence[str | None]) -> str:
    known = [text for text in stated if text is not None]
    shown = "; ".join(f"{cell.environment} {cell.shown}" for cell in cells)
    if len(known) < len(stated):
        return f"# {distribution}: left out, one environment states no single range ({shown})"
    exacts = [version for text in known if (version := exact(text)) is not None]
    if exacts:
        # A build part is left to each environment: `==2.5.1` admits 2.5.1+cu124.
        version = public(exacts[0])
        alike = all(same_public(version, public(other_exact)) for other_exact in exacts)
        if alike and VERSION.fullmatch(version) and all(admits(text, version) or exact(text) for text in known):
            return f"{distribution}=={version}"
        return f"# {distribution}: left out, no version suits all ({shown})"
    ranges = [text for text in known if text]
    if any(disjoint(range_, other) for range_ in ranges for other in ranges):
        return f"# {distribution}: left out, no version suits all ({shown})"
    specifier = joined(ranges)
    return f"{distribution}{specifier}" if specifier else f"# {distribution}: any version suits all"
