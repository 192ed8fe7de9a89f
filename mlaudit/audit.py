"""The pipeline: readings → environments → crossings → rows → findings → report. Pure: what it needs was read before."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from mlaudit.comparison.artifacts import artifact_crossings
from mlaudit.comparison.rows import asked_for, rows
from mlaudit.comparison.scene import View
from mlaudit.knowledge.dates import knowledge_date
from mlaudit.model.findings import Finding
from mlaudit.model.lazy_dataclass import replace
from mlaudit.model.nouns import Change, Verdict
from mlaudit.model.pairs import EnvironmentPair
from mlaudit.model.report import Environment, Report
from mlaudit.model.versions import is_version
from mlaudit.policy.apply import Outcome, RuleHit, apply
from mlaudit.policy.fold import folded
from mlaudit.policy.summary import summary
from mlaudit.request.audit_request import AuditRequest
from mlaudit.request.options import Options
from mlaudit.rules._registry import Rule, condition, rules

_SHARED = "shared-file-differs"
"""The rule that looks at files and not at environments."""


def audit(environments: Sequence[Environment], request: AuditRequest) -> Report:
    """The report on some environments."""
    view = _view(environments, request)
    options = request.options
    outcome = _outcome(view, request)
    return Report(
        command=request.command,
        environments=tuple(environments),
        rows=view.rows,
        findings=_weighed(outcome.findings, environments),
        suppressed=_weighed(outcome.suppressed, environments),
        summary=summary(view, outcome.counts),
        exit_code=_exit_code(outcome.failed, view, request.lost),
        knowledge=knowledge_date(),
        fail_on=options.settings.fail_on,
        baselined=options.baseline is not None,
        found=tuple(request.found),
        known_pairs=tuple(_known_pairs(view, request.pairs)),
        notes=(*request.notes, *_unmatched(environments, options.only), *_mended(outcome, request)),
    )


def audit_again(report: Report, environments: Sequence[Environment], options: Options) -> Report:
    """The report on environments as they would be after some moves; files that must be the same count as they were."""
    pairs = report.known_pairs
    uncertain = frozenset((pair.writer, pair.reader) for pair in pairs if not pair.certain)
    request = AuditRequest(command=report.command, options=options, pairs=pairs, uncertain=uncertain)
    again = audit(environments, request)
    kept = tuple(finding for finding in report.findings if finding.name == _SHARED)
    return replace(again, findings=(*again.findings, *kept))


def _weighed(findings: Sequence[Finding], environments: Sequence[Environment]) -> tuple[Finding, ...]:
    """The findings, whose fixes state whether the changes that they advise are safe, all of them made together."""
    advised = [finding for finding in findings if finding.fix is not None and finding.fix.changes]
    if not advised:
        return tuple(findings)
    from mlaudit.comparison.hazards import weigh

    firsts = [finding.fix.changes[0] for finding in advised if finding.fix is not None]
    # Later ones do not count where a package has a change of its own already.
    reasons = weigh(environments, [*firsts, *(change for finding in advised for change in _covered_changes(finding))])
    return tuple(_with_hazard(finding, reasons) for finding in findings)


def _covered_changes(finding: Finding) -> Iterator[Change]:
    """The changes of what a finding covers, where the reader takes the versions of the writer."""
    if finding.fix is None or finding.fix.changes[0].to != finding.expected:
        return
    for text in finding.covers:
        package, version, *_ = (*text.split(" "), "")
        if is_version(version):
            yield finding.fix.changes[0]._replace(package=package, to=version)


def _with_hazard(finding: Finding, reasons: Mapping[Change, str]) -> Finding:
    if finding.fix is None or not finding.fix.changes:
        return finding
    reason = reasons[finding.fix.changes[0]]
    return replace(finding, fix=replace(finding.fix, safe=not reason, hazard=reason))


def _outcome(view: View, request: AuditRequest) -> Outcome:
    """What policy makes of the hits of all rules."""
    options, environments = request.options, view.environments.values()
    judged = [hit for hit in _judged(view) if hit.hit.package is None or asked_for(hit.hit.package, options.only)]
    return apply(
        folded(judged),
        options.settings,
        today=options.today,
        baseline=options.baseline or {},
        uncertain=request.uncertain | _guessed(environments),
        waivers=[
            waiver for environment in environments for reading in environment.readings for waiver in reading.waivers
        ],
        partial=request.partial or bool(options.only),
        proven=request.proven,
    )


def _guessed(environments: Iterable[Environment]) -> frozenset[tuple[str, str]]:
    """The pairs that a configuration calls guessed."""
    return frozenset(
        (writer, environment.name)
        for environment in environments
        if environment.guessed
        for writer in environment.follows
    )


def _known_pairs(view: View, pairs: Sequence[EnvironmentPair]) -> Iterator[EnvironmentPair]:
    """Every pair, those with more that is known of them as they were given."""
    given = {(pair.writer, pair.reader): pair for pair in pairs}
    for writer, reader in view.pairs:
        declared = not view.environments[reader].guessed
        yield given.get((writer, reader)) or EnvironmentPair(writer=writer, reader=reader, certain=declared)


def _view(environments: Sequence[Environment], request: AuditRequest) -> View:
    """Everything that is known before rules speak."""
    settings, only = request.options.settings, request.options.only
    named = {environment.name: environment for environment in environments}
    pairs = tuple(
        (writer, environment.name) for environment in environments for writer in environment.follows if writer in named
    )
    return View(
        command=request.command,
        environments=named,
        pairs=pairs,
        rows=tuple(row for row in rows(environments, pairs, settings) if asked_for(row.package, only)),
        artifacts=tuple(artifact_crossings(named, pairs)),
        shared=tuple(request.shared),
        settings=settings,
        known_pairs=tuple(request.pairs),
    )


def _unmatched(environments: Sequence[Environment], only: Sequence[str]) -> Iterator[str]:
    """The globs over packages that fit nothing of what was read."""
    packages = {package for environment in environments for package in environment.cells}
    packages |= {pin.package for environment in environments for reading in environment.writes for pin in reading.pins}
    for glob in only:
        if not any(asked_for(package, [glob]) for package in packages):
            from mlaudit.model.nearest import nearest

            near = nearest(glob, sorted(packages))
            meant = f" (did you mean {near}?)" if near else ""
            yield f"--package {glob}: no source names such a package{meant}."


def _mended(outcome: Outcome, request: AuditRequest) -> Iterator[str]:
    """What the baseline knows and this run, where it looks at everything, no longer finds."""
    if request.partial or request.options.only:
        return
    fingerprints = {finding.fingerprint for finding in (*outcome.findings, *outcome.suppressed)}
    gone = sorted(what for known, what in (request.options.baseline or {}).items() if known not in fingerprints)
    if gone:
        more = f" and {len(gone) - 3} more" if len(gone) > 3 else ""
        yield f"Fixed since the baseline: {'; '.join(gone[:3])}{more}. --write-baseline removes them."


def _judged(view: View) -> Iterator[RuleHit]:
    """Every hit of every rule, with the rule."""
    by_scope: dict[str, list[Rule]] = {}
    for rule in rules().values() if view.environments or view.shared else ():
        by_scope.setdefault(rule.scope, []).append(rule)
    yield from _judged_crossings(view, by_scope.get("crossing", ()))
    for environment in view.environments.values():
        for rule in by_scope.get("environment", ()):
            if rule.may_speak_of(environment, view):
                yield from (RuleHit(rule, hit) for hit in rule.check(environment, view))
    for rule in by_scope.get("fleet", ()):
        if rule.may_speak_of(view, view):
            yield from (RuleHit(rule, hit) for hit in rule.check(view))


def _judged_crossings(view: View, known: Sequence[Rule]) -> Iterator[RuleHit]:
    """What rules state about crossings; at most of them nearly all have nothing to say, and are not asked.

    Of a fleet there are millions, so what is asked first is looked up once for each verdict.
    """
    speaking: dict[Verdict, list[tuple[Rule, Callable[..., bool] | None]]] = {}
    for crossing in view.crossings():
        verdict = crossing.verdict
        if crossing.watched or verdict is Verdict.UNREAD:
            if verdict not in speaking:
                asked = (rule for rule in known if not rule.verdicts or verdict.value in rule.verdicts)
                speaking[verdict] = [(rule, condition(rule.when) if rule.when else None) for rule in asked]
            for rule, is_so in speaking[verdict]:
                if is_so is None or is_so(crossing, view):
                    yield from (RuleHit(rule, hit) for hit in rule.check(crossing, view))


def _exit_code(failed: bool, view: View, lost: bool) -> int:
    """2 a source lost, 1 findings, 3 nothing to compare, 0; the first that applies."""
    if lost:
        return 2
    if failed:
        return 1
    return 0 if _compares(view) else 3


def _compares(view: View) -> bool:
    """Whether anything was compared: packages, artifacts or files that must be the same."""
    files = any(sum(file.text is not None for file in shared) > 1 for shared in view.shared)
    return files or view.compares_something() or _one_sided(view)


def _one_sided(view: View) -> bool:
    """Whether two complete lists were compared, so that sharing nothing is itself an answer."""
    named = view.environments
    return any(all(named[name].complete and named[name].packages for name in pair) for pair in view.pairs)
