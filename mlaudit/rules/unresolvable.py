"""The statements of an environment cannot be installed together."""

from __future__ import annotations

from collections.abc import Iterator

from mlaudit.comparison.scene import View
from mlaudit.model.nouns import Role, Severity
from mlaudit.model.report import Environment, Hit, Location
from mlaudit.rules._registry import environment_rule


@environment_rule(
    "MLA907", Severity.ERROR, since="0.1", title="cannot be installed", fact="unresolvable", where="unresolvable"
)
def check(environment: Environment, view: View) -> Iterator[Hit]:
    """No set of versions satisfies what an environment states.

    What it does:
        With `--resolve`, reports the explanation of the resolver (uv; for conda environments micromamba, mamba or
        conda) if no versions satisfy all statements of an environment for its Python and platform. Without `--resolve`
        it reports nothing.

    Why:
        The image cannot be built, or is built from cached layers that cannot be built again.

    Example:
        requirements.txt with `scikit-learn==1.5.2` and `numpy<1.19`: scikit-learn 1.5.2 requires numpy 1.19.5.

    Fix:
        Change one of the statements that the explanation names.

    References:
        https://docs.astral.sh/uv/concepts/resolution/
    """
    for unresolvable in environment.unresolvable:
        cells = [environment.cells[name] for name in unresolvable.packages]
        places = [(cell.at, cell.shown) for cell in cells if cell.at is not None]
        at, says = places[0] if places else (view.home(environment.name), None)
        yield Hit(
            environments=(environment.name,),
            message=f"{environment.name} cannot be installed: {unresolvable.tool} finds no versions that satisfy it.",
            details=(unresolvable.says,),
            at=at,
            says=says,
            related=tuple(Location(place, Role.STATEMENT, text) for place, text in places[1:]),
            actual=", ".join(unresolvable.packages) or None,
            values=("unresolvable", *unresolvable.packages),
        )
