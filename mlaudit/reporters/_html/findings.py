"""Findings, what was not compared, and the environments, as HTML."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mlaudit.model.nouns import Evidence, Severity
from mlaudit.model.report import Environment, Report
from mlaudit.reporters._escape import ADDRESS, for_html, for_prose
from mlaudit.reporters._facts import headline, unread
from mlaudit.reporters._groups import FindingGroup, grouped
from mlaudit.reporters._html.breaks import breaks

OPEN = 3
"""Errors that are shown unfolded."""


def findings(report: Report, groups: Sequence[FindingGroup]) -> Iterator[str]:
    """Every finding that counts, folded but for the first errors; then the suppressed ones with the reason of each."""
    yield f"<section><h2>Findings <small>{len(report.findings)}</small></h2>"
    if not groups:
        yield '<p class="quiet">None.</p>'
    for number, group in enumerate(groups):
        opened = number < OPEN and group.severity is Severity.ERROR
        yield from _finding(group, f' id="f{number}"{" open" if opened else ""}')
    yield "</section>"
    if report.suppressed:
        yield f"<section><h2>Suppressed <small>{len(report.suppressed)}</small></h2>"
        for group in grouped(report.suppressed):
            yield from _finding(group, "")
        yield "</section>"


def _finding(group: FindingGroup, attributes: str) -> Iterator[str]:
    finding = group.first
    yield f'<details class="finding b-{breaks(group)} s-{finding.severity.value}"{attributes}>'
    yield (
        f'<summary><span class="tag">{finding.severity.value}</span> <code>{for_html(finding.code)}</code> '
        f"{for_html(finding.name)}: <strong>{for_html(headline(finding))}</strong> "
        f'<span class="quiet">{for_html(group.between() if finding.package else "")}</span></summary>'
    )
    yield f"<p>{for_prose(finding.message)}</p>"
    if group.others:
        yield f"<p>The same in {for_html(', '.join(group.others))}.</p>"
    yield from _places(group)
    yield from (f'<p class="quiet">{for_prose(detail)}</p>' for detail in finding.details)
    yield from map(_evidence, finding.evidence)
    if finding.covers:
        yield f'<p class="quiet">Covers {for_html(", ".join(finding.covers))}</p>'
    if finding.fix is not None:
        yield f'<p class="fix"><b>Fix</b> {for_prose(finding.fix.shown)}</p>'
    if finding.suppressed is not None:
        yield f"<p><b>Suppressed</b> {for_html(finding.suppressed)}</p>"
    yield "</details>"


def _evidence(one: Evidence) -> str:
    measured = "measured, " if one.measured else ""
    return f'<p class="quiet">Source: {linked(one.source)} ({measured}{for_html(one.checked)})</p>'


def _places(group: FindingGroup) -> Iterator[str]:
    yield '<ul class="places">'
    for place, said in group.sides():
        value = f"<code>{for_html(said)}</code>" if said else ""
        yield f"<li><code>{for_html(place)}</code>{value}</li>"
    yield "</ul>"


def linked(text: str) -> str:
    """An address as a link, any other text as it is."""
    shown = for_html(text)
    return f'<a href="{shown}" rel="noreferrer">{shown}</a>' if ADDRESS.fullmatch(text) else shown


def not_compared(report: Report) -> Iterator[str]:
    """What was seen and not understood, and which environments leave something open."""
    entries = unread(report)
    open_ended = [one for one in report.environments if not one.complete]
    yield f"<section><h2>Not compared <small>{len(entries)}</small></h2>"
    if open_ended:
        names = ", ".join(one.name for one in open_ended)
        yield f"<p>{for_html(names)}: not every installed package is named; what is missing is unknown.</p>"
    if not entries:
        yield '<p class="quiet">Everything that the sources state was read.</p>'
    yield '<ul class="plain">'
    for one, entry in entries:
        what = f' <span class="what">{for_html(entry.what)}</span>' if entry.what else ""
        yield f"<li><code>{for_html(str(entry.at))}</code>{what}: {for_html(entry.why)} ({for_html(one.name)})</li>"
    yield "</ul></section>"


def environments(report: Report) -> Iterator[str]:
    """The environments: sources, target, whether complete, and notes."""
    heads = ("environment", "role", "follows", "sources", "packages", "Python", "platform", "")
    yield "<section><h2>Environments</h2><table class='facts'><thead><tr>"
    yield "".join(f"<th scope='col'>{head}</th>" for head in heads)
    yield "</tr></thead><tbody>"
    for one in report.environments:
        yield f"<tr>{''.join(f'<td>{cell}</td>' for cell in _environment(one))}</tr>"
    yield "</tbody></table>"
    yield from _found(report)
    notes = [*report.notes, *(f"{one.name}: {note}" for one in report.environments for note in one.notes)]
    if notes:
        yield f'<ul class="plain">{"".join(f"<li>{for_html(note)}</li>" for note in notes)}</ul>'
    yield "</section>"


def _found(report: Report) -> Iterator[str]:
    if not report.found:
        return
    yield '<p>No configuration; found by looking:</p><ul class="plain">'
    for one in report.found:
        what = f"{', '.join(one.documents)} ({one.why})"
        yield f"<li><b>{for_html(one.role)}</b> <code>{for_html(one.folder)}</code> {for_html(what)}</li>"
    yield "</ul>"


def _environment(one: Environment) -> Iterator[str]:
    pythons = one.target.pythons
    python = f"{pythons[0]} to {pythons[-1]}" if len(pythons) > 1 else "".join(pythons) or "unknown"
    guessed = " (assumed)" if "platform" in one.target.assumed else ""
    yield f"<b>{for_html(one.name)}</b>"
    yield for_html(one.role)
    yield for_html(", ".join(one.follows))
    yield "<br>".join(f"<code>{for_html(source)}</code>" for source in one.sources)
    yield str(one.packages)
    yield for_html(python)
    yield for_html(f"{one.target.platform} {one.target.machine}{guessed}")
    yield f"{'complete' if one.complete else 'not complete'}, {len(one.unread)} unread"
