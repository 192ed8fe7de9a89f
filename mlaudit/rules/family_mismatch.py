"""Packages of one family, released to fit one another, do not fit."""

from __future__ import annotations

from collections.abc import Iterator

from mlaudit.comparison.scene import View
from mlaudit.model.nouns import Fix, Layer, Role, Severity
from mlaudit.model.report import Cell, Environment, Hit, Location
from mlaudit.rules._phrases import exact_versions
from mlaudit.rules._registry import environment_rule


@environment_rule(
    "MLA201",
    Severity.ERROR,
    since="0.1",
    title="versions that do not belong together",
    fact="fit",
    supersedes=["MLA203"],
)
def check(environment: Environment, view: View) -> Iterator[Hit]:
    """Packages of one family, released to fit one another, do not fit.

    What it does:
        Holds the exact versions of one environment against what each release of a family demands of the others:
        torch with torchvision and torchaudio, jax with jaxlib, tensorflow with keras, transformers with
        tokenizers, lightning with torch.

    Why:
        The import fails with an undefined symbol, or an operator is missing at the first use.

    Example:
        `torch==2.5.1` beside `torchvision==0.19.0`, which was built for 2.4.0.

    Fix:
        Install the release that the table names beside the one that you want to keep.

    References:
        https://github.com/pytorch/vision#installation
    """
    from mlaudit.knowledge.family import family_mismatches

    for mismatch in family_mismatches(exact_versions(environment)):
        subject, other = (environment.cell(name) for name in (mismatch.subject, mismatch.other))
        if _solved_by_conda(subject) and _solved_by_conda(other):
            continue
        yield Hit(
            package=mismatch.subject,
            other=mismatch.other,
            environments=(environment.name,),
            message=f"In {environment.name}: {mismatch.says}",
            at=view.place(subject),
            says=f"{mismatch.subject} {mismatch.subject_version}",
            related=(Location(view.place(other), Role.PACKAGE, f"{mismatch.other} {mismatch.other_version}"),),
            evidence=mismatch.evidence,
            actual=f"{mismatch.other} {mismatch.other_version}",
            expected=f"{mismatch.other}{mismatch.wanted}",
            values=(mismatch.subject_version, mismatch.other, mismatch.other_version),
            fix=Fix(says=mismatch.remedy),
        )


def _solved_by_conda(cell: Cell) -> bool:
    """Whether conda's own solver chose the build, whose demands are not those of the wheel."""
    return any(pin.ecosystem == "conda" and pin.layer is not Layer.DECLARED for pin in cell.pins)
