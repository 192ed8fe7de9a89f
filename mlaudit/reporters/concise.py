"""One line per finding, `path:line:col: CODE message`, as editors and `grep` read it."""

from __future__ import annotations

from mlaudit.model.findings import Finding
from mlaudit.model.report import Report
from mlaudit.reporters._escape import for_terminal
from mlaudit.reporters._facts import counts, headline
from mlaudit.reporters._registry import Style, reporter


@reporter
def render(report: Report, style: Style) -> str:
    """A line per finding in the order of places, then the counts, unless only findings are requested."""
    lines = [_line(finding) for finding in sorted(report.findings, key=_place)]
    total = (
        []
        if style.quiet
        else [f"{counts(report)}{f'; {unread} not read' if (unread := report.summary.unread) else ''}."]
    )
    return "".join(f"{for_terminal(line)}\n" for line in (*lines, *total))


def _place(finding: Finding) -> tuple[str, int, int, str]:
    return finding.at.path, finding.at.line or 0, finding.at.column or 0, finding.code


def _line(finding: Finding) -> str:
    message = " ".join((finding.effect or finding.message).split())
    about = f"{headline(finding)}: " if finding.effect else ""
    return f"{finding.at}: {finding.code} [{finding.severity.value}] {about}{message}"
