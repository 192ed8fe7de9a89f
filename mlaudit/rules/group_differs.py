"""A version group of the configuration is violated."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase

from mlaudit.comparison.scene import View
from mlaudit.comparison.verdict import judge
from mlaudit.model.nouns import Role, Severity, Verdict
from mlaudit.model.report import Cell, Crossing, Hit, Location, Row
from mlaudit.request.settings import GroupRule, VersionGroup
from mlaudit.rules._registry import fleet_rule


@fleet_rule(
    "MLA010",
    Severity.ERROR,
    since="0.1",
    title="a version group is not aligned",
    fact="group",
    where="settings.version_groups",
)
def check(view: View) -> Iterator[Hit]:
    """A version group of the configuration is violated.

    What it does:
        Checks the `version-groups` of the configuration: packages that must change `together` (if one differs between
        two environments, all must), and packages whose versions `follow` a named environment.

    Why:
        The team decided so in the configuration.

    Example:
        `follows = 'training'` for `feature-*`, and serving has another `feature-store` than training.

    Fix:
        Move the named package to the version of the group.

    References:
        https://jamiemason.github.io/syncpack/version-groups/snapped-to/
    """
    for group in view.settings.version_groups:
        if group.rule is GroupRule.FOLLOWS:
            yield from _following(group, view)
        elif group.rule is GroupRule.TOGETHER:
            yield from _together(group, view)


def _rows(group: VersionGroup, view: View) -> list[Row]:
    return [row for row in view.rows if any(fnmatchcase(row.package, pattern) for pattern in group.packages)]


def _is_of_group(group: VersionGroup, environment: str) -> bool:
    return not group.environments or any(fnmatchcase(environment, pattern) for pattern in group.environments)


def _following(group: VersionGroup, view: View) -> Iterator[Hit]:
    for row in _rows(group, view):
        named = next((cell for cell in row.cells if cell.environment == group.follows), None)
        if named is None or not named.stated:
            continue
        for cell in row.cells:
            if cell is not named and _is_of_group(group, cell.environment) and _differs(named, cell):
                yield _hit(group, named, cell, view, f"follows {named.environment}")


def _differs(named: Cell, cell: Cell) -> bool:
    return cell.stated and judge(named, cell)[0] in (Verdict.DIFFERS, Verdict.DISJOINT)


def _together(group: VersionGroup, view: View) -> Iterator[Hit]:
    rows = _rows(group, view)
    for writer, reader in view.pairs:
        crossings = [
            crossing for row in rows for crossing in row.crossings if crossing.environments == (writer, reader)
        ]
        moved = [crossing for crossing in crossings if crossing.verdict in (Verdict.DIFFERS, Verdict.DISJOINT)]
        stayed = [crossing for crossing in crossings if crossing.verdict is Verdict.ALIGNED and crossing.writer.stated]
        for pair in stayed if moved else []:
            yield _hit(group, pair.writer, pair.reader, view, f"moves together with {_moved(moved[0])}")


def _moved(crossing: Crossing) -> str:
    writer, reader = crossing.cells
    versions = f"{writer.shown} in {writer.environment} and {reader.shown} in {reader.environment}"
    return f"{crossing.package}, which is {versions}"


def _hit(group: VersionGroup, named: Cell, cell: Cell, view: View, why: str) -> Hit:
    reason = f": {group.reason}" if group.reason else ""
    return Hit(
        package=cell.package,
        environments=(named.environment, cell.environment),
        message=(
            f"{cell.package} is {named.shown} in {named.environment} and {cell.shown} in {cell.environment}; "
            f"it {why}{reason}."
        ),
        at=view.place(cell),
        related=(Location(view.place(named), Role.WRITER, named.shown), Location(group.at, Role.CONFIGURATION)),
        expected=named.shown,
        actual=cell.shown,
    )
