"""The job summary of a GitHub Actions run: Markdown for the file that `GITHUB_STEP_SUMMARY` names."""

from __future__ import annotations

from mlaudit.model.nouns import Kind, Verdict
from mlaudit.model.report import Report, Row
from mlaudit.reporters._facts import by_package, worst_first
from mlaudit.reporters._markdown import Room, all_rows, discovered_environments, document, environments
from mlaudit.reporters._registry import Style, reporter

ROOM = Room(characters=400_000, rows=200, entries=100)
"""A step may write 1 MiB; a character takes up to four bytes in UTF-8, few take more than one."""


@reporter
def render(report: Report, style: Style) -> str:
    """The comment with more room, the environments, and the packages that differ without a finding."""
    parts = [document(report, ROOM), *environments(report), *discovered_environments(report)]
    parts += all_rows(_others(report), ROOM)
    return "\n".join(parts).rstrip("\n") + "\n"


def _others(report: Report) -> list[Row]:
    known = by_package(report.findings)
    apart = (Verdict.DIFFERS, Verdict.DISJOINT)
    rows = (row for row in report.rows if row.package not in known and row.kind is Kind.PACKAGE)
    return worst_first((row for row in rows if row.verdict in apart), {})
