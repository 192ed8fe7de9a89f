"""One finding: a line that opens to message, places, evidence and fix."""

from __future__ import annotations

from collections.abc import Iterator

from mlaudit.model.nouns import Evidence
from mlaudit.reporters._escape import ADDRESS, for_html, for_prose
from mlaudit.reporters._facts import headline, plural
from mlaudit.reporters._groups import FindingGroup
from mlaudit.reporters._html.breaks import breaks
from mlaudit.reporters._html.words import breakable

MAX_OTHERS = 12
"""Further environments of a finding that its text names; more of them are in a list that opens."""
MAX_PLACES = 12
"""Places of a finding that are listed; more of them are in a list that opens."""


def finding_details(group: FindingGroup, attributes: str) -> Iterator[str]:
    """The finding as an element that opens; others that say the same are named."""
    finding = group.first
    names = (
        f' data-p="{_lines(group.packages)}" data-e="{_lines(group.environments)}" data-s="{finding.severity.value}"'
    )
    yield f'<details class="finding b-{breaks(group)} s-{finding.severity.value}"{names}{attributes}>'
    yield (
        f'<summary><span class="tag">{finding.severity.value}</span> <code>{for_html(finding.code)}</code> '
        f"{for_html(finding.name)}: <strong>{breakable(headline(finding))}</strong> "
        f'<span class="quiet">{breakable(group.between() if finding.package else "")}</span></summary>'
    )
    yield f"<p>{for_prose(finding.message)}</p>"
    yield from _others(group)
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


def _lines(names: tuple[str, ...]) -> str:
    """Names for an attribute, one a line; a line break inside a name is escaped."""
    return "\n".join(map(for_html, names))


def _others(group: FindingGroup) -> Iterator[str]:
    others = group.others
    if not others:
        return
    names = for_html(", ".join(others))
    if len(others) <= MAX_OTHERS:
        yield f'<p class="others">The same in {names}.</p>'
    else:
        yield f"<details><summary>The same in {len(others)} more environments</summary><p>{names}</p></details>"


def _places(group: FindingGroup) -> Iterator[str]:
    sides = list(group.sides())
    yield f'<ul class="places">{"".join(map(_place, sides[:MAX_PLACES]))}</ul>'
    rest = sides[MAX_PLACES:]
    if rest:
        listed = "".join(map(_place, rest))
        yield f"<details><summary>{plural(len(rest), 'more place')}</summary>"
        yield f'<ul class="places">{listed}</ul></details>'


def _place(side: tuple[str, str]) -> str:
    place, text = side
    value = f" <code>{breakable(text)}</code>" if text else ""
    return f"<li><code>{breakable(place)}</code>{value}</li>"


def _evidence(evidence: Evidence) -> str:
    measured = "measured, " if evidence.measured else ""
    return f'<p class="quiet">Source: {linked(evidence.source)} ({measured}{for_html(evidence.checked)})</p>'


def linked(text: str) -> str:
    """An address as a link, any other text as it is."""
    if not ADDRESS.fullmatch(text):
        return breakable(text)
    return f'<a href="{for_html(text)}" rel="noreferrer">{breakable(text)}</a>'
