"""A release has no wheel for the Python of its environment."""

from __future__ import annotations

from collections.abc import Iterator

from mlaudit.comparison.scene import View
from mlaudit.model.nouns import LAST_KERNEL, Fix, Severity
from mlaudit.model.report import Environment, Hit
from mlaudit.rules._registry import environment_rule

_LAST_RUN = " That is the Python of the kernel that last ran the notebook."


@environment_rule(
    "MLA204",
    Severity.WARNING,
    since="0.1",
    title="this Python is not supported",
    fact="python-wheel",
    when="has_one_python",
)
def check(environment: Environment, view: View) -> Iterator[Hit]:
    """A release has no wheel for the Python of its environment.

    What it does:
        Reports exact versions that declare (`Requires-Python`) that they do not run on the environment's Python, and
        those for which the package index has no wheel, as far as the dated tables of releases show. Packages that conda
        installs have builds of their own and are left out. It is an info where only the kernel that last ran a notebook
        says which Python there was.

    Why:
        The install fails, or builds from source, which needs a compiler.

    Example:
        `torch==1.12.1` on Python 3.12.

    Fix:
        Use a release that has a wheel for this Python, or a Python that the release supports.

    References:
        https://packaging.python.org/en/latest/specifications/platform-compatibility-tags/
    """
    from mlaudit.knowledge.binaries import python_unsupported

    if len(environment.target.pythons) != 1:
        return
    of_last_run = [pin for pin in environment.cell("python").pins if pin.detail == LAST_KERNEL]
    by_chance = bool(of_last_run) and len(of_last_run) == len(environment.cell("python").pins)
    for package, version in environment.exact_versions.items():
        if all(pin.ecosystem == "conda" for pin in environment.cell(package).pins):
            continue
        target = environment.target
        unsupported = python_unsupported(package, version, target.pythons[0], target.platform, target.machine)
        if unsupported is not None:
            yield Hit(
                package=package,
                environments=(environment.name,),
                message=f"In {environment.name}: {unsupported.says}{_LAST_RUN if by_chance else ''}",
                at=view.place(environment.cell(package)),
                evidence=unsupported.evidence,
                actual=version,
                fix=Fix(says=unsupported.remedy),
                severity=Severity.INFO if by_chance else None,
            )
