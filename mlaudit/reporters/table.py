"""The report for people: environments, findings worst first, the table of what differs, and what was not compared."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from textwrap import wrap

from mlaudit.model.nouns import Kind, Severity, Verdict
from mlaudit.model.report import Discovered, Environment, Finding, Report
from mlaudit.reporters._escape import for_terminal
from mlaudit.reporters._facts import counts, incomplete, plural, suppressed, unknown_images
from mlaudit.reporters._groups import FindingGroup, grouped
from mlaudit.reporters._layout import TONE, StyledLine, columns, painted, text
from mlaudit.reporters._pairs import pair_lines
from mlaudit.reporters._registry import Style, reporter
from mlaudit.reporters._tables import is_listed, tables

WIDTH = 80
"""Columns into which running text is wrapped; paths and versions are never cut."""
NAMES = 24
"""Characters of the longest environment name that shares a line with its sources."""
COVERED = 6
"""Differences behind a finding that are named before the rest is counted."""
LEFT_OUT = 4
"""Ignored documents that are named before the rest is counted."""
LISTED = 12
"""Unread entries that are listed before the rest is counted."""


@reporter
def render(report: Report, style: Style) -> str:
    """Plain text; colours where the style asks for them."""
    lines = [line for block in _blocks(report, style) for line in (*block, StyledLine())]
    return painted(lines[:-1], colour=style.colour)


def _blocks(report: Report, style: Style) -> Iterator[list[StyledLine]]:
    if not style.quiet:
        yield from _present(_notes(report, style), _environments(_shown_environments(report)))
    groups = grouped(report.findings)
    for severity in (Severity.ERROR, Severity.WARNING):
        yield from (list(_finding(group)) for group in groups if group.severity is severity)
    yield from _present([line for group in groups if group.severity is Severity.INFO for line in _brief(group)])
    if not style.quiet:
        yield from _present(tables(report, style, WIDTH))
    yield from _present(list(_summary(report)), list(_unread(report)))


def _present(*blocks: list[StyledLine]) -> Iterator[list[StyledLine]]:
    return (block for block in blocks if block)


def _notes(report: Report, style: Style) -> list[StyledLine]:
    """The pairs, what else looking found, and what the user should know before the findings."""
    advice = [line for note in report.notes for line in _folded(note)]
    pairs = [line for said in pair_lines(report) for line in _hanging(said)] if report.command == "check" else []
    if not report.found:
        return [*pairs, *advice]
    head = text(("No configuration; found by looking:", ""))
    return [head, *pairs, *_found(report, style), *advice]


def _hanging(sentence: str) -> list[StyledLine]:
    """A sentence whose further lines stand further in."""
    first, *rest = wrap(
        for_terminal(sentence),
        WIDTH - 2,
        initial_indent="  ",
        subsequent_indent="    ",
        break_long_words=False,
        break_on_hyphens=False,
    )
    return [text((first, "bold")), *(text((line, "")) for line in rest)]


def _found(report: Report, style: Style) -> list[StyledLine]:
    """Environments of no pair and what was left out: counted, or listed where there is no pair or the user asks."""
    paired = _paired(report)
    taken = [one for one in report.found if one.role != "ignored" and one.role not in paired]
    left = [one for one in report.found if one.role == "ignored"]
    if paired and not style.verbose:
        names = {one.name for one in report.environments}
        unpaired = [one for one in taken if one.role in names]
        others = [one for one in taken if one.role not in names]
        counted = [
            *([f"{plural(len(unpaired), 'environment')} in no pair"] if unpaired else []),
            *([f"{plural(len(left), 'document')} left out"] if left else []),
        ]
        said = [text((f"  {', '.join(counted)}; --verbose lists them", "dim"))] if counted else []
        return [*_found_rows(others), *said]
    more = [text((f"  and {len(left) - LEFT_OUT} more ignored; --format json lists all", ""))]
    return [*_found_rows([*taken, *left[:LEFT_OUT]]), *more[: len(left) > LEFT_OUT]]


def _found_rows(shown: Sequence[Discovered]) -> list[StyledLine]:
    rows = [
        [(f"  {one.role}", "bold"), (f"{one.folder}{', '.join(one.documents)}", ""), (f"({one.why})", "dim")]
        for one in shown
    ]
    return columns(rows)


def _environments(environments: Sequence[Environment]) -> list[StyledLine]:
    heads = [(one.name, " + ".join(_short(one)), _facts(one)) for one in environments]
    wide = [f"{name}   {sources}   {facts}" for name, sources, facts in heads]
    rows = columns([[(name, "bold"), (sources, ""), (facts, "")] for name, sources, facts in heads])
    if max(map(len, wide), default=0) <= WIDTH and all(line.width <= WIDTH for line in rows):
        return _with_notes(rows, environments)
    longest = max((len(name) for name, _, _ in heads), default=0)
    widest = max((len(facts) for _, _, facts in heads), default=0)
    margin = longest + 3 if longest <= NAMES and longest + 3 + widest <= WIDTH else 4
    lines = []
    for (name, sources, facts), one in zip(heads, environments, strict=True):
        if longest <= NAMES:
            lines.append(text((name.ljust(longest + 3), "bold"), (sources, "")))
        else:
            lines += [text((name, "bold")), text((" " * margin + sources, ""))]
        lines.append(text((" " * margin + facts, "")))
        lines += [line for note in one.notes for line in _folded(note, indent=margin)]
    return lines


def _shown_environments(report: Report) -> list[Environment]:
    """All that were named; of those that were found by looking, the ones that are compared."""
    if not report.found:
        return list(report.environments)
    paired = _paired(report)
    return [one for one in report.environments if one.name in paired]


def _paired(report: Report) -> set[str]:
    return {name for one in report.environments for name in (*one.follows, *((one.name,) if one.follows else ()))}


def _with_notes(rows: list[StyledLine], environments: Sequence[Environment]) -> list[StyledLine]:
    lines = []
    for row, one in zip(rows, environments, strict=True):
        lines += [row, *(line for note in one.notes for line in _folded(note, indent=4))]
    return lines


def _short(one: Environment) -> Sequence[str]:
    return one.sources if len(one.sources) <= 3 else (*one.sources[:2], f"{len(one.sources) - 2} more")


def _facts(one: Environment) -> str:
    packages = f"{one.packages} package{'' if one.packages == 1 else 's'}"
    machine = f"{one.target.platform} {one.target.machine}"
    guessed = " (assumed)" if "platform" in one.target.assumed else ""
    follows = f"follows {', '.join(one.follows)}" if one.follows else ""
    return "   ".join(part for part in (packages, _python(one), machine + guessed, follows) if part)


def _python(one: Environment) -> str:
    pythons = one.target.pythons
    if not pythons:
        return "Python unknown"
    if len(pythons) == 1:
        return f"Python {pythons[0]}"
    return f"Python {pythons[0]} to {pythons[-1]}"


def _folded(sentence: str, indent: int = 0, tone: str = "") -> list[StyledLine]:
    margin = " " * indent
    folded = wrap(for_terminal(sentence), WIDTH - indent, break_long_words=False, break_on_hyphens=False)
    return [text((margin + part, tone)) for part in folded]


def _finding(group: FindingGroup) -> Iterator[StyledLine]:
    finding = group.first
    tone = TONE[finding.severity]
    yield text((f"{finding.severity.value}[{finding.code}]", tone), (f" {finding.name}: {_headline(finding)}", "bold"))
    yield from _folded(finding.message, indent=2)
    yield from _locations(finding)
    yield from _others(group)
    for detail in finding.details:
        yield from _labelled("seen", detail)
    for evidence in finding.evidence[:3]:
        yield from _labelled("source", f"{evidence.source} ({evidence.checked})")
    if finding.covers:
        yield from _labelled("covers", _some(finding.covers))
    if finding.fix is not None:
        yield from _labelled("fix", finding.fix.says)


def _others(group: FindingGroup) -> Iterator[StyledLine]:
    """Further environments of which the same is to be said, with their places."""
    if group.findings[1:] and all(one.at == group.first.at for one in group.findings):
        yield from _labelled("also", _some([one.environments[-1] for one in group.findings[1:]]))
    elif group.findings[1:]:
        yield from _labelled("also", _some([f"{one.environments[-1]} ({one.at})" for one in group.findings[1:]]))


def _some(covers: Sequence[str]) -> str:
    more = f", and {len(covers) - COVERED} more" if len(covers) > COVERED else ""
    return ", ".join(covers[:COVERED]) + more


def _headline(finding: Finding) -> str:
    if len(finding.environments) == 1:
        return f"{finding.package} in {finding.environments[0]}" if finding.package else str(finding.at)
    if finding.package and finding.expected is not None and finding.actual is not None:
        return f"{finding.package} {finding.expected} → {finding.actual}"
    return finding.package or " → ".join(finding.environments) or str(finding.at)


def _locations(finding: Finding) -> Iterator[StyledLine]:
    sides = {finding.at: finding.actual, **dict.fromkeys(finding.related, finding.expected)}
    only = len(finding.environments) < 2 or len(finding.related) > 1 or finding.expected is None
    rows = [[(f"  {at}", "underline"), ("" if only or not said else said, "")] for at, said in sides.items()]
    yield from columns(rows)


def _labelled(label: str, sentence: str) -> Iterator[StyledLine]:
    for number, line in enumerate(_folded(sentence, indent=10)):
        yield text((f"  {label:<8}", "dim"), (line.plain[10:], "")) if number == 0 else line


def _brief(group: FindingGroup) -> Iterator[StyledLine]:
    """Two lines: what, then where; the sentence only where the headline does not say it."""
    finding = group.first
    yield text((f"info[{finding.code}]", TONE[Severity.INFO]), (f" {finding.name}: {_headline(finding)}", ""))
    told = (finding.package, finding.expected, finding.actual)
    if len(finding.environments) < 2 or None in told:
        yield from _folded(finding.message, indent=2)
    yield text((f"  {finding.at}", "underline"))
    yield from _others(group)


def _summary(report: Report) -> Iterator[StyledLine]:
    summary = report.summary
    names = [one.name for one in report.environments]
    if not _paired(report):
        packages = sum(one.packages for one in report.environments)
        many = "1 environment" if len(names) == 1 else f"{len(names)} environments"
        yield from _folded(f"{many}, {packages} packages, no pair to compare; {counts(report)}.")
        return
    if summary.compared and summary.compared == summary.aligned and not report.findings:
        shared = plural(summary.compared, "shared package")
        are = "is" if summary.compared == 1 else "are"
        besides = f" ({', '.join(summary.equal)})" if summary.equal else ""
        yield from _folded(
            f"{shared} {are} aligned across {' and '.join(names)}{besides}. {_left_out(report)}".rstrip()
        )
    elif not summary.compared:
        yield from _folded(f"No package is stated by both sides of a pair; {counts(report)}.")
        yield from _folded(" ".join(_sides(report)))
    else:
        shared = f"{summary.aligned} of {summary.compared} shared packages are aligned"
        yield from _folded(f"{shared}{_besides(report)}; {counts(report)}.")
        yield from _folded(" ".join(_sides(report)))
    unlisted = _unlisted(report)
    if unlisted:
        yield from _folded(f"{plural(unlisted, 'difference')} in packages that are not watched; --verbose lists all.")
    if summary.unknown_images:
        yield from _folded(unknown_images(report))
    if summary.unseen:
        yield from _folded(f"Not stated on both sides, so not judged: {', '.join(summary.unseen)}.")


def _unlisted(report: Report) -> int:
    """How many packages are stated on both sides, not aligned, and stand neither in a table nor in a finding."""
    spoken = {name for finding in report.findings for name in (finding.package, *finding.covers)}
    return sum(
        row.kind is Kind.PACKAGE
        and row.verdict is not Verdict.ALIGNED
        and row.package not in spoken
        and any(one.writer.stated and one.reader.stated for one in row.crossings)
        and not is_listed(row, report, Style())
        for row in report.rows
    )


def _besides(report: Report) -> str:
    """What is equal beside the packages, as the end of a clause."""
    equal = report.summary.equal
    return f", and so {'is' if len(equal) == 1 else 'are'} {', '.join(equal)}" if equal else ""


def _left_out(report: Report) -> str:
    """What of two aligned sides was not compared; that nothing was left out only where that is so."""
    unread = [f"{report.summary.unread} not read"] if report.summary.unread else []
    left = [*unread, *suppressed(report)]
    if left:
        return f"{', '.join(left)}."
    paired = _paired(report)
    partial = incomplete(one for one in report.environments if one.name in paired)
    if partial or report.summary.unseen or report.summary.unknown_images:
        return partial
    return "Nothing was left out."


def _sides(report: Report) -> Iterator[str]:
    one_sided = [row for row in report.rows if row.kind is Kind.PACKAGE and sum(cell.stated for cell in row.cells) == 1]
    paired = _paired(report)
    for one in (one for one in report.environments if one.name in paired):
        only = sum(1 for row in one_sided if any(cell.environment == one.name and cell.stated for cell in row.cells))
        if only:
            yield f"{only} only in {one.name}{' (complete)' if one.complete else ''}."
    yield incomplete(one for one in report.environments if one.name in paired)


def _unread(report: Report) -> Iterator[StyledLine]:
    entries = [entry for one in report.environments for entry in one.unread]
    if not entries:
        return
    yield text(("Not compared:", "bold"))
    for entry in entries[:LISTED]:
        what = f" `{for_terminal(entry.what)[:60]}`" if entry.what else ""
        yield text((f"  {entry.at}", "underline"), (what, ""))
        yield from _folded(entry.why, indent=4)
    if len(entries) > LISTED:
        yield text((f"  and {len(entries) - LISTED} more; --format json lists all", ""))
