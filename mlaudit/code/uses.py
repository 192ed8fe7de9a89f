"""Artifact uses of a module: its calls compared with the table, each seen from the chains of calls that lead to it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Protocol

from mlaudit.code.arguments import decorator_names
from mlaudit.code.call_table import MatchedRow, is_open_word, match_rows, words_of_libraries
from mlaudit.code.evaluator import ValueEvaluator
from mlaudit.code.forms import call_settings, maker_settings, object_types, stored_form, stored_kinds
from mlaudit.code.naming import Naming
from mlaudit.code.nouns import ArtifactName, ArtifactUse, Direction
from mlaudit.code.pipeline_outputs import COMPONENTS
from mlaudit.code.source import CallPlace, ModuleSource, NameScope, last_name
from mlaudit.code.values import Env, Frame, NamedValue, ObjectValue, TextValue, Value
from mlaudit.knowledge.artifact_calls import ArtifactCall
from mlaudit.model.lazy_dataclass import dataclass, field, replace
from mlaudit.model.nouns import Place

MAX_CHAINS = 24
"""Chains of callers from which one call is looked at."""
MAX_CALLERS = 8
"""Calls in a chain."""

_USES = ("writes", "reads", "uploads", "downloads")


class Callers(Protocol):
    """Who calls a function, in the modules that were read."""

    def callers(self, scope: NameScope) -> tuple[tuple[CallPlace, ObjectValue | None], ...]:
        """The calls of a function or method, each with the object that it is called on."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfer:
    """A copy between a local file and a store: both names are those of one artifact."""

    local: tuple[ArtifactName, ...]
    remote: tuple[ArtifactName, ...]
    uploads: bool
    use: ArtifactUse


@dataclass(frozen=True, slots=True)
class _Chain:
    env: Env
    outermost: NameScope
    callers: tuple[Place, ...] = ()


@dataclass(slots=True)
class UseReader:
    """Reads the uses of one module."""

    source: ModuleSource
    imported: frozenset[str]
    evaluator: ValueEvaluator
    callers: Callers
    loaded_states: frozenset[int] = frozenset()
    transfers: list[Transfer] = field(default_factory=list)

    def uses(self) -> Iterator[ArtifactUse]:
        """The uses in the order of the source; copies are added to `transfers`."""
        self.loaded_states = frozenset(self._loaded_states())
        for place in self.source.calls:
            matched = self._matched(place)
            if matched is not None:
                yield from self._from_chains(place, *matched)

    def _matched(self, place: CallPlace) -> tuple[MatchedRow, Value, str] | None:
        if not self._may_be_listed(place):
            return None
        self.evaluator.renew()
        for function in self.evaluator.functions(place.call, Env(place.scope, place.point)):
            name = full_name(function, place.call)
            matched = match_rows(name, self.imported, _USES) if name else None
            if matched is not None:
                is_other = not matched.certain and _receiver_words(place.call) & matched.row.not_called
                return None if is_other else (matched, function, name)
        return None

    def _may_be_listed(self, place: CallPlace) -> bool:
        function = place.call.func
        if isinstance(function, ast.Attribute):
            return self._is_wanted(function.attr)
        if not isinstance(function, ast.Name):
            return False
        for scope in place.scope.functions():
            bindings = scope.bindings.get(function.id)
            if bindings:
                return any(
                    binding.how not in ("import", "definition") or self._is_wanted(binding.member)
                    for binding in bindings
                )
        return self._is_wanted(function.id)

    def _is_wanted(self, word: str) -> bool:
        return word in words_of_libraries(self.imported, _USES) or is_open_word(word)

    def _loaded_states(self) -> Iterator[int]:
        """Calls whose result goes into `load_state_dict`: what they read is a state dict."""
        for place in self.source.calls:
            if isinstance(place.call.func, ast.Attribute) and place.call.func.attr == "load_state_dict":
                for inner in place.call.args[:1]:
                    while isinstance(inner, ast.Subscript):
                        inner = inner.value
                    self.evaluator.renew()
                    for value in self.evaluator.values(inner, Env(place.scope, place.point)):
                        if isinstance(value, ObjectValue) and value.call is not None:
                            yield id(value.call)

    # Chains of callers

    def _from_chains(self, place: CallPlace, matched: MatchedRow, function: Value, name: str) -> Iterator[ArtifactUse]:
        waiting = [_Chain(Env(place.scope, place.point), place.scope)]
        known: set[tuple[object, ...]] = set()
        count = 0
        while waiting:
            chain = waiting.pop(0)
            count += 1
            use, opened, transfer = self._use(place, matched, function, name, chain)
            # What uses up its steps already is not known better with the arguments of its callers.
            is_answered = self.evaluator.steps_left >= 0
            longer = self._longer(chain, opened) if count < MAX_CHAINS and is_answered else []
            waiting.extend(longer)
            key = (use.files, use.names, use.form)
            if not longer and key not in known and self._counts(matched.row, use):
                known.add(key)
                if transfer is not None:
                    self.transfers.append(transfer)
                if matched.row.does in ("writes", "reads"):
                    yield use

    @staticmethod
    def _counts(row: ArtifactCall, use: ArtifactUse) -> bool:
        """Whether a call has what its row asks for; a method of an unknown object has to name something."""
        if not use.names and (row.needs_name or not use.certain):
            return False
        return not row.only_objects or use.form != row.form

    def _longer(self, chain: _Chain, opened: frozenset[NameScope]) -> list[_Chain]:
        """The chain with each caller of a function on whose arguments the names depend, else of the outermost one."""
        if len(chain.callers) >= MAX_CALLERS:
            return []
        unbound = sorted(opened - chain.env.frames.keys(), key=lambda scope: (scope.source.path, scope.qualified_name))
        for scope in unbound:
            longer = self._called_from(chain, scope)
            if longer:
                return longer
        return self._called_from(chain, chain.outermost) if _is_plain(chain.outermost) else []

    def _called_from(self, chain: _Chain, scope: NameScope) -> list[_Chain]:
        if scope in chain.env.frames:
            return []
        return [self._behind(chain, scope, site, receiver) for site, receiver in self.callers.callers(scope)]

    @staticmethod
    def _behind(chain: _Chain, scope: NameScope, site: CallPlace, receiver: ObjectValue | None) -> _Chain:
        frame = Frame(site.call, Env(site.scope, site.point), receiver)
        env = Env(chain.env.scope, chain.env.point, {**chain.env.frames, scope: frame})
        outermost = site.scope if scope is chain.outermost else chain.outermost
        # A pipeline runs its components in images of their own: its module is not one of theirs.
        callers = chain.callers if decorator_names(scope) & COMPONENTS else (*chain.callers, place_of(site))
        return _Chain(env, outermost, callers)

    # One use

    def _use(
        self, place: CallPlace, matched: MatchedRow, function: Value, name: str, chain: _Chain
    ) -> tuple[ArtifactUse, frozenset[NameScope], Transfer | None]:
        row, call, env = matched.row, place.call, chain.env
        self.evaluator.renew()
        for value in self.evaluator.functions(call, env):
            if full_name(value, call) == name:
                function = value
        naming = Naming(self.evaluator, self.imported, call, self.source)
        naming.collect(row, call, function, env)
        types = object_types(self.evaluator, row, call, function, env)
        form = stored_form(self.evaluator, row, call, env, naming.names, types)
        if id(call) in self.loaded_states:
            form = row.loaded_form or form
        use = ArtifactUse(
            at=place_of(place),
            direction=Direction.READS if row.does in ("reads", "downloads") else Direction.WRITES,
            form=form,
            call=name if matched.certain else "*." + name.rpartition(".")[2],
            library=row.distribution,
            holds=tuple(dict.fromkeys((*row.holds, *stored_kinds(form, types)))),
            names=tuple(naming.names),
            settings=(
                *call_settings(self.evaluator, row, call, env),
                *maker_settings(self.evaluator, row, call, function, env),
            ),
            function=place.scope.qualified_name,
            callers=chain.callers,
            certain=matched.certain,
        )
        return use, frozenset(naming.open), self._transfer(matched, use, function, naming, chain)

    def _transfer(
        self, matched: MatchedRow, use: ArtifactUse, function: Value, naming: Naming, chain: _Chain
    ) -> Transfer | None:
        row = matched.row
        if row.does not in ("uploads", "downloads"):
            return None
        local = Naming(self.evaluator, self.imported, naming.call, self.source)
        plain = replace(row, name=row.local, name_kind="path", scope="")
        local.collect(plain, naming.call, function, chain.env)
        naming.open |= local.open
        return Transfer(local=tuple(local.names), remote=use.names, uploads=row.does == "uploads", use=use)


def _receiver_words(call: ast.Call) -> frozenset[str]:
    """The words of the variable or attribute that a method is called on."""
    receiver = call.func.value if isinstance(call.func, ast.Attribute) else None
    return frozenset(last_name(receiver).lower().split("_"))


def full_name(function: Value, call: ast.Call) -> str:
    """The full name of what is called, empty for functions of the repository."""
    if isinstance(function, NamedValue):
        return function.name
    if isinstance(function, TextValue) and isinstance(call.func, ast.Attribute):
        return f"str.{call.func.attr}"
    return ""


def place_of(place: CallPlace) -> Place:
    """Where a call begins."""
    source = place.scope.source
    return Place(path=source.path, line=source.line(place.call.lineno), column=place.call.col_offset + 1)


def _is_plain(scope: NameScope) -> bool:
    """Whether only calls by its name run a function: no method, no route, no step of a pipeline."""
    return (
        scope.kind == "function"
        and scope.owner is None
        and not decorator_names(scope)
        and scope.parent is scope.source.top
    )
