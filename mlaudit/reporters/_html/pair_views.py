"""Pairs as the page shows them: what differs between writer and reader, what agrees, and which findings say so."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from mlaudit.model.lazy_dataclass import dataclass
from mlaudit.model.nouns import Severity, Verdict
from mlaudit.model.pairs import EnvironmentPair
from mlaudit.model.report import Crossing, Environment, Report, Row, WriterReader
from mlaudit.reporters._facts import cell_text
from mlaudit.reporters._groups import FindingGroup, grouped

_APART = (Verdict.DIFFERS, Verdict.DISJOINT)


@dataclass(frozen=True, slots=True, kw_only=True)
class PairRow:
    """One package that the matrix of a pair lists, with the numbers of the finding groups about it."""

    row: Row
    crossing: Crossing
    numbers: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PairView:
    """One pair.

    Attributes:
        known: what is known to cross, None if nothing is.
        counts: findings of each severity that compare the two.
        rows: packages on which there are findings, or that are watched and do not agree; the worst first.
        rest: packages that no row lists, as texts under a heading (`other packages differ`).
        agreeing: packages that agree, as texts.
        alone: numbers of the finding groups about one of the two alone, by its name.
    """

    writer: Environment
    reader: Environment
    known: EnvironmentPair | None
    counts: Mapping[Severity, int]
    worst: FindingGroup | None
    rows: tuple[PairRow, ...]
    rest: Mapping[str, tuple[str, ...]]
    agreeing: tuple[str, ...]
    alone: Mapping[str, tuple[int, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class PageView:
    """A report as the sections of the page need it: finding groups have numbers, pairs are sorted, the worst first."""

    report: Report
    groups: tuple[FindingGroup, ...]
    pairs: tuple[PairView, ...]


def page_view(report: Report) -> PageView:
    """The view of a report."""
    groups = tuple(grouped(report.findings))
    return PageView(report=report, groups=groups, pairs=tuple(_pair_views(report, groups)))


def _pair_views(report: Report, groups: Sequence[FindingGroup]) -> list[PairView]:
    environments = {environment.name: environment for environment in report.environments}
    known = {WriterReader(known_pair.writer, known_pair.reader): known_pair for known_pair in report.known_pairs}
    crossings: dict[WriterReader, list[tuple[Row, Crossing]]] = defaultdict(list)
    for row in report.rows:
        for crossing in row.crossings:
            crossings[WriterReader(*crossing.environments)].append((row, crossing))
    by_names = _numbers_by_environments(groups)
    counts = _counts(report)
    views = [
        _pair_view(
            (environments[pair.writer], environments[pair.reader], known.get(pair)),
            crossings[pair],
            [(number, groups[number]) for number in by_names.get(tuple(pair), ())],
            counts[pair],
            {name: tuple(by_names.get((name,), ())) for name in pair},
            every=report.command == "compare",
        )
        for pair in report.pairs
    ]
    return sorted(views, key=lambda view: [-view.counts[severity] for severity in Severity])


def _numbers_by_environments(groups: Sequence[FindingGroup]) -> Mapping[tuple[str, ...], list[int]]:
    """The numbers of groups by the environments that their findings name, the worst first."""
    numbers: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for number, group in enumerate(groups):
        for names in dict.fromkeys(finding.environments for finding in group.findings):
            numbers[names].append(number)
    return numbers


def _counts(report: Report) -> Mapping[WriterReader, dict[Severity, int]]:
    counts = {pair: dict.fromkeys(Severity, 0) for pair in report.pairs}
    for finding in report.findings:
        pair = WriterReader(*finding.environments) if len(finding.environments) == 2 else None
        if pair in counts:
            counts[pair][finding.severity] += 1
    return counts


def _pair_view(
    sides: tuple[Environment, Environment, EnvironmentPair | None],
    crossings: Iterable[tuple[Row, Crossing]],
    groups: Sequence[tuple[int, FindingGroup]],
    counts: Mapping[Severity, int],
    alone: Mapping[str, tuple[int, ...]],
    *,
    every: bool,
) -> PairView:
    by_package: dict[str, list[int]] = defaultdict(list)
    for number, group in groups:
        for package in group.packages:
            by_package[package].append(number)
    rows: list[PairRow] = []
    rest: dict[str, list[str]] = defaultdict(list)
    agreeing: list[str] = []
    for row, crossing in crossings:
        numbers = by_package.get(row.package, [])
        if numbers or _is_listed(row, crossing, every=every):
            rows.append(PairRow(row=row, crossing=crossing, numbers=tuple(numbers)))
        elif crossing.verdict is Verdict.ALIGNED:
            agreeing.append(f"{row.package} {cell_text(crossing.writer)}")
        else:
            rest[_kind_of_rest(crossing)].append(_as_text(row, crossing))
    ranks = {number: group.severity.rank for number, group in groups}
    rows.sort(
        key=lambda pair_row: (min((ranks[n] for n in pair_row.numbers), default=9), pair_row.crossing.verdict.rank)
    )
    writer, reader, known = sides
    return PairView(
        writer=writer,
        reader=reader,
        known=known,
        counts=counts,
        worst=groups[0][1] if groups else None,
        rows=tuple(rows),
        rest={heading: tuple(texts) for heading, texts in rest.items()},
        agreeing=tuple(agreeing),
        alone=alone,
    )


def _is_listed(row: Row, crossing: Crossing, *, every: bool) -> bool:
    """Whether a row without a finding belongs into the matrix: watched, or asked for by `compare`."""
    both = crossing.writer.stated and crossing.reader.stated
    if crossing.verdict is Verdict.ALIGNED:
        return False
    return row.watched or (every and both and crossing.verdict in _APART)


def _kind_of_rest(crossing: Crossing) -> str:
    if crossing.verdict is Verdict.UNREAD:
        return "not read on one side"
    if crossing.writer.stated and crossing.reader.stated:
        return "other packages differ"
    return f"only in {(crossing.writer if crossing.writer.stated else crossing.reader).environment}"


def _as_text(row: Row, crossing: Crossing) -> str:
    writer, reader = crossing.cells
    if writer.stated and reader.stated:
        return f"{row.package} {cell_text(writer)} → {cell_text(reader)}"
    return f"{row.package} {cell_text(writer if writer.stated else reader)}"


def sorted_counts(counts: Mapping[Severity, int]) -> Iterator[tuple[Severity, int]]:
    """Severities of which there are findings, the worst first."""
    return ((severity, counts[severity]) for severity in Severity if counts[severity])
