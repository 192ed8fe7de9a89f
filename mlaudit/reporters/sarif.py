"""The findings as SARIF 2.1.0, as GitHub code scanning accepts it.

Format: https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/sarif-v2.1.0-errata01-os-complete.html
GitHub's part of it and its limits:
https://docs.github.com/en/code-security/reference/code-scanning/sarif-files/sarif-support-for-code-scanning
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence

from mlaudit import __version__
from mlaudit.model.addresses import REPOSITORY, is_published, rule_address
from mlaudit.model.history import MENDED, NEW, UNCHANGED, WORSE
from mlaudit.model.nouns import Edit, Place, Severity
from mlaudit.model.report import BASELINED, Finding, Report
from mlaudit.reporters import _rule_text
from mlaudit.reporters._branch import with_status
from mlaudit.reporters._escape import for_json, for_sarif, for_terminal
from mlaudit.reporters._facts import as_counts
from mlaudit.reporters._places import annotation, shown_at, unique
from mlaudit.reporters._registry import Style, reporter
from mlaudit.reporters._sarif_places import artifact, base_ids, location
from mlaudit.rules._registry import Rule, rules

Json = dict[str, object]

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
RESULTS = 5_000
"""Results that GitHub keeps of a run; it rejects a file with more than 25,000."""
LOCATIONS = 100
"""Locations of a result that GitHub keeps; it rejects a file with more than 1,000."""
TEXT = 1_024
"""Characters of a rule's descriptions that GitHub keeps."""

_LEVEL = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}
_PROBLEM = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "recommendation"}
# https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/sarif-v2.1.0-errata01-os-complete.html#_Toc141790915
_STATE = {NEW: "new", WORSE: "updated", UNCHANGED: "unchanged", MENDED: "absent"}
_FAMILY = {
    "0": "alignment",
    "1": "crossing",
    "2": "coherence",
    "3": "platform",
    "4": "artifact",
    "5": "hygiene",
    "6": "shared-files",
    "9": "audit",
}


@reporter
def render(report: Report, style: Style) -> str:
    """One run; suppressed findings are marked as such, and left out if the style is quiet.

    GitHub opens alerts for suppressed results too, so a file that goes there is written with `--quiet`.
    """
    log = {"$schema": SCHEMA, "version": "2.1.0", "runs": [_run(report, quiet=style.quiet)]}
    return for_json(json.dumps(log, indent=2)) + "\n"


def _run(report: Report, *, quiet: bool) -> Json:
    findings = with_status((*report.findings, *(() if quiet else report.suppressed)), report)
    kept = findings[:RESULTS]
    known = _rules(kept)
    order = {rule_id: number for number, rule_id in enumerate(known)}
    baselined = report.baselined
    used: dict[str, int] = {}
    results = [_result(finding, report, order, used, baselined=baselined) for finding in kept]
    return {
        "tool": {"driver": _driver(known.values())},
        "originalUriBaseIds": base_ids(at.path for finding in kept for at in _all_places(finding, report)),
        "invocations": [_invocation(report, left_out=len(findings) - len(kept))],
        "columnKind": "unicodeCodePoints",
        "properties": {"knowledge": report.knowledge, "suppressed": as_counts(report)},
        "results": results,
    }


def _driver(known: Iterable[Json]) -> Json:
    address = {"informationUri": REPOSITORY} if is_published() else {}
    return {"name": "mlaudit", **address, "version": __version__, "semanticVersion": __version__, "rules": list(known)}


def _rules(findings: Sequence[Finding]) -> dict[str, Json]:
    """The descriptor of every rule, whether it has results or not, so that runs differ in their results alone."""
    described = {rule.code: _descriptor(rule) for rule in rules().values()}
    for finding in findings:
        if finding.code not in described:
            described[finding.code] = {"id": finding.code, "name": finding.name}
    return described


def _descriptor(rule: Rule) -> Json:
    does = _rule_text.sections(rule).get("What it does") or _rule_text.title(rule)
    address = {"helpUri": rule_address(rule.code, rule.name)} if is_published() else {}
    return {
        "id": rule.code,
        **address,
        "name": rule.name,
        "shortDescription": {"text": _rule_text.title(rule)[:TEXT]},
        "fullDescription": {"text": does[:TEXT]},
        "help": {"text": _rule_text.plain(rule), "markdown": _rule_text.markdown(rule)},
        "defaultConfiguration": {"level": _LEVEL[rule.severity]},
        "properties": {
            "tags": ["dependencies", "machine-learning", _FAMILY.get(rule.code[3:4], "other")],
            "problem.severity": _PROBLEM[rule.severity],
        },
    }


def _invocation(report: Report, *, left_out: int) -> Json:
    invocation: Json = {"executionSuccessful": report.exit_code != 2, "exitCode": report.exit_code}
    if left_out:
        text = f"{left_out} more findings are left out: {RESULTS} are the most that GitHub keeps."
        invocation["toolExecutionNotifications"] = [{"level": "warning", "message": {"text": text}}]
    return invocation


def _result(
    finding: Finding, report: Report, order: Mapping[str, int], used: dict[str, int], *, baselined: bool
) -> Json:
    primary = shown_at(finding, report)
    fingerprint = unique(finding.fingerprint, used)
    related = [location_beside for location_beside in finding.locations if location_beside.place != primary][:LOCATIONS]
    result: Json = {
        "ruleId": finding.code,
        "ruleIndex": order[finding.code],
        "level": _LEVEL[finding.severity],
        "message": {"text": "\n".join(for_sarif(line) for line in _lines(finding))},
        "locations": [location(primary)],
        # Of the fingerprints GitHub knows this name alone; where it is missing it makes one of the line's text.
        "partialFingerprints": {"mlaudit/v1": fingerprint, "primaryLocationLineHash": f"{fingerprint}:1"},
        "properties": _properties(finding),
    }
    if related:
        result["relatedLocations"] = [
            {"id": number, **location(beside.place, annotation(beside))}
            for number, beside in enumerate(related, start=1)
        ]
    if finding.status is not None:
        result["baselineState"] = _STATE[finding.status]
    elif baselined or report.against is not None:
        result["baselineState"] = "unchanged" if finding.suppressed_by == BASELINED else "new"
    if finding.suppressed is not None:
        result["suppressions"] = [{"kind": "external", "justification": for_terminal(finding.suppressed)}]
    if finding.fix is not None and finding.fix.edits:
        result["fixes"] = [_fix(finding.fix.shown, finding.fix.edits)]
    return result


def _lines(finding: Finding) -> Iterator[str]:
    yield finding.message
    yield from finding.details
    if finding.covers:
        yield f"Covers {', '.join(finding.covers)}."
    if finding.fix is not None:
        yield f"Fix: {finding.fix.shown}"


def _properties(finding: Finding) -> Json:
    facts: Json = {
        "package": finding.package,
        "environments": list(finding.environments),
        "expected": finding.expected,
        "actual": finding.actual,
        "evidence": [
            {"source": evidence.source, "checked": evidence.checked, "measured": evidence.measured}
            for evidence in finding.evidence
        ],
    }
    return {name: value for name, value in facts.items() if value not in (None, [])}


def _all_places(finding: Finding, report: Report) -> Iterator[Place]:
    yield shown_at(finding, report)
    yield from (location_beside.place for location_beside in finding.locations)
    yield from (Place(path=edit.path) for edit in (finding.fix.edits if finding.fix else ()))


def _fix(says: str, edits: Sequence[Edit]) -> Json:
    by_path: dict[str, list[Json]] = {}
    for edit in edits:
        lines = edit.old.split("\n")
        region = {
            "startLine": edit.line,
            "startColumn": edit.column,
            "endLine": edit.line + len(lines) - 1,
            "endColumn": len(lines[-1]) + (edit.column if len(lines) == 1 else 1),
        }
        by_path.setdefault(edit.path, []).append({"deletedRegion": region, "insertedContent": {"text": edit.new}})
    return {
        "description": {"text": for_sarif(says)},
        "artifactChanges": [
            {"artifactLocation": artifact(path), "replacements": replacements} for path, replacements in by_path.items()
        ],
    }
