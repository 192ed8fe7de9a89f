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
    spoken = {_key(one): one for one in judged if one.rule.scope == "crossing" and one.rule.fact in _FOLLOWS}
    covered: dict[Key, list[str]] = {}
    kept: list[RuleHit] = []
    for one in judged:
        leader = _leader(one, spoken)
        if leader is None:
            kept.append(one)
        else:
            covered.setdefault(leader, []).append(_told(one))
    return [_covering(one, covered) for one in kept]


def _key(one: RuleHit) -> Key:
    return one.hit.package or "", frozenset(one.hit.environments)


def _leader(one: RuleHit, spoken: dict[Key, RuleHit]) -> Key | None:
    hit = one.hit
    if hit.package is None or _speaks_for_itself(one) or one.rule.scope != "crossing" or one.rule.fact not in _FOLLOWS:
        return None
    keys = ((leader, frozenset(hit.environments)) for leader in leaders(hit.package))
    return next((key for key in keys if key in spoken), None)


def _speaks_for_itself(one: RuleHit) -> bool:
    """Whether a hit reports a break, or a change known for its own package."""
    known = one.hit.evidence and one.hit.severity in (Severity.ERROR, Severity.WARNING)
    return one.rule.severity is Severity.ERROR or bool(known)


def _told(one: RuleHit) -> str:
    return f"{one.hit.package} {one.hit.expected} → {one.hit.actual}"


def _covering(one: RuleHit, covered: dict[Key, list[str]]) -> RuleHit:
    moved = covered.get(_key(one)) if one.rule.scope == "crossing" and one.rule.fact in _FOLLOWS else None
    return replace(one, hit=replace(one.hit, covers=tuple(dict.fromkeys(moved)))) if moved else one
