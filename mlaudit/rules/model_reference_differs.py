"""Two environments name different versions of one model."""

from __future__ import annotations

from collections.abc import Iterator

from mlaudit.comparison.scene import View
from mlaudit.model.nouns import Kind, Severity, Verdict
from mlaudit.model.report import Crossing, Hit
from mlaudit.rules._phrases import reference_differs
from mlaudit.rules._registry import crossing_rule


@crossing_rule(
    "MLA602",
    Severity.WARNING,
    since="0.1",
    title="the model reference differs",
    fact="model",
    verdicts=[Verdict.DIFFERS, Verdict.DISJOINT],
    when="is_of_model",
)
def check(crossing: Crossing, view: View) -> Iterator[Hit]:
    """Two environments name different versions of one model.

    What it does:
        Compares references to a model that both sides state: hashes, revisions and registry versions are equal or they
        are not.

    Why:
        Equal packages do not help if the models differ.

    Example:
        Training registers `models:/churn/4`, serving loads `models:/churn/3`.

    Fix:
        Name the same version on both sides.

    References:
        https://mlflow.org/docs/latest/ml/model-registry/
    """
    yield from reference_differs(crossing, view, Kind.MODEL)
