"""What was seen and not understood, and which environments are no complete lists."""

from __future__ import annotations

from collections.abc import Iterator

from mlaudit.reporters._escape import for_html, for_prose
from mlaudit.reporters._facts import incomplete, unread
from mlaudit.reporters._html.pair_views import PageView
from mlaudit.reporters._html.sections._registry import section
from mlaudit.reporters._html.words import breakable


@section("Not compared", order=60, count=lambda view: len(unread(view.report)))
def not_compared(view: PageView) -> Iterator[str]:
    """Each entry with its place and reason; of a fleet, its repositories have them."""
    if view.report.fleet is not None:
        return
    entries = unread(view.report)
    partial = incomplete(view.report.environments)
    if partial:
        yield f"<p>{for_html(partial)}</p>"
    if not entries:
        yield '<p class="quiet">Everything that the sources state was read.</p>'
        return
    yield '<ul class="plain">'
    for environment, entry in entries:
        what = f' <span class="what">{for_html(entry.what)}</span>' if entry.what else ""
        why = f"{for_prose(entry.why)} ({for_html(environment.name)})"
        yield f"<li><code>{breakable(str(entry.at))}</code>{what}: {why}</li>"
    yield "</ul>"
