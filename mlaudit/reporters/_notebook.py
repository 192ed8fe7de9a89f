"""A report or a history as a notebook shows it: one sentence, then a table or a picture, without styles of its own."""

from __future__ import annotations

from collections.abc import Iterator

from mlaudit.model.history import DriftHistory
from mlaudit.model.report import Finding, Report
from mlaudit.reporters._escape import for_html
from mlaudit.reporters._history_picture import as_fragment

MAX_ROWS = 50
"""Findings in the table; the others are counted."""
_COLUMNS = ("severity", "code", "package", "what", "where")


def as_html(report: Report) -> str:
    """A fragment of HTML: what `repr` says, then the findings, the worst first."""
    return "".join(_parts(report))


def history_as_html(history: DriftHistory) -> str:
    """A fragment of HTML: what `repr` says, the picture over time, and the commits of each drift."""
    return f"<p>{for_html(repr(history).strip('<>'))}</p>{''.join(as_fragment(history))}"


def _parts(report: Report) -> Iterator[str]:
    yield f"<p>{for_html(repr(report).strip('<>'))}</p>"
    if not report.findings:
        return
    yield f"<table><thead><tr>{''.join(f'<th>{column}</th>' for column in _COLUMNS)}</tr></thead><tbody>"
    yield from map(_row, report.findings[:MAX_ROWS])
    yield "</tbody></table>"
    more = len(report.findings) - MAX_ROWS
    if more > 0:
        yield f"<p>and {more:,} more; <code>report.render(&quot;html&quot;)</code> has them all</p>"


def _row(finding: Finding) -> str:
    where = str(finding.at)
    values = (finding.severity.value, f"{finding.code} {finding.name}", finding.package or "", finding.message, where)
    return f"<tr>{''.join(f'<td>{for_html(value)}</td>' for value in values)}</tr>"
