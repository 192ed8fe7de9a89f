"""What `mlaudit plan` asks of this stage: the plan of an upgrade, of a report and the versions that are wanted."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from mlaudit.comparison.judgement import Judgements
from mlaudit.knowledge.releases import history, release
from mlaudit.model.errors import UsageError
from mlaudit.model.findings import Finding
from mlaudit.model.lazy_dataclass import replace
from mlaudit.model.nearest import nearest
from mlaudit.model.nouns import Change, Severity, State
from mlaudit.model.report import Environment, Report, listed
from mlaudit.model.versions import parsed
from mlaudit.repair.documents import Refused
from mlaudit.repair.plan import RepairFiles, edits_of
from mlaudit.repair.statements import stated_at
from mlaudit.repair.upgrade.affected import affected_artifacts
from mlaudit.repair.upgrade.changed import moves_there, with_versions
from mlaudit.repair.upgrade.fit import PYTHON, EnvironmentFit, cells_of, environment_fits
from mlaudit.repair.upgrade.groups import joined_environments
from mlaudit.repair.upgrade.nouns import EnvironmentMove, FittingVersions, PackageMove, Unsolved, UpgradePlan
from mlaudit.repair.upgrade.proposal import proposed
from mlaudit.repair.upgrade.roll_out import pair_orders, roll_out_steps
from mlaudit.repair.upgrade.search import SearchBudget, VersionSearch

AuditAgain = Callable[[Sequence[Environment]], Report]
"""The report on environments as they would be."""


def plan_upgrade(
    report: Report, targets: Sequence[tuple[str, str]], files: RepairFiles, audit_again: AuditAgain
) -> UpgradePlan:
    """What an upgrade takes; without targets, the smallest set of moves that leaves no error. Raises UsageError."""
    wanted = _targets(report, targets)
    groups = tuple(_solved(report, wanted, audit_again))
    versions = {fit.environment.name: dict(group.fitting.versions) for group in groups for fit in group.fits}
    after = {
        environment.name: with_versions(environment, versions.get(environment.name, {}))
        for environment in report.environments
    }
    again = audit_again(tuple(after.values()))
    moves = tuple(_moves(report, groups, files))
    orders = pair_orders(report, after)
    known = {_fact(finding) for finding in (*report.findings, *report.suppressed)}
    left = tuple(finding for finding in again.findings if finding.severity is not Severity.INFO)
    return UpgradePlan(
        targets=tuple(dict.fromkeys(pair for group in groups for pair in group.targets)),
        proposed=not targets,
        moves=moves,
        unsolved=_merged(unsolved for group in groups for unsolved in group.fitting.unsolved),
        artifacts=affected_artifacts(report, after, frozenset(name for moved in versions.values() for name in moved)),
        orders=orders,
        steps=roll_out_steps(moves, orders),
        unknown=tuple(dict.fromkeys(_unknown(report, groups))),
        before=errors_of(report.findings),
        after=left,
        fresh=frozenset(finding.fingerprint for finding in left if _fact(finding) not in known),
        index=report.knowledge,
        gave_up=any(group.fitting.gave_up for group in groups),
        search_steps=sum(group.fitting.steps for group in groups),
        uniform=_is_uniform(moves, report),
    )


class _Group(NamedTuple):
    """Environments that must agree, and what was found for them."""

    fits: tuple[EnvironmentFit, ...]
    targets: tuple[tuple[str, str], ...]
    fitting: FittingVersions


def _solved(report: Report, wanted: Mapping[str, str], audit_again: AuditAgain) -> Iterator[_Group]:
    """Each group of environments that names a target or, where none is given, has an error."""
    budget = SearchBudget()
    for environments in joined_environments(report.environments):
        fits = environment_fits(environments)
        if wanted:
            here = {name: to for name, to in wanted.items() if any(fit.names(name) for fit in fits)}
            if here:
                yield _Group(fits, tuple(here.items()), VersionSearch(fits, here, budget=budget).solve())
            continue
        names = {environment.name for environment in environments}
        errors = [error for error in errors_of(report.findings) if not names.isdisjoint(error.environments)]
        if errors:
            chosen, versions = proposed(environments, errors, audit_again, budget)
            yield _Group(fits, tuple(chosen.items()), versions)


def _is_uniform(moves: Sequence[PackageMove], report: Report) -> bool:
    """Whether each package that moves takes one version in all environments that have another."""
    packages = [move.package for move in moves]
    return len(packages) == len(set(packages)) and all(
        len(move.environments)
        == sum(moves_there(environment, move.package, move.to) for environment in report.environments)
        for move in moves
    )


def _merged(unsolved: Iterable[Unsolved]) -> tuple[Unsolved, ...]:
    """Each conflict once, with all environments that have it."""
    merged: dict[tuple[str, str], Unsolved] = {}
    for gap in unsolved:
        key = (gap.unfit.says, gap.says)
        before = merged.get(key)
        where = (*(before.environments if before is not None else ()), *gap.environments)
        merged[key] = replace(gap, environments=tuple(dict.fromkeys(where)))
    return tuple(merged.values())


def _fact(finding: Finding) -> tuple[str, str | None, tuple[str, ...], str]:
    return (
        finding.code,
        finding.package,
        finding.environments,
        finding.fingerprint if finding.severity is Severity.ERROR else "",
    )


def errors_of(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """The errors among some findings."""
    return tuple(finding for finding in findings if finding.severity is Severity.ERROR)


def _targets(report: Report, given: Sequence[tuple[str, str]]) -> dict[str, str]:
    named = {
        package for environment in report.environments if not environment.is_model for package in environment.cells
    }
    wanted: dict[str, str] = {}
    for package, version in given:
        if package not in named:
            near = nearest(package, sorted(named))
            meant = f"; did you mean {near}?" if near else ""
            raise UsageError(f"{package}=={version}: no environment names {package}{meant}")
        if wanted.setdefault(package, version) != version:
            raise UsageError(f"{package} is to be {wanted[package]} and {version}; name one version")
    return wanted


def _moves(report: Report, groups: Sequence[_Group], files: RepairFiles) -> Iterator[PackageMove]:
    by_name = {environment.name: environment for environment in report.environments}
    where: dict[tuple[str, str], list[EnvironmentMove]] = {}
    for group in groups:
        for package, to in group.fitting.versions:
            environment_moves = where.setdefault((package, to), [])
            for fit in group.fits:
                moved_environment = by_name[fit.environment.name]
                if moves_there(moved_environment, package, to):
                    environment_moves.append(
                        _environment_move(moved_environment, Change(moved_environment.name, package, to), files)
                    )
    asked = {pair for group in groups for pair in group.targets}
    because = {package: says for group in groups for package, says in group.fitting.because}
    for pair, moves in sorted(where.items(), key=lambda item: item[0] not in asked):
        package, to = pair
        says = "" if pair in asked else because.get(package, "")
        yield PackageMove(package=package, to=to, because=says, asked=pair in asked, environments=tuple(moves))


def _environment_move(environment: Environment, change: Change, files: RepairFiles) -> EnvironmentMove:
    """What one move changes in files, or why it is to be made by hand."""
    cell = environment.cell(change.package)
    statements = tuple(dict.fromkeys(pin.at for pin in (*cell.pins, *cell.overruled)))
    move = EnvironmentMove(environment=environment.name, was=cell.shown, statements=statements)
    try:
        stated = stated_at(environment, change, files.open)
        return replace(move, edits=tuple(edits_of(stated, files)), commands=stated.commands)
    except Refused as error:
        return replace(move, refusal=str(error))


def _unknown(report: Report, groups: Sequence[_Group]) -> Iterator[str]:
    """What could not be judged, so that nobody takes silence for a yes."""
    if not report.pairs:
        yield "no environment follows another here, so nothing was compared"
    yield from _unindexed(dict.fromkeys(pair for group in groups for pair in group.fitting.versions))
    silent = [fit.environment.name for group in groups for fit in group.fits if not fit.environment.target.pythons]
    if silent:
        yield f"no Python is stated for {listed(silent, ', ')}, so wheels were not checked"
    for group in groups:
        versions = dict(group.fitting.versions)
        yield from _older(group.fits, dict(group.fitting.because), versions)
        yield from _of_environments(group.fits, versions)
    yield from _of_crossings(report, {fit.environment.name for group in groups for fit in group.fits})
    if any(_is_conda(fit, name) for group in groups for fit in group.fits for name, _ in group.fitting.versions):
        yield "conda builds have requirements of their own; those of the wheels were used"


def _unindexed(moved: Iterable[tuple[str, str]]) -> Iterator[str]:
    for package, version in moved:
        if package != PYTHON and history(package) is None:
            yield f"{package} is not in the release index: the requirements of {version} are known in part at most"
        elif package != PYTHON and release(package, version) is None:
            yield f"{package} {version} is not in the release index: its requirements are not known"


def _of_crossings(report: Report, names: Container[str]) -> Iterator[str]:
    """What is not known of what crosses to environments that change."""
    crosses = Judgements({environment.name: environment for environment in report.environments})
    blind = [pair for pair in report.pairs if pair.reader in names and not crosses.what_crosses(*pair)[0]]
    if blind:
        pairs = listed((f"{pair.reader} reads files of {pair.writer}" for pair in blind), ", ")
        yield f"{pairs}: not known in which form, so every kind of file was considered"
    if any(
        environment.missing_names or environment.missing_states or environment.refused_calls
        for environment in report.environments
    ):
        yield "the code of the new versions was not searched for the names that artifacts import"


def _older(fits: Sequence[EnvironmentFit], because: Mapping[str, str], moved: Mapping[str, str]) -> Iterator[str]:
    """Partners that go back: an old release may require no upper end only because it could not know of any."""
    for package in because:
        was = [cell.version for cell in cells_of(fits, package) if cell.version is not None]
        to = parsed(moved[package])
        if to is not None and any((older := parsed(version)) is not None and older > to for version in was):
            yield f"{package} {moved[package]} is older than today's: perhaps it fits only because it states less"


def _of_environments(fits: Sequence[EnvironmentFit], moved: Mapping[str, str]) -> Iterator[str]:
    for fit in fits:
        unnamed = [package for package in moved if not fit.names(package)]
        name = fit.environment.name
        if unnamed and not fit.environment.complete:
            yield f"{name} does not name {', '.join(unnamed)}: the version that it installs is not checked"
        blind = sorted(fit.unknown_to_index(moved))
        if blind:
            shown = ", ".join(blind[:4]) + (f" and {len(blind) - 4:,} more" if len(blind) > 4 else "")
            yield f"{name}: the release index has no requirements of {shown}"
        vague = sorted(fit.uncertain_ranges(moved))
        if vague:
            yield f"{name} states ranges of {listed(vague, ', ')}: it is not known whether a release in them fits"
        if fit.environment.unread:
            count = len(fit.environment.unread)
            yield f"{count:,} {'entry' if count == 1 else 'entries'} of {name} could not be read"
        several = [name for name in moved if fit.environment.cell(name).state is State.SEVERAL]
        if several:
            yield f"{name} states several versions of {', '.join(several)}"


def _is_conda(fit: EnvironmentFit, package: str) -> bool:
    return any(pin.ecosystem == "conda" for pin in fit.environment.cell(package).pins)
