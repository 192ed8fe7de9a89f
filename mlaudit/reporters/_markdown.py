"""A report as GitHub-flavoured Markdown: the table first, details folded."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from mlaudit.model.lazy_dataclass import dataclass
from mlaudit.model.nouns import Severity
from mlaudit.model.report import Cell, Report, Row
from mlaudit.reporters._branch import branch_markdown
from mlaudit.reporters._escape import as_code, as_link, for_html, for_markdown
from mlaudit.reporters._facts import (
    by_package,
    cell_text,
    compared,
    counts,
    distance,
    headline,
    incomplete,
    plural,
    suppressed,
    unknown_images,
    unknown_requirements,
    unread,
    with_findings,
)
from mlaudit.reporters._groups import FindingGroup, grouped, some

COLUMNS = 4
"""Environments that have a column of their own each; of more, equal versions are put together."""
ERRORS = 3
"""Errors whose message is shown open below the table."""
PLACES = 8
"""Places of one finding that are listed."""
NAMED = 3
"""Environments of one version that are named where versions are put together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """How much of a report is shown.

    Attributes:
        characters: of the whole text; what is left out is counted.
        rows: of the table.
        entries: of the list of what was not compared.
    """

    characters: int
    rows: int
    entries: int


def document(report: Report, room: Room) -> str:
    """The whole text, within its room."""
    head = [
        f"### mlaudit: {counts(report) if report.findings else ', '.join([_nothing(report), *suppressed(report)])}",
        "",
    ]
    head += [*branch_markdown(report), *_table(report, room), *_errors(report)]
    tail = [*_unread(report, room), *_closing(report)]
    left = room.characters - sum(len(line) + 1 for line in (*head, *tail)) - 200
    return "\n".join([*head, *_findings(_without_repeats(report), left), *tail]) + "\n"


def _nothing(report: Report) -> str:
    return "no findings" if report.against is None else f"nothing new since {report.against.base[:12]}"


def _table(report: Report, room: Room) -> Iterator[str]:
    rows = with_findings(report)
    if not rows:
        return
    severities = by_package(report.findings)
    names = [environment.name for environment in report.environments]
    wide = len(names) > COLUMNS
    heads = ["package", *(["versions"] if wide else map(for_markdown, names)), "", ""]
    yield f"| {' | '.join(heads)} |"
    yield "|---" * len(heads) + "|"
    for row in rows[: room.rows]:
        cells = [_together(row.cells)] if wide else [_cell(cell) for cell in row.cells]
        severity = severities[row.package].value
        yield f"| {' | '.join([as_code(row.package), *cells, distance(row), f'**{severity}**'])} |"
    yield ""
    if len(rows) > room.rows:
        yield f"and {plural(len(rows) - room.rows, 'package')} more."
        yield ""


def _cell(cell: Cell) -> str:
    return as_code(cell.shown) if cell.stated else cell_text(cell)


def _together(cells: Iterable[Cell]) -> str:
    """Every version with the environments that have it; those that do not name the package are left out."""
    holders: dict[str, list[str]] = {}
    for cell in cells:
        if cell.named:
            holders.setdefault(_cell(cell), []).append(cell.environment)
    return "; ".join(f"{version} in {_some(names)}" for version, names in holders.items())


def _some(names: Sequence[str]) -> str:
    return for_markdown(some(names, NAMED))


def _errors(report: Report) -> Iterator[str]:
    """What the first errors mean, one sentence each, so that a reviewer need not unfold anything."""
    errors = [group.first for group in _without_repeats(report) if group.severity is Severity.ERROR]
    yield from (f"- {for_markdown(finding.message)}" for finding in errors[:ERRORS])
    if errors:
        yield ""


def _without_repeats(report: Report) -> list[FindingGroup]:
    """The findings without those that only repeat an entry of what was not compared."""
    listed = {entry.at for _, entry in unread(report)}
    return grouped(finding for finding in report.findings if finding.at not in listed or finding.expected is not None)


def _findings(groups: Sequence[FindingGroup], characters: int) -> Iterator[str]:
    """The findings, each folded, as many as there is room for; worst first."""
    for number, group in enumerate(groups):
        block = "\n".join(_finding(group))
        characters -= len(block) + 1
        if characters < 0:
            left = sum(len(finding_group.findings) for finding_group in groups[number:])
            yield f"{plural(left, 'finding')} more; there is no room for them here."
            yield ""
            return
        yield block


def _finding(group: FindingGroup) -> Iterator[str]:
    finding = group.first
    head = f"<b>{finding.severity.value}</b> {finding.code} {finding.name}: {_markup(headline(finding))}"
    between = group.between()
    where = f" <sub>{_markup(between)}</sub>" if finding.package and between else ""
    yield f"<details><summary>{head}{where}</summary>"
    yield ""
    yield for_markdown(finding.message)
    if group.others:
        yield f"The same in {_some(group.others)}."
    yield ""
    yield from _points(group)
    yield from ("", "</details>", "")


def _points(group: FindingGroup) -> Iterator[str]:
    finding = group.first
    places = list(group.sides())
    yield from (f"- {as_code(place)}{f' {as_code(text)}' if text else ''}" for place, text in places[:PLACES])
    if len(places) > PLACES:
        yield f"- and {len(places) - PLACES} more places"
    yield from (f"- {for_markdown(detail)}" for detail in finding.details)
    yield from (
        f"- source: {as_link(evidence.source)} ({for_markdown(evidence.checked)})" for evidence in finding.evidence[:3]
    )
    if finding.covers:
        yield f"- covers {', '.join(map(as_code, finding.covers))}"
    if finding.fix is not None:
        yield f"- **fix** {for_markdown(finding.fix.shown)}"


def _markup(text: str) -> str:
    # The comment vanishes in the page, and keeps `@name` from notifying somebody.
    return for_html(text).replace("@", "@<!-- -->")


def _unread(report: Report, room: Room) -> Iterator[str]:
    entries = unread(report)
    if not entries:
        return
    yield f"<details><summary>Not compared: {len(entries)}</summary>"
    yield ""
    for _, entry in entries[: room.entries]:
        what = f" {as_code(entry.what)}" if entry.what else ""
        yield f"- {as_code(str(entry.at))}{what}: {for_markdown(entry.why)}"
    if len(entries) > room.entries:
        yield f"- and {len(entries) - room.entries} more"
    yield ""
    yield "</details>"
    yield ""


def _closing(report: Report) -> Iterator[str]:
    lists = incomplete(report.environments)
    sentences = (compared(report), lists, unknown_images(report), unknown_requirements(report))
    yield " ".join(for_markdown(sentence) for sentence in sentences if sentence)


def environments(report: Report) -> Iterator[str]:
    """A table of the environments: what they are made of and for."""
    yield "| environment | sources | packages | Python | platform | follows |"
    yield "|---|---|---|---|---|---|"
    for environment in report.environments:
        pythons = environment.target.pythons
        python = f"{pythons[0]} to {pythons[-1]}" if len(pythons) > 1 else "".join(pythons) or "unknown"
        sources = ", ".join(map(as_code, environment.sources[:NAMED]))
        more = f" and {len(environment.sources) - NAMED} more" if len(environment.sources) > NAMED else ""
        facts = [
            sources + more,
            str(environment.packages),
            python,
            f"{environment.target.platform} {environment.target.machine}",
        ]
        follows = ", ".join(map(for_markdown, environment.follows))
        yield f"| {' | '.join([for_markdown(environment.name), *facts, follows])} |"
    yield ""


def discovered_environments(report: Report) -> Iterator[str]:
    """What looking found, where no configuration declares the environments."""
    if not report.found:
        return
    yield f"<details><summary>No configuration; found by looking: {len(report.found)}</summary>"
    yield ""
    for discovered in report.found:
        documents = ", ".join(map(as_code, discovered.documents))
        role, why = for_markdown(discovered.role), for_markdown(discovered.why)
        yield f"- {role}: {as_code(discovered.folder)} {documents} ({why})"
    yield from ("", "</details>", "")


def all_rows(rows: Sequence[Row], room: Room) -> Iterator[str]:
    """A folded list of further rows, of which there are no findings."""
    if not rows:
        return
    yield f"<details><summary>Different, without a finding: {plural(len(rows), 'package')}</summary>"
    yield ""
    for row in rows[: room.rows]:
        yield f"- {as_code(row.package)} {_together(row.cells)} ({distance(row)})"
    if len(rows) > room.rows:
        yield f"- and {len(rows) - room.rows} more"
    yield from ("", "</details>", "")
