"""Two environments name different versions of one data set or file."""

from __future__ import annotations

from collections.abc import Iterator

from mlaudit.comparison.scene import View
from mlaudit.model.nouns import Kind, Severity, Verdict
from mlaudit.model.report import Crossing, Hit
from mlaudit.rules._phrases import reference_differs
from mlaudit.rules._registry import crossing_rule


@crossing_rule(
    "MLA603",
    Severity.WARNING,
    since="0.1",
    title="the data reference differs",
    fact="data",
    verdicts=[Verdict.DIFFERS, Verdict.DISJOINT],
    when="is_of_data",
)
def check(crossing: Crossing, view: View) -> Iterator[Hit]:
    """Two environments name different versions of one data set or file.

    What it does:
        Compares references to data that both sides state: hashes, revisions and registry versions are equal or they are
        not.

    Why:
        Equal packages do not help if the data differ.

    Example:
        `dvc.lock` of training and of serving have different hashes of `data/features.parquet`.

    Fix:
        Name the same version on both sides.

    References:
        https://dvc.org/doc/user-guide/project-structure/dvcyaml-files
    """
    yield from reference_differs(crossing, view, Kind.DATA)
