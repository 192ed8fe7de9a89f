"""Packages that no artifact depends on have different versions; they are counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from mlaudit.comparison.scene import View
from mlaudit.model.nouns import Kind, Role, Severity, Verdict
from mlaudit.model.report import Hit, Location
from mlaudit.rules._registry import fleet_rule

_DIFFERENT = (Verdict.DIFFERS, Verdict.DISJOINT)


@fleet_rule(
    "MLA009",
    Severity.INFO,
    since="0.1",
    title="other packages differ",
    fact="others",
    when="is_check",
)
def check(view: View) -> Iterator[Hit]:
    """Packages that no artifact depends on have different versions; they are counted.

    What it does:
        Counts, per pair, the packages outside the table of packages that artifacts, numerics, binary interfaces or CUDA
        depend on and whose versions differ. `--verbose` lists them, the JSON report always lists them, and `compare`
        shows them as rows.

    Why:
        They seldom break a model; listing each would bury what does.

    Example:
        38 packages such as `urllib3` and `click` differ between two locks.

    Fix:
        Name packages of your own in the configuration's `packages` to have them reported one by one.

    References:
        https://packaging.python.org/en/latest/discussions/install-requires-vs-requirements/
    """
    if view.command != "check":
        return
    counts = Counter(
        crossing.environments
        for crossing in view.crossings()
        if crossing.verdict in _DIFFERENT and not crossing.watched and crossing.writer.kind is Kind.PACKAGE
    )
    for (writer, reader), count in counts.items():
        yield Hit(
            environments=(writer, reader),
            message=(
                f"{count} other package{'s differ' if count > 1 else ' differs'} between {writer} and {reader} "
                f"(--verbose lists them)."
            ),
            at=view.home(reader),
            related=(Location(view.home(writer), Role.WRITER),),
        )
