"""How many findings of each rule there are: what to begin with if there are many."""

from __future__ import annotations

from collections import Counter

from mlaudit.model.findings import Finding
from mlaudit.model.nouns import Severity
from mlaudit.model.report import Report
from mlaudit.reporters._facts import counts
from mlaudit.reporters._layout import TONE, columns, painted, text
from mlaudit.reporters._registry import Style, reporter


@reporter
def render(report: Report, style: Style) -> str:
    """A line per rule and severity, the most severe first, then the most frequent, with the packages concerned."""
    groups: dict[tuple[Severity, str], list[Finding]] = {}
    for finding in report.findings:
        groups.setdefault((finding.severity, finding.code), []).append(finding)
    order = sorted(groups, key=lambda group: (group[0].rank, -len(groups[group]), group[1]))
    rows = [
        [
            (f"{len(groups[severity, code]):>5}", "bold"),
            (severity.value, TONE[severity]),
            (code, ""),
            (groups[severity, code][0].name, ""),
            (_packages(groups[severity, code]), "dim"),
        ]
        for severity, code in order
    ]
    return painted([*columns(rows, width=style.width), text((f"{counts(report)}.", ""))], colour=style.colour)


NAMED = 3
"""Packages of a rule that are named before the rest is counted."""


def _packages(findings: list[Finding]) -> str:
    counted = Counter(finding.package for finding in findings if finding.package)
    shown = [name for name, _ in counted.most_common(NAMED)]
    more = f" and {len(counted) - NAMED} more" if len(counted) > NAMED else ""
    return f"{', '.join(shown)}{more}"
