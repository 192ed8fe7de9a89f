"""What an install takes for a package that is left open breaks another one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from mlaudit.comparison.scene import View
from mlaudit.model.nouns import Fix, Role, Severity
from mlaudit.model.report import Environment, Hit, Location
from mlaudit.rules._registry import environment_rule

if TYPE_CHECKING:
    from mlaudit.comparison.open_versions import OpenBreak


_SHOWN = 2
"""Packages that a sentence names; the others are counted."""


@environment_rule(
    "MLA207",
    Severity.WARNING,
    since="0.2",
    title="a version that is left open breaks it",
    fact="fit",
    when="leaves_versions_open",
)
def check(environment: Environment, view: View) -> Iterator[Hit]:
    """What an install takes for a package that is left open breaks another one.

    What it does:
        Asks which release an installer takes for a package that has no exact version, or that is only installed because
        another one requires it: the newest known release that all known requirements admit, on the newest Python for
        which the environment can be installed. Reports exact versions that are known to break beside it
        (`companion-breaks`, `abi-break`). It is an info where packages are named of which it is not known what they
        require. Locks and other complete lists leave nothing open; where an image brings packages along, or a source
        was not read, nothing is said.

    Why:
        Such a list worked when it was written, and breaks on the day of a release that nobody chose.

    Example:
        `gensim==4.3.2` alone: it requires scipy>=1.7.0, and an install takes a scipy without `scipy.linalg.triu`.

    Fix:
        Set the range that the finding names, or commit a lock.

    References:
        https://pip.pypa.io/en/stable/topics/dependency-resolution/
    """
    from mlaudit.comparison.open_versions import open_breaks
    from mlaudit.knowledge.releases import history

    for open_break in open_breaks(environment):
        broken, other = open_break.broken, open_break.open.name
        severity = _milder(getattr(broken, "severity", Severity.ERROR), is_sure=not open_break.unknown)
        if severity is None:
            continue
        cell = environment.cells.get(other)
        yield Hit(
            package=broken.package,
            other=other,
            environments=(environment.name,),
            severity=severity,
            message=f"{_taken(open_break, environment)}. {broken.says}",
            at=view.place(environment.cell(broken.package)),
            says=f"{broken.package} {broken.version}",
            related=(Location(view.place(cell), Role.PACKAGE, f"{other} {cell.shown}"),) if cell else (),
            details=(f"of {other}, releases are known until {getattr(history(other), 'listed', '')}",),
            evidence=broken.evidence,
            actual=f"{other} {cell.shown if cell else 'not named'}",
            values=(broken.version, other, open_break.version),
            fix=Fix(says=broken.remedy),
        )


def _taken(open_break: OpenBreak, environment: Environment) -> str:
    """What an install takes, and why it takes any."""
    opened, unknown = open_break.open, open_break.unknown
    on = f" on Python {open_break.python}" if open_break.python else ""
    taken = f"an install{on} takes the newest release that is known to fit, {open_break.version}"
    if unknown:
        more = f" or {len(unknown) - _SHOWN} more" if len(unknown) > _SHOWN else ""
        names = " or ".join(unknown[:_SHOWN])
        taken += f" (unless {names}{more}, whose requirements are not known here, bound it)"
    if opened.required_by:
        return f"{environment.name} does not name {opened.name}, which {opened.required_by} requires: {taken}"
    return f"{environment.name} does not pin {opened.name}: {taken}"


def _milder(severity: Severity, *, is_sure: bool) -> Severity | None:
    """What an install may take is less sure than what is written; None for what would be less than an info."""
    if severity is Severity.ERROR:
        return Severity.WARNING if is_sure else Severity.INFO
    return Severity.INFO if severity is Severity.WARNING and is_sure else None
