"""The report as JSON, schema `mlaudit.report/1`: what scripts rely on."""

from __future__ import annotations

from mlaudit import __version__
from mlaudit.model.history import BranchChange
from mlaudit.model.nouns import Evidence, Fix, Layer
from mlaudit.model.pairs import EnvironmentPair
from mlaudit.model.report import Cell, Environment, Finding, Report, Row
from mlaudit.reporters._branch import with_status
from mlaudit.reporters._facts import as_counts
from mlaudit.reporters._json_text import Json, edit_object, lines, place, target
from mlaudit.reporters._registry import Style, reporter


@reporter
def render(report: Report, style: Style) -> str:
    """Every environment, row and finding, suppressed ones included."""
    return lines(as_data(report))


def as_data(report: Report) -> Json:
    """The report as plain data."""
    return {
        "schema": "mlaudit.report/1",
        "mlaudit": __version__,
        "knowledge": report.knowledge,
        "command": report.command,
        "environments": [_environment(environment) for environment in report.environments],
        "pairs": [_pair(pair) for pair in report.known_pairs],
        "rows": [_row(row) for row in report.rows],
        "findings": [_finding(finding) for finding in with_status((*report.findings, *report.suppressed), report)],
        "unread": [
            {**place(entry.at), "why": entry.why, "environment": environment.name}
            for environment in report.environments
            for entry in environment.unread
        ],
        "found": [
            {
                "role": discovered.role,
                "folder": discovered.folder,
                "documents": list(discovered.documents),
                "why": discovered.why,
            }
            for discovered in report.found
        ],
        "notes": list(report.notes),
        **({"against": _against(report.against)} if report.against else {}),
        "summary": {
            "error": report.summary.error,
            "warning": report.summary.warning,
            "info": report.summary.info,
            "suppressed": report.summary.suppressed,
            "suppressed_by": as_counts(report),
            "aligned": report.summary.aligned,
            "compared": report.summary.compared,
            "unread": report.summary.unread,
            "equal": list(report.summary.equal),
            "unseen": list(report.summary.unseen),
            "unknown_images": list(report.summary.unknown_images),
            "unknown_requirements": list(report.summary.unknown_requirements),
        },
        "exit_code": report.exit_code,
    }


def _against(change: BranchChange) -> Json:
    return {
        "revision": change.revision,
        "base": change.base,
        "head": change.head,
        "new": change.new,
        "worse": len(change.worse),
        "unchanged": len(change.unchanged),
        "mended": len(change.mended),
        "notes": list(change.notes),
    }


def _environment(environment: Environment) -> Json:
    return {
        "name": environment.name,
        "role": environment.role,
        "follows": list(environment.follows),
        "target": target(environment.target),
        "sources": list(environment.sources),
        "complete": environment.complete,
        "packages": environment.packages,
        "unread": len(environment.unread),
        "notes": list(environment.notes),
        "evidence": [{**place(entry.at), "says": entry.says} for entry in environment.evidence],
    }


def _pair(pair: EnvironmentPair) -> Json:
    return {
        "writer": pair.writer,
        "reader": pair.reader,
        "certain": pair.certain,
        "crosses": [
            {
                "artifact": artifact.artifact,
                "kind": artifact.kinds[0] if artifact.kinds else None,
                "form": artifact.form,
                "certain": artifact.certain,
                "settings": dict(artifact.settings),
                "evidence": [
                    *({**place(at), "side": "writer"} for at in (artifact.written, *artifact.named)),
                    {**place(artifact.read), "side": "reader"},
                ],
            }
            for artifact in pair.crosses
        ],
        "reason": pair.reason,
    }


def _row(row: Row) -> Json:
    return {
        "package": row.package,
        "kind": row.kind.value,
        "watched": row.watched,
        "verdict": row.verdict.value,
        "distance": row.distance.value if row.distance else None,
        "versions": {cell.environment: cell.version for cell in row.cells},
        "cells": {cell.environment: _cell(cell) for cell in row.cells},
        "crossings": [
            {
                "writer": crossing.writer.environment,
                "reader": crossing.reader.environment,
                "verdict": crossing.verdict.value,
                "distance": crossing.distance.value if crossing.distance else None,
            }
            for crossing in row.crossings
        ],
    }


def _cell(cell: Cell) -> Json:
    shown: Json = {
        "state": cell.state.value,
        "versions": list(cell.versions),
        "specifier": cell.specifier,
        "variant": cell.variant,
        "layer": cell.layer.value if cell.layer else None,
    }
    if cell.by_python:
        shown["by_python"] = dict(cell.by_python)
    if cell.layer is Layer.RESOLVED and cell.pins and cell.pins[0].detail:
        shown["via"] = cell.pins[0].detail.removeprefix("via ")
    return shown


def _finding(finding: Finding) -> Json:
    status: Json = {"status": finding.status} if finding.status else {}
    return {
        **status,
        "code": finding.code,
        "name": finding.name,
        "severity": finding.severity.value,
        "package": finding.package,
        "environments": list(finding.environments),
        "message": finding.message,
        "details": list(finding.details),
        "expected": finding.expected,
        "actual": finding.actual,
        "locations": [
            {**place(location.place), "role": location.role.value, "says": location.says}
            for location in finding.locations
        ],
        "evidence": [_evidence(evidence) for evidence in finding.evidence],
        "covers": list(finding.covers),
        "fingerprint": finding.fingerprint,
        "suppressed": finding.suppressed,
        "suppressed_by": finding.suppressed_by,
        "fix": _fix(finding.fix) if finding.fix else None,
    }


def _evidence(evidence: Evidence) -> Json:
    return {"source": evidence.source, "checked": evidence.checked, "measured": evidence.measured}


def _fix(fix: Fix) -> Json:
    changes = [
        {"environment": change.environment, "package": change.package, "to": change.to} for change in fix.changes
    ]
    return {
        "says": fix.says,
        "safe": fix.safe,
        "hazard": fix.hazard or None,
        "changes": changes,
        "edits": [edit_object(edit) for edit in fix.edits],
    }
