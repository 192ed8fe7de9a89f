"""The comparisons as JUnit XML: one test case per package and pair, so that a CI server counts them.

Format: https://github.com/testmoapp/junitxml, the part that Jenkins, GitLab and Azure read.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from mlaudit.model.lazy_dataclass import dataclass, field
from mlaudit.model.nouns import Severity, Verdict
from mlaudit.model.report import Crossing, Finding, Report
from mlaudit.reporters._escape import for_html
from mlaudit.reporters._facts import headline
from mlaudit.reporters._places import annotated, file_of
from mlaudit.reporters._registry import Style, reporter

Key = tuple[tuple[str, ...], str]
"""Environments and package."""


@dataclass(slots=True, kw_only=True)
class Case:
    """One test case: a crossing if there is one, and the findings about it."""

    suite: str
    name: str
    crossing: Crossing | None = None
    findings: list[Finding] = field(default_factory=list)


@reporter
def render(report: Report, style: Style) -> str:
    """Errors are failures; where the run fails for milder findings, these are. What could not be read is skipped."""
    suites: dict[str, list[Case]] = {}
    for case in _cases(report):
        suites.setdefault(case.suite, []).append(case)
    fails = _failing(report)
    body = [line for name, cases in suites.items() for line in _suite(name, cases, fails)]
    head = _element("testsuites", [("name", "mlaudit"), *_totals([c for cs in suites.values() for c in cs], fails)])
    return "\n".join(['<?xml version="1.0" encoding="UTF-8"?>', f"{head}>", *body, "</testsuites>"]) + "\n"


def _failing(report: Report) -> Severity:
    """The mildest severity that is shown as a failure: errors if nothing fails the run."""
    return report.fail_on or Severity.ERROR


def _cases(report: Report) -> Iterable[Case]:
    cases: dict[Key, Case] = {
        (crossing.environments, row.package): Case(
            suite=" → ".join(crossing.environments), name=row.package, crossing=crossing
        )
        for row in report.rows
        for crossing in row.crossings
        if crossing.writer.named and crossing.reader.named
    }
    for finding in report.findings:
        key: Key = (finding.environments, finding.package or finding.code)
        if key not in cases:
            suite = " → ".join(finding.environments) or "configuration"
            cases[key] = Case(suite=suite, name=finding.package or f"{finding.code} {finding.name}")
        cases[key].findings.append(finding)
    return cases.values()


def _suite(name: str, cases: Sequence[Case], fails: Severity) -> Iterator[str]:
    yield f"  {_element('testsuite', [('name', name), *_totals(cases, fails)])}>"
    for case in cases:
        yield from _case(case, fails)
    yield "  </testsuite>"


def _totals(cases: Sequence[Case], fails: Severity) -> list[tuple[str, str]]:
    return [
        ("tests", str(len(cases))),
        ("failures", str(sum(1 for case in cases if _failures(case, fails)))),
        ("errors", "0"),
        ("skipped", str(sum(1 for case in cases if _skipped(case, fails)))),
        ("time", "0"),
    ]


def _failures(case: Case, fails: Severity) -> list[Finding]:
    return [finding for finding in case.findings if finding.severity.rank <= fails.rank]


def _skipped(case: Case, fails: Severity) -> bool:
    unread = case.crossing is not None and case.crossing.verdict is Verdict.UNREAD
    return unread and not _failures(case, fails)


def _case(case: Case, fails: Severity) -> Iterator[str]:
    file = [("file", file_of(case.findings[0].at.path))] if case.findings else []
    names = [("classname", f"mlaudit.{case.suite}"), ("name", case.name)]
    head = f"    {_element('testcase', [*names, *file, ('time', '0')])}"
    body = [*_verdict(case, fails), *_output(case, fails)]
    if not body:
        yield f"{head}/>"
        return
    yield from (f"{head}>", *(f"      {line}" for line in body), "    </testcase>")


def _verdict(case: Case, fails: Severity) -> Iterator[str]:
    """One failure at most: several in one case are no part of the format that all servers read."""
    failures = _failures(case, fails)
    if failures:
        first = failures[0]
        message = f"{first.code} {first.name}: {headline(first)}"
        attributes = [("message", message), ("type", first.severity.value)]
        yield f"{_element('failure', attributes)}>{_text(failures)}</failure>"
    elif _skipped(case, fails):
        yield f"{_element('skipped', [('message', _why(case))])}/>"


def _why(case: Case) -> str:
    return case.findings[0].message if case.findings else "what one side says of it could not be read"


def _output(case: Case, fails: Severity) -> Iterator[str]:
    milder = [finding for finding in case.findings if finding.severity.rank > fails.rank]
    if milder and not _skipped(case, fails):
        yield f"<system-out>{_text(milder)}</system-out>"


def _text(findings: Iterable[Finding]) -> str:
    return "\n".join(for_html(line) for finding in findings for line in _lines(finding))


def _lines(finding: Finding) -> Iterator[str]:
    yield f"{finding.severity.value}[{finding.code}] {finding.name}: {headline(finding)}"
    yield finding.message
    yield from (f"  {text}" for text in annotated(finding))
    yield from finding.details
    if finding.fix is not None:
        yield f"Fix: {finding.fix.shown}"


def _element(name: str, attributes: Iterable[tuple[str, str]]) -> str:
    """The beginning of a tag, without what closes it."""
    return " ".join([f"<{name}", *(f'{key}="{for_html(value)}"' for key, value in attributes)])
