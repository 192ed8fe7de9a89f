"""The edits that would carry out the fix of each finding, each fix by itself."""

from __future__ import annotations

from mlaudit.model.findings import Finding
from mlaudit.model.lazy_dataclass import replace
from mlaudit.model.nouns import Change, Edit
from mlaudit.model.report import Report
from mlaudit.repair.documents import Refused
from mlaudit.repair.plan import RepairFiles, edits_of

MAX_EDITED = 100
"""Changes whose edits are made: each reads its files again, and what fixes more asks `mlaudit fix`."""


def with_edits_of(report: Report, files: RepairFiles) -> Report:
    """The report, where fixes have the edits that carry out their first change; none where a file cannot be edited."""
    by_name = {one.name: one for one in report.environments}
    made: dict[Change, tuple[Edit, ...]] = {}

    def with_its_own(finding: Finding) -> Finding:
        if finding.fix is None or not finding.fix.changes or finding.fix.changes[0].environment not in by_name:
            return finding
        change = finding.fix.changes[0]
        if change not in made:
            if len(made) >= MAX_EDITED:
                return finding
            try:
                made[change] = edits_of(by_name[change.environment], change, files)
            except Refused:
                made[change] = ()
            files.forget()
        return replace(finding, fix=replace(finding.fix, edits=made[change]))

    return replace(
        report,
        findings=tuple(map(with_its_own, report.findings)),
        suppressed=tuple(map(with_its_own, report.suppressed)),
    )
