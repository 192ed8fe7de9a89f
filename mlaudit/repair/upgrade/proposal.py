"""The smallest set of moves that leaves no error: versions that are there already, tried in an audit in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice, product

from mlaudit.model.findings import Finding
from mlaudit.model.lazy_dataclass import replace
from mlaudit.model.nouns import Severity
from mlaudit.model.report import Environment, Report
from mlaudit.model.versions import parsed, public
from mlaudit.repair.moves import VERSION
from mlaudit.repair.upgrade.changed import moves_there, with_versions
from mlaudit.repair.upgrade.fit import environment_fits
from mlaudit.repair.upgrade.nouns import FittingVersions
from mlaudit.repair.upgrade.search import SearchBudget, VersionSearch

MAX_TRIALS = 32
"""Sets of moves that are audited."""

Proposal = tuple[dict[str, str], FittingVersions]


def proposed(
    environments: Sequence[Environment],
    errors: Sequence[Finding],
    audit_again: Callable[[Sequence[Environment]], Report],
    budget: SearchBudget,
) -> Proposal:
    """The versions that leave the fewest errors in some environments, of those the fewest moves."""
    fits, mend = environment_fits(environments), frozenset(_packages(errors))
    options = {name: versions for name in mend if (versions := tuple(_options(environments, errors, name)))}
    options = {name: options[name] for name in _packages(errors) if name in options}
    best: tuple[tuple[int, int], Proposal] | None = None
    more = False
    for number, chosen in enumerate(islice(product(*options.values()), MAX_TRIALS + 1)):
        if number == MAX_TRIALS or budget.left <= 0:
            more = True
            break
        wanted = dict(zip(options, chosen, strict=True))
        fitting_versions = VersionSearch(fits, wanted, mend=mend, budget=budget).solve()
        rank = _rank(environments, fitting_versions, audit_again)
        if best is None or rank < best[0]:
            best = rank, (wanted, fitting_versions)
    wanted, fitting_versions = best[1] if best is not None else ({}, FittingVersions(versions=()))
    return wanted, replace(fitting_versions, gave_up=fitting_versions.gave_up or more)


def _packages(errors: Sequence[Finding]) -> dict[str, None]:
    return dict.fromkeys(error.package for error in errors if error.package is not None)


def _options(environments: Sequence[Environment], errors: Sequence[Finding], package: str) -> Iterator[str]:
    """The versions that its errors speak of: what findings advise, then what environments have."""
    about = [error for error in errors if error.package == package]
    between = [
        finding
        for finding in about
        if len(finding.environments) > 1 or (finding.fix is not None and finding.fix.changes)
    ]
    given = [
        change.to
        for finding in between
        if finding.fix is not None
        for change in finding.fix.changes
        if change.package == package
    ]
    names = {name for finding in between for name in finding.environments}
    there = [
        environment.cell(package).version
        for environment in environments
        if environment.name in names and not environment.is_model
    ]
    seen: set[str] = set()
    for version in (*given, *(public(there_version) for there_version in there if there_version is not None)):
        if VERSION.fullmatch(version) and parsed(version) is not None and version not in seen:
            seen.add(version)
            yield version


def _rank(
    environments: Sequence[Environment],
    fitting_versions: FittingVersions,
    audit_again: Callable[[Sequence[Environment]], Report],
) -> tuple[int, int]:
    versions: Mapping[str, str] = dict(fitting_versions.versions)
    again = audit_again([with_versions(environment, versions) for environment in environments])
    errors = sum(finding.severity is Severity.ERROR for finding in again.findings)
    moves = sum(moves_there(environment, name, to) for environment in environments for name, to in versions.items())
    return errors + len(fitting_versions.unsolved), moves
