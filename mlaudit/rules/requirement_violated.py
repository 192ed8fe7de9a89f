"""A package requires a version of another one that this environment does not have."""

from __future__ import annotations

from collections.abc import Iterator

from mlaudit.comparison.scene import View
from mlaudit.environments.target import applies
from mlaudit.model.findings import Hit, Location
from mlaudit.model.names import package_of
from mlaudit.model.nouns import Fix, Layer, Pin, Role, Severity
from mlaudit.model.report import Environment
from mlaudit.model.versions import admits
from mlaudit.rules._registry import environment_rule


@environment_rule("MLA203", Severity.WARNING, since="0.1", title="a requirement is violated", fact="fit")
def check(environment: Environment, view: View) -> Iterator[Hit]:
    """A package requires a version of another one that this environment does not have.

    What it does:
        Compares every requirement that installed metadata or the lock itself states with the version in the same
        environment; if they state none, the requirements that the index of releases has for the version, those of
        extras included where a list asks for the extra. What has a marker that is false for the target is left out.
        Where one install of lists that a user wrote asks for both, an installer refuses them: that is an error.

    Why:
        Packages were installed with `--no-deps`, in two steps, or over a conda environment. `pip check` would say so,
        where the environment can be run.

    Example:
        `transformers 4.41.2` requires `tokenizers<0.20,>=0.19`; the environment has tokenizers 0.20.1.

    Fix:
        Install both in one step, or use a release of either that fits.

    References:
        https://pip.pypa.io/en/stable/cli/pip_check/
    """
    reported: set[tuple[str, str]] = set()
    for pin, version in _requiring(environment):
        for edge in pin.requires:
            package = package_of(edge.name)
            cell = environment.cells.get(package)
            if cell is None or cell.version is None or edge.specifier is None or edge.when_extra or edge.when_group:
                continue
            if not admits(edge.specifier, cell.version) and applies(edge.marker, environment.target):
                reported.add((pin.package, package))
                yield Hit(
                    package=pin.package,
                    other=package,
                    environments=(environment.name,),
                    message=(
                        f"In {environment.name}, {pin.name} {version} requires {edge.name}{edge.specifier}, and "
                        f"{edge.name} is {cell.version}."
                    ),
                    at=view.place(cell),
                    related=(Location(pin.at, Role.REQUIREMENT, f"{pin.name} requires {edge.name}{edge.specifier}"),),
                    expected=f"{edge.name}{edge.specifier}",
                    actual=f"{edge.name} {cell.version}",
                    values=(version, package, cell.version),
                )
    yield from _by_index(environment, view, reported)


def _by_index(environment: Environment, view: View, reported: set[tuple[str, str]]) -> Iterator[Hit]:
    """What the index of releases says is not met, of packages that no family judges and no metadata covered already."""
    from mlaudit.comparison.requirements import is_refused, unmet_requirements
    from mlaudit.knowledge.releases import matters

    for row in unmet_requirements(environment):
        if (row.subject, row.other) not in reported and not matters(row.other):
            yield Hit(
                package=row.subject,
                other=row.other,
                environments=(environment.name,),
                severity=Severity.ERROR if is_refused(environment, row) else Severity.WARNING,
                message=f"In {environment.name}, {row.says}",
                at=view.place(environment.cell(row.other)),
                related=(
                    Location(
                        view.place(environment.cell(row.subject)),
                        Role.REQUIREMENT,
                        f"{row.subject} requires {row.other}{row.wanted}",
                    ),
                ),
                evidence=row.evidence,
                expected=f"{row.other}{row.wanted}",
                actual=f"{row.other} {row.other_version}",
                values=(row.subject_version, row.other, row.other_version),
                fix=Fix(says=row.remedy),
            )


def _requiring(environment: Environment) -> Iterator[tuple[Pin, str]]:
    """The pins that count and show what they require, with their version; what a user declares is no metadata."""
    # What states requirements states more than its version.
    for cell in environment.unusual_cells:
        if cell.version is not None:
            for pin in cell.pins:
                if pin.layer is not Layer.DECLARED and pin.version == cell.version:
                    yield pin, cell.version
