"""How many findings of each rule there are: what to begin with where there are many."""

from __future__ import annotations

from collections import Counter

from mlaudit.model.findings import Finding
from mlaudit.model.report import Report
from mlaudit.reporters._facts import counts
from mlaudit.reporters._layout import TONE, columns, painted, text
from mlaudit.reporters._registry import Style, reporter


@reporter
def render(report: Report, style: Style) -> str:
    """A line per rule, the most severe first, then the most frequent; the packages concerned are counted too."""
    by_rule: dict[str, list[Finding]] = {}
    for finding in report.findings:
        by_rule.setdefault(finding.code, []).append(finding)
    order = sorted(by_rule.values(), key=lambda each: (_worst(each).severity.rank, -len(each), each[0].code))
    rows = [
        [
            (f"{len(each):>5}", "bold"),
            (_worst(each).severity.value, TONE[_worst(each).severity]),
            (each[0].code, ""),
            (each[0].name, ""),
            (_packages(each), "dim"),
        ]
        for each in order
    ]
    return painted([*columns(rows), text((f"{counts(report)}.", ""))], colour=style.colour)


def _worst(findings: list[Finding]) -> Finding:
    return min(findings, key=lambda finding: finding.severity.rank)


NAMED = 3
"""Packages of a rule that are named before the rest is counted."""


def _packages(findings: list[Finding]) -> str:
    counted = Counter(finding.package for finding in findings if finding.package)
    shown = [name for name, _ in counted.most_common(NAMED)]
    more = f" and {len(counted) - NAMED} more" if len(counted) > NAMED else ""
    return f"{', '.join(shown)}{more}"
