"""What an install takes for a package that is left open breaks another one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from mlaudit.comparison.scene import View
from mlaudit.model.findings import ALL_BREAK, WOULD_TAKE, Hit, Location
from mlaudit.model.nouns import Fix, Role, Severity
from mlaudit.model.report import Cell, Environment
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
        another one requires it: the newest known release that all known requirements admit and that gets what it
        requires itself, on the newest Python for which the environment can be installed. Reports exact versions, and
        those that they pin in their turn, that are known to break beside it (`companion-breaks`, `abi-break`), and
        packages of which the taken release breaks beside those versions. Where every release that fits breaks, it is as
        severe as what is known of it. It is an info where packages are named of which it is not known what they
        require, and of two packages that are not named; what is not named is never an error, since it may not be used.
        Locks and other complete lists leave nothing open; where an image brings packages along, or a source was not
        read, nothing is said.

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
        broken, opened = open_break.broken, open_break.open.name
        other = broken.other if opened == broken.package else opened
        severity = _severity(open_break, is_named=broken.package in environment.cells)
        if severity is None:
            continue
        cell = environment.cells.get(other)
        at = _pointed_at(open_break, environment)
        yield Hit(
            package=broken.package,
            other=other,
            environments=(environment.name,),
            severity=severity,
            message=f"{_taken(open_break, environment)}. {broken.says}",
            at=view.place(at),
            says=f"{at.package} {at.shown}" if at.named else None,
            related=(Location(view.place(cell), Role.PACKAGE, f"{other} {cell.shown}"),) if cell else (),
            details=(f"of {opened}, releases are known until {getattr(history(opened), 'listed', '')}",),
            evidence=broken.evidence,
            actual=f"{other} {cell.shown if cell else 'not named'}",
            values=(broken.version, other, broken.other_version or ""),
            fix=Fix(says=broken.remedy),
        )


def _pointed_at(open_break: OpenBreak, environment: Environment) -> Cell:
    """The cell of the package that breaks, else that of what breaks it, else that of who requires either."""
    requiring = open_break.open.required_by.partition(" ")[0]
    broken = open_break.broken
    named = [name for name in (broken.package, broken.other, requiring) if name in environment.cells]
    return environment.cell(named[0] if named else broken.package)


def _severity(open_break: OpenBreak, *, is_named: bool) -> Severity | None:
    """How much it counts; a package that nobody names may be one that nobody uses."""
    known = getattr(open_break.broken, "severity", Severity.ERROR)
    if not is_named and open_break.is_between_open:
        return Severity.INFO if known is Severity.ERROR else None
    if open_break.is_certain:
        return known if is_named or known is not Severity.ERROR else Severity.WARNING
    return _milder(known, is_sure=not open_break.unknown)


def _taken(open_break: OpenBreak, environment: Environment) -> str:
    """What an install takes, and why it takes any."""
    opened = open_break.open
    if open_break.is_certain:
        taken = f"{ALL_BREAK}, as the newest one does, {open_break.version}"
    else:
        taken = _newest(open_break)
    if opened.required_by:
        return f"{environment.name} does not name {opened.name}, which {opened.required_by} requires: {taken}"
    return f"{environment.name} does not pin {opened.name}: {taken}"


def _newest(open_break: OpenBreak) -> str:
    """What an install takes that is bounded by nothing else."""
    unknown = open_break.unknown
    on = f" on Python {open_break.python}" if open_break.python else ""
    taken = f"an install{on} {WOULD_TAKE} that is known to fit, {open_break.version}"
    if unknown:
        more = f" or {len(unknown) - _SHOWN} more" if len(unknown) > _SHOWN else ""
        names = " or ".join(unknown[:_SHOWN])
        taken += f" (unless {names}{more}, whose requirements are not known here, bound it)"
    return taken


def _milder(severity: Severity, *, is_sure: bool) -> Severity | None:
    """What an install may take is less sure than what is written; None for what would be less than an info."""
    if severity is Severity.ERROR:
        return Severity.WARNING if is_sure else Severity.INFO
    return Severity.INFO if severity is Severity.WARNING and is_sure else None
