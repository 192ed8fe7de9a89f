"""The code of a reader reads an attribute that an object in the artifact does not have."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from mlaudit.comparison.scene import View
from mlaudit.knowledge.crossing import Consequence
from mlaudit.model.missing_states import MissingState, WhenRead
from mlaudit.model.nouns import Role, Severity
from mlaudit.model.report import MAX_LISTED, Environment, Hit, Location
from mlaudit.rules._consequences import measured_harmless
from mlaudit.rules._registry import environment_rule


@environment_rule(
    "MLA411",
    Severity.ERROR,
    since="0.2",
    title="an object of the artifact is incomplete",
    fact="artifact-state",
    where="missing_states",
)
def check(environment: Environment, view: View) -> Iterator[Hit]:
    """The code of a reader reads an attribute that an object in the artifact does not have.

    What it does:
        Follows the methods that serving calls (`predict`, `transform` and the like; of an object inside another one
        those that its owner calls) through the code of the reader, and compares the attributes of `self` that they read
        with the state in the pickle, with what `__setstate__` does to it, and with the class. An attribute that is read
        in any case is an error, one behind a condition a warning that says which, one that is read only by training,
        copying or printing the model an info. What the writer's own code would miss as well is left out; without that
        code, an error becomes a warning. If loads between the two versions were measured without failure, it is an
        info.

    Why:
        A pickle contains the attributes that the writer's version set. A newer class that reads another attribute loads
        the object without an error, and fails at the first request.

    Example:
        An `OrdinalEncoder` of scikit-learn 1.2 has no `_infrequent_enabled`, which `transform` of 1.5 reads.

    Fix:
        Load the artifact with the code that wrote it, or write it again with the reader's.

    References:
        https://scikit-learn.org/stable/model_persistence.html#security-maintainability-limitations
    """
    for alike in _alike(environment.missing_states):
        yield _hit(alike, environment, view)


def _alike(missing: Iterable[MissingState]) -> Iterable[Sequence[MissingState]]:
    """The attributes that one class lacks for one reason, of one artifact."""
    grouped: dict[tuple[object, ...], list[MissingState]] = {}
    for state in missing:
        grouped.setdefault((state.writer, state.artifact.path, state.owner, state.when), []).append(state)
    return grouped.values()


def _hit(alike: Sequence[MissingState], environment: Environment, view: View) -> Hit:
    first = alike[0]
    measured = measured_harmless(view, first.writer, environment.name, first.package)
    return Hit(
        package=first.package,
        environments=tuple(dict.fromkeys((first.writer, environment.name))),
        severity=Severity.INFO if measured is not None else _severity(first),
        message=f"{first.artifact.path}: its {first.owner} has no {_names(alike)}, {_reason(alike, environment.name)}",
        at=first.artifact,
        says="",
        related=tuple(Location(place.read, Role.FILE) for place in _places(alike)),
        details=(*(_detail(state) for state in alike[:MAX_LISTED]), *_measured(measured)),
        values=(first.owner, first.when.value, *(state.attribute for state in alike)),
    )


def _measured(consequence: Consequence | None) -> tuple[str, ...]:
    """What was measured counts for more than what is read in code."""
    return (f"loads were measured, which takes precedence: {consequence.says}",) if consequence is not None else ()


def _severity(first: MissingState) -> Severity:
    if first.when is WhenRead.UPKEEP:
        return Severity.INFO
    is_sure = first.when is WhenRead.ALWAYS and first.is_sure
    return Severity.ERROR if is_sure else Severity.WARNING


def _names(alike: Sequence[MissingState]) -> str:
    shown = ", ".join(f"`{state.attribute}`" for state in alike[:MAX_LISTED])
    more = len(alike) - MAX_LISTED
    return f"{shown} and {more} more" if more > 0 else shown


def _reason(alike: Sequence[MissingState], reader: str) -> str:
    first = alike[0]
    where = f"which `{first.method}` of {reader} reads ({first.read})"
    if first.when is WhenRead.UPKEEP:
        return f"{where}: training, copying or printing the model fails; serving does not do that."
    if first.when is WhenRead.CONDITION:
        return f"{where} under the condition `{first.condition}`: then it fails with AttributeError."
    if not first.is_sure:
        return f"{where}. The writer's code is not available, so it is not known whether that code reads it too."
    unless = next((f", unless its data is {state.unless}" for state in alike if state.unless), "")
    return f"{where}: the model loads, then fails with AttributeError{unless}."


def _places(alike: Sequence[MissingState]) -> Iterable[MissingState]:
    return {state.read: state for state in alike[:MAX_LISTED]}.values()


def _detail(state: MissingState) -> str:
    where = f" where `{state.condition}`" if state.condition else ""
    at = f"; the object is made at byte {state.artifact.start}" if state.artifact.start is not None else ""
    return f"code: `{state.attribute}` is read at {state.read} by `{state.method}`{where}{at}"
