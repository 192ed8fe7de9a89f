"""No version can satisfy what two environments ask for."""

from __future__ import annotations

from collections.abc import Iterator

from mlaudit.comparison.scene import View
from mlaudit.model.nouns import Kind, Severity, Verdict
from mlaudit.model.report import Crossing, Hit
from mlaudit.rules._consequences import NOT_ASKED_FOR, is_needless
from mlaudit.rules._phrases import align, places, worded
from mlaudit.rules._registry import crossing_rule


@crossing_rule(
    "MLA002",
    Severity.ERROR,
    since="0.1",
    title="no version satisfies both sides",
    fact="version",
    verdicts=[Verdict.DISJOINT],
)
def check(crossing: Crossing, view: View) -> Iterator[Hit]:
    """No version can satisfy what two environments ask for.

    What it does:
        Intersects the two ranges, or a range and a pin. Reports a package if no version can be in both, so that the
        environments differ whatever is resolved. It is a warning for a package that no artifact of the pair needs.

    Why:
        Ranges hide a difference until the day of the deploy. This one is certain already.

    Example:
        Training says `numpy>=2.1`, serving says `numpy<2`.

    Fix:
        Change one of the ranges so that they share a version, then pin that version on both sides.

    References:
        https://packaging.python.org/en/latest/specifications/version-specifiers/
    """
    if crossing.writer.kind is Kind.PYTHON:
        return
    writer, reader = crossing.cells
    at, related = places(crossing, view)
    needless = is_needless(crossing, view)
    yield Hit(
        package=crossing.package,
        environments=crossing.environments,
        severity=Severity.WARNING if needless else Severity.ERROR,
        message=(
            f"No version of {crossing.package} satisfies both {worded(writer)} ({writer.environment}) and "
            f"{worded(reader)} ({reader.environment}){NOT_ASKED_FOR if needless else ''}."
        ),
        at=at,
        related=related,
        expected=writer.shown,
        actual=reader.shown,
        fix=align(crossing),
    )
