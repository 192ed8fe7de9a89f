"""Packages are installed together that break one another, or without a required companion, and no metadata says so."""

from __future__ import annotations

from collections.abc import Iterator

from mlaudit.comparison.scene import View
from mlaudit.model.findings import Hit, Location
from mlaudit.model.nouns import Fix, Role, Severity
from mlaudit.model.report import Environment
from mlaudit.rules._registry import environment_rule


@environment_rule(
    "MLA206",
    Severity.ERROR,
    since="0.2",
    title="versions that break each other",
    fact="fit",
    supersedes=["MLA201", "MLA203"],
)
def check(environment: Environment, view: View) -> Iterator[Hit]:
    """Packages are installed together that break one another, or without a required companion, and no metadata says so.

    What it does:
        Compares the exact versions of one environment, and the CUDA and cuDNN of its base image, with combinations that
        were reported or measured to break although the metadata of both packages allows them, and with packages that
        need another one which they do not require.

    Why:
        pip, uv and conda install such an environment without a warning. The import, or the first call, fails.

    Example:
        `gensim==4.3.2` beside `scipy==1.13.0`: `cannot import name 'triu' from 'scipy.linalg'`.

    Fix:
        Set the range that the finding names, or upgrade the package that breaks to a release that supports the other
        one.

    References:
        https://packaging.python.org/en/latest/discussions/install-requires-vs-requirements/
    """
    from mlaudit.comparison.requirements import worlds_for
    from mlaudit.knowledge.combinations import broken_combinations

    def may_hold(marker: str) -> bool:
        return any(holds(marker) for holds in worlds_for(environment.target).values())

    for broken_combination in broken_combinations(environment.versions_with_base, environment.distributions, may_hold):
        package, other = environment.cell(broken_combination.package), environment.cell(broken_combination.other)
        yield Hit(
            package=broken_combination.package,
            other=broken_combination.other,
            environments=(environment.name,),
            severity=broken_combination.severity,
            message=f"In {environment.name}: {broken_combination.says}",
            at=view.place(package),
            says=f"{broken_combination.package} {broken_combination.version}",
            related=(
                Location(
                    view.place(other), Role.PACKAGE, f"{broken_combination.other} {broken_combination.other_version}"
                ),
            )
            if broken_combination.other_version is not None
            else (),
            evidence=broken_combination.evidence,
            actual=f"{broken_combination.other} {broken_combination.other_version or 'absent'}",
            values=(broken_combination.version, broken_combination.other, broken_combination.other_version or ""),
            fix=Fix(says=broken_combination.remedy),
        )
