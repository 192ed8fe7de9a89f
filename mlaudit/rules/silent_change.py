"""A model written by one environment loads in the other and gives different numbers, without an error."""

from __future__ import annotations

from collections.abc import Iterator

from mlaudit.comparison.scene import View
from mlaudit.knowledge.load import Effect
from mlaudit.model.nouns import Severity, Verdict
from mlaudit.model.report import Crossing, Hit
from mlaudit.rules._consequences import consequence_hits
from mlaudit.rules._registry import crossing_rule


@crossing_rule(
    "MLA102",
    Severity.ERROR,
    since="0.1",
    title="results change silently",
    fact="version",
    supersedes=["MLA001", "MLA002", "MLA003"],
    verdicts=[Verdict.DIFFERS, Verdict.DISJOINT, Verdict.LOOSE],
    when="is_silent",
)
def check(crossing: Crossing, view: View) -> Iterator[Hit]:
    """A model written by one environment loads in the other and gives different numbers, without an error.

    What it does:
        Compares both versions and the direction with changes that were measured, or are documented, to change results
        without an exception.

    Why:
        No error shows it, so it is worse than a crash.

    Example:
        An XGBoost JSON model of 3.1 read by 3.0 predicts different numbers; from 3.0 to 3.1 it is fine.

    Fix:
        Use the writer's version in serving. Until then, do not trust the predictions.

    References:
        https://github.com/scikit-learn/scikit-learn/issues/28229
    """
    yield from consequence_hits(crossing, view, Effect.SILENT)
