"""A finding for people: what, what happens, where on both sides, what to do; in six lines unless more are requested."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from mlaudit.model.findings import ORPHANS, Finding
from mlaudit.model.lazy_dataclass import dataclass
from mlaudit.model.lazy_pattern import lazy_pattern
from mlaudit.model.nouns import Place, Severity, State
from mlaudit.reporters._facts import UNREAD, plural, sides
from mlaudit.reporters._groups import FindingGroup
from mlaudit.reporters._layout import TONE, Segment, StyledLine, columns, stacked, text, wrapped
from mlaudit.reporters._registry import Style

LINES = 6
"""Lines of a finding, unless a sentence or a path alone needs more."""
PLACES = 2
"""Places of a finding that are shown before the rest is counted."""
NAMED = 6
"""Packages or environments that a line names before the rest is counted."""
LISTED = 5
"""Packages of a batch that get a line each before the rest is counted."""
_IN_WORDS = {State.UNSTATED.value: "not named", "any": "any version"}
"""What a side states, where a word alone does not say it."""
_OF_PYTHON = "python-wheel"
"""The fact of which one cause, the Python of an environment, makes many findings."""
_SENTENCE_END = lazy_pattern(r"(?<=[.!?])\s+(?=[A-Z`\"(])")


@dataclass(frozen=True, slots=True)
class Notice:
    """Findings of one rule that read alike, in one file or of one pair, shown as one."""

    groups: tuple[FindingGroup, ...]

    @property
    def first(self) -> Finding:
        """The finding that represents all."""
        return self.groups[0].first


def notices(groups: Iterable[FindingGroup]) -> list[Notice]:
    """Findings in batches: those of one rule on the lines of one file, or between the same environments.

    What must be acted on one by one stays alone: an error, and a warning with evidence or a fix of its own. Packages
    that one side does not name are pinned together, and those that a Python does not support are told together.
    """
    batches: dict[object, list[FindingGroup]] = {}
    for number, group in enumerate(groups):
        finding = group.first
        is_unread = _is_unread(finding)
        apart = finding.severity is Severity.ERROR or not (finding.package or is_unread)
        unnamed = _unnamed(finding)
        if finding.severity is Severity.WARNING and finding.fact != _OF_PYTHON:
            apart = apart or (finding.fix is not None and not unnamed) or bool(finding.evidence or finding.details)
            apart = apart or (len(group.findings) > 1 and not is_unread)
        alike = (finding.code, finding.severity, group.environments, _file(finding), is_unread, unnamed)
        batches.setdefault(number if apart else alike, []).append(group)
    return [Notice(tuple(members)) for members in batches.values()]


def _unnamed(finding: Finding) -> str:
    """The environment of a pair that does not name the package of a warning, empty if both do."""
    if finding.severity is not Severity.WARNING or len(finding.environments) != 2:
        return ""
    writer, reader = finding.environments
    if finding.actual == State.UNSTATED.value:
        return reader
    return writer if finding.expected == State.UNSTATED.value else ""


def _is_unread(finding: Finding) -> bool:
    """Whether it is about something in a file that was not understood, and of which no package is known."""
    return finding.fact in UNREAD and not finding.package


def _file(finding: Finding) -> str:
    return finding.at.path if len(finding.environments) < 2 else ""


def finding_lines(group: FindingGroup, style: Style, *, pairs: int) -> Iterator[StyledLine]:
    """The lines of one finding, and of those that say the same of other pairs."""
    finding = group.first
    if finding.severity is Severity.INFO and not style.verbose:
        yield from _brief(group, style, named=pairs > 1)
        return
    head = [*_headline(finding, style, named=pairs > 1), *_sentences(finding, style)]
    tail = [*_covered(finding, style), *_elsewhere(group, style), *_fix(finding, style)]
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
        yield from _sentences(finding, style)
    yield text(("  ", ""), (str(finding.at), "underline"))
    yield from _elsewhere(group, style)


def notice_lines(notice: Notice, style: Style, *, pairs: int) -> Iterator[StyledLine]:
    """The lines of a batch: what, of how many packages, and which; of warnings also the location of each."""
    if len(notice.groups) == 1 or style.verbose:
        for number, group in enumerate(notice.groups):
            if number:
                yield StyledLine()
            yield from finding_lines(group, style, pairs=pairs)
        return
    first = notice.first
    if _is_unread(first):
        yield from _unread(notice, style)
        return
    many = plural(len(notice.groups), "package")
    yield from _fitted(first, f"{many} in {_subject(first, style)}", first.title, style)
    yield from _packages(notice, style)


def _packages(notice: Notice, style: Style) -> Iterator[StyledLine]:
    """Of which packages a batch tells the same, and where."""
    first = notice.first
    if _unnamed(first):
        yield from _pinned_together(notice, style)
    elif first.fact == _OF_PYTHON and first.severity is Severity.WARNING:
        yield from _refused_by_python(notice, style)
    elif first.severity is Severity.WARNING:
        rows = [
            [(f"  {group.first.package}", ""), (str(group.first.at), "underline"), (_reason(group.first), "")]
            for group in notice.groups
        ]
        yield from columns(rows[:LISTED], width=style.width)
        if rows[LISTED:]:
            yield text((f"  and {len(rows) - LISTED} more: --verbose", "dim"))
    else:
        yield from _plain(_some([group.first.package or "" for group in notice.groups]), style)
        yield text(("  ", ""), (first.at.path if _file(first) else str(first.at), "underline"))


def _pinned_together(notice: Notice, style: Style) -> Iterator[StyledLine]:
    """Packages that one side does not name: both versions, where the other side names each, and all fixes as one."""
    findings = [group.first for group in notice.groups]
    rows: list[list[Segment]] = [
        [
            (f"  {finding.package}", ""),
            (f"{_value(finding.expected or '')} → {_value(finding.actual or '')}", ""),
            (str(_where_named(finding)), "underline"),
        ]
        for finding in findings
    ]
    yield from columns(rows[:LISTED], width=style.width)
    if rows[LISTED:]:
        yield text((f"  and {len(rows) - LISTED} more: --verbose", "dim"))
    changes = [finding.fix.changes[0] for finding in findings if finding.fix is not None and finding.fix.changes]
    if changes:
        pins = [f"{change.package}=={change.to}" for change in changes]
        more = f" and {len(pins) - LISTED} more" if pins[LISTED:] else ""
        yield from _labelled("fix", f"{changes[0].environment}: {', '.join(pins[:LISTED])}{more}", style)


def _refused_by_python(notice: Notice, style: Style) -> Iterator[StyledLine]:
    """Packages that the Python of one environment does not run: which releases, where, and the fix that they share."""
    findings = [group.first for group in notice.groups]
    yield from _sentences(findings[0], style)
    rows: list[list[Segment]] = [
        [(f"  {finding.package}", ""), (finding.actual or "", ""), (str(finding.at), "underline")]
        for finding in findings
    ]
    yield from columns(rows[:LISTED], width=style.width)
    if rows[LISTED:]:
        yield text((f"  and {len(rows) - LISTED} more: --verbose", "dim"))
    yield from _labelled("fix", "Use another Python; --verbose names a release of each for this one.", style)


def _where_named(finding: Finding) -> Place:
    """Where the side that names the package does so."""
    places = [finding.at, *(location.place for location in finding.related)]
    return next((place for place in places if place.line is not None), finding.at)


def _reason(finding: Finding) -> str:
    """Why an entry of a package was not read, without the entry; other findings of a batch have their title alone."""
    if finding.fact not in UNREAD:
        return ""
    reason = finding.effect or finding.message
    return reason.partition("`: ")[2] or reason if reason.startswith("`") else reason


def _unread(notice: Notice, style: Style) -> Iterator[StyledLine]:
    """What was not understood in one file: some places, each with the first line of its reason."""
    first = notice.first
    yield from _fitted(first, f"{len(notice.groups)} places in {first.at.path}", first.title, style)
    for group in notice.groups[:PLACES]:
        reason = wrapped(group.first.effect or group.first.message, style.width - 6, first="    ", rest="    ")
        yield text(("  ", ""), (str(group.first.at), "underline"))
        yield text((f"{reason[0]}{' ...' if reason[1:] else ''}", ""))
    if notice.groups[PLACES:]:
        yield text((f"  and {len(notice.groups) - PLACES} more: --verbose", "dim"))
    yield from _elsewhere(notice.groups[0], style)


def _headline(finding: Finding, style: Style, *, named: bool) -> Iterator[StyledLine]:
    """What, and the rule's words for it; between which environments, if there are several pairs and room."""
    what = _what(finding)
    pair = (
        f" ({' → '.join(finding.environments)})" if named and len(finding.environments) > 1 and finding.package else ""
    )
    width = len(f"{finding.severity.value}[{finding.code}] {what}: {finding.title}")
    if len(finding.environments) == 1 and finding.package and width > style.width:
        what = finding.package
    yield from _fitted(finding, f"{what}{pair if width + len(pair) <= style.width else ''}", finding.title, style)


def _fitted(finding: Finding, words: str, title: str, style: Style) -> list[StyledLine]:
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
        return f"{finding.package} {_value(finding.expected)} → {_value(finding.actual)}"
    return finding.package or " → ".join(finding.environments) or str(finding.at)


def _value(text: str) -> str:
    return _IN_WORDS.get(text, text)


def _subject(finding: Finding, style: Style) -> str:
    """The environments of a batch, a long name of one of them replaced by its file."""
    names = " → ".join(finding.environments)
    return names if len(names) <= style.width // 2 or not _file(finding) else finding.at.path


def _sentences(finding: Finding, style: Style) -> list[StyledLine]:
    """What happens: whole where everything is requested, else the sentences that two lines hold, at least the first."""
    if style.verbose:
        return list(_plain(finding.message, style))
    shown = ""
    for part in _SENTENCE_END.split(finding.effect or _without_long_name(finding, style)):
        longer = f"{shown} {part}".lstrip()
        # A full stop inside of code or of a quotation, such as the text of an exception, ends no sentence; whom a bump
        # leaves behind says nothing without what happens to it.
        ends = not _is_open(shown) and not _is_about_orphans(shown)
        if shown and ends and len(wrapped(longer, style.width - 2)) > 2:
            break
        shown = longer
    return list(_plain(shown, style))


def _without_long_name(finding: Finding, style: Style) -> str:
    """The message, without an environment whose name fills most of a line and is the folder of the place below it."""
    for name in finding.environments[:1]:
        if len(name) > style.width // 2 and f"{name}/" in finding.at.path:
            return finding.message.removeprefix(f"In {name}: ").removeprefix(f"In {name}, ")
    return finding.message


def _is_about_orphans(shown: str) -> bool:
    return shown.startswith(ORPHANS) and len(_SENTENCE_END.split(shown)) == 1


def _is_open(sentence: str) -> bool:
    """Whether code, a quotation or a bracket is still open at the end of the sentence."""
    return any(sentence.count(mark) % 2 for mark in '`"') or sentence.count("(") > sentence.count(")")


def _plain(sentence: str, style: Style) -> Iterator[StyledLine]:
    return (text((line, "")) for line in wrapped(sentence, style.width, first="  ", rest="  "))


def _places(finding: Finding, style: Style, *, room: int) -> Iterator[StyledLine]:
    rows: list[list[Segment]] = [[(f"  {at}", "underline"), (_value(text), "")] for at, text in sides(finding)]
    most = len(rows) if style.verbose else max(PLACES, room - 1)
    shown = rows if len(rows) <= most else rows[:most]
    yield from columns(shown, width=style.width)
    if rows[most:]:
        yield text((f"  and {plural(len(rows) - most, 'more place')}: --verbose", "dim"))


def _elsewhere(group: FindingGroup, style: Style) -> Iterator[StyledLine]:
    """Further environments of which the same is to be said."""
    others = [finding.environments[-1] for finding in group.findings[1:]]
    if not others:
        return
    if style.verbose and any(finding.at != group.first.at for finding in group.findings):
        yield from _labelled(
            "also", ", ".join(f"{finding.environments[-1]} ({finding.at})" for finding in group.findings[1:]), style
        )
    elif len(group.first.environments) > 1:
        yield from _labelled("also", f"{plural(len(others), 'more pair')}, into {_some(others)}", style)
    else:
        yield from _labelled("also", _some(others), style)


def _covered(finding: Finding, style: Style) -> Iterator[StyledLine]:
    """Differences that follow from this one."""
    if finding.covers:
        named = finding.covers if style.verbose else finding.covers[:PLACES]
        more = f" and {len(finding.covers) - len(named)} more" if finding.covers[len(named) :] else ""
        shown = ", ".join(named).replace(f"→ {State.UNSTATED.value}", f"→ {_value(State.UNSTATED.value)}")
        yield from _labelled("with it", shown + more, style)


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more


def _fix(finding: Finding, style: Style) -> Iterator[StyledLine]:
    more = _more(finding) if not style.verbose else ""
    if finding.fix is None:
        if more:
            yield text((f"  more: {more}", "dim"))
        return
    lines = list(_labelled("fix", finding.fix.shown, style))
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
        yield from _labelled("seen", detail, style)
    for evidence in finding.evidence:
        yield from _labelled("source", f"{evidence.source} ({evidence.checked})", style)
    yield from _labelled("rule", finding.name, style)


def _labelled(label: str, sentence: str, style: Style) -> Iterator[StyledLine]:
    lines = wrapped(sentence, style.width - 10)
    for number, line in enumerate(lines):
        yield text((f"  {label:<8}" if number == 0 else " " * 10, "dim"), (line, ""))
