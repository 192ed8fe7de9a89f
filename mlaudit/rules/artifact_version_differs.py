"""A model artifact records another version than the environment that loads it has, or one that it does not name."""

from __future__ import annotations

from collections.abc import Iterator

from mlaudit.comparison.scene import View
from mlaudit.knowledge import table
from mlaudit.model.nouns import Kind, Severity, State, Strength
from mlaudit.model.report import ArtifactCrossing, Hit
from mlaudit.model.versions import admits, disjoint, distance, same_public
from mlaudit.rules._consequences import artifact_judgement
from mlaudit.rules._phrases import apart, said
from mlaudit.rules._registry import fleet_rule


@fleet_rule("MLA403", Severity.INFO, since="0.2", fact="artifact")
def check(view: View) -> Iterator[Hit]:
    """A model artifact records another version than the environment that loads it has, or one that it does not name.

    What it does:
        Holds the versions that libraries wrote into a model against those of the environment that loads it. Speaks
        where they differ and nothing is known of what that does to the model, and where the environment does not
        name the library, so that its version is whatever gets installed.

    Why:
        That nothing is known to break is no promise that nothing does.

    Example:
        `config.json` records transformers 4.57.1; serving installs 4.40.0.

    Fix:
        Serve with the version that the model records, or try the model under the other one.

    References:
        https://scikit-learn.org/stable/model_persistence.html
    """
    for crossing in view.artifacts:
        if crossing.pin.kind is Kind.PACKAGE and crossing.pin.strength is Strength.EXACT:
            yield from _differing(crossing, view)
            yield from _not_named(crossing, view)


def _recorded(crossing: ArtifactCrossing) -> str | None:
    return crossing.pin.version or crossing.pin.specifier


def _differing(crossing: ArtifactCrossing, view: View) -> Iterator[Hit]:
    cell, pin = crossing.cell, crossing.pin
    if cell.package != pin.package or not _differ(crossing):
        return
    if artifact_judgement(crossing, view.environments[crossing.reader]) is not None:
        return
    far = distance(pin.version, cell.version) if pin.version and cell.version else None
    how = f", {apart(far)}" if far else ""
    yield _hit(
        crossing,
        view,
        f"{crossing.artifact.name} records {pin.package} {_recorded(crossing)}, and {crossing.reader} has "
        f"{said(cell)}{how}. What that does to the model is not known.",
    )


def _differ(crossing: ArtifactCrossing) -> bool:
    """Whether no version is both what the file records and what the reader has."""
    cell, pin = crossing.cell, crossing.pin
    if cell.version is not None:
        if pin.version is not None:
            return not same_public(pin.version, cell.version)
        return pin.specifier is not None and not admits(pin.specifier, cell.version)
    if cell.state is not State.RANGE or not cell.specifier:
        return False
    if pin.version is not None:
        return not admits(cell.specifier, pin.version)
    return pin.specifier is not None and disjoint(pin.specifier, cell.specifier)


def _not_named(crossing: ArtifactCrossing, view: View) -> Iterator[Hit]:
    cell, pin = crossing.cell, crossing.pin
    if cell.state is not State.UNSTATED or _recorded(crossing) is None or not table.in_artifacts(pin.package):
        return
    yield _hit(
        crossing,
        view,
        f"{crossing.artifact.name} records {pin.package} {_recorded(crossing)}; {crossing.reader} does not name it, "
        f"and its sources do not claim to name everything, so its version is whatever gets installed.",
        Severity.WARNING,
    )


def _hit(crossing: ArtifactCrossing, view: View, message: str, severity: Severity = Severity.INFO) -> Hit:
    both = (crossing.writer, crossing.reader) if crossing.writer != crossing.reader else (crossing.reader,)
    return Hit(
        package=crossing.pin.package,
        environments=both,
        severity=severity,
        message=message,
        at=view.place(crossing.cell),
        related=(crossing.pin.at,),
        expected=_recorded(crossing),
        actual=crossing.cell.shown,
    )
