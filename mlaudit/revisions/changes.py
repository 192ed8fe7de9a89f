"""The findings of two states of one repository against one another: new, unchanged, mended."""

from __future__ import annotations

import posixpath
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from mlaudit.model.history import MENDED, NEW, UNCHANGED
from mlaudit.model.lazy_dataclass import dataclass, replace
from mlaudit.model.report import Environment, Finding


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingChanges:
    """Findings by what became of them; `new` and `unchanged` as the later state has them."""

    new: tuple[Finding, ...]
    unchanged: tuple[Finding, ...]
    mended: tuple[Finding, ...]


def compare_findings(
    earlier: Sequence[Finding], later: Sequence[Finding], *, names: Mapping[str, str], files: Mapping[str, str]
) -> FindingChanges:
    """Which findings of the later state are new, and which of the earlier one are gone.

    Args:
        names: what environments of the earlier state are called in the later one, where that differs.
        files: paths of the later state by those of the earlier one, where they differ.
    """
    known: dict[object, list[Finding]] = defaultdict(list)
    for finding in earlier:
        known[_identity(finding, names, files)].append(finding)
    new: list[Finding] = []
    unchanged: list[Finding] = []
    for finding in later:
        same = known.get(_identity(finding, {}, {}))
        if same:
            same.pop()
            unchanged.append(replace(finding, status=UNCHANGED))
        else:
            new.append(replace(finding, status=NEW))
    left = {id(finding) for findings in known.values() for finding in findings}
    mended = tuple(replace(finding, status=MENDED) for finding in earlier if id(finding) in left)
    return FindingChanges(new=tuple(new), unchanged=tuple(unchanged), mended=mended)


def _identity(finding: Finding, names: Mapping[str, str], files: Mapping[str, str]) -> object:
    """What the fingerprint is made of, with names and paths of the later state; no lines and no wording."""
    values = finding.values or (finding.expected or "", finding.actual or "")
    environments = tuple(names.get(name, name) for name in finding.environments)
    nameless = finding.package is None and not environments and not finding.values
    path = files.get(finding.at.path, finding.at.path) if nameless else ""
    return finding.package, environments, finding.fact or finding.code, values, path


def environment_names(
    earlier: Iterable[Environment], later: Iterable[Environment], files: Mapping[str, str]
) -> dict[str, str]:
    """Environments that have another name because their files have another path, by their earlier name."""
    now = {one.name: one for one in later}
    before = [one for one in earlier if one.name not in now]
    known = {one.name for one in before}
    free = {name: _files(one, {}) for name, one in now.items() if name not in {other.name for other in earlier}}
    found: dict[str, str] = {}
    for one in before:
        moved = _files(one, files)
        fitting = [name for name, sources in free.items() if moved & sources]
        if len(fitting) == 1 and one.name in known:
            found[one.name] = fitting[0]
            del free[fitting[0]]
    return found


def _files(one: Environment, files: Mapping[str, str]) -> set[str]:
    sources = (source.partition("#")[0] for source in one.sources)
    return {files.get(posixpath.normpath(path), posixpath.normpath(path)) for path in sources}
