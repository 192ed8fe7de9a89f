"""Findings that do not count, with the reason of each."""

from __future__ import annotations

from collections.abc import Iterator

from mlaudit.reporters._groups import grouped
from mlaudit.reporters._html.finding_details import finding_details
from mlaudit.reporters._html.pair_views import PageView
from mlaudit.reporters._html.sections._registry import section


@section("Suppressed", order=50, count=lambda view: len(view.report.suppressed))
def suppressed(view: PageView) -> Iterator[str]:
    """The same as findings, closed."""
    for group in grouped(view.report.suppressed):
        yield from finding_details(group, "")
