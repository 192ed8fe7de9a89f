"""A model written by one environment cannot be read by the other."""

from __future__ import annotations

from collections.abc import Iterator

from mlaudit.comparison.scene import View
from mlaudit.knowledge.load import Effect
from mlaudit.model.nouns import Severity, Verdict
from mlaudit.model.report import Crossing, Hit
from mlaudit.rules._consequences import consequence_hits
from mlaudit.rules._registry import crossing_rule


@crossing_rule(
    "MLA101",
    Severity.ERROR,
    since="0.1",
    title="artifacts do not load",
    fact="version",
    supersedes=["MLA001", "MLA002", "MLA003", "MLA410", "MLA411", "MLA412", "MLA413"],
    verdicts=[Verdict.DIFFERS, Verdict.DISJOINT, Verdict.LOOSE],
    when="is_unreadable",
)
def check(crossing: Crossing, view: View) -> Iterator[Hit]:
    """A model written by one environment cannot be read by the other.

    What it does:
        Compares both versions, the direction and what is known about the artifact with the known breaks of each
        package: what was measured on real dumps and loads, or what the project documents. The finding quotes the real
        error text.

    Why:
        The load fails in serving, at the start or at the first request, with an error that names neither version.

    Example:
        Training pickles under numpy 2.1.3, serving loads under 1.26.0: `No module named 'numpy._core'`. The
        reverse loads.

    Fix:
        Serve with the writer's version, or train again with the reader's; the finding names a version that reads it.

    References:
        https://github.com/numpy/numpy/issues/28340
    """
    yield from consequence_hits(crossing, view, Effect.UNREADABLE)
