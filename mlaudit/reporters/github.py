"""The findings as annotations of a GitHub Actions run, on the lines where the change should be made.

Commands: https://docs.github.com/en/actions/reference/workflow-commands-for-github-actions
"""

from __future__ import annotations

from collections.abc import Iterator

from mlaudit.model.nouns import Place, Severity
from mlaudit.model.report import Finding, Report
from mlaudit.reporters._escape import for_terminal, for_workflow, for_workflow_property
from mlaudit.reporters._facts import compared, counts, headline
from mlaudit.reporters._places import annotated, file_of, inside, shown_at
from mlaudit.reporters._registry import Style, reporter

_COMMAND = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "notice"}


@reporter
def render(report: Report, style: Style) -> str:
    """One command per finding, worst first, since a step shows ten of each kind; then the counts for the log."""
    lines = [_command(finding, shown_at(finding, report)) for finding in report.findings]
    return "".join(f"{line}\n" for line in (*lines, f"mlaudit: {counts(report)}. {compared(report)}"))


def _command(finding: Finding, at: Place) -> str:
    place = {"file": file_of(at.path), "line": at.line, "col": at.column} if inside(at.path) else {}
    properties = {**place, "title": f"{finding.code} {finding.name}: {headline(finding)}"}
    listed = ",".join(
        f"{name}={for_workflow_property(for_terminal(str(value)))}"
        for name, value in properties.items()
        if value is not None
    )
    return f"::{_COMMAND[finding.severity]} {listed}::{for_workflow(_text(finding))}"


def _text(finding: Finding) -> str:
    return "\n".join(for_terminal(line) for line in _lines(finding))


def _lines(finding: Finding) -> Iterator[str]:
    yield finding.message
    for text in list(annotated(finding))[1:]:
        yield f"See also {text}"
    if finding.fix is not None:
        yield f"Fix: {finding.fix.shown}"
