"""The environments: sources, target, whether complete, and notes."""

from __future__ import annotations

from collections.abc import Iterator

from mlaudit.model.report import Environment, Report
from mlaudit.reporters._escape import for_html, for_prose
from mlaudit.reporters._facts import plural
from mlaudit.reporters._html.pair_views import PageView
from mlaudit.reporters._html.sections._registry import section
from mlaudit.reporters._html.words import breakable

_HEADS = ("environment", "role", "follows", "sources", "packages", "Python", "platform", "list")
MANY = 20
"""Environments above which the table opens only when it is requested."""


@section("Environments", order=70, count=lambda view: len(view.report.environments))
def environments(view: PageView) -> Iterator[str]:
    """A table, what discovery found, and notes; of a fleet only pairs are known."""
    report = view.report
    if report.fleet is not None:
        return
    many = len(report.environments) > MANY
    if many:
        yield f"<details><summary>All {len(report.environments)} environments</summary>"
    yield '<table class="facts environments" aria-label="Environments"><thead><tr>'
    yield "".join(f'<th scope="col">{head}</th>' for head in _HEADS)
    yield "</tr></thead><tbody>"
    for environment in report.environments:
        head, *facts = _environment(environment)
        labelled = zip(_HEADS[1:], facts, strict=True)
        cells = (f'<td data-of="{label}">{fact}</td>' for label, fact in labelled)
        yield f'<tr><th scope="row">{head}</th>{"".join(cells)}</tr>'
    yield f"</tbody></table>{'</details>' if many else ''}"
    yield from _discovered(report)
    notes = [
        *report.notes,
        *(f"{environment.name}: {note}" for environment in report.environments for note in environment.notes),
    ]
    if notes:
        yield f'<ul class="plain">{"".join(f"<li>{for_prose(note)}</li>" for note in notes)}</ul>'


def _environment(environment: Environment) -> Iterator[str]:
    pythons = environment.target.pythons
    python = f"{pythons[0]} to {pythons[-1]}" if len(pythons) > 1 else "".join(pythons) or "unknown"
    assumed = " (assumed)" if "platform" in environment.target.assumed else ""
    yield breakable(environment.name)
    yield breakable(environment.role)
    yield breakable(", ".join(environment.follows))
    yield f"<span>{'<br>'.join(f'<code>{breakable(source)}</code>' for source in environment.sources)}</span>"
    yield str(environment.packages)
    yield for_html(python)
    yield for_html(f"{environment.target.platform} {environment.target.machine}{assumed}")
    unread = f", {plural(len(environment.unread), 'entry')} not read" if environment.unread else ""
    yield f"{'complete' if environment.complete else 'not complete'}{unread}"


def _discovered(report: Report) -> Iterator[str]:
    if not report.found:
        return
    yield '<p>No configuration; found by looking:</p><ul class="plain">'
    for discovered in report.found:
        what = f"{', '.join(discovered.documents)} ({discovered.why})"
        folder = breakable(discovered.folder)
        yield f"<li><b>{for_html(discovered.role)}</b> <code>{folder}</code> {for_prose(what)}</li>"
    yield "</ul>"
