"""The findings of two states of one repository against one another: new, worse, unchanged, fixed."""

from __future__ import annotations

import posixpath
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from mlaudit.model.history import MENDED, NEW, UNCHANGED, WORSE
from mlaudit.model.lazy_dataclass import dataclass, replace
from mlaudit.model.report import Finding


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingChanges:
    """Findings by what happened to them, as the later state has them where it does.

    Attributes:
        brought: those that are new, and those that are worse than they were.
        worse: what the earlier state has of the latter.
    """

    brought: tuple[Finding, ...]
    worse: tuple[Finding, ...]
    unchanged: tuple[Finding, ...]
    mended: tuple[Finding, ...]


def compare_findings(
    earlier: Sequence[Finding], later: Sequence[Finding], *, names: Mapping[str, str], files: Mapping[str, str]
) -> FindingChanges:
    """Which findings of the later state are new or graded more severely, and which of the earlier one are gone.

    Args:
        names: what environments of the earlier state are called in the later one, where that differs.
        files: paths of the later state by those of the earlier one, where they differ.
    """
    known: dict[object, list[Finding]] = defaultdict(list)
    for finding in earlier:
        known[_identity(finding, names, files)].append(finding)
    brought: list[Finding] = []
    worse: list[Finding] = []
    unchanged: list[Finding] = []
    for finding in later:
        same = known.get(_identity(finding, {}, {}))
        before = _counterpart(finding, same) if same else None
        if before is None:
            brought.append(replace(finding, status=NEW))
        elif before.severity.rank > finding.severity.rank:
            worse.append(before)
            brought.append(replace(finding, status=WORSE))
        else:
            unchanged.append(replace(finding, status=UNCHANGED))
    left = {id(finding) for findings in known.values() for finding in findings}
    mended = tuple(replace(finding, status=MENDED) for finding in earlier if id(finding) in left)
    return FindingChanges(brought=tuple(brought), worse=tuple(worse), unchanged=tuple(unchanged), mended=mended)


def _counterpart(finding: Finding, same: list[Finding]) -> Finding:
    """Take out what a finding was: the mildest that was as severe, else the most severe one."""
    as_severe = [known for known in same if known.severity.rank <= finding.severity.rank]
    chosen = max(as_severe, key=_rank) if as_severe else min(same, key=_rank)
    del same[next(at for at, known in enumerate(same) if known is chosen)]
    return chosen


def _rank(finding: Finding) -> int:
    return finding.severity.rank


def _identity(finding: Finding, names: Mapping[str, str], files: Mapping[str, str]) -> object:
    """What the fingerprint is made of, with names and paths of the later state; no lines and no wording."""
    values = finding.values or (finding.expected or "", finding.actual or "")
    environments = tuple(names.get(name, name) for name in finding.environments)
    nameless = finding.package is None and not environments and not finding.values
    path = files.get(finding.at.path, finding.at.path) if nameless else ""
    return finding.package, environments, finding.fact or finding.code, values, path


def environment_names(
    earlier: Mapping[str, Sequence[str]], later: Mapping[str, Sequence[str]], files: Mapping[str, str]
) -> dict[str, str]:
    """Environments that have another name because their files have another path, by their earlier name.

    Args:
        earlier, later: the sources of each environment, by its name.
        files: paths of the later state by those of the earlier one, where they differ.
    """
    free = {name: _files(sources, {}) for name, sources in later.items() if name not in earlier}
    by_name: dict[str, str] = {}
    for name, sources in earlier.items():
        if name in later:
            continue
        moved = _files(sources, files)
        fitting = [other for other, those in free.items() if moved & those]
        if len(fitting) == 1:
            by_name[name] = fitting[0]
            del free[fitting[0]]
    return by_name


def _files(sources: Iterable[str], files: Mapping[str, str]) -> set[str]:
    paths = (posixpath.normpath(source.partition("#")[0]) for source in sources)
    return {files.get(path, path) for path in paths}
