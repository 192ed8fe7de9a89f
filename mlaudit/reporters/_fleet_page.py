"""The worst pairs of a fleet as a report, so that the page shows them as it shows those of one repository."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from mlaudit.model.findings import Finding
from mlaudit.model.fleet import FleetPair, FleetReport
from mlaudit.model.lazy_dataclass import replace
from mlaudit.model.nouns import Kind, Place, Severity, State, Verdict
from mlaudit.model.pairs import EnvironmentPair
from mlaudit.model.report import Cell, Crossing, Environment, Report, Row, Summary
from mlaudit.model.versions import distance, parsed
from mlaudit.reporters._fleet_facts import summary

MAX_PAIRS = 200
"""Pairs of one page; JSON and CSV have all."""


def page_report(fleet: FleetReport) -> Report:
    """The report of the worst pairs, with the fleet beside it."""
    pairs = [pair for pair in fleet.pairs if pair.severity][:MAX_PAIRS]
    counts = summary(fleet)
    return Report(
        command="fleet",
        environments=tuple(_environments(pairs)),
        rows=tuple(_rows(pairs)),
        findings=tuple(finding for pair in pairs for finding in _findings(pair)),
        summary=Summary(
            error=_sum(pairs, "error"),
            warning=_sum(pairs, "warning"),
            info=_sum(pairs, "info"),
            compared=fleet.compared,
            aligned=fleet.compared - fleet.differing,
        ),
        exit_code=fleet.exit_code,
        knowledge=fleet.knowledge,
        notes=tuple(_notes(fleet, counts, len(pairs))),
        known_pairs=tuple(
            EnvironmentPair(writer=pair.writer, reader=pair.reader, certain=pair.certain, reason=pair.address)
            for pair in pairs
        ),
        fleet=fleet,
    )


def _notes(fleet: FleetReport, counts: dict[str, object], shown: int) -> Iterator[str]:
    bad = sum(bool(pair.severity) for pair in fleet.pairs)
    if bad > shown:
        yield f"The {shown} worst of {bad:,} pairs with findings are shown; JSON, CSV and Parquet have all of them."
    if counts["given_up"]:
        verb = "was" if counts["given_up"] == 1 else "were"
        yield f"{counts['given_up']} of {counts['repositories']} repositories {verb} given up."
    yield from fleet.notes


def _sum(pairs: Iterable[FleetPair], severity: str) -> int:
    return sum(finding["severity"] == severity for pair in pairs for finding in pair.findings)


def _environments(pairs: Sequence[FleetPair]) -> Iterator[Environment]:
    by_name: dict[str, Environment] = {}
    for pair in pairs:
        for name, role in ((pair.writer, "training"), (pair.reader, "serving")):
            by_name.setdefault(name, Environment(name=name, role=role))
        reader = by_name[pair.reader]
        by_name[pair.reader] = replace(reader, follows=tuple(dict.fromkeys((*reader.follows, pair.writer))))
    yield from by_name.values()


def _rows(pairs: Sequence[FleetPair]) -> Iterator[Row]:
    crossings: dict[str, list[Crossing]] = {}
    for pair in pairs:
        for package, written, read in pair.differ:
            crossings.setdefault(package, []).append(
                Crossing(
                    writer=_cell(pair.writer, package, written),
                    reader=_cell(pair.reader, package, read),
                    verdict=Verdict.DIFFERS,
                    distance=distance(written, read) if parsed(written) and parsed(read) else None,
                    watched=True,
                )
            )
    for package, own in sorted(crossings.items()):
        cells = {cell.environment: cell for crossing in own for cell in crossing.cells}
        distances = [crossing.distance for crossing in own if crossing.distance is not None]
        yield Row(
            package=package,
            kind=Kind.PACKAGE,
            cells=tuple(cells.values()),
            crossings=tuple(own),
            verdict=Verdict.DIFFERS,
            distance=distances[0] if distances else None,
            watched=True,
        )


def _cell(environment: str, package: str, shown: str) -> Cell:
    if parsed(shown):
        return Cell(environment=environment, package=package, state=State.EXACT, versions=(shown,))
    specifier = shown if shown and shown != "any" else None
    return Cell(environment=environment, package=package, state=State.RANGE, specifier=specifier)


def _findings(pair: FleetPair) -> Iterator[Finding]:
    for finding in pair.findings:
        yield Finding(
            code=finding["code"],
            name=finding["name"],
            severity=Severity(finding["severity"]),
            message=finding["message"],
            at=Place(path=_path(pair, finding), line=finding["line"]),
            package=finding["package"],
            environments=(pair.writer, pair.reader),
            expected=finding["expected"],
            actual=finding["actual"],
        )


def _path(pair: FleetPair, finding: dict[str, Any]) -> str:
    """The path behind its repository; of a pair that spans two it has that already."""
    path = str(finding["path"])
    return path if pair.address else f"{pair.reader.rpartition(':')[0]}:{path}"
