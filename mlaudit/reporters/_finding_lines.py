"""A finding for people: what, what happens, where on both sides, what to do; in six lines unless more are requested."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mlaudit.model.findings import ALL_BREAK, ORPHANS, WOULD_TAKE, Finding
from mlaudit.model.lazy_pattern import lazy_pattern
from mlaudit.model.nouns import Severity, State
from mlaudit.reporters._facts import plural, sides
from mlaudit.reporters._groups import FindingGroup
from mlaudit.reporters._layout import TONE, Segment, StyledLine, columns, stacked, text, wrapped
from mlaudit.reporters._registry import Style

LINES = 6
"""Lines of a finding, unless a sentence or a path alone needs more."""
PLACES = 2
"""Places of a finding that are shown before the rest is counted."""
NAMED = 6
"""Packages or environments that a line names before the rest is counted."""
_IN_WORDS = {State.UNSTATED.value: "not named", "any": "any version"}
"""What a side states, where a word alone does not say it."""
_SENTENCE_END = lazy_pattern(r"(?<=[.!?])\s+(?=[A-Z`\"(])")


def finding_lines(group: FindingGroup, style: Style, *, pairs: int) -> Iterator[StyledLine]:
    """The lines of one finding, and of those that say the same of other pairs."""
    finding = group.first
    if finding.severity is Severity.INFO and not style.verbose:
        yield from _brief(group, style, named=pairs > 1)
        return
    head = [*_headline(finding, style, named=pairs > 1), *sentences(finding, style)]
    tail = [*_covered(finding, style), *elsewhere(group, style), *_fix(finding, style)]
    yield from head
    yield from _places(finding, style, room=max(1, LINES - len(head) - len(tail)))
    yield from tail
    if style.verbose:
        yield from _background(finding, style)


def _brief(group: FindingGroup, style: Style, *, named: bool) -> Iterator[StyledLine]:
    """An info: what and where; the sentence only where the headline does not say it with both versions."""
    finding = group.first
    yield from _headline(finding, style, named=named)
    if len(finding.environments) < 2 or None in (finding.package, finding.expected, finding.actual):
        yield from sentences(finding, style)
    yield text(("  ", ""), (str(finding.at), "underline"))
    yield from elsewhere(group, style)


def _headline(finding: Finding, style: Style, *, named: bool) -> Iterator[StyledLine]:
    """What, and the rule's words for it; between which environments, if there are several pairs and room."""
    what = _what(finding)
    pair = (
        f" ({' → '.join(finding.environments)})" if named and len(finding.environments) > 1 and finding.package else ""
    )
    width = len(f"{finding.severity.value}[{finding.code}] {what}: {finding.title}")
    if len(finding.environments) == 1 and finding.package and width > style.width:
        what = finding.package
    yield from fitted(finding, f"{what}{pair if width + len(pair) <= style.width else ''}", finding.title, style)


def fitted(finding: Finding, words: str, title: str, style: Style) -> list[StyledLine]:
    """A headline; where the line is too narrow for it, a reader or the title begins the next line."""
    words = f"{words}:" if title else words
    writer, arrow, reader = words.partition(" → ")
    what, within, where = writer.partition(" in ")
    parts = [what, f"in {where}" if within else "", f"→ {reader}" if arrow else "", title]
    head = (f"{finding.severity.value}[{finding.code}]", TONE[finding.severity])
    return stacked([head, *((part, "bold") for part in parts)], style.width, indent=2)


def _what(finding: Finding) -> str:
    """What a finding is about: the package with both versions, else the package and where, else the environments."""
    if len(finding.environments) == 1:
        return f"{finding.package} in {finding.environments[0]}" if finding.package else str(finding.at)
    if finding.package and finding.expected is not None and finding.actual is not None:
        return f"{finding.package} {shown_value(finding.expected)} → {shown_value(finding.actual)}"
    return finding.package or " → ".join(finding.environments) or str(finding.at)


def shown_value(text: str) -> str:
    return _IN_WORDS.get(text, text)


def sentences(finding: Finding, style: Style) -> list[StyledLine]:
    """What happens: whole where everything is requested, else the sentences that two lines hold, at least the first."""
    if style.verbose:
        return list(plain(finding.message, style))
    shown = ""
    for part in _SENTENCE_END.split(finding.effect or _without_long_name(finding, style)):
        longer = f"{shown} {part}".lstrip()
        # A full stop inside of code or of a quotation, such as the text of an exception, ends no sentence.
        ends = not _is_open(shown) and not _needs_the_next(shown)
        if shown and ends and len(wrapped(longer, style.width - 2)) > 2:
            break
        shown = longer
    return list(plain(shown, style))


def _without_long_name(finding: Finding, style: Style) -> str:
    """The message, without an environment whose name fills most of a line and is the folder of the place below it."""
    for name in finding.environments[:1]:
        if len(name) > style.width // 2 and f"{name}/" in finding.at.path:
            return finding.message.removeprefix(f"In {name}: ").removeprefix(f"In {name}, ")
    return finding.message


def _needs_the_next(shown: str) -> bool:
    """Whether it is one sentence that says nothing without what happens to those, or with what, it names."""
    says_half = shown.startswith(ORPHANS) or WOULD_TAKE in shown or ALL_BREAK in shown
    return says_half and len(_SENTENCE_END.split(shown)) == 1


def _is_open(sentence: str) -> bool:
    """Whether code, a quotation or a bracket is still open at the end of the sentence."""
    return any(sentence.count(mark) % 2 for mark in '`"') or sentence.count("(") > sentence.count(")")


def plain(sentence: str, style: Style) -> Iterator[StyledLine]:
    return (text((line, "")) for line in wrapped(sentence, style.width, first="  ", rest="  "))


def _places(finding: Finding, style: Style, *, room: int) -> Iterator[StyledLine]:
    rows: list[list[Segment]] = [[(f"  {at}", "underline"), (shown_value(text), "")] for at, text in sides(finding)]
    most = len(rows) if style.verbose else max(PLACES, room - 1)
    shown = rows if len(rows) <= most else rows[:most]
    yield from columns(shown, width=style.width)
    if rows[most:]:
        yield text((f"  and {plural(len(rows) - most, 'more place')}: --verbose", "dim"))


def elsewhere(group: FindingGroup, style: Style) -> Iterator[StyledLine]:
    """Further environments of which the same is to be said."""
    others = [finding.environments[-1] for finding in group.findings[1:]]
    if not others:
        return
    readers = list(dict.fromkeys(others))
    if style.verbose and any(finding.at != group.first.at for finding in group.findings):
        yield from labelled(
            "also", ", ".join(f"{finding.environments[-1]} ({finding.at})" for finding in group.findings[1:]), style
        )
    elif len(group.first.environments) > 1:
        yield from labelled("also", f"{plural(len(others), 'more pair')}, into {some_names(readers)}", style)
    else:
        yield from labelled("also", some_names(others), style)


def _covered(finding: Finding, style: Style) -> Iterator[StyledLine]:
    """Differences that follow from this one."""
    if finding.covers:
        named = finding.covers if style.verbose else finding.covers[:PLACES]
        more = f" and {len(finding.covers) - len(named)} more" if finding.covers[len(named) :] else ""
        shown = ", ".join(named).replace(f"→ {State.UNSTATED.value}", f"→ {shown_value(State.UNSTATED.value)}")
        yield from labelled("with it", shown + more, style)


def some_names(names: Sequence[str]) -> str:
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more


def _fix(finding: Finding, style: Style) -> Iterator[StyledLine]:
    more = _more(finding) if not style.verbose else ""
    if finding.fix is None:
        if more:
            yield text((f"  more: {more}", "dim"))
        return
    lines = list(labelled("fix", finding.fix.shown, style))
    together = f"   more: {more}"
    if more and len(lines) == 1 and lines[0].width + len(together) <= style.width:
        lines = [StyledLine(*lines[0].segments, (together, "dim"))]
        more = ""
    yield from lines
    if more and len(lines) == 1:
        yield text((f"  more: {more}", "dim"))


def _more(finding: Finding) -> str:
    """The command that states what is not shown here, if there is more."""
    if not (finding.evidence or finding.details):
        return ""
    return f"mlaudit explain {finding.code}{f' {finding.package}' if finding.package else ''}"


def _background(finding: Finding, style: Style) -> Iterator[StyledLine]:
    for detail in finding.details:
        yield from labelled("seen", detail, style)
    for evidence in finding.evidence:
        yield from labelled("source", f"{evidence.source} ({evidence.checked})", style)
    yield from labelled("rule", finding.name, style)


def labelled(label: str, sentence: str, style: Style) -> Iterator[StyledLine]:
    lines = wrapped(sentence, style.width - 10)
    for number, line in enumerate(lines):
        yield text((f"  {label:<8}" if number == 0 else " " * 10, "dim"), (line, ""))
