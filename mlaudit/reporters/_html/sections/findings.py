"""Every finding that counts, the worst first."""

from __future__ import annotations

from collections.abc import Iterator

from mlaudit.model.nouns import Severity
from mlaudit.reporters._html.finding_details import finding_details
from mlaudit.reporters._html.pair_views import PageView
from mlaudit.reporters._html.sections._registry import section

OPEN = 3
"""Errors that are shown open."""


@section("Findings", order=20, count=lambda view: len(view.report.findings))
def findings(view: PageView) -> Iterator[str]:
    """Findings that say the same of several environments are one."""
    if not view.groups:
        yield '<p class="quiet">None.</p>'
    for number, group in enumerate(view.groups):
        is_open = number < OPEN and group.severity is Severity.ERROR
        yield from finding_details(group, f' id="f{number}"{" open" if is_open else ""}')
