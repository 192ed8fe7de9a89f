"""A pull-request comment: what a reviewer reads in ten seconds, the rest folded."""

from __future__ import annotations

from mlaudit.model.report import Report
from mlaudit.reporters._markdown import Room, document
from mlaudit.reporters._registry import Style, reporter

ROOM = Room(characters=60_000, rows=25, entries=10)
"""GitHub refuses a comment of more than 65,536 characters."""


@reporter
def render(report: Report, style: Style) -> str:
    """The table of packages with findings, what the first errors mean, then every finding, folded."""
    return document(report, ROOM)
