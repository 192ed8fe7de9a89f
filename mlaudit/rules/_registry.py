"""The registry of rules: a file in this folder is enough, its decorator says what it judges."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import TypeVar

from mlaudit.model.lazy_dataclass import dataclass
from mlaudit.model.nouns import Severity
from mlaudit.model.report import Hit
from mlaudit.plugins import import_all, plugin_name


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One judgement.

    Attributes:
        code: `MLA001`; never given to another rule.
        name: kebab case, from the module's name.
        scope: `crossing`, `environment`, `fleet` (sees everything), or `policy` (raised by policy itself).
        severity: the default; a hit may set its own, policy overrides last.
        supersedes: codes of rules whose findings on the same package and environments this one replaces.
        fact: the family of the fact, part of the fingerprint: rules that speak of one fact share it.
        documentation: What it does / Why / Example / Fix / References.
    """

    code: str
    name: str
    scope: str
    severity: Severity
    since: str
    check: Callable[..., Iterable[Hit]]
    supersedes: tuple[str, ...] = ()
    fact: str = ""
    documentation: str = ""


_RULES: dict[str, Rule] = {}


Check = TypeVar("Check", bound=Callable[..., Iterable[Hit]])


def _rule(scope: str) -> Callable[..., Callable[[Check], Check]]:
    def decorator(
        code: str, severity: Severity, *, since: str, supersedes: Iterable[str] = (), fact: str | None = None
    ) -> Callable[[Check], Check]:
        def register(check: Check) -> Check:
            name = plugin_name(check.__module__)
            if code in _RULES and _RULES[code].name != name:
                raise ValueError(f"{code} is the code of both {_RULES[code].name} and {name}")
            _RULES[code] = Rule(
                code=code,
                name=name,
                scope=scope,
                severity=severity,
                since=since,
                check=check,
                supersedes=tuple(supersedes),
                fact=fact or name,
                documentation=check.__doc__ or "",
            )
            return check

        return register

    return decorator


crossing_rule = _rule("crossing")
"""Judges one crossing: `check(crossing, audit) -> Iterable[Hit]`."""


environment_rule = _rule("environment")
"""Judges one environment: `check(environment, audit) -> Iterable[Hit]`."""


fleet_rule = _rule("fleet")
"""Judges everything at once: `check(audit) -> Iterable[Hit]`."""


policy_rule = _rule("policy")
"""Words a finding that policy raises; its arguments are policy's own."""


@lru_cache(maxsize=1)
def rules() -> Mapping[str, Rule]:
    """Every rule by its code."""
    import_all("rules")
    return dict(sorted(_RULES.items()))
