"""The rows as CSV: one line per package, one column per environment, for spreadsheets."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from io import StringIO

from mlaudit.model.nouns import State
from mlaudit.model.report import Cell, Finding, Report
from mlaudit.reporters._escape import for_spreadsheet
from mlaudit.reporters._facts import by_package
from mlaudit.reporters._registry import Style, reporter

HEAD = ("package", "kind", "watched", "verdict", "distance", "severity", "codes")
"""The columns before those of the environments."""


@reporter
def render(report: Report, style: Style) -> str:
    """Every row; a cell that a spreadsheet would evaluate as a formula begins with an apostrophe."""
    target = StringIO()
    lines = csv.writer(target, lineterminator="\n")
    severities = by_package(report.findings)
    codes = _codes(report.findings)
    lines.writerow(_safe((*HEAD, *(environment.name for environment in report.environments))))
    for row in report.rows:
        severity = severities.get(row.package)
        cells = {cell.environment: cell for cell in row.cells}
        facts = (
            row.package,
            row.kind.value,
            "yes" if row.watched else "no",
            row.verdict.value,
            row.distance.value if row.distance else "",
            severity.value if severity else "",
            " ".join(codes.get(row.package, ())),
        )
        lines.writerow(_safe((*facts, *(_shown(cells.get(environment.name)) for environment in report.environments))))
    return target.getvalue()


def _safe(values: Iterable[str]) -> list[str]:
    return [for_spreadsheet(value) for value in values]


def _shown(cell: Cell | None) -> str:
    return "" if cell is None or cell.state is State.UNSTATED else cell.shown


def _codes(findings: Iterable[Finding]) -> dict[str, list[str]]:
    codes: dict[str, list[str]] = {}
    for finding in findings:
        for package in (finding.package, *finding.covers):
            known = codes.setdefault(package or "", [])
            if finding.code not in known:
                known.append(finding.code)
    return codes
