"""Packages that are released for one another have versions that do not belong together."""

from __future__ import annotations

from collections.abc import Iterator

from mlaudit.comparison.scene import View
from mlaudit.knowledge.family import Mismatch
from mlaudit.model.findings import Hit, Location
from mlaudit.model.nouns import Fix, Layer, Role, Severity
from mlaudit.model.report import Environment
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
    """Packages that are released for one another have versions that do not belong together.

    What it does:
        Compares the versions and ranges of one environment with what each release requires of the others, by an index
        of what releases declare (markers are evaluated for the target): torch with torchvision and torchaudio, jax with
        jaxlib, transformers with tokenizers, vllm with torch, fastapi with pydantic. A release that the index does not
        know is not judged. A package of the base image that an installer replaces is a warning, and so is one that the
        knowledge has no role for where an installer wrote the versions down, or a later install brings one of them:
        they are installed so, and may work. So are two that `--no-deps` installed where a later install may replace
        either, and two that one resolver chose in a lock that does not say what was overridden (`pylock.toml`).

    Why:
        An installer refuses them together. Where they were installed one after the other, the import fails, a symbol is
        undefined, or an operator is missing at the first use.

    Example:
        `torch==2.5.1` beside `torchvision==0.19.0`, which was built for 2.4.0.

    Fix:
        Install the release that the finding names for the one that you want to keep.

    References:
        https://github.com/pytorch/vision#installation
    """
    from mlaudit.comparison.requirements import unmet_requirements
    from mlaudit.knowledge.releases import matters

    for mismatch in unmet_requirements(environment):
        if matters(mismatch.other):
            yield _hit(environment, view, mismatch)


def _hit(environment: Environment, view: View, mismatch: Mismatch) -> Hit:
    from mlaudit.comparison.requirements import is_refused, may_be_mended, was_told_otherwise
    from mlaudit.knowledge.table import watched

    is_replaced, is_mended = _is_replaced(environment, mismatch), may_be_mended(environment, mismatch)
    is_weak = is_replaced or is_mended or was_told_otherwise(environment, mismatch)
    is_sure = watched(mismatch.other) or is_refused(environment, mismatch)
    other = Location(
        view.place(environment.cell(mismatch.other)), Role.PACKAGE, f"{mismatch.other} {mismatch.other_version}"
    )
    return Hit(
        package=mismatch.subject,
        other=mismatch.other,
        environments=(environment.name,),
        severity=Severity.ERROR if is_sure and not is_weak else Severity.WARNING,
        title="a part of the image is replaced" if is_replaced else "",
        message=f"In {environment.name}: {_says(mismatch, is_replaced=is_replaced, is_mended=is_mended)}",
        at=view.place(environment.cell(mismatch.subject)),
        says=f"{mismatch.subject} {mismatch.subject_version}",
        related=(other,),
        evidence=mismatch.evidence,
        actual=f"{mismatch.other} {mismatch.other_version}",
        expected=f"{mismatch.other}{mismatch.wanted}",
        values=(mismatch.subject_version, mismatch.other, mismatch.other_version),
        fix=Fix(says=mismatch.remedy),
    )


def _is_replaced(environment: Environment, mismatch: Mismatch) -> bool:
    """Whether only the base image has the other package, over which the subject is installed with what it requires."""
    there, over = environment.cell(mismatch.other).pins, environment.cell(mismatch.subject).pins
    of_image = all(pin.derived_from is not None for pin in there)
    return of_image and any(pin.derived_from is None and pin.layer is Layer.DECLARED for pin in over)


def _says(mismatch: Mismatch, *, is_replaced: bool, is_mended: bool) -> str:
    if is_replaced:
        return (
            f"{mismatch.subject} {mismatch.subject_version} requires {mismatch.other}{mismatch.wanted}, so installing "
            f"it with its requirements replaces {mismatch.other} {mismatch.other_version} of the image."
        )
    if is_mended:
        return f"{mismatch.says} Both are installed with `--no-deps`, and a later install may replace either."
    return mismatch.says
