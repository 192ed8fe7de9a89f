"""The tables of a report for people: what differs between a writer and those that read it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from mlaudit.model.lazy_dataclass import replace
from mlaudit.model.nouns import Kind, Severity, State, Verdict
from mlaudit.model.report import Cell, Crossing, Finding, Report, Row
from mlaudit.reporters._layout import TONE, Segment, StyledLine, columns, stacked, text
from mlaudit.reporters._registry import Style

_APART = (Verdict.DIFFERS, Verdict.DISJOINT)


ROWS = 20
"""Rows of a table before the rest is counted."""


def tables(report: Report, style: Style) -> list[StyledLine]:
    """A table for each writer with those that read it; environments of no pair are compared with nobody."""
    lines: list[StyledLine] = []
    for names in _writers_first(report):
        for part in _chunks(names, _listed_rows(report, names, style), style.width):
            rows = _listed_rows(report, part, style)
            if rows:
                lines += [*_table(rows, part, _worst(report.findings, part), style), StyledLine()]
    return lines[:-1]


def _listed_rows(report: Report, names: Sequence[str], style: Style) -> list[Row]:
    return [row for row in map(_among(names), report.rows) if row is not None and is_listed(row, report, style)]


def _writers_first(report: Report) -> Iterator[list[str]]:
    """Names of a writer and its readers, for every writer."""
    readers: dict[str, list[str]] = {}
    for pair in report.pairs:
        readers.setdefault(pair.writer, []).append(pair.reader)
    yield from ([writer, *named] for writer, named in readers.items())


def _among(names: Sequence[str]) -> Callable[[Row], Row | None]:
    """What a row states about some environments, None if no environment names the package."""
    kept = frozenset(names)

    def among(row: Row) -> Row | None:
        cells = tuple(cell for cell in row.cells if cell.environment in kept)
        crossings = tuple(
            crossing
            for crossing in row.crossings
            if crossing.writer.environment == names[0] and crossing.reader.environment in kept
        )
        if not any(cell.named for cell in cells):
            return None
        worst = min(crossings, key=_rank, default=None)
        verdict = worst.verdict if worst else Verdict.ALIGNED
        distance = worst.distance if worst else None
        return replace(row, cells=cells, crossings=crossings, verdict=verdict, distance=distance)

    return among


def _rank(crossing: Crossing) -> tuple[int, int]:
    return crossing.verdict.rank, crossing.distance.rank if crossing.distance else 9


def _table(rows: list[Row], names: Sequence[str], worst: dict[str, Severity], style: Style) -> list[StyledLine]:
    rows.sort(key=lambda row: (worst[row.package].rank if row.package in worst else len(Severity), row.package))
    most = len(rows) if style.verbose else ROWS
    more = [text((f"  {len(rows) - most} more: --verbose", "dim"))] if rows[most:] else []
    return [*_part(rows[:most], names, worst, style), *more]


def is_listed(row: Row, report: Report, style: Style) -> bool:
    if style.verbose:
        return True
    if row.kind is not Kind.PACKAGE and len({cell.shown for cell in row.cells}) == 1:
        return False
    both = sum(cell.stated for cell in row.cells) > 1
    if row.verdict in (Verdict.ALIGNED, Verdict.ONE_SIDED) or not (both or row.watched):
        return row.watched and row.verdict is Verdict.ONE_SIDED
    return row.watched or (report.command == "compare" and row.verdict in (*_APART, Verdict.UNREAD))


def _worst(findings: Iterable[Finding], names: Sequence[str]) -> dict[str, Severity]:
    """The worst severity of each package in what compares some environments."""
    worst: dict[str, Severity] = {}
    kept = frozenset(names)
    for finding in findings:
        compares = len(finding.environments) > 1 and kept.issuperset(finding.environments)
        if finding.package is not None and compares:
            known = worst.get(finding.package)
            if known is None or finding.severity.rank < known.rank:
                worst[finding.package] = finding.severity
    return worst


def _chunks(names: Sequence[str], rows: Sequence[Row], width: int) -> Iterator[list[str]]:
    """Environments whose columns fit side by side; each part begins with the writer."""
    widths = {name: len(name) for name in names}
    for cell in (cell for row in rows for cell in row.cells):
        if cell.environment in widths:
            widths[cell.environment] = max(widths[cell.environment], len(cell.shown))
    left = width - max((len(row.package) for row in rows), default=0) - 24
    part: list[str] = []
    for name in names:
        if len(part) > 1 and sum(widths[column] + 3 for column in (*part, name)) > left:
            yield part
            part = [names[0]]
        part.append(name)
    yield part


def _part(rows: Sequence[Row], names: Sequence[str], worst: dict[str, Severity], style: Style) -> list[StyledLine]:
    """The rows below the names of their environments; names too long for a column are above the table."""
    table = _cells(rows, names, names, worst)
    lines = columns(table)
    if len(names) == 2 and any(line.width > style.width for line in lines):
        table = _cells(rows, names, ("writer", "reader"), worst)
        above = stacked([(f"  {names[0]}", "dim"), (f"→ {names[1]}", "dim")], style.width)
        return [*above, *_squeezed(table, style.width)]
    return lines if all(line.width <= style.width for line in lines) else _squeezed(table, style.width)


def _squeezed(table: list[list[Segment]], width: int) -> list[StyledLine]:
    """A table within a width: with less room between the columns, else without the distances of versions."""
    without_distance = [[*row[:-2], row[-1]] for row in table]
    for cells, gap in ((table, 3), (table, 2)):
        lines = columns(cells, gap)
        if all(line.width <= width for line in lines):
            return lines
    return columns(without_distance, 2, width=width)


def _cells(
    rows: Sequence[Row], names: Sequence[str], titles: Sequence[str], worst: dict[str, Severity]
) -> list[list[Segment]]:
    head: list[Segment] = [("  package", "dim"), *((title, "dim") for title in titles), ("", ""), ("", "")]
    cells: list[list[Segment]] = []
    for row in rows:
        by_name = {cell.environment: cell for cell in row.cells}
        first = by_name[names[0]]
        severity = worst.get(row.package)
        cells.append(
            [
                (f"  {row.package}", ""),
                *((_shown(by_name[name]), "" if name == names[0] else _tone(first, by_name[name])) for name in names),
                (row.distance.value if row.distance else row.verdict.value, "dim"),
                (severity.value if severity else "", TONE[severity] if severity else ""),
            ]
        )
    return [head, *cells]


def _shown(cell: Cell) -> str:
    if cell.state is State.ABSENT:
        return "-"
    return "not named" if cell.state is State.UNSTATED else cell.shown


def _tone(reference: Cell, cell: Cell) -> str:
    return "bold" if cell.stated and cell.shown != reference.shown else ""
