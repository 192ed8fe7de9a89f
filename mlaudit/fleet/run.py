"""A fleet from its words to its report: map over repositories, then over pairs that span them, then one reduce."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from mlaudit.fleet.entries import FleetEntry
from mlaudit.fleet.mapping import FleetTask, Workers, answered
from mlaudit.fleet.question import FleetQuestion
from mlaudit.fleet.reduction import Reduction
from mlaudit.fleet.spanning import MAX_SPANNING, ExchangeIndex, SpanningPair, inventories
from mlaudit.model.fleet import FleetReport
from mlaudit.request.options import Progress
from mlaudit.sources.bounded_process import Bounds
from mlaudit.sources.fleet_state import FleetState

AUDIT = "mlaudit.fleet.repository:audit_repository"
PAIR = "mlaudit.fleet.repository:audit_spanning_pair"


def fleet_report(
    entries: Sequence[FleetEntry],
    question: FleetQuestion,
    workers: Workers,
    *,
    bounds: Bounds,
    state: Path | None,
    progress: Progress,
    function: str = AUDIT,
) -> FleetReport:
    """The report on a fleet. Raises UsageError.

    Args:
        function: what gives the row of a repository, as `module:function`.
    """
    with closing(FleetState(state, question.identity())) as kept:
        kept.keep(entry.name for entry in entries)
        _map(entries, question, workers, bounds, kept, progress, function)
        kept.keep(entry.name for entry in entries)
        report = _reduced(kept, question, workers, bounds, progress)
        kept.finish()
    return report


def _map(
    entries: Sequence[FleetEntry],
    question: FleetQuestion,
    workers: Workers,
    bounds: Bounds,
    kept: FleetState,
    progress: Progress,
    function: str,
) -> None:
    """Put the row of every repository that has none yet; one that is given up is asked again by the next run."""
    data = question.data()
    stamps: dict[str, str] = {}
    by_name: dict[str, FleetEntry] = {}

    def tasks() -> Iterator[FleetTask]:
        for entry in entries:
            stamp = entry.stamp()
            if kept.known(entry.name, stamp):
                continue
            progress.expect(1)
            stamps[entry.name], by_name[entry.name] = stamp, entry
            asked = {"entry": {"path": entry.path, "kind": entry.kind}, "question": data}
            yield FleetTask(entry.name, asked)

    shown: list[str] = []

    def running(names: list[str]) -> None:
        shown[:] = names

    for task, answer in answered(function, tasks(), workers, bounds, running):
        entry = by_name.pop(task.name)
        row = {"why": answer.why} if answer.why else answer.value
        row = {"repository": entry.name, "kind": entry.kind, **row}
        stamp = stamps.pop(entry.name)
        kept.put(entry.name, stamp if not row["why"] else "given up", json.dumps(row, sort_keys=True))
        progress.reading(", ".join(shown[:3]))


def _reduced(
    kept: FleetState, question: FleetQuestion, workers: Workers, bounds: Bounds, progress: Progress
) -> FleetReport:
    reduction, index = Reduction(), ExchangeIndex()
    for text in kept.rows():
        row = json.loads(text)
        reduction.add(row)
        index.add(row)
    pairs = list(index.pairs())
    notes = []
    if len(pairs) > MAX_SPANNING - 1:
        notes.append(f"Of the pairs across repositories, {MAX_SPANNING:,} were compared and the others were not.")
    for row in _spanning(pairs, kept, question, workers, bounds, progress):
        reduction.add_spanning(row)
    return reduction.report(question.what_if, notes)


def _spanning(
    pairs: Sequence[SpanningPair],
    kept: FleetState,
    question: FleetQuestion,
    workers: Workers,
    bounds: Bounds,
    progress: Progress,
) -> list[dict[str, Any]]:
    """The rows of pairs across repositories, in the order of the pairs."""
    ends = {end[:2] for pair in pairs for end in (pair.writer, pair.reader)}
    known = inventories(map(json.loads, kept.rows()), ends) if pairs else {}
    progress.expect(len(pairs))
    names = {f"{pair.writer[:2]}{pair.reader[:2]}": pair for pair in pairs}

    def request(pair: SpanningPair) -> dict[str, Any]:
        kinds = dict.fromkeys((*pair.writer.kinds, *pair.reader.kinds))
        return {
            "writer": {"repository": pair.writer.repository, "inventory": known[pair.writer[:2]]},
            "reader": {"repository": pair.reader.repository, "inventory": known[pair.reader[:2]]},
            "kinds": list(kinds),
            "certain": pair.certain,
            "question": question.data(),
        }

    tasks = (FleetTask(name, request(pair)) for name, pair in names.items())
    rows = {}
    for task, answer in answered(PAIR, tasks, workers, bounds):
        pair = names[task.name]
        rows[task.name] = {
            "why": answer.why,
            **(answer.value or {}),
            "writer": f"{pair.writer.repository}:{pair.writer.environment}",
            "reader": f"{pair.reader.repository}:{pair.reader.environment}",
            "address": list(pair.address),
            "certain": pair.certain,
        }
        progress.reading(f"{pair.writer.repository} → {pair.reader.repository}")
    return [rows[name] for name in sorted(rows)]
