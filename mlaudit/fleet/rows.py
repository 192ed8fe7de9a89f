"""A report → a row: what a fleet keeps of one repository, as data of JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from mlaudit.comparison.hazards import weigh
from mlaudit.knowledge.table import watched
from mlaudit.model.nouns import Change, Kind, Severity, Verdict
from mlaudit.model.pairs import EnvironmentPair
from mlaudit.model.report import Environment, Finding, Report
from mlaudit.reporters._inventory import as_json

_APART = (Verdict.DIFFERS, Verdict.DISJOINT)
MAX_FINDINGS = 500
"""Of one repository; the others are counted."""
_ORDER = (Severity.ERROR, Severity.WARNING, Severity.INFO)

Json = dict[str, Any]


def row_of(report: Report, question: Json) -> Json:
    """The row of a report."""
    findings = sorted(report.findings, key=_rank)
    return {
        "why": "",
        "exit_code": report.exit_code,
        "environments": [_environment(environment) for environment in report.environments],
        "pairs": [_pair(pair) for pair in report.known_pairs],
        "findings": [_finding(finding) for finding in findings[:MAX_FINDINGS]],
        "counts": [sum(finding.severity is severity for finding in findings) for severity in _ORDER],
        "packages": list(_compared(report)),
        "unread": report.summary.unread,
        "risks": list(_risks(report, question["what_if"])),
    }


def _rank(finding: Finding) -> tuple[int, str, str, str, int]:
    return (
        _ORDER.index(finding.severity),
        finding.code,
        finding.package or "",
        finding.at.path,
        finding.at.line or 0,
    )


def _environment(environment: Environment) -> Json:
    """An environment with its watched versions; with all of it where other repositories share what it names."""
    shown: Json = {
        "name": environment.name,
        "role": environment.role,
        "is_model": environment.is_model,
        "versions": {
            name: cell.shown
            for name, cell in sorted(environment.cells.items())
            if cell.stated and (watched(name) or cell.kind is Kind.PYTHON)
        },
        "exchanges": [
            [exchange.side, *exchange.address, list(exchange.kinds), str(exchange.at)]
            for exchange in environment.exchanges
        ],
    }
    if environment.exchanges:
        shown["inventory"] = as_json([environment])
    return shown


def _pair(pair: EnvironmentPair) -> Json:
    return {
        "writer": pair.writer,
        "reader": pair.reader,
        "certain": pair.certain,
        "models": list(dict.fromkeys(artifact.artifact for artifact in pair.crosses if not artifact.is_plain)),
    }


def _compared(report: Report) -> Iterator[list[Any]]:
    """Every watched package of every pair that both sides name: package, writer, reader, whether it differs."""
    for row in report.rows:
        for crossing in row.crossings:
            if crossing.watched and crossing.writer.stated and crossing.reader.stated:
                yield [crossing.package, *crossing.environments, crossing.verdict in _APART]


def _finding(finding: Finding) -> Json:
    return {
        "code": finding.code,
        "name": finding.name,
        "severity": finding.severity.value,
        "package": finding.package,
        "environments": list(finding.environments),
        "expected": finding.expected,
        "actual": finding.actual,
        "message": finding.message,
        "path": finding.at.path,
        "line": finding.at.line,
    }


def _risks(report: Report, changes: Sequence[Sequence[str]]) -> Iterator[Json]:
    """The environments with models in which a change of a version is unsafe."""
    for package, to in changes:
        for environment in report.environments:
            cell = environment.cells.get(package)
            models = _models(environment, report)
            if cell is None or not cell.stated or cell.version == to or models is None:
                continue
            change = Change(environment=environment.name, package=package, to=to)
            why = weigh(report.environments, [change])[change]
            if why:
                yield {
                    "environment": environment.name,
                    "package": package,
                    "stated": cell.shown,
                    "to": to,
                    "why": why,
                    "models": models,
                }


def _models(environment: Environment, report: Report) -> list[str] | None:
    """The models that cross to or from an environment; None if none is known to."""
    pairs = [pair for pair in report.known_pairs if environment.name in (pair.writer, pair.reader)]
    pins = [
        pin
        for reading in (*environment.writes, *environment.reads)
        for pin in reading.pins
        if pin.kind is Kind.ARTIFACT
    ]
    if not pairs and not pins and not environment.exchanges:
        return None
    named = [artifact.artifact for pair in pairs for artifact in pair.crosses if not artifact.is_plain]
    named += [pin.name for pin in pins]
    named += [exchange.name for exchange in environment.exchanges]
    return sorted(set(named))
