"""The edits that would carry out the fix of each finding, each fix by itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from mlaudit.model.findings import Finding
from mlaudit.model.lazy_dataclass import replace
from mlaudit.model.nouns import Change, Edit
from mlaudit.model.report import Environment, Report
from mlaudit.repair.plan import RepairFiles, edits_by_change

MakeFiles = Callable[[], RepairFiles]
"""Gives the files as written on disk."""


def with_edits_of(report: Report, make_files: MakeFiles) -> Report:
    """The report, where fixes have the edits that carry out their first change; none where a file cannot be edited."""
    edits = dict(_edits(report, make_files))

    def with_its_own(finding: Finding) -> Finding:
        change = _first_change(finding)
        if finding.fix is None or not edits.get(change):
            return finding
        return replace(finding, fix=replace(finding.fix, edits=edits[change]))

    return replace(
        report,
        findings=tuple(map(with_its_own, report.findings)),
        suppressed=tuple(map(with_its_own, report.suppressed)),
    )


def _edits(report: Report, make_files: MakeFiles) -> Iterator[tuple[Change | None, tuple[Edit, ...]]]:
    """The edits of every change that a finding proposes; the files of one environment at a time are in memory."""
    by_name = {environment.name: environment for environment in report.environments}
    for name, changes in _changes(report, by_name).items():
        yield from edits_by_change(by_name[name], changes, make_files()).items()


def _changes(report: Report, by_name: Mapping[str, Environment]) -> dict[str, Sequence[Change]]:
    """The first change of every fix, by the environment that it changes."""
    by_environment: dict[str, dict[Change, None]] = {}
    for finding in (*report.findings, *report.suppressed):
        change = _first_change(finding)
        if change is not None and change.environment in by_name:
            by_environment.setdefault(change.environment, {})[change] = None
    return {name: tuple(changes) for name, changes in by_environment.items()}


def _first_change(finding: Finding) -> Change | None:
    return finding.fix.changes[0] if finding.fix is not None and finding.fix.changes else None
