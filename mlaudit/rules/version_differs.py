"""Two environments pin different versions of one package."""

from __future__ import annotations

from collections.abc import Iterator

from mlaudit.comparison.scene import View
from mlaudit.knowledge import table
from mlaudit.model.nouns import Distance, Kind, Severity, Verdict
from mlaudit.model.report import Crossing, Hit
from mlaudit.rules._consequences import NOT_ASKED_FOR, harmless, is_needless
from mlaudit.rules._phrases import align, apart, places, sides
from mlaudit.rules._registry import crossing_rule


@crossing_rule(
    "MLA001", Severity.WARNING, since="0.1", title="versions differ", fact="version", verdicts=[Verdict.DIFFERS]
)
def check(crossing: Crossing, view: View) -> Iterator[Hit]:
    """Two environments pin different versions of one package.

    What it does:
        Reports a package that model artifacts, numerics, binary interfaces or CUDA depend on, where the environment
        that writes and the one that reads have different versions of it. Local parts (`+cu124`) are compared by
        `cuda-variant-differs`. The severity depends on the package and on the distance; a difference that is known to
        do no harm is an info, and a package that no artifact of the pair needs counts like code beside the model.

    Why:
        A model is more than its weights: what training wrote is read back by the code that serving installs.

    Example:
        `training/uv.lock` locks scikit-learn 1.5.2; `serving/requirements.txt` says `scikit-learn==1.3.2`.

    Fix:
        Pin the writer's version in the reader, or train again with the reader's version.

    References:
        https://scikit-learn.org/stable/model_persistence.html
    """
    writer, reader = crossing.cells
    distance = crossing.distance
    if writer.kind is not Kind.PACKAGE or distance is None or distance is Distance.VARIANT:
        return
    at, related = places(crossing, view)
    known = harmless(crossing, view)
    needless = known is None and is_needless(crossing, view)
    yield Hit(
        package=crossing.package,
        environments=crossing.environments,
        severity=known.severity
        if known
        else table.default_severity(crossing.package, distance, in_artifact=not needless),
        message=f"{sides(crossing)}, {apart(distance)}{NOT_ASKED_FOR if needless else ''}.",
        at=at,
        related=related,
        details=(f"{known.certainty}: {known.says}",) if known else (),
        evidence=known.evidence if known else (),
        expected=writer.shown,
        actual=reader.shown,
        fix=align(crossing),
    )
