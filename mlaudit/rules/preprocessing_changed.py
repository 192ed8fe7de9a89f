"""The same preprocessing code gives different values in the other environment."""

from __future__ import annotations

from collections.abc import Iterator

from mlaudit.comparison.scene import View
from mlaudit.knowledge.load import Effect
from mlaudit.model.nouns import Severity, Verdict
from mlaudit.model.report import Crossing, Hit
from mlaudit.rules._consequences import consequence_hits
from mlaudit.rules._registry import crossing_rule


@crossing_rule(
    "MLA104",
    Severity.WARNING,
    since="0.1",
    title="preprocessing changes",
    fact="version",
    supersedes=["MLA001", "MLA002", "MLA003"],
    verdicts=[Verdict.DIFFERS, Verdict.DISJOINT, Verdict.LOOSE],
    when="is_preprocessing",
)
def check(crossing: Crossing, view: View) -> Iterator[Hit]:
    """The same preprocessing code gives different values in the other environment.

    What it does:
        Reports a package whose behaviour changed between the two versions in a way that features depend on, for serving
        code that repeats what training did to its data.

    Why:
        The model loads and runs, on features that it was not trained on.

    Example:
        `pandas.to_datetime(...).astype('int64')` gives nanoseconds in pandas 2 and microseconds in pandas 3.

    Fix:
        Use versions from before the change on both sides, or from after it, or set the wanted behaviour in the code.

    References:
        https://pandas.pydata.org/docs/whatsnew/v3.0.0.html
    """
    yield from consequence_hits(crossing, view, Effect.PREPROCESSING)
