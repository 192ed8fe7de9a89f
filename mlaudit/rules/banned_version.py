"""An environment has a version that the configuration bans."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase

from mlaudit.comparison.scene import View
from mlaudit.model.nouns import Role, Severity, State
from mlaudit.model.report import Cell, Environment, Hit, Location
from mlaudit.model.versions import admits, disjoint
from mlaudit.request.settings import BannedRow
from mlaudit.rules._registry import environment_rule


@environment_rule("MLA504", Severity.ERROR, since="0.1", title="a banned version", fact="banned", when="has_bans")
def check(environment: Environment, view: View) -> Iterator[Hit]:
    """An environment has a version that the configuration bans.

    What it does:
        Compares every package with the `banned` rows of the configuration. A range is reported only if all of it is
        banned.

    Why:
        The configuration says why it must not be installed; the finding repeats the reason.

    Example:
        `[[banned]] package = 'xgboost' versions = '<3.1' reason = 'reads newer JSON models wrong'`.

    Fix:
        Move to a version that is not banned.

    References:
        https://jamiemason.github.io/syncpack/version-groups/banned/
    """
    for row in view.settings.banned:
        if row.environment is not None and not fnmatchcase(environment.name, row.environment):
            continue
        for cell in environment.cells.values():
            if cell.stated and fnmatchcase(cell.package, row.package) and _banned(cell, row):
                yield Hit(
                    package=cell.package,
                    environments=(environment.name,),
                    message=f"{cell.package} {cell.shown} in {environment.name} is banned: {row.reason}.",
                    at=view.place(cell),
                    related=(Location(row.at, Role.CONFIGURATION),),
                    actual=cell.shown,
                )


def _banned(cell: Cell, row: BannedRow) -> bool:
    if row.versions is None:
        return True
    if cell.state is State.RANGE:
        return cell.specifier is not None and _inside(cell.specifier, row.versions)
    return any(admits(row.versions, version) for version in cell.versions)


def _inside(specifier: str, banned: str) -> bool:
    """Whether a range is in a banned range of one clause: then it shares nothing with that clause's opposite."""
    opposites = {"<": ">=", "<=": ">", ">": "<=", ">=": "<", "==": "!=", "!=": "=="}
    operator = next((sign for sign in ("<=", ">=", "==", "!=", "<", ">") if banned.startswith(sign)), None)
    if operator is None or "," in banned or "*" in banned:
        return False
    return disjoint(specifier, opposites[operator] + banned.removeprefix(operator))
