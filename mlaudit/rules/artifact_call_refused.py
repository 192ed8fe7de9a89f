"""Loading the artifact calls a class or function in a way that the code of its reader refuses."""

from __future__ import annotations

from collections.abc import Iterator

from mlaudit.comparison.scene import View
from mlaudit.model.missing_states import RefusedByCode
from mlaudit.model.nouns import Role, Severity
from mlaudit.model.report import Environment, Hit, Location
from mlaudit.rules._registry import environment_rule


@environment_rule(
    "MLA412",
    Severity.ERROR,
    since="0.2",
    title="a call of the artifact is refused",
    fact="artifact-call",
    where="refused_calls",
)
def check(environment: Environment, view: View) -> Iterator[Hit]:
    """Loading the artifact calls a class or function in a way that the code of its reader refuses.

    What it does:
        Compares what a pickle calls with the code of the environment that loads it: the number of arguments of
        functions, classes, named tuples and dataclasses, the keys and the length of the state that `__setstate__` takes
        apart, the fields of the records in arrays, and the layouts of Cython classes by their checksums.

    Why:
        A pickle rebuilds objects by calling what the writer's version offered. Under a version with another signature
        or layout, loading ends with TypeError, ValueError, KeyError or PickleError.

    Example:
        A tree of scikit-learn 1.2 has records without `missing_go_to_left`, which the `Node` of 1.3 has.

    Fix:
        Load the artifact with the code that wrote it, or write it again with the reader's.

    References:
        https://docs.python.org/3/library/pickle.html#object.__reduce__
    """
    for call in environment.refused_calls:
        yield _hit(call, environment)


def _hit(refused: RefusedByCode, environment: Environment) -> Hit:
    at = f" at byte {refused.artifact.start}" if refused.artifact.start is not None else ""
    return Hit(
        package=refused.package,
        environments=tuple(dict.fromkeys((refused.writer, environment.name))),
        message=(
            f"{refused.artifact.path}{at}: `{refused.called}` of {environment.name} {refused.reason}, so loading fails."
        ),
        at=refused.artifact,
        says="",
        related=(Location(refused.taken, Role.FILE),),
        values=(refused.called, refused.reason),
    )
