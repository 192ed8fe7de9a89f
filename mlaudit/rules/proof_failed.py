"""A model was proven not to load, or to give different results."""

from __future__ import annotations

from collections.abc import Iterator

from mlaudit.comparison.scene import View
from mlaudit.model.nouns import Evidence, Role, Severity
from mlaudit.model.report import Environment, Hit, Location
from mlaudit.rules._registry import environment_rule


@environment_rule("MLA106", Severity.ERROR, since="0.1", title="proven to fail", fact="proof", where="proofs")
def check(environment: Environment, view: View) -> Iterator[Hit]:
    """A model was proven not to load, or to give different results.

    What it does:
        Reads `mlaudit.evidence.toml`, which `mlaudit prove --record` writes: what happened when a model was really
        loaded under both environments. A proof counts as long as the model, the versions, the Pythons and the platform
        are the recorded ones.

    Why:
        It is a fact, not an expectation: the model was loaded, and this is what it did.

    Example:
        A logistic regression of scikit-learn 1.5.2 gives different probabilities under 1.3.2.

    Fix:
        Install the versions that the proof names, and prove it again.

    References:
        https://scikit-learn.org/stable/model_persistence.html
    """
    for proof in environment.proofs:
        if proof.is_bad:
            yield Hit(
                environments=(proof.writer, proof.reader),
                message=f"{proof.model} of {proof.writer}: {proof.says}, as was proven on {proof.date}.",
                at=proof.at,
                related=(Location(view.home(environment.name), Role.STATEMENT),),
                evidence=(Evidence(source=str(proof.at), checked=proof.date, measured=True),),
                actual=proof.verdict,
                values=(proof.model, proof.verdict),
            )
