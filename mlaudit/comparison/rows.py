"""One row for each package that environments name: its cells side by side and what crosses."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase

from mlaudit.comparison.scene import watches
from mlaudit.comparison.verdict import crossing
from mlaudit.knowledge import table
from mlaudit.model.nouns import Kind, Verdict
from mlaudit.model.report import Environment, Row
from mlaudit.request.settings import Settings


def asked_for(package: str, only: Sequence[str]) -> bool:
    """Whether `--package` globs name a package; without any, every package is requested."""
    return not only or any(fnmatchcase(package, pattern) for pattern in only)


def rows(
    environments: Sequence[Environment],
    pairs: Sequence[tuple[str, str]],
    settings: Settings,
) -> Iterator[Row]:
    """The rows of all packages that are compared, in the order of their names."""
    kinds: dict[str, Kind] = {}
    for environment in environments:
        for package, cell in environment.cells.items():
            kinds.setdefault(package, cell.kind)
    for package in sorted(kinds):
        if _compared(package, settings):
            yield _row(package, kinds[package], environments, pairs, settings)


def _compared(package: str, settings: Settings) -> bool:
    """Installers, linters and test tools are compared only when the configuration names them."""
    return not table.is_tool(package) or watches(settings, package)


def _row(
    package: str,
    kind: Kind,
    environments: Sequence[Environment],
    pairs: Sequence[tuple[str, str]],
    settings: Settings,
) -> Row:
    cells_by_name = {
        environment.name: environment.cells.get(package) or environment.missing(package, kind)
        for environment in environments
    }
    watched = kind is not Kind.LOCAL and (
        kind is not Kind.PACKAGE or table.watched(package) or watches(settings, package)
    )
    models = {environment.name for environment in environments if environment.is_model}
    crossings = tuple(
        crossing(cells_by_name[writer], cells_by_name[reader], watched=watched, from_model=writer in models)
        for writer, reader in pairs
        # What a model does not name is no news: it is no list of what was installed.
        if cells_by_name[writer].named or (cells_by_name[reader].named and writer not in models)
    )
    worst = min(
        crossings,
        key=lambda crossing: (crossing.verdict.rank, crossing.distance.rank if crossing.distance else 9),
        default=None,
    )
    return Row(
        package=package,
        kind=kind,
        cells=tuple(cells_by_name.values()),
        crossings=crossings,
        verdict=worst.verdict if worst else Verdict.ALIGNED,
        distance=worst.distance if worst else None,
        watched=watched,
    )
