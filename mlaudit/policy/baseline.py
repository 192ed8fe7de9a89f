"""A baseline: the fingerprints of what is accepted, so that only new drift fails."""

from __future__ import annotations

import json

from mlaudit.document.document import Document
from mlaudit.document.node import Malformed, Node
from mlaudit.model.errors import Unreadable, UsageError
from mlaudit.model.report import BASELINED, Report

SCHEMA = "mlaudit.baseline/1"


def dumps(report: Report) -> str:
    """The baseline of a report: a line for each finding that no ignore covers, in an order that diffs well."""
    findings = {
        finding.fingerprint: f"{finding.code} {finding.package or ''}: {finding.message}"
        for finding in (*report.findings, *report.suppressed, *(report.against.unchanged if report.against else ()))
        if finding.suppressed_by in (None, BASELINED)
    }
    ordered = dict(sorted(findings.items(), key=lambda item: (item[1], item[0])))
    return json.dumps({"schema": SCHEMA, "findings": ordered}, indent=1) + "\n"


def loads(document: Document) -> dict[str, str]:
    """Fingerprints and what they stood for. Raises UsageError."""
    try:
        root: Node = document.json
        if root.get("schema").maybe_text() != SCHEMA:
            raise Malformed(f"expected the schema {SCHEMA}")
        return {fingerprint: row.text() for fingerprint, row in root.get("findings").items()}
    except (Malformed, Unreadable) as error:
        raise UsageError(f"{document.path} is no baseline: {error}; mlaudit check --write-baseline makes one") from None
