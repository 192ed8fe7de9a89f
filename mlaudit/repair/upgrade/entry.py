"""What `mlaudit plan` asks of this stage: the plan of an upgrade, of a report and the versions that are wanted."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

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
from mlaudit.repair.upgrade.nouns import EnvironmentMove, FittingVersions, PackageMove, UpgradePlan
from mlaudit.repair.upgrade.proposal import proposed
from mlaudit.repair.upgrade.roll_out import pair_orders, roll_out_steps
from mlaudit.repair.upgrade.search import VersionSearch

AuditAgain = Callable[[Sequence[Environment]], Report]
"""The report on environments as they would be."""


def plan_upgrade(
    report: Report, targets: Sequence[tuple[str, str]], files: RepairFiles, audit_again: AuditAgain
) -> UpgradePlan:
    """What an upgrade takes; without targets, the smallest set of moves that leaves no error. Raises UsageError."""
    wanted = _targets(report, targets)
    fits = environment_fits(report.environments)
    if wanted:
        found = VersionSearch(fits, wanted).solve()
    else:
        wanted, found = proposed(report, fits, audit_again)
    versions = dict(found.versions)
    after = {one.name: with_versions(one, versions) for one in report.environments}
    again = audit_again(tuple(after.values()))
    moves = tuple(_moves(report, found, wanted, files))
    orders = pair_orders(report, after)
    # A fingerprint may hold a version; the same fact about another one is not new.
    known = {_fact(one) for one in (*report.findings, *report.suppressed)}
    left = tuple(one for one in again.findings if one.severity is not Severity.INFO)
    return UpgradePlan(
        targets=tuple(wanted.items()),
        proposed=not targets,
        moves=moves,
        unsolved=found.unsolved,
        artifacts=affected_artifacts(report, after, versions),
        orders=orders,
        steps=roll_out_steps(moves, orders),
        unknown=tuple(_unknown(report, fits, found)),
        before=errors_of(report.findings),
        after=left,
        fresh=frozenset(one.fingerprint for one in left if _fact(one) not in known),
        index=report.knowledge,
        gave_up=found.gave_up,
        search_steps=found.steps,
    )


def _fact(one: Finding) -> tuple[str, str | None, tuple[str, ...], str]:
    return one.code, one.package, one.environments, one.fingerprint if one.severity is Severity.ERROR else ""


def errors_of(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """The errors among some findings."""
    return tuple(one for one in findings if one.severity is Severity.ERROR)


def _targets(report: Report, given: Sequence[tuple[str, str]]) -> dict[str, str]:
    named = {package for one in report.environments if not one.is_model for package in one.cells}
    wanted: dict[str, str] = {}
    for package, version in given:
        if package not in named:
            near = nearest(package, sorted(named))
            meant = f"; did you mean {near}?" if near else ""
            raise UsageError(f"{package}=={version}: no environment names {package}{meant}")
        if wanted.setdefault(package, version) != version:
            raise UsageError(f"{package} is to be {wanted[package]} and {version}; name one version")
    return wanted


def _moves(
    report: Report, found: FittingVersions, wanted: Mapping[str, str], files: RepairFiles
) -> Iterator[PackageMove]:
    because = dict(found.because)
    for package, to in found.versions:
        where = tuple(
            _environment_move(one, Change(one.name, package, to), files)
            for one in report.environments
            if moves_there(one, package, to)
        )
        asked = package in wanted
        yield PackageMove(package=package, to=to, because=because.get(package, ""), asked=asked, environments=where)


def _environment_move(environment: Environment, change: Change, files: RepairFiles) -> EnvironmentMove:
    """What one move changes in files, or why it is to be made by hand."""
    cell = environment.cell(change.package)
    statements = tuple(dict.fromkeys(pin.at for pin in (*cell.pins, *cell.overruled)))
    move = EnvironmentMove(environment=environment.name, was=cell.shown, statements=statements)
    try:
        commands = stated_at(environment, change, files.open).commands
        return replace(move, edits=edits_of(environment, change, files), commands=commands)
    except Refused as error:
        return replace(move, refusal=str(error))


def _unknown(report: Report, fits: Sequence[EnvironmentFit], found: FittingVersions) -> Iterator[str]:
    """What could not be judged, so that nobody takes silence for a yes."""
    moved = dict(found.versions)
    for package, version in moved.items():
        if package != PYTHON and history(package) is None:
            yield f"{package} is not in the release index: what {version} requires is not known"
        elif package != PYTHON and release(package, version) is None:
            yield f"{package} {version} is not in the release index: what it requires is not known"
    yield from _older(fits, dict(found.because), moved)
    yield from _of_environments(fits, moved)
    crosses = Judgements({one.name: one for one in report.environments})
    for writer, reader in report.pairs:
        if moved and not crosses.what_crosses(writer, reader)[0]:
            yield f"what {reader} reads of {writer} is not known, so every kind of file was considered"
    if any(one.missing_names or one.missing_states or one.refused_calls for one in report.environments):
        yield "whether the code of the new versions has the names that artifacts import was not looked up"
    if any(_is_conda(fit, package) for fit in fits for package in moved):
        yield "conda's builds have requirements of their own; those of the wheels on the index were used"


def _older(fits: Sequence[EnvironmentFit], because: Mapping[str, str], moved: Mapping[str, str]) -> Iterator[str]:
    """Partners that go back: an old release may require no upper end only because it could not know of any."""
    for package in because:
        was = [cell.version for cell in cells_of(fits, package) if cell.version is not None]
        to = parsed(moved[package])
        if to is not None and any((one := parsed(version)) is not None and one > to for version in was):
            yield f"{package} {moved[package]} is older than what is there: it may fit only by what it leaves open"


def _of_environments(fits: Sequence[EnvironmentFit], moved: Mapping[str, str]) -> Iterator[str]:
    silent = [fit.environment.name for fit in fits if not fit.environment.target.pythons]
    if silent:
        yield f"no Python is stated in {listed(silent, ', ')}: whether there are wheels for it is not judged"
    for fit in fits:
        unnamed = [package for package in moved if not fit.names(package)]
        name = fit.environment.name
        if unnamed and not fit.environment.complete:
            yield f"{name} does not name {', '.join(unnamed)}: which version it installs is not judged"
        blind = sorted(fit.unknown_to_index(moved))
        if blind:
            shown = ", ".join(blind[:4]) + (f" and {len(blind) - 4:,} more" if len(blind) > 4 else "")
            yield f"what {shown} in {name} require is not in the release index"
        vague = sorted(fit.uncertain_ranges(moved))
        if vague:
            yield f"{name} states ranges of {listed(vague, ', ')}: whether a release in them fits is not known"
        if fit.environment.unread:
            count = len(fit.environment.unread)
            yield f"{count:,} {'entry' if count == 1 else 'entries'} of {name} could not be read"
        several = [one for one in moved if fit.environment.cell(one).state is State.SEVERAL]
        if several:
            yield f"{name} states several versions of {', '.join(several)}"


def _is_conda(fit: EnvironmentFit, package: str) -> bool:
    return any(pin.ecosystem == "conda" for pin in fit.environment.cell(package).pins)
