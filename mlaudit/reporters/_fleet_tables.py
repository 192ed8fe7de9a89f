"""A fleet as tables for other programs: a row for each finding of a pair, as CSV or as Parquet."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from io import BytesIO, StringIO

from mlaudit.model.errors import UsageError
from mlaudit.model.fleet import FleetReport, FleetRepository
from mlaudit.reporters._escape import for_spreadsheet

COLUMNS = (
    "repository",
    "kind",
    "revision",
    "given_up",
    "writer",
    "reader",
    "certain",
    "address",
    "severity",
    "code",
    "package",
    "expected",
    "actual",
    "path",
    "line",
    "message",
)
"""Of both tables; a pair without findings has a row without a code, a repository without pairs one without a pair."""


def as_csv(report: FleetReport) -> str:
    """The rows; a cell that a spreadsheet would take for a formula begins with an apostrophe."""
    target = StringIO()
    lines = csv.writer(target, lineterminator="\n")
    lines.writerow(COLUMNS)
    for row in _rows(report):
        lines.writerow([for_spreadsheet("" if row[name] is None else str(row[name])) for name in COLUMNS])
    return target.getvalue()


def as_parquet(report: FleetReport) -> bytes:
    """The rows as one Parquet file of texts, `line` a number and `certain` a truth value. Raises UsageError."""
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError:
        raise UsageError(
            "--format parquet: pyarrow is not installed; `pip install 'mlaudit[parquet]'` brings it"
        ) from None
    types = {"line": pa.int64(), "certain": pa.bool_()}
    schema = pa.schema([(name, types.get(name, pa.string())) for name in COLUMNS])
    target = BytesIO()
    pq.write_table(pa.Table.from_pylist(list(_rows(report)), schema=schema), target, compression="zstd")
    return target.getvalue()


def _rows(report: FleetReport) -> Iterator[dict[str, object]]:
    empty: dict[str, object] = dict.fromkeys(COLUMNS)
    by_name = {fleet_repository.name: fleet_repository for fleet_repository in report.repositories}
    paired = set()
    for pair in report.pairs:
        name = _repository(pair.reader, by_name)
        paired.add(name)
        repository = by_name[name]
        row = {
            **empty,
            "repository": name,
            "kind": repository.kind,
            "revision": repository.revision,
            "writer": pair.writer,
            "reader": pair.reader,
            "certain": pair.certain,
            "address": pair.address or None,
            "given_up": pair.why or None,
        }
        for finding in pair.findings or ({},):
            facts = ("severity", "code", "package", "expected", "actual", "path", "line", "message")
            yield {**row, **{key: finding.get(key) for key in facts}}
    for fleet_repository in report.repositories:
        if fleet_repository.name not in paired:
            yield {
                **empty,
                "repository": fleet_repository.name,
                "kind": fleet_repository.kind,
                "revision": fleet_repository.revision,
                "given_up": fleet_repository.why or None,
            }


def _repository(environment: str, known: Mapping[str, FleetRepository]) -> str:
    """The repository of an environment: the longest beginning before a colon that is one."""
    name = environment
    while name not in known and ":" in name:
        name = name.rpartition(":")[0]
    return name
