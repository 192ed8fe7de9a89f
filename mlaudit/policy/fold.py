"""One fact, one finding: differences that follow from another one are reported with it."""

from __future__ import annotations

from collections.abc import Sequence

from mlaudit.knowledge.table import leaders
from mlaudit.model.lazy_dataclass import replace
from mlaudit.model.nouns import Severity
from mlaudit.policy.apply import RuleHit

_FOLLOWS = frozenset(("version", "variant"))

Key = tuple[str, frozenset[str]]


def folded(judged: Sequence[RuleHit]) -> list[RuleHit]:
    """The hits, those of packages that moved with the package they follow put behind it as what it covers.

    Only what merely differs is folded: a hit of a rule that reports breaks stays, and so does a warning of its own.
    """
    spoken = {_key(hit): hit for hit in judged if hit.rule.scope == "crossing" and hit.rule.fact in _FOLLOWS}
    covered: dict[Key, list[str]] = {}
    kept: list[RuleHit] = []
    for hit in judged:
        leader = _leader(hit, spoken)
        if leader is None:
            kept.append(hit)
        else:
            covered.setdefault(leader, []).append(_in_short(hit))
    return [_covering(hit, covered) for hit in kept]


def _key(hit: RuleHit) -> Key:
    return hit.hit.package or "", frozenset(hit.hit.environments)


def _leader(rule_hit: RuleHit, spoken: dict[Key, RuleHit]) -> Key | None:
    hit = rule_hit.hit
    if (
        hit.package is None
        or _speaks_for_itself(rule_hit)
        or rule_hit.rule.scope != "crossing"
        or rule_hit.rule.fact not in _FOLLOWS
    ):
        return None
    keys = ((leader, frozenset(hit.environments)) for leader in leaders(hit.package))
    return next((key for key in keys if key in spoken), None)


def _speaks_for_itself(hit: RuleHit) -> bool:
    """Whether a hit reports a break, or a change known for its own package."""
    known = hit.hit.evidence and hit.hit.severity in (Severity.ERROR, Severity.WARNING)
    return hit.rule.severity is Severity.ERROR or bool(known)


def _in_short(hit: RuleHit) -> str:
    return f"{hit.hit.package} {hit.hit.expected} → {hit.hit.actual}"


def _covering(hit: RuleHit, covered: dict[Key, list[str]]) -> RuleHit:
    moved = covered.get(_key(hit)) if hit.rule.scope == "crossing" and hit.rule.fact in _FOLLOWS else None
    return replace(hit, hit=replace(hit.hit, covers=tuple(dict.fromkeys(moved)))) if moved else hit
