"""Two environments pin one version without a hash in common."""

from __future__ import annotations

from collections.abc import Iterator

from mlaudit.comparison.scene import View
from mlaudit.model.nouns import Severity, Verdict
from mlaudit.model.report import Cell, Crossing, Hit
from mlaudit.rules._phrases import places
from mlaudit.rules._registry import crossing_rule


@crossing_rule(
    "MLA006",
    Severity.ERROR,
    since="0.1",
    title="hashes differ",
    fact="hash",
    verdicts=[Verdict.ALIGNED],
    when="has_hashes",
)
def check(crossing: Crossing, view: View) -> Iterator[Hit]:
    """Two environments pin one version without a hash in common.

    What it does:
        Compares the hashes of both sides where both state some for the same version. One hash in common is enough,
        since each side may list the files of its own platforms.

    Why:
        The files behind one version number are not the same: a rebuilt wheel, a mirror, a replaced release.

    Example:
        Both sides say `numpy==1.26.4`, with hashes of different wheels.

    Fix:
        Find out which of the files is the one that was meant, and pin its hash on both sides.

    References:
        https://pip.pypa.io/en/stable/topics/secure-installs/
    """
    if crossing.verdict is not Verdict.ALIGNED:
        return
    left, right = (_hashes(cell) for cell in crossing.cells)
    if (
        left
        and right
        and not left & right
        and {digest.partition(":")[0] for digest in left} & {digest.partition(":")[0] for digest in right}
    ):
        at, related = places(crossing, view)
        yield Hit(
            package=crossing.package,
            environments=crossing.environments,
            message=(
                f"The hashes of {crossing.package} {crossing.writer.shown} in {crossing.writer.environment} and "
                f"{crossing.reader.environment} have none in common: they are different files."
            ),
            at=at,
            related=related,
            expected=min(left),
            actual=min(right),
        )


def _hashes(cell: Cell) -> frozenset[str]:
    return frozenset(hash_ for pin in cell.pins for hash_ in pin.hashes)
