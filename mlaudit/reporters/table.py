"""The report for people: pairs, findings worst first, what differs in each pair, and a summary."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from mlaudit.model.nouns import Severity
from mlaudit.model.report import Report
from mlaudit.reporters._groups import Notice, grouped, notices
from mlaudit.reporters._layout import TONE, StyledLine, painted, text, wrapped
from mlaudit.reporters._notice_lines import notice_lines
from mlaudit.reporters._pair_lines import is_fleet, pair_lines
from mlaudit.reporters._registry import Style, reporter
from mlaudit.reporters._summary_lines import summary_lines, unread_lines
from mlaudit.reporters._tables import tables

Block = list[StyledLine]
FILES = 3
"""Files of which one note is true that are named before the rest is counted."""
ALIKE = 5
"""Infos of one rule that are shown before the rest is counted."""


@reporter
def render(report: Report, style: Style) -> str:
    """Plain text; colours where the style asks for them."""
    lines = [line for block in _blocks(report, style) if block for line in (*block, StyledLine())]
    return painted(lines[:-1], colour=style.colour)


def _blocks(report: Report, style: Style) -> Iterator[Block]:
    if not style.quiet:
        yield list(pair_lines(report, style))
        yield _notes(report, style)
    yield from _findings(report, style)
    if report.against is not None and not style.quiet:
        from mlaudit.reporters._branch import branch_lines

        yield branch_lines(report, style)
    if not style.quiet and (style.verbose or not is_fleet(report)):
        yield tables(report, style)
    yield list(summary_lines(report, style))
    yield list(unread_lines(report, style))


def _notes(report: Report, style: Style) -> Block:
    """Advice of discovery, then what is to be known of how the environments of a pair were understood."""
    paired = {name for pair in report.pairs for name in pair}
    about = [
        note
        for environment in report.environments
        if style.verbose or not paired or environment.name in paired
        for note in environment.notes
    ]
    sentences = (*report.notes, *_once(about, style))
    return [text((line, "")) for sentence in sentences for line in wrapped(sentence, style.width, rest="  ")]


def _once(notes: Iterable[str], style: Style) -> Iterator[str]:
    """Each note once; of those that say the same of several files, the first files and how many more there are."""
    files: dict[str, dict[str, None]] = {}
    for note in notes:
        what, opening, path = note.removesuffix(")").partition(" (") if note.endswith(")") else (note, "", "")
        is_alike = opening and " " not in path
        files.setdefault(what if is_alike else note, {}).update({path: None} if is_alike else {})
    for what, paths in files.items():
        shown = list(paths) if style.verbose else list(paths)[:FILES]
        more = f" and {len(paths) - len(shown)} more (--verbose lists them)" if len(paths) > len(shown) else ""
        yield f"{', '.join(shown)}{more}: {what}" if shown else what


def _findings(report: Report, style: Style) -> Iterator[Block]:
    """Errors and warnings each by itself; infos are one block unless they are shown whole."""
    pairs = len(report.pairs)
    batches = notices(grouped(report.findings))
    for severity in Severity if style.verbose else (Severity.ERROR, Severity.WARNING):
        of_this = [notice for notice in batches if notice.first.severity is severity]
        yield from (list(notice_lines(notice, style, pairs=pairs)) for notice in of_this)
    mild = [] if style.verbose else [notice for notice in batches if notice.first.severity is Severity.INFO]
    yield [line for code in _codes(mild) for line in _mild(code, mild, style, pairs)]


def _codes(batches: Iterable[Notice]) -> list[str]:
    return list(dict.fromkeys(notice.first.code for notice in batches))


def _mild(code: str, batches: Iterable[Notice], style: Style, pairs: int) -> Iterator[StyledLine]:
    """The first infos of one rule, and how many more there are."""
    of_this = [notice for notice in batches if notice.first.code == code]
    for notice in of_this[:ALIKE]:
        yield from notice_lines(notice, style, pairs=pairs)
    if of_this[ALIKE:]:
        label = f"info[{code}]"
        yield text((label, TONE[Severity.INFO]), (f" and {len(of_this) - ALIKE} more like these: --verbose", "dim"))
