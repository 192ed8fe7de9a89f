"""A notice for people: one finding, or a batch with what it is about and where."""

from __future__ import annotations

from collections.abc import Iterator

from mlaudit.model.findings import Finding
from mlaudit.model.nouns import Place, Severity
from mlaudit.reporters._facts import UNREAD, plural
from mlaudit.reporters._finding_lines import (
    PLACES,
    elsewhere,
    finding_lines,
    fitted,
    labelled,
    plain,
    sentences,
    shown_value,
    some_names,
)
from mlaudit.reporters._groups import (
    OF_PYTHON,
    TOLD_TOGETHER,
    FindingGroup,
    Notice,
    file_of_one,
    is_requirement,
    is_unread,
    unnamed_in,
    what_is_said,
)
from mlaudit.reporters._layout import Segment, StyledLine, columns, text, wrapped
from mlaudit.reporters._registry import Style

LISTED = 5
"""Packages, places or pairs of a batch that get a line each before the rest is counted."""


def notice_lines(notice: Notice, style: Style, *, pairs: int) -> Iterator[StyledLine]:
    """The lines of a batch: what, of how many packages, and which; of warnings also the location of each."""
    if len(notice.groups) == 1 or style.verbose:
        for number, group in enumerate(notice.groups):
            if number:
                yield StyledLine()
            yield from finding_lines(group, style, pairs=pairs)
        return
    first = notice.first
    if is_unread(first):
        yield from _unread(notice, style)
        return
    if first.fact in TOLD_TOGETHER:
        yield from fitted(first, plural(len(notice.groups), _counted(first)), first.title, style)
        yield from _listed(notice, style)
        return
    if is_requirement(first):
        yield from _unmet(notice, style)
        return
    many = plural(len(notice.groups), "package")
    yield from fitted(first, f"{many} in {_subject(first, style)}", first.title, style)
    yield from _packages(notice, style)


def _counted(finding: Finding) -> str:
    """What a batch from everywhere counts: pairs of environments, or places of packages and images."""
    return "pair" if finding.package is None else "place"


def _listed(notice: Notice, style: Style) -> Iterator[StyledLine]:
    """What a batch from everywhere is about: the environments of each pair, else each package and where it is."""
    shown = notice.groups[:LISTED]
    if notice.first.package is None:
        for group in shown:
            writer, reader = group.first.environments
            is_short = len(f"  {writer} → {reader}") <= style.width
            yield from (
                text((line, ""))
                for line in ([f"  {writer} → {reader}"] if is_short else [f"  {writer}", f"    → {reader}"])
            )
    else:
        rows: list[list[Segment]] = [
            [(f"  {group.first.package}", ""), (str(group.first.at), "underline"), (_further(group), "")]
            for group in shown
        ]
        yield from columns(rows, width=style.width)
    yield from _rest(notice, LISTED)


def _unmet(notice: Notice, style: Style) -> Iterator[StyledLine]:
    """Many requirements of one release that are not met: each package with its version, what is required, and where."""
    first = notice.first
    yield from fitted(first, f"{first.package} in {first.environments[0]}", first.title, style)
    release = " ".join((first.package or "", *first.values[:1]))
    at = _where(first, first.package or "")
    many = plural(len(notice.groups), "package")
    yield from plain(f"{release}{f' ({at})' if at else ''} requires other versions of {many}:", style)
    yield from columns([_unmet_row(group) for group in notice.groups[:LISTED]], width=style.width)
    yield from _rest(notice, LISTED)
    yield from labelled("fix", "Set what it requires; --verbose names a release for what is there.", style)


def _unmet_row(group: FindingGroup) -> list[Segment]:
    finding = group.first
    package, _, version = (finding.actual or "").partition(" ")
    required = (finding.expected or "").removeprefix(package)
    at = _where(finding, package) or str(finding.at)
    more = _further(group)
    cells = [(f"  {package} {version}", ""), (f"required {required}", ""), (at, "underline")]
    return [*cells, (more, "")] if more else cells


def _where(finding: Finding, package: str) -> str:
    """The first place of a finding where a package is, empty if none says so."""
    places = (location.place for location in finding.locations if location.says.startswith(f"{package} "))
    return next(map(str, places), "")


def _further(group: FindingGroup) -> str:
    """In how many environments more the same is stated."""
    others = len(group.findings) - 1
    return f"and {plural(others, 'more environment')}" if others else ""


def _packages(notice: Notice, style: Style) -> Iterator[StyledLine]:
    """Of which packages a batch tells the same, and where."""
    first = notice.first
    if unnamed_in(first):
        yield from _pinned_together(notice, style)
    elif first.fact == OF_PYTHON and first.severity is Severity.WARNING:
        yield from _refused_by_python(notice, style)
    elif first.severity is Severity.WARNING:
        rows = [
            [(f"  {group.first.package}", ""), (str(group.first.at), "underline"), (_reason(group.first), "")]
            for group in notice.groups
        ]
        yield from columns(rows[:LISTED], width=style.width)
        yield from _rest(notice, LISTED)
    else:
        yield from plain(some_names([group.first.package or "" for group in notice.groups]), style)
        yield text(("  ", ""), (first.at.path if file_of_one(first) else str(first.at), "underline"))


def _pinned_together(notice: Notice, style: Style) -> Iterator[StyledLine]:
    """Packages that one side does not name: both versions, where the other side names each, and all fixes as one."""
    findings = [group.first for group in notice.groups]
    rows: list[list[Segment]] = [
        [
            (f"  {finding.package}", ""),
            (f"{shown_value(finding.expected or '')} → {shown_value(finding.actual or '')}", ""),
            (str(_where_named(finding)), "underline"),
        ]
        for finding in findings
    ]
    yield from columns(rows[:LISTED], width=style.width)
    yield from _rest(notice, LISTED)
    yield from elsewhere(notice.groups[0], style)
    changes = [finding.fix.changes[0] for finding in findings if finding.fix is not None and finding.fix.changes]
    if changes:
        pins = [f"{change.package}=={change.to}" for change in changes]
        more = f" and {len(pins) - LISTED} more" if pins[LISTED:] else ""
        yield from labelled("fix", f"{changes[0].environment}: {', '.join(pins[:LISTED])}{more}", style)


def _refused_by_python(notice: Notice, style: Style) -> Iterator[StyledLine]:
    """Packages that the Python of one environment does not run: which releases, where, and the fix that they share."""
    findings = [group.first for group in notice.groups]
    yield from sentences(findings[0], style)
    rows: list[list[Segment]] = [
        [(f"  {finding.package}", ""), (finding.actual or "", ""), (str(finding.at), "underline")]
        for finding in findings
    ]
    yield from columns(rows[:LISTED], width=style.width)
    yield from _rest(notice, LISTED)
    yield from labelled("fix", "Use another Python; --verbose names a release of each for this one.", style)


def _where_named(finding: Finding) -> Place:
    """Where the side that names the package does so."""
    places = [finding.at, *(location.place for location in finding.related)]
    return next((place for place in places if place.line is not None), finding.at)


def _reason(finding: Finding) -> str:
    """Why an entry of a package was not read, without the entry; other findings of a batch have their title alone."""
    if finding.fact not in UNREAD:
        return ""
    reason = what_is_said(finding)
    return reason.partition("`: ")[2] or reason if reason.startswith("`") else reason


def _unread(notice: Notice, style: Style) -> Iterator[StyledLine]:
    """What was not understood: some places, each with the first line of its reason; one reason of all is told once."""
    first = notice.first
    files = {group.first.at.path for group in notice.groups}
    where = f" in {first.at.path}" if len(files) == 1 else ""
    yield from fitted(first, f"{len(notice.groups)} places{where}", first.title, style)
    if len({what_is_said(group.first) for group in notice.groups}) == 1:
        yield from sentences(first, style)
        yield from (text(("  ", ""), (str(group.first.at), "underline")) for group in notice.groups[:LISTED])
        yield from _rest(notice, LISTED)
        return
    for group in notice.groups[:PLACES]:
        reason = wrapped(what_is_said(group.first), style.width - 6, first="    ", rest="    ")
        yield text(("  ", ""), (str(group.first.at), "underline"))
        yield text((f"{reason[0]}{' ...' if reason[1:] else ''}", ""))
    yield from _rest(notice, PLACES)
    yield from elsewhere(notice.groups[0], style)


def _rest(notice: Notice, shown: int) -> Iterator[StyledLine]:
    """How many of a batch are not shown, if any."""
    if notice.groups[shown:]:
        yield text((f"  and {len(notice.groups) - shown} more: --verbose", "dim"))


def _subject(finding: Finding, style: Style) -> str:
    """The environments of a batch, a long name of one of them replaced by its file."""
    names = " → ".join(finding.environments)
    return names if len(names) <= style.width // 2 or not file_of_one(finding) else finding.at.path
