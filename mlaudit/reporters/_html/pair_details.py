"""One pair: a line with its worst severity that opens to what crosses, the matrix, and what agrees."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mlaudit.model.nouns import Kind, Severity, Verdict
from mlaudit.model.report import Cell, Crossing
from mlaudit.reporters._escape import for_html
from mlaudit.reporters._facts import cell_text, plural
from mlaudit.reporters._groups import FindingGroup
from mlaudit.reporters._html.breaks import breaks
from mlaudit.reporters._html.pair_views import PageView, PairRow, PairView, sorted_counts
from mlaudit.reporters._html.words import breakable

MAX_CODES = 3
"""Findings on one package that its row links to; the others are counted."""
MAX_ARTIFACTS = 5
"""Artifacts of a pair that are named before the rest is counted."""


def pair_details(view: PageView, pair: PairView, number: int, *, is_open: bool) -> Iterator[str]:
    """The pair as an element that opens."""
    style = f" {_style(pair.worst)}" if pair.worst else ""
    yield f'<details class="pair{style}" id="p{number}"{" open" if is_open else ""}>'
    yield _summary(pair)
    yield '<div class="inside">'
    yield from _sides(pair)
    yield from _matrix(view, pair)
    yield from _rest(pair)
    yield from _alone(view, pair)
    yield "</div></details>"


def _style(group: FindingGroup) -> str:
    return f"b-{breaks(group)} s-{group.severity.value}"


def _summary(pair: PairView) -> str:
    severity = pair.worst.severity.value if pair.worst else "none"
    names = (
        f'<b class="names"><span class="writer">{breakable(pair.writer.name)}</span> → '
        f'<span class="reader">{breakable(pair.reader.name)}</span></b>'
    )
    counts = ", ".join(_count(*count) for count in sorted_counts(pair.counts)) or "no findings"
    agree = f"{len(pair.agreeing)} agree" if pair.agreeing else ""
    summary = "; ".join(part for part in (counts, agree) if part)
    return f'<summary><span class="tag">{severity}</span> {names} <span class="quiet">{summary}</span></summary>'


def _count(severity: Severity, count: int) -> str:
    return f"{count} info" if severity is Severity.INFO else plural(count, severity.value)


def _sides(pair: PairView) -> Iterator[str]:
    """Sources of both sides, what crosses, and that a pair is a guess where it is."""
    for role, environment in (("Writer", pair.writer), ("Reader", pair.reader)):
        sources = ", ".join(f"<code>{breakable(source)}</code>" for source in environment.sources)
        if sources:
            yield f'<p class="quiet">{role}: {sources}</p>'
    known = pair.known
    if known is None:
        return
    if not known.certain and not known.crosses:
        yield "<p>A guess by names: its findings are warnings at most.</p>"
    if known.crosses:
        yield '<p class="quiet">What crosses:</p><ul class="plain">'
        for artifact in known.crosses[:MAX_ARTIFACTS]:
            perhaps = "" if artifact.certain else ", perhaps"
            written, read = (breakable(at.at_line) for at in (artifact.written, artifact.read))
            where = f"<code>{written}</code> → <code>{read}</code>"
            yield f"<li>{breakable(artifact.artifact)}, {for_html(artifact.form)}{perhaps} ({where})</li>"
        more = len(known.crosses) - MAX_ARTIFACTS
        if more > 0:
            yield f"<li>and {plural(more, 'more artifact')}</li>"
        yield "</ul>"


def _matrix(view: PageView, pair: PairView) -> Iterator[str]:
    if not pair.rows:
        yield "<p>No finding compares the two, and no watched package differs.</p>"
        return
    label = f"{for_html(pair.writer.name)} to {for_html(pair.reader.name)}"
    yield f'<table class="matrix" aria-label="{label}"><thead><tr><th scope="col">package</th>'
    yield f'<th scope="col">{breakable(pair.writer.name)}<small>writes</small></th>'
    yield f'<th scope="col">{breakable(pair.reader.name)}<small>reads</small></th>'
    yield '<th scope="col" class="apart">difference</th><th scope="col" class="codes">findings</th></tr></thead><tbody>'
    yield from (_line(view, pair, row) for row in pair.rows)
    yield "</tbody></table>"


def _line(view: PageView, pair: PairView, row: PairRow) -> str:
    worst = view.groups[row.numbers[0]] if row.numbers else None
    style = f' class="{_style(worst)}"' if worst else ""
    tag = f' <span class="tag">{worst.severity.value}</span>' if worst else ""
    kind = "" if row.row.kind.value in (Kind.PACKAGE.value, row.row.package) else f"<small>{row.row.kind.value}</small>"
    numbers = f' data-f="{" ".join(map(str, row.numbers))}"' if row.numbers else ""
    return (
        f'<tr{style} data-p="{for_html(row.row.package)}"{numbers}>'
        f'<th scope="row">{breakable(row.row.package)}{tag}{kind}</th>'
        f"{_cell(row.crossing.writer, pair.writer.name)}{_cell(row.crossing.reader, pair.reader.name)}"
        f'<td class="apart" data-of="difference">{_apart(row.crossing)}</td>'
        f'<td class="codes" data-of="findings">{_codes(view, row.numbers)}</td></tr>'
    )


def _cell(cell: Cell, name: str) -> str:
    """A version and its place; the name of the environment is seen where a narrow page shows no head."""
    at = f'<small class="at">{breakable(str(cell.at))}</small>' if cell.at else ""
    none = "" if cell.named else ' class="none"'
    return f'<td{none} data-of="{for_html(name)}">{breakable(cell_text(cell))}{at}</td>'


def _apart(crossing: Crossing) -> str:
    if crossing.verdict is Verdict.ALIGNED:
        return "same version"
    return crossing.distance.value if crossing.distance else crossing.verdict.value


def _codes(view: PageView, numbers: Sequence[int]) -> str:
    links = [_link(view, number) for number in numbers[:MAX_CODES]]
    more = len(numbers) - MAX_CODES
    return ", ".join((*links, *((f"{more} more",) if more > 0 else ())))


def _link(view: PageView, number: int) -> str:
    return f'<a href="#f{number}">{for_html(view.groups[number].first.code)}</a>'


def _rest(pair: PairView) -> Iterator[str]:
    lists = [(f"{len(texts)} {heading}", texts, "rest") for heading, texts in pair.rest.items()]
    if pair.agreeing:
        lists.append((f"{len(pair.agreeing)} agree", pair.agreeing, "agree"))
    for heading, texts, style in lists:
        listed = for_html(", ".join(texts))
        yield f'<details class="{style}"><summary>{for_html(heading)}</summary><p>{listed}</p></details>'


def _alone(view: PageView, pair: PairView) -> Iterator[str]:
    for name, numbers in pair.alone.items():
        if numbers:
            more = f" and {len(numbers) - MAX_CODES * 4} more" if len(numbers) > MAX_CODES * 4 else ""
            links = ", ".join(_link(view, number) for number in numbers[: MAX_CODES * 4])
            yield f"<p>Findings on {for_html(name)} alone: {links}{more}</p>"
