"""The matrix of packages and environments as an HTML table, and the data that its cells open to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from mlaudit.model.lazy_dataclass import dataclass
from mlaudit.model.nouns import Kind, Place, State, Verdict
from mlaudit.model.report import Cell, Crossing, Environment, Report, Row
from mlaudit.reporters._escape import for_css, for_html
from mlaudit.reporters._facts import by_package, cell_text, distance, worst_first
from mlaudit.reporters._groups import FindingGroup, grouped
from mlaudit.reporters._html.breaks import breaks

WIDE = 6
"""Environments above which the columns are narrow, and a print shows cards instead."""
_STATED_NOWHERE = (State.ABSENT, State.UNSTATED)
VERDICTS = tuple(sorted(Verdict, key=lambda verdict: verdict.rank))

Numbers = Mapping[tuple[str, str], list[int]]
"""Package and environment → the numbers of the groups of findings about them."""


@dataclass(frozen=True, slots=True)
class Matrix:
    """The rows in their order, and which findings belong where."""

    environments: tuple[Environment, ...]
    rows: tuple[Row, ...]
    groups: tuple[FindingGroup, ...]
    at_cell: Numbers
    at_row: Mapping[str, list[int]]

    @property
    def names(self) -> list[str]:
        """The environments' names, in the order of the columns."""
        return [one.name for one in self.environments]


def matrix(report: Report) -> Matrix:
    """The matrix of a report: rows with findings first."""
    groups = tuple(grouped(report.findings))
    at_cell: dict[tuple[str, str], list[int]] = {}
    at_row: dict[str, list[int]] = {}
    for number, group in enumerate(groups):
        for package in group.packages:
            at_row.setdefault(package, []).append(number)
            for environment in group.mended_in:
                at_cell.setdefault((package, environment), []).append(number)
    rows = worst_first(report.rows, by_package(report.findings))
    return Matrix(report.environments, tuple(rows), groups, at_cell, at_row)


def table(of: Matrix) -> Iterator[str]:
    """The whole table."""
    wide = ' class="wide"' if len(of.environments) > WIDE else ""
    yield f'<table id="grid" role="grid" aria-label="Packages and environments"{wide}>'
    yield "<thead><tr><th scope='col'>package</th>"
    yield "".join(f"<th scope='col'>{for_html(one.name)}{_role(one)}</th>" for one in of.environments)
    yield "</tr></thead><tbody>"
    yield from (_line(of, row) for row in of.rows)
    yield "</tbody></table>"


def _role(one: Environment) -> str:
    said = [one.role] if one.role != one.name else []
    said += [f"follows {', '.join(one.follows)}"] if one.follows else []
    return f"<small>{for_html(', '.join(said))}</small>" if said else ""


def _line(of: Matrix, row: Row) -> str:
    numbers = of.at_row.get(row.package, ())
    worst = of.groups[numbers[0]] if numbers else None
    tag = f'<span class="tag {_style(worst)}">{worst.severity.value}</span>' if worst else ""
    kind = "" if row.kind is Kind.PACKAGE else f"{row.kind.value}, "
    apart = "" if row.verdict is Verdict.ALIGNED and not row.crossings else distance(row)
    head = f"<th scope='row'>{for_html(row.package)}{tag}<small>{kind}{apart}</small></th>"
    read = _worst_by_reader(row.crossings)
    writers = {crossing.writer.environment for crossing in row.crossings}
    held = {cell.environment: cell for cell in row.cells}
    cells = (_cell(held[name], read.get(name), _of_cell(of, row, name), name in writers) for name in of.names)
    return f"<tr>{head}{''.join(cells)}</tr>"


def _of_cell(of: Matrix, row: Row, name: str) -> FindingGroup | None:
    numbers = of.at_cell.get((row.package, name))
    return of.groups[numbers[0]] if numbers else None


def _style(finding: FindingGroup) -> str:
    return f"b-{breaks(finding)} s-{finding.severity.value}"


def _worst_by_reader(crossings: Sequence[Crossing]) -> dict[str, Crossing]:
    worst: dict[str, Crossing] = {}
    for crossing in crossings:
        name = crossing.reader.environment
        if name not in worst or crossing.verdict.rank < worst[name].verdict.rank:
            worst[name] = crossing
    return worst


def _cell(cell: Cell, crossing: Crossing | None, finding: FindingGroup | None, writes: bool) -> str:
    styles = [
        *(["none"] if cell.state in _STATED_NOWHERE else []),
        *(["from"] if writes else []),
        *([_style(finding)] if finding else []),
        *([f"v-{crossing.verdict.value}"] if crossing and not finding else []),
    ]
    said = _said(crossing, finding)
    attribute = f' class="{" ".join(styles)}"' if styles else ""
    return f"<td{attribute}>{for_html(cell_text(cell))}{f'<small>{said}</small>' if said else ''}</td>"


def _said(crossing: Crossing | None, finding: FindingGroup | None) -> str:
    """A few words under a version, so that nothing is told by colour alone."""
    if finding is not None:
        return f"{finding.severity.value}: {breaks(finding)}"
    if crossing is None or crossing.verdict in (Verdict.ALIGNED, Verdict.ONE_SIDED):
        return ""
    return crossing.distance.value if crossing.distance else crossing.verdict.value


def labels(of: Matrix) -> str:
    """The style rules that name the environment of each cell where the matrix is shown as cards."""
    rules = (
        f'  #grid td:nth-child({number})::before {{ content: "{for_css(name)}"; }}'
        for number, name in enumerate(of.names, start=2)
    )
    return "\n".join(rules)


def data(of: Matrix) -> dict[str, object]:
    """What the page's script needs: names are short, since a fleet has tens of thousands of cells."""
    paths: dict[str, int] = {}
    numbers = {name: number for number, name in enumerate(of.names)}
    rows = [_row_data(of, row, numbers, paths) for row in of.rows]
    return {
        "environments": of.names,
        "verdicts": [verdict.value for verdict in VERDICTS],
        "findings": [_finding_data(group, numbers) for group in of.groups],
        "rows": rows,
        "paths": list(paths),
    }


def _finding_data(group: FindingGroup, numbers: Mapping[str, int]) -> dict[str, object]:
    """`s` severity, `p` packages, `e` environments."""
    concerned = [numbers[name] for name in group.environments if name in numbers]
    return {"s": group.severity.value, "p": list(group.packages), "e": concerned}


def _row_data(of: Matrix, row: Row, numbers: Mapping[str, int], paths: dict[str, int]) -> dict[str, object]:
    """`p` package, `f` findings, `c` crossings as writer, reader, verdict and distance, `d` the cells."""
    held = {cell.environment: cell for cell in row.cells}
    return {
        "p": row.package,
        "f": of.at_row.get(row.package, []),
        "c": [_crossing_data(crossing, numbers) for crossing in row.crossings],
        "d": [_cell_data(held[name], paths) for name in of.names],
    }


def _crossing_data(crossing: Crossing, numbers: Mapping[str, int]) -> list[object]:
    writer, reader = (numbers[name] for name in crossing.environments)
    far = [crossing.distance.value] if crossing.distance else []
    return [writer, reader, VERDICTS.index(crossing.verdict), *far]


def _cell_data(cell: Cell, paths: dict[str, int]) -> dict[str, object]:
    """`l` layer, `b` build variant, `y` statements by Python, `p` places; what is not known is left out."""
    places = dict.fromkeys(at for at in (cell.at, *(pin.at for pin in cell.pins)) if at is not None)
    facts: dict[str, object] = {
        "l": cell.layer.value if cell.layer else None,
        "b": cell.variant,
        "y": dict(cell.by_python),
        "p": [_place_data(at, paths) for at in list(places)[:8]],
    }
    return {name: fact for name, fact in facts.items() if fact}


def _place_data(at: Place, paths: dict[str, int]) -> list[object]:
    return [paths.setdefault(at.path, len(paths)), at.line, at.column]
