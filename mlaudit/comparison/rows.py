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
    for one in environments:
        for package, cell in one.cells.items():
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
    held = {one.name: one.cells.get(package) or one.missing(package, kind) for one in environments}
    watched = kind is not Kind.LOCAL and (
        kind is not Kind.PACKAGE or table.watched(package) or watches(settings, package)
    )
    models = {one.name for one in environments if one.is_model}
    crossings = tuple(
        crossing(held[writer], held[reader], watched=watched, from_model=writer in models)
        for writer, reader in pairs
        # What a model does not name is no news: it is no list of what was installed.
        if held[writer].named or (held[reader].named and writer not in models)
    )
    worst = min(crossings, key=lambda one: (one.verdict.rank, one.distance.rank if one.distance else 9), default=None)
    return Row(
        package=package,
        kind=kind,
        cells=tuple(held.values()),
        crossings=crossings,
        verdict=worst.verdict if worst else Verdict.ALIGNED,
        distance=worst.distance if worst else None,
        watched=watched,
    )
