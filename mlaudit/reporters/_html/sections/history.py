"""The history of drifts as a section of the page: a picture over time, and the commits."""

from __future__ import annotations

from collections.abc import Iterator

from mlaudit.reporters._history_picture import as_fragment
from mlaudit.reporters._html.pair_views import PageView
from mlaudit.reporters._html.sections._registry import section


@section("History", order=40, count=lambda view: len(view.report.history.drifts) if view.report.history else 0)
def history(view: PageView) -> Iterator[str]:
    """The picture and the list, nothing if no history was requested."""
    if view.report.history is not None:
        yield from as_fragment(view.report.history)
