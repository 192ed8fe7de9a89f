"""The pairs, the worst first; each opens to its own matrix."""

from __future__ import annotations

from collections.abc import Iterator

from mlaudit.reporters._html.breaks import MEANING
from mlaudit.reporters._html.filters import filters
from mlaudit.reporters._html.pair_details import pair_details
from mlaudit.reporters._html.pair_views import PageView
from mlaudit.reporters._html.sections._registry import section

FEW = 3
"""Pairs that are shown open, if there are no more."""


@section("Pairs", order=10, count=lambda view: len(view.pairs), style="pairs.css", script="pairs.js")
def pairs(view: PageView) -> Iterator[str]:
    """The form that narrows them, the meaning of colours, and the list."""
    if not view.pairs:
        return
    yield from filters()
    yield '<p class="legend"><span>Colour: what breaks.</span>'
    for name, meaning in MEANING.items():
        yield f'<span><span class="tag b-{name} s-warning">{name}</span> {meaning}</span>'
    yield '</p><div class="pairs" id="list">'
    for number, pair in enumerate(view.pairs):
        yield from pair_details(view, pair, number, is_open=len(view.pairs) <= FEW)
    yield '</div><p class="empty" id="nothing" hidden>No pair passes these filters.</p>'
