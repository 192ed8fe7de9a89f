"""What the user said about findings, in one order: select, supersede, ignore, severity, baseline."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from fnmatch import fnmatchcase

from mlaudit.model.digests import sha256_hex
from mlaudit.model.lazy_dataclass import dataclass, replace
from mlaudit.model.nouns import Severity, Waiver
from mlaudit.model.report import BASELINE, BASELINED, CONFIGURATION, PROVEN, WAIVER, Finding, Hit
from mlaudit.request.settings import GroupRule, IgnoreRow, Selection, Settings, VersionGroup
from mlaudit.rules._registry import Rule, rules

_OF_LOADING = frozenset(("artifact-unreadable", "silent-change", "no-promise", "artifact-newer-than-runtime"))
"""Rules that expect of versions what a proof has seen: whether models load, and what they give."""


@dataclass(frozen=True, slots=True)
class RuleHit:
    """A hit and the rule that made it."""

    rule: Rule
    hit: Hit


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """Findings in the order in which they are shown, and whether they fail the run."""

    findings: tuple[Finding, ...]
    suppressed: tuple[Finding, ...]
    counts: Mapping[str, int]
    failed: bool


def apply(
    judged: Iterable[RuleHit],
    settings: Settings,
    *,
    today: date,
    baseline: Mapping[str, str],
    uncertain: frozenset[tuple[str, str]] = frozenset(),
    waivers: Sequence[Waiver] = (),
    partial: bool = False,
    proven: Mapping[tuple[str, str], str] | None = None,
) -> Outcome:
    """The findings that remain, worst first.

    Args:
        uncertain: pairs that were guessed and have rivals; they give no errors.
        proven: pairs whose models were proven to give the same results, with the sentence on it.
        partial: not everything that is declared was looked at, so that an ignore that matches nothing is no news.
    """
    judged = list(judged)
    remaining = [hit for hit in _superseding(_wanted(judged, settings)) if not _left_out(hit.rule, settings)]
    left_out = sum(not _selected(hit.rule, settings) for hit in _superseding(judged))
    judged_findings = [(hit.rule, _guarded(_finding(hit), uncertain)) for hit in remaining]
    used: Counter[int] = Counter()
    used_waivers: set[Waiver] = set()
    shown: list[Finding] = []
    for rule, finding in judged_findings:
        finding = _permitted(finding, settings.version_groups)
        finding = _proven(finding, proven or {})
        finding = _ignored(rule, finding, settings.ignores, today, used)
        finding = _waived(rule, finding, waivers, used_waivers)
        finding = replace(finding, severity=_severity(rule, finding, settings))
        shown.append(_baselined(finding, baseline))
    unused = [] if partial else [waiver for waiver in waivers if waiver not in used_waivers]
    shown.extend(_about_ignores(settings, used, today, partial=partial))
    shown.extend(_about_waivers(settings, unused))
    shown.sort(key=_order)
    kept = tuple(finding for finding in shown if finding.suppressed is None)
    return Outcome(
        findings=kept,
        suppressed=tuple(finding for finding in shown if finding.suppressed is not None),
        counts=Counter(finding.suppressed_by or finding.severity.value for finding in shown)
        + Counter(left_out=left_out),
        failed=_fails(kept, settings.fail_on),
    )


def _fails(findings: Sequence[Finding], fail_on: Severity | None) -> bool:
    return fail_on is not None and any(finding.severity.rank <= fail_on.rank for finding in findings)


def _order(finding: Finding) -> tuple[object, ...]:
    at = finding.at
    return (
        finding.severity.rank,
        finding.code,
        finding.package or "",
        finding.environments,
        at.path,
        at.line or 0,
        at.column or 0,
        finding.message,
    )


def _wanted(judged: Iterable[RuleHit], settings: Settings) -> list[RuleHit]:
    return [hit for hit in judged if _chosen(hit.rule, settings)]


def _selected(rule: Rule, settings: Settings) -> bool:
    return _chosen(rule, settings) and not _left_out(rule, settings)


def _chosen(rule: Rule, settings: Settings) -> bool:
    return not settings.select or any(_names(text, rule) for text in settings.select)


def _left_out(rule: Rule, settings: Settings) -> bool:
    """Asked after superseding, so that leaving out the strong rule does not bring the weak one back."""
    return any(_names(text, rule) for text in settings.ignore_codes)


def _names(text: str, rule: Rule) -> bool:
    """Whether a code, the beginning of one (`MLA3`), or a rule's name means a rule."""
    return text == rule.name or rule.code.startswith(text.upper())


def _superseding(judged: Sequence[RuleHit]) -> Iterator[RuleHit]:
    """One fact, one finding: a weaker rule says nothing if a stronger one has spoken.

    An error that the reader's code shows is another fact than a milder one that is known of the two versions.
    """
    spoken: dict[tuple[object, ...], Severity] = {}
    for hit in judged:
        for key in ((code, *_subject(hit.hit)) for code in hit.rule.supersedes):
            spoken[key] = min(spoken.get(key, Severity.INFO), _severity_of_hit(hit), key=lambda level: level.rank)
    for hit in judged:
        worst = spoken.get((hit.rule.code, *_subject(hit.hit)))
        is_error_of_code = hit.rule.fact in _FROM_CODE and _severity_of_hit(hit) is Severity.ERROR
        if worst is None or (is_error_of_code and worst is not Severity.ERROR):
            yield hit


_FROM_CODE = frozenset(("artifact-name", "artifact-state", "artifact-call", "artifact-configuration"))


def _severity_of_hit(hit: RuleHit) -> Severity:
    return hit.hit.severity or hit.rule.severity


def _subject(hit: Hit) -> tuple[str | None, str | None, frozenset[str]]:
    return hit.package, hit.other, frozenset(hit.environments)


def _finding(rule_hit: RuleHit) -> Finding:
    rule, hit = rule_hit.rule, rule_hit.hit
    return Finding(
        code=rule.code,
        name=rule.name,
        title=hit.title or rule.title,
        severity=hit.severity or rule.severity,
        message=hit.message,
        effect=hit.effect,
        at=hit.at,
        package=hit.package,
        environments=hit.environments,
        says=hit.says if hit.says is not None else hit.actual or "",
        related=hit.related,
        evidence=hit.evidence,
        details=hit.details,
        expected=hit.expected,
        actual=hit.actual,
        fix=hit.fix,
        covers=hit.covers,
        fingerprint=_fingerprint(rule, hit),
        fact=rule.fact,
        values=hit.values,
    )


def _guarded(finding: Finding, uncertain: frozenset[tuple[str, str]]) -> Finding:
    """A finding of a guessed pair that had rivals, at most a warning: nobody's build fails over a guess."""
    if finding.severity is Severity.ERROR and finding.environments in uncertain:
        return replace(finding, severity=Severity.WARNING)
    return finding


def _fingerprint(rule: Rule, hit: Hit) -> str:
    """Made of the fact alone, so that new knowledge, wording or a moved line breaks no baseline."""
    values = hit.values or (hit.expected or "", hit.actual or "")
    parts = (hit.package or "", *hit.environments, rule.fact, *values)
    if hit.package is None and not hit.environments and not hit.values:
        parts = (*parts, hit.at.path)
    return sha256_hex("\0".join(parts).encode("utf-8", "replace"))[:32]


def matches(selection: Selection, rule: Rule, finding: Finding) -> bool:
    """Whether a row of the configuration speaks of a finding.

    A row that names a weak rule does not speak of what a stronger one found: who accepts that versions differ has not
    accepted that the model cannot be read.
    """
    return (
        (selection.code is None or selection.code in (rule.code, rule.name))
        and (selection.package is None or _any(selection.package, (finding.package or "",)))
        and (selection.environment is None or _any(selection.environment, finding.environments))
    )


def _any(pattern: str, names: Iterable[str]) -> bool:
    return any(fnmatchcase(name, pattern) for name in names)


def _permitted(finding: Finding, groups: Sequence[VersionGroup]) -> Finding:
    """A difference between environments that a version group lets be."""
    if len(finding.environments) < 2 or finding.package is None:
        return finding
    for group in groups:
        is_meant = not group.environments or any(
            _any(environment, finding.environments) for environment in group.environments
        )
        if group.rule is GroupRule.MAY_DIFFER and is_meant and _matched(finding.package, group.packages):
            why = group.reason or "its version group may differ"
            return replace(finding, suppressed=why, suppressed_by=CONFIGURATION)
    return finding


def _proven(finding: Finding, proven: Mapping[tuple[str, str], str]) -> Finding:
    """What is known of versions does not count where all models of the pair were proven; what was seen does."""
    pair = finding.environments
    if len(pair) == 2 and finding.name in _OF_LOADING and finding.suppressed is None:
        why = proven.get((pair[0], pair[1]))
        if why is not None:
            return replace(finding, suppressed=why, suppressed_by=PROVEN)
    return finding


def _matched(package: str, patterns: Iterable[str]) -> bool:
    return any(fnmatchcase(package, pattern) for pattern in patterns)


def _ignored(rule: Rule, finding: Finding, rows: Sequence[IgnoreRow], today: date, used: Counter[int]) -> Finding:
    for number, row in enumerate(rows):
        if matches(row.selection, rule, finding):
            used[number] += 1
            if row.until is None or row.until >= today:
                return replace(finding, suppressed=row.reason, suppressed_by=CONFIGURATION)
    return finding


def _waived(rule: Rule, finding: Finding, waivers: Sequence[Waiver], used: set[Waiver]) -> Finding:
    """Suppress the finding if one of its locations has an inline waiver for its rule."""
    for waiver in waivers:
        on_its_line = any((at.path, at.line) == (waiver.at.path, waiver.at.line) for at, _, _ in finding.locations)
        if on_its_line and not {rule.code, rule.name}.isdisjoint(waiver.codes):
            used.add(waiver)
            if finding.suppressed is None:
                return replace(finding, suppressed=waiver.reason, suppressed_by=WAIVER)
            return finding
    return finding


def _severity(rule: Rule, finding: Finding, settings: Settings) -> Severity:
    level = finding.severity
    for row in settings.severities:
        if matches(row.selection, rule, finding):
            level = row.level
    return level


def _baselined(finding: Finding, baseline: Mapping[str, str]) -> Finding:
    known = finding.suppressed is None and finding.fingerprint in baseline
    return replace(finding, suppressed=BASELINE, suppressed_by=BASELINED) if known else finding


def _about_waivers(settings: Settings, unused: Sequence[Waiver]) -> Iterator[Finding]:
    rule = rules().get("MLA902")
    if rule is not None and _selected(rule, settings):
        for waiver in unused:
            hit = Hit(
                message=f"This waiver ({', '.join(waiver.codes)}) matches no finding; delete it.",
                at=waiver.at,
                actual=",".join(waiver.codes),
            )
            yield _finding(RuleHit(rule, hit))


def _about_ignores(settings: Settings, used: Counter[int], today: date, *, partial: bool) -> Iterator[Finding]:
    """What the ignores themselves are worth: one that matches nothing, one whose day has passed."""
    known = rules()
    for number, row in enumerate(settings.ignores):
        expired = row.until is not None and row.until < today
        code = "MLA903" if expired else "MLA902"
        if (expired or not (used[number] or partial)) and code in known and _selected(known[code], settings):
            for hit in known[code].check(row):
                yield _finding(RuleHit(known[code], hit))
