"""The registry of rules: a file in this folder is enough, its decorator states what it judges.

What the decorators say is kept in `_index.json` too, so that listing rules imports no rule:
`python -m mlaudit.lab.generate` writes it. While it does not name every file here, all of them are imported.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from importlib import import_module
from operator import attrgetter
from typing import Any, TypeVar

from mlaudit.model.lazy_dataclass import dataclass, field_names
from mlaudit.model.nouns import Severity, Verdict
from mlaudit.model.packaged import packaged
from mlaudit.model.report import Hit
from mlaudit.plugins import docstring, import_all, module_names, plugin_name


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One judgement.

    Attributes:
        code: `MLA001`; never given to another rule.
        name: kebab case, from the module's name.
        title: what is the matter, in a few words that follow a package and its versions.
        scope: `crossing`, `environment`, `fleet` (sees everything), or `policy` (raised by policy itself).
        severity: the default; a hit may set its own, policy overrides last.
        supersedes: codes of rules whose findings on the same package and environments this one replaces.
        fact: the family of the fact, part of the fingerprint: rules that speak of one fact share it.
        verdicts: of a crossing at which it may speak; empty means any. At others its module is not even imported.
        where: what its subject must hold for it to speak (`artifacts` of a view, `unread` of an environment), an
            attribute by its name, dots for attributes of that; empty means that it is always asked.
        when: the question of `rules/_conditions.py` that must be answered by yes; empty means that there is none.
    """

    code: str
    name: str
    title: str
    scope: str
    severity: Severity
    since: str
    supersedes: tuple[str, ...] = ()
    fact: str = ""
    verdicts: tuple[str, ...] = ()
    where: str = ""
    when: str = ""

    def may_speak_of(self, subject: object, view: object) -> bool:
        """Whether a crossing, an environment or a view holds what it judges."""
        if self.where and not attrgetter(self.where)(subject):
            return False
        return not self.when or condition(self.when)(subject, view)

    @property
    def check(self) -> Callable[..., Iterable[Hit]]:
        """What judges; its module is imported with the first call."""
        if self.code not in _CHECKS:
            import_module(f"mlaudit.rules.{self.name.replace('-', '_')}")
        return _CHECKS[self.code]

    @property
    def documentation(self) -> str:
        """What it does / Why / Example / Fix / References."""
        return docstring(self.check.__module__, self.check.__name__)


@lru_cache(maxsize=64)
def condition(name: str) -> Callable[[object, object], bool]:
    """A question of `rules/_conditions.py`."""
    function: Callable[[object, object], bool] = getattr(import_module("mlaudit.rules._conditions"), name)
    return function


_RULES: dict[str, Rule] = {}
_CHECKS: dict[str, Callable[..., Iterable[Hit]]] = {}


Check = TypeVar("Check", bound=Callable[..., Iterable[Hit]])


def _rule(scope: str) -> Callable[..., Callable[[Check], Check]]:
    def decorator(
        code: str,
        severity: Severity,
        *,
        since: str,
        title: str,
        supersedes: Iterable[str] = (),
        fact: str | None = None,
        verdicts: Iterable[Verdict] = (),
        where: str = "",
        when: str = "",
    ) -> Callable[[Check], Check]:
        def register(check: Check) -> Check:
            name = plugin_name(check.__module__)
            if code in _RULES and _RULES[code].name != name:
                raise ValueError(f"{code} is the code of both {_RULES[code].name} and {name}")
            _RULES[code] = Rule(
                code=code,
                name=name,
                title=title,
                scope=scope,
                severity=severity,
                since=since,
                supersedes=tuple(supersedes),
                fact=fact or name,
                verdicts=tuple(verdict.value for verdict in verdicts),
                where=where,
                when=when,
            )
            _CHECKS[code] = check
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
    """Every rule by its code; no rule is imported if the index names them all."""
    indexed = [_indexed(entry) for entry in json.loads(packaged("rules/_index.json"))]
    if {rule.name for rule in indexed} == set(map(plugin_name, module_names("rules"))):
        return {rule.code: rule for rule in indexed}
    return registered_rules()


def registered_rules() -> Mapping[str, Rule]:
    """Every rule by its code, as the decorators say."""
    import_all("rules")
    return dict(sorted(_RULES.items()))


def _indexed(entry: Mapping[str, Any]) -> Rule:
    words: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in entry.items()}
    return Rule(**{**words, "severity": Severity(entry["severity"])})


def index_of_rules() -> str:
    """The text of `_index.json`, from what the decorators say."""
    every = ({name: getattr(rule, name) for name in field_names(Rule)} for rule in registered_rules().values())
    return json.dumps(list(every), indent=1) + "\n"
