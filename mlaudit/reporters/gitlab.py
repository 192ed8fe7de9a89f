"""The findings as a GitLab Code Quality report.

Format: https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format
"""

from __future__ import annotations

import json

from mlaudit.model.nouns import Severity
from mlaudit.model.report import Finding, Report
from mlaudit.reporters._escape import for_json, for_terminal
from mlaudit.reporters._places import file_of, shown_at, suggestion, unique
from mlaudit.reporters._registry import Style, reporter

_SEVERITY = {Severity.ERROR: "critical", Severity.WARNING: "major", Severity.INFO: "info"}


@reporter
def render(report: Report, style: Style) -> str:
    """One entry per finding that counts; GitLab compares fingerprints, so that a merge request shows what is new."""
    used: dict[str, int] = {}
    findings = (*report.findings, *(report.against.unchanged if report.against else ()))
    return for_json(json.dumps([_entry(finding, report, used) for finding in findings], indent=2)) + "\n"


def _content(finding: Finding) -> dict[str, object]:
    """The edits of the fix as suggestions, in the form that GitLab applies from a comment on a merge request."""
    edits = finding.fix.edits if finding.fix is not None else ()
    lines = [line for edit in edits if "\n" not in edit.old for line in suggestion(edit, "suggestion:-0+0")]
    return {"content": {"body": "\n".join(lines)}} if edits else {}


def _entry(finding: Finding, report: Report, used: dict[str, int]) -> dict[str, object]:
    at = shown_at(finding, report)
    fix = f" Fix: {finding.fix.shown}" if finding.fix else ""
    return {
        "description": for_terminal(f"{finding.code} {finding.name}: {finding.message}{fix}"),
        "check_name": finding.code,
        "fingerprint": unique(finding.fingerprint, used),
        "severity": _SEVERITY[finding.severity],
        **_content(finding),
        "location": {"path": for_terminal(file_of(at.path)), "lines": {"begin": at.line or 1}},
    }
