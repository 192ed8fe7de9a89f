"""From a report to the moves that would fix it: who takes whose version."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase

from mlaudit.knowledge.family import families, fitting_release
from mlaudit.model.errors import UsageError
from mlaudit.model.findings import Finding
from mlaudit.model.lazy_pattern import lazy_pattern
from mlaudit.model.names import package_meant
from mlaudit.model.nearest import nearest
from mlaudit.model.nouns import Change, Kind, Verdict
from mlaudit.model.report import Environment, Report, Row
from mlaudit.model.versions import parsed, same_public
from mlaudit.repair.nouns import RepairChoice, WantedMove

DIRECTIONS = ("reference", "serving", "highest", "lowest")
"""What `--to` may be."""
_APART = (Verdict.DIFFERS, Verdict.DISJOINT, Verdict.LOOSE)
_MOVABLE = (Kind.PACKAGE, Kind.PYTHON)
VERSION = lazy_pattern(r"[0-9][0-9A-Za-z.!_-]{0,63}(?:\+[0-9A-Za-z.]{1,32})?")
"""A version that may be written into a file."""


class Clash(UsageError):
    """Two versions are wanted of one package in one environment."""


def family_of(name: str) -> frozenset[str]:
    """The packages of a family, by its name or that of a member. Raises UsageError."""
    known = families()
    package = package_meant(name)
    for family, members in known.items():
        if name.lower() == family:
            return members
    families_of_package = [members for members in known.values() if package in members]
    if not families_of_package:
        near = nearest(name, [*known, *(member for members in known.values() for member in members)])
        meant = f"; did you mean {near}?" if near else f"; known are {', '.join(known)}"
        raise UsageError(f"--group {name}: no family of packages{meant}")
    return frozenset().union(*families_of_package)


def set_versions(given: Iterable[str]) -> tuple[tuple[str, str], ...]:
    """The pairs of `--set PACKAGE==VERSION`. Raises UsageError."""
    versions = []
    for text in given:
        name, equals, version = text.partition("==")
        if not (equals and name.strip() and VERSION.fullmatch(version.strip()) and parsed(version.strip())):
            raise UsageError(f"--set {text}: expected a package and its version, such as numpy==2.1.3")
        versions.append((package_meant(name.strip()), version.strip()))
    return tuple(versions)


def wanted_moves(report: Report, choice: RepairChoice) -> tuple[WantedMove, ...]:
    """The moves that were requested, partners of a family with them. Raises UsageError and Clash."""
    _demand_known(report, choice)
    given = [move for move in _moves(report, choice) if VERSION.fullmatch(move.change.to)]
    merged = _merged(_from_final_sources(given))
    along = [] if choice.versions else list(_along(report, merged))
    return (*merged, *along, *_partners(report, [*merged, *along], choice))


def _from_final_sources(given: Sequence[WantedMove]) -> Iterator[WantedMove]:
    """The moves, where who takes the version of an environment that moves itself takes its new one."""
    moves = {(move.change.environment, move.change.package): move for move in given}
    for move in given:
        final, seen = move, {move.change.environment}
        while (above := moves.get((final.source, move.change.package))) and above.change.environment not in seen:
            seen.add(above.change.environment)
            final = above
        yield move._replace(change=move.change._replace(to=final.change.to))


def _merged(given: Iterable[WantedMove]) -> list[WantedMove]:
    """One move for each package of each environment. Raises Clash."""
    merged: dict[tuple[str, str], dict[str, set[str]]] = {}
    for move in given:
        versions = merged.setdefault((move.change.environment, move.change.package), {})
        versions.setdefault(move.change.to, set()).update(move.fingerprints)
    for (environment, package), versions in merged.items():
        if len(versions) > 1:
            several = " and ".join(versions)
            raise Clash(
                f"{environment} is to take {several} of {package}, each for another finding; "
                f"--set {package}==VERSION says which, or --finding names one of them"
            )
    return [
        WantedMove(Change(environment, package, to), frozenset(fingerprints))
        for (environment, package), versions in merged.items()
        for to, fingerprints in versions.items()
    ]


def _along(report: Report, moves: Sequence[WantedMove]) -> Iterator[WantedMove]:
    """Followers that agree with who moves, and would no longer agree: they move too."""
    by_name = {environment.name: environment for environment in report.environments}
    following: dict[str, list[Environment]] = {}
    for environment in report.environments:
        for writer in environment.follows:
            following.setdefault(writer, []).append(environment)
    moved = {(move.change.environment, move.change.package) for move in moves}
    left = [move.change for move in moves]
    while left:
        change = left.pop()
        was = by_name[change.environment].cell(change.package).version
        for follower in following.get(change.environment, ()):
            cell = follower.cells.get(change.package)
            key = (follower.name, change.package)
            if was is None or cell is None or cell.version is None or key in moved or not _has(cell.version, was):
                continue
            moved.add(key)
            left.append(change._replace(environment=follower.name))
            yield WantedMove(left[-1])


def _demand_known(report: Report, choice: RepairChoice) -> None:
    known = [finding.fingerprint for finding in report.findings]
    for asked in choice.fingerprints:
        if not any(name.startswith(asked) for name in known):
            raise UsageError(f"--finding {asked}: no finding has such a fingerprint; `--format json` shows them")
    packages = {package for environment in report.environments for package in environment.cells}
    for package, _ in choice.versions:
        if package not in packages:
            near = nearest(package, sorted(packages))
            raise UsageError(f"--set {package}: no environment names it" + (f"; did you mean {near}?" if near else ""))


def _moves(report: Report, choice: RepairChoice) -> Iterator[WantedMove]:
    if choice.versions:
        yield from _set_moves(report, choice)
    elif choice.to == "reference":
        yield from _advised(report, choice)
    elif choice.to == "serving":
        yield from _backward(report, choice)
    else:
        yield from _extreme(report, choice)


def is_chosen(package: str | None, choice: RepairChoice) -> bool:
    """Whether a package is among those that were requested."""
    if package is None:
        return False
    in_family = not choice.family or package in choice.family
    return in_family and (not choice.packages or any(fnmatchcase(package, glob) for glob in choice.packages))


def _findings(report: Report, choice: RepairChoice) -> Iterator[Finding]:
    for finding in report.findings:
        named = not choice.fingerprints or any(
            finding.fingerprint.startswith(fingerprint) for fingerprint in choice.fingerprints
        )
        if named and is_chosen(finding.package, choice):
            yield finding


def _advised(report: Report, choice: RepairChoice) -> Iterator[WantedMove]:
    """What findings advise, where it is the follower that moves; what a finding covers moves too."""
    followers = {environment.name for environment in report.environments if environment.follows or environment.reads}
    rows = {row.package: row for row in report.rows}
    for finding in _findings(report, choice):
        changes = finding.fix.changes if finding.fix is not None else ()
        if not changes or changes[0].environment not in followers:
            continue
        writer = finding.environments[0]
        yield WantedMove(changes[0], frozenset((finding.fingerprint,)), writer)
        for package in _covered(finding, choice):
            yield from _to_version_of(writer, changes[0].environment, rows.get(package))


def _backward(report: Report, choice: RepairChoice) -> Iterator[WantedMove]:
    """The writer takes the version of its reader; what a finding covers moves too."""
    writers = {pair.writer for pair in report.pairs}
    rows = {row.package: row for row in report.rows}
    for finding in _findings(report, choice):
        changes = finding.fix.changes if finding.fix is not None else ()
        back = next((change for change in changes if change.environment == finding.environments[0]), None)
        if back is None or back.environment not in writers:
            continue
        yield WantedMove(back, frozenset((finding.fingerprint,)))
        for package in _covered(finding, choice):
            yield from _to_version_of(finding.environments[-1], back.environment, rows.get(package))


def _covered(finding: Finding, choice: RepairChoice) -> Iterator[str]:
    """The packages that moved with the one of a finding, and are named behind it."""
    packages = (text.partition(" ")[0] for text in finding.covers)
    return (package for package in packages if is_chosen(package, choice))


def _to_version_of(source: str, environment: str, row: Row | None) -> Iterator[WantedMove]:
    """One environment takes another's version of a row, where both name the package."""
    cells = {cell.environment: cell for cell in row.cells} if row is not None else {}
    there, here = cells.get(source), cells.get(environment)
    if row is not None and there is not None and here is not None and there.version is not None and here.pins:
        yield WantedMove(Change(environment, row.package, there.version), source=source)


def _extreme(report: Report, choice: RepairChoice) -> Iterator[WantedMove]:
    """Every side of a row that differs takes the highest, or the lowest, version of it."""
    by_package: dict[str, list[Finding]] = {}
    for finding in _findings(report, choice):
        if finding.fix is not None and finding.fix.changes:
            for package in (finding.package or "", *_covered(finding, choice)):
                by_package.setdefault(package, []).append(finding)
    rows = {row.package: row for row in report.rows}
    for package, findings in by_package.items():
        names = {name for finding in findings for name in finding.environments}
        if package in rows:
            yield from _to_extreme(rows[package], names, findings, highest=choice.to == "highest")


def _to_extreme(row: Row, names: set[str], findings: Sequence[Finding], *, highest: bool) -> Iterator[WantedMove]:
    versions = [cell.version for cell in row.cells if cell.environment in names and cell.version is not None]
    readable = [(order, version) for version in versions if (order := parsed(version)) is not None]
    if not readable or len(readable) < len(versions):
        return
    best = (max if highest else min)(readable)[1]
    about = frozenset(finding.fingerprint for finding in findings)
    for cell in row.cells:
        if cell.environment in names and cell.pins and not _has(cell.version, best):
            yield WantedMove(Change(cell.environment, row.package, best), about)


def _set_moves(report: Report, choice: RepairChoice) -> Iterator[WantedMove]:
    """Every environment that names a package takes the version that was named."""
    about = _between_equals(report, dict(choice.versions))
    for package, version in choice.versions:
        for environment in report.environments:
            cell = environment.cells.get(package)
            if cell is not None and cell.pins and not environment.is_model and not _has(cell.version, version):
                yield WantedMove(Change(environment.name, package, version), about.get(package, frozenset()))


def _between_equals(report: Report, versions: Mapping[str, str]) -> Mapping[str, frozenset[str]]:
    """The findings that state that two environments differ in a package that all of them are to have alike."""
    return {
        package: frozenset(
            finding.fingerprint
            for finding in report.findings
            if finding.package == package and len(finding.environments) > 1 and finding.fix and finding.fix.changes
        )
        for package in versions
    }


def _has(version: str | None, wanted: str) -> bool:
    if version is None:
        return False
    return same_public(version, wanted) if "+" not in wanted else version == wanted


def _partners(report: Report, moves: Sequence[WantedMove], choice: RepairChoice) -> Iterator[WantedMove]:
    """With `--group`: what must move with a member, to the newest release that is known to demand what moves."""
    if not choice.family:
        return
    by_name = {environment.name: environment for environment in report.environments}
    moved = {(move.change.environment, move.change.package) for move in moves}
    for move in moves:
        if move.change.package in choice.family:
            yield from _partners_of(by_name[move.change.environment], move.change, choice, moved)


def _partners_of(
    environment: Environment, change: Change, choice: RepairChoice, moved: set[tuple[str, str]]
) -> Iterator[WantedMove]:
    for partner in sorted(choice.family - {change.package}):
        cell = environment.cells.get(partner)
        if cell is None or cell.version is None or (environment.name, partner) in moved:
            continue
        fitting = fitting_release(partner, change.package, change.to)
        if fitting is not None and not _has(cell.version, fitting):
            moved.add((environment.name, partner))
            yield WantedMove(Change(environment.name, partner, fitting))
