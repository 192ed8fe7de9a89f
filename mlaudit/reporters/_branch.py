"""What a branch changed beside its new findings: what it made worse, what it fixed, what was there before it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from mlaudit.model.findings import Finding
from mlaudit.model.history import BranchChange
from mlaudit.model.report import Report
from mlaudit.reporters._escape import as_code, for_html, for_markdown
from mlaudit.reporters._facts import headline
from mlaudit.reporters._layout import StyledLine, text, wrapped
from mlaudit.reporters._registry import Style

LISTED = 5
"""Fixed findings that are listed before the rest is counted."""
FOLDED = 50
"""Findings of a folded list that are shown."""


def sentence(change: BranchChange) -> str:
    """What was compared with what, and what came of it."""
    states = f"{change.base[:12]} and {change.head[:12] if change.head else 'the working tree'}"
    worse = f"{len(change.worse)} worse, " if change.worse else ""
    counted = f"{change.new} new, {worse}{len(change.mended)} fixed, {len(change.unchanged)} unchanged"
    return f"Against {change.revision} ({states}): {counted}."


def branch_lines(report: Report, style: Style) -> list[StyledLine]:
    """For a terminal: the sentence, what was fixed, and with --verbose what is unchanged."""
    change = report.against
    if change is None:
        return []
    paragraphs = [line for says in (sentence(change), *change.notes) for line in wrapped(says, style.width, rest="  ")]
    lines = [text((line, "")) for line in paragraphs]
    lines += _listed("worse", change.worse, style)
    lines += _listed("fixed", change.mended, style)
    return [*lines, *(_listed("unchanged", change.unchanged, style) if style.verbose else ())]


def _listed(word: str, findings: Sequence[Finding], style: Style) -> Iterator[StyledLine]:
    shown = findings if style.verbose else findings[:LISTED]
    for finding in shown:
        yield text(
            (f"  {word:<11}", "dim"),
            (f"{finding.code} {headline(finding)}{_between(finding)}{_was(finding, word)}", ""),
        )
    if findings[len(shown) :]:
        yield text((f"  and {len(findings) - len(shown)} more {word}: --verbose", "dim"))


def _was(finding: Finding, word: str) -> str:
    return f": {finding.severity.value} before" if word == "worse" else ""


def _between(finding: Finding) -> str:
    return f" ({' → '.join(finding.environments)})" if finding.package and finding.environments else ""


def branch_markdown(report: Report) -> Iterator[str]:
    """For a comment: the sentence, then two folded lists."""
    change = report.against
    if change is None:
        return
    yield for_markdown(" ".join((sentence(change), *change.notes)))
    yield ""
    for word, findings in _folded(change):
        if findings:
            yield f"<details><summary>{word}: {len(findings)}</summary>"
            yield ""
            yield from _points(findings)
            yield from ("", "</details>", "")


def _folded(change: BranchChange) -> Iterator[tuple[str, Sequence[Finding]]]:
    yield "Worse than they were, as they were", change.worse
    yield "Fixed", change.mended
    yield "Unchanged", change.unchanged


def _points(findings: Sequence[Finding]) -> Iterator[str]:
    for finding in findings[:FOLDED]:
        about = as_code(headline(finding)) + for_markdown(_between(finding))
        yield f"- {finding.severity.value} {for_markdown(finding.code)} {about}"
    if len(findings) > FOLDED:
        yield f"- and {len(findings) - FOLDED} more"


def branch_html(report: Report) -> Iterator[str]:
    """For a page: the sentence, then two folded lists."""
    change = report.against
    if change is None:
        return
    yield from (f"<p>{for_html(says)}</p>" for says in (sentence(change), *change.notes))
    for word, findings in _folded(change):
        if findings:
            yield f"<details><summary>{word} <small>{len(findings)}</small></summary><ul>"
            yield from map(_item, findings)
            yield "</ul></details>"


def _item(finding: Finding) -> str:
    about = f"{headline(finding)}{_between(finding)}"
    return f"<li>{finding.severity.value} <code>{for_html(finding.code)}</code> {for_html(about)}</li>"


def with_status(findings: Iterable[Finding], report: Report) -> list[Finding]:
    """Findings, then those that a branch leaves as they were and those that it fixed."""
    change = report.against
    return [*findings, *(() if change is None else (*change.unchanged, *change.mended))]
