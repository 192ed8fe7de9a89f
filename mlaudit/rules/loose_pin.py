"""A range, or silence, stands where the other environment has a version."""

from __future__ import annotations

from collections.abc import Iterator

from mlaudit.comparison.scene import View
from mlaudit.knowledge import table
from mlaudit.model.nouns import Kind, Severity, State, Verdict
from mlaudit.model.report import Crossing, Hit
from mlaudit.rules._phrases import align, places, said, verb_of
from mlaudit.rules._registry import crossing_rule


@crossing_rule("MLA003", Severity.INFO, since="0.1", fact="version")
def check(crossing: Crossing, view: View) -> Iterator[Hit]:
    """A range, or silence, stands where the other environment has a version.

    What it does:
        Reports a package whose versions may or may not be equal: one side gives a range that admits the other side's
        version, or both give ranges that overlap, or an incomplete list (a requirements file) does not name it at
        all. It is a warning where model artifacts depend on the package and one side is exact.

    Why:
        What a range resolves to depends on the day. The two sides are equal by luck until something is released.

    Example:
        Training locks pandas 2.2.3; serving says `pandas>=2,<3`.

    Fix:
        Pin the other side's version.

    References:
        https://pip.pypa.io/en/stable/topics/repeatable-installs/
    """
    if crossing.verdict is not Verdict.LOOSE or crossing.writer.kind is not Kind.PACKAGE:
        return
    writer, reader = crossing.cells
    at, related = places(crossing, view)
    yield Hit(
        package=crossing.package,
        environments=crossing.environments,
        severity=_severity(crossing),
        message=_message(crossing),
        at=at,
        related=related,
        expected=writer.shown,
        actual=reader.shown,
        fix=align(crossing),
    )


def _severity(crossing: Crossing) -> Severity:
    one_exact = State.EXACT in (crossing.writer.state, crossing.reader.state)
    return Severity.WARNING if one_exact and table.in_artifacts(crossing.package) else Severity.INFO


def _message(crossing: Crossing) -> str:
    writer, reader = crossing.cells
    for cell, other in ((writer, reader), (reader, writer)):
        if cell.state is State.UNSTATED:
            return (
                f"{other.environment} {verb_of(crossing, other)} {other.package} {said(other)}; {cell.environment} "
                f"does not name it, and its sources do not claim to name everything, so its version is whatever "
                f"gets installed."
            )
    return (
        f"{writer.package} may differ: {said(writer)} in {writer.environment}, {said(reader)} in {reader.environment}."
    )
