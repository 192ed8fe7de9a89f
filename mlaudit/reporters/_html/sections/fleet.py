"""What a fleet says beside its pairs: what was given up, drift, clusters, and models at risk."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from mlaudit.model.fleet import FleetReport
from mlaudit.reporters._escape import for_html
from mlaudit.reporters._html.pair_views import PageView
from mlaudit.reporters._html.sections._registry import section
from mlaudit.reporters._html.words import breakable

MOST = 200
"""Rows of one table."""


@section("Fleet", order=5, count=lambda view: len(view.report.fleet.repositories) if view.report.fleet else 0)
def fleet(view: PageView) -> Iterator[str]:
    """A table for each part that has something to show."""
    report = view.report.fleet
    if report is None:
        return
    counts = (
        f"{len(report.repositories):,} repositories, {report.environments:,} environments, {len(report.pairs):,} pairs"
    )
    yield f"<p>{counts}.</p>"
    yield from (f"<p>{for_html(note)}</p>" for note in view.report.notes)
    yield from _table(
        "Given up",
        ("repository", "why"),
        [(repository.name, repository.why) for repository in report.repositories if repository.why],
    )
    yield from _risks(report)
    drifts = [
        (drift.package, f"{drift.differing:,} of {drift.compared:,}", f"{drift.versions:,}") for drift in report.drifts
    ]
    yield from _table("Packages that drift most", ("package", "pairs that differ", "versions"), drifts)
    clusters = [
        (
            f"{cluster.count:,}",
            ", ".join(cluster.where[:5]),
            ", ".join(f"{name} {version}" for name, version in cluster.versions),
        )
        for cluster in report.clusters
    ]
    yield from _table("Environments that agree", ("environments", "among them", "versions"), clusters)


def _risks(report: FleetReport) -> Iterator[str]:
    rows = [
        (risk.environment, f"{risk.package} {risk.stated} → {risk.to}", ", ".join(risk.models), risk.why)
        for risk in report.risks
    ]
    title = f"At risk if {', '.join(report.asked)}"
    yield from _table(title, ("environment", "change", "models", "why"), rows)


def _table(title: str, heads: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    every = list(rows)
    if not every:
        return
    more = f" (the first {MOST} of {len(every):,})" if len(every) > MOST else ""
    yield f'<h3>{for_html(title)}{more}</h3><table class="facts" aria-label="{for_html(title)}"><thead><tr>'
    yield "".join(f'<th scope="col">{head}</th>' for head in heads)
    yield "</tr></thead><tbody>"
    for first, *rest in every[:MOST]:
        cells = "".join(
            f'<td data-of="{head}">{breakable(text)}</td>' for head, text in zip(heads[1:], rest, strict=True)
        )
        yield f'<tr><th scope="row">{breakable(first)}</th>{cells}</tr>'
    yield "</tbody></table>"
