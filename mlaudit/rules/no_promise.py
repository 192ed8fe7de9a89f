"""The library does not promise that artifacts cross these versions."""

from __future__ import annotations

from collections.abc import Iterator

from mlaudit.comparison.scene import View
from mlaudit.knowledge.load import Effect
from mlaudit.model.nouns import Severity, Verdict
from mlaudit.model.report import Crossing, Hit
from mlaudit.rules._consequences import consequence_hits
from mlaudit.rules._registry import crossing_rule


@crossing_rule(
    "MLA103",
    Severity.WARNING,
    since="0.1",
    title="no promise that artifacts load",
    fact="version",
    supersedes=["MLA001", "MLA002", "MLA003"],
    verdicts=[Verdict.DIFFERS, Verdict.DISJOINT, Verdict.LOOSE],
    when="is_unpromised",
)
def check(crossing: Crossing, view: View) -> Iterator[Hit]:
    """The library does not promise that artifacts cross these versions.

    What it does:
        Reports a difference without a known break in a library that does not promise that its artifacts load across
        versions, with the rate of failures where it was measured.

    Why:
        It may work today and fail with the next release.

    Example:
        scikit-learn does not support loading a model with another version than the one that wrote it.

    Fix:
        Pin the writer's version in serving, or store the model in a format that promises more.

    References:
        https://scikit-learn.org/stable/model_persistence.html
    """
    yield from consequence_hits(crossing, view, Effect.NO_PROMISE)
