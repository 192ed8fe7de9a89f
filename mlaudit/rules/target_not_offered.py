"""A Python, extra or group was requested that the sources of an environment do not offer."""

from __future__ import annotations

from collections.abc import Iterator

from mlaudit.comparison.scene import View
from mlaudit.model.nouns import Problem, Severity
from mlaudit.model.report import Environment, Hit
from mlaudit.rules._registry import environment_rule

_ANYWHERE = ("extra", "group")


@environment_rule(
    "MLA906", Severity.ERROR, since="0.1", title="the target is not offered", fact="target", where="problems"
)
def check(environment: Environment, view: View) -> Iterator[Hit]:
    """A Python, extra or group was requested that the sources of an environment do not offer.

    What it does:
        Reports a Python that the lock's own `requires-python` excludes, an extra or group that no source has, and
        extras that a lock says exclude one another. What `--extra` and `--group` name may belong to one of several
        environments; it is reported if no environment offers it.

    Why:
        The tool that installs the lock refuses it, so the audit would compare an environment that cannot exist.

    Example:
        `mlaudit compare --python 3.9 training/uv.lock serving/uv.lock`, where both locks have
        `requires-python = ">=3.10"`.

    Fix:
        Ask for what the sources offer, or lock again for the intended target.

    References:
        https://packaging.python.org/en/latest/specifications/core-metadata/#requires-python
    """
    for problem in environment.problems:
        if not _offered_elsewhere(problem, view):
            yield Hit(
                environments=(environment.name,),
                severity=problem.severity,
                message=f"In {environment.name}: {problem.says}{'' if problem.says.endswith('?') else '.'}",
                at=problem.at or view.home(environment.name),
                actual=problem.about[-1],
                values=problem.about,
            )


def _offered_elsewhere(problem: Problem, view: View) -> bool:
    """Whether the same extra or group was requested of another environment, which has it."""
    word, name = problem.about[0], problem.about[-1]
    if word not in _ANYWHERE:
        return False
    asked = (
        environment
        for environment in view.environments.values()
        if name in (*environment.target.extras, *environment.target.groups)
    )
    return any(all(other.about != problem.about for other in environment.problems) for environment in asked)
