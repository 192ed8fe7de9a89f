"""A package that model artifacts depend on has no exact version."""

from __future__ import annotations

from collections.abc import Iterator

from mlaudit.comparison.scene import View
from mlaudit.knowledge.table import in_artifacts
from mlaudit.model.nouns import Kind, Severity, State
from mlaudit.model.report import Environment, Hit
from mlaudit.rules._phrases import worded
from mlaudit.rules._registry import environment_rule


@environment_rule(
    "MLA501", Severity.INFO, since="0.1", title="not pinned", fact="unpinned", when="is_open_and_unpaired"
)
def check(environment: Environment, view: View) -> Iterator[Hit]:
    """A package that model artifacts depend on has no exact version.

    What it does:
        Applies to environments that are in no pair. A range, or a name alone, resolves to whatever is newest on the day
        of the install.

    Why:
        A model that is trained today is then read by a version that is released tomorrow.

    Example:
        `scikit-learn` alone on a line of requirements.txt.

    Fix:
        Pin the version that training uses, or commit a lock.

    References:
        https://pip.pypa.io/en/stable/topics/repeatable-installs/
    """
    ranges = [cell for cell in environment.cells.values() if cell.kind is Kind.PACKAGE and cell.state is State.RANGE]
    # Pairs are asked last: of a fleet there are as many as environments.
    if not ranges or any(environment.name in pair for pair in view.pairs):
        return
    for cell in ranges:
        if in_artifacts(cell.package):
            yield Hit(
                package=cell.package,
                environments=(environment.name,),
                message=f"{environment.name} does not pin {cell.package}; it accepts {worded(cell)}.",
                at=view.place(cell),
                actual=cell.shown,
            )
