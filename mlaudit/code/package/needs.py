"""What a method needs of the object it runs on: the attributes that it reads and that nothing has written before.

A method is followed through its calls of itself, `super()`, properties and functions that are given the object, and
through the conditions that the pickled state decides. What a condition of another kind precedes is needed "where"
that condition is met.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence

from mlaudit.code.package.classes import ClassCode, Function, Lineage, Method, MethodKind
from mlaudit.code.package.conditions import Condition, Need
from mlaudit.code.package.modules import PackageModule
from mlaudit.code.package.object_values import (
    DATA,
    OBJECT,
    UNKNOWN,
    CallArguments,
    ObjectView,
    StateMapping,
    Values,
)
from mlaudit.code.package.step_reader import steps_of
from mlaudit.code.package.steps import (
    Attempt,
    Conditional,
    End,
    Handed,
    OwnCall,
    Perhaps,
    Read,
    SetKey,
    SetLocal,
    Step,
    Write,
    always_ends,
)
from mlaudit.code.package.symbols import FunctionCode, PackageSymbols
from mlaudit.model.lazy_dataclass import dataclass

MAX_CALLS = 12
"""Calls inside each other that are followed."""
MAX_SUPERS = 3
"""Calls of `super()` for one name that are followed."""
MAX_STEPS = 6_000
"""Steps of one entry, those of what it calls among them."""
MAX_ALL_STEPS = 500_000
"""Steps of all entries that one reader's code is followed for; nothing is reported about what comes after."""


@dataclass(slots=True, eq=False)
class _FollowedFunction:
    """One function while it is followed; `unset` are attributes that were set only unless a condition is met."""

    values: Values
    owner: ClassCode | None
    module: PackageModule
    where: Condition | None
    route: tuple[str, ...]
    written: set[str]
    unset: dict[str, Condition]


class StepCache:
    """The steps of functions, each read once, and how many more are followed."""

    def __init__(self) -> None:
        self.left = MAX_ALL_STEPS
        self._steps: dict[tuple[int, str], tuple[Function, tuple[Step, ...]]] = {}

    def of(self, function: Function, parameter: str) -> tuple[Step, ...]:
        """The steps of a function about a parameter."""
        key = (id(function), parameter)
        if key not in self._steps:
            self._steps[key] = (function, steps_of(function, parameter))
        return self._steps[key][1]


class NeedReader:
    """Follows methods of one class on one object.

    Attributes:
        needs: the attributes that are read.
        chains: those of which further attributes are read, as tuples.
        written: every attribute that was written on the way.

    `leaves_class` where functions outside of the class that are given the object are followed too.
    """

    def __init__(
        self,
        symbols: PackageSymbols,
        lineage: Lineage,
        view: ObjectView,
        cache: StepCache,
        *,
        takes_defaults: bool,
        leaves_class: bool = True,
    ) -> None:
        self._symbols, self._lineage, self._view, self._cache = symbols, lineage, view, cache
        self._takes_defaults = takes_defaults
        self._leaves_class = leaves_class
        self._left = MAX_STEPS
        self._unless: list[str] = []
        self.needs: dict[str, Need] = {}
        self.chains: dict[tuple[str, ...], Need] = {}
        self.written: set[str] = set()

    def enter(self, name: str, given: Mapping[str, object] | None = None) -> None:
        """Follow a method that is called from outside; `given` are values of its parameters after the first."""
        member = self._lineage.member(name)
        if member is None or member[1] is None or member[1].kind is MethodKind.UNBOUND:
            return
        parameters = _parameters(member[1].node)
        if parameters:
            local = self._entered(member[1].node, parameters[1:])
            for parameter, value in zip(parameters[1:], (given or {}).values(), strict=False):
                local[parameter.arg] = value
            self._method(member[0], member[1], _Start(None, (name,), set(), {}), local)

    def _entered(self, function: Function, parameters: Sequence[ast.arg]) -> dict[str, object]:
        """The arguments of a call from outside: those without default are given, of others only defaults are known."""
        defaults = _defaults(function)
        local: dict[str, object] = {}
        for number, parameter in enumerate([*parameters, *function.args.kwonlyargs]):
            if parameter.arg not in defaults:
                local[parameter.arg] = DATA
            elif self._takes_defaults and isinstance(default := defaults[parameter.arg], ast.Constant):
                # `predict(exog=None)` is called with data.
                local[parameter.arg] = DATA if number == 0 and default.value is None else default.value
        return local

    def _called(self, function: Function, parameters: Sequence[ast.arg], given: CallArguments) -> dict[str, object]:
        """The arguments of a call that the code itself makes."""
        defaults = _defaults(function)
        local: dict[str, object] = {}
        for number, parameter in enumerate([*parameters, *function.args.kwonlyargs]):
            if number < len(given.positional) and number < len(parameters):
                value = given.positional[number]
            elif parameter.arg in given.keywords:
                value = given.keywords[parameter.arg]
            else:
                default = defaults.get(parameter.arg)
                is_default = isinstance(default, ast.Constant) and not given.is_open
                value = default.value if is_default and isinstance(default, ast.Constant) else UNKNOWN
            if value is not UNKNOWN:
                local[parameter.arg] = value
        return local

    def _method(self, owner: ClassCode, method: Method, start: _Start, local: dict[str, object]) -> None:
        if method.kind is MethodKind.UNBOUND:
            return
        parameters = _parameters(method.node)
        if parameters:
            self._function(method.node, parameters[0].arg, owner, owner.module, start, local)

    def _function(
        self,
        function: Function,
        parameter: str,
        owner: ClassCode | None,
        module: PackageModule,
        start: _Start,
        local: dict[str, object],
    ) -> None:
        if len(start.route) > MAX_CALLS:
            return
        values = Values(self._view, parameter, local, self._unless)
        run = _FollowedFunction(values, owner, module, start.where, start.route, start.written, start.unset)
        self._walk(self._cache.of(function, parameter), run)

    def _walk(self, steps: Sequence[Step], run: _FollowedFunction) -> bool:
        """Follow steps in order; whether the function surely ended."""
        for step in steps:
            self._left -= 1
            self._cache.left -= 1
            if self._left < 0 or self._cache.left < 0 or isinstance(step, End):
                return True
            if isinstance(step, Conditional):
                if self._branch(step, run):
                    return True
            elif isinstance(step, Attempt):
                self._attempt(step, run)
            elif isinstance(step, Perhaps):
                self._perhaps(step, run)
            else:
                self._plain(step, run)
        return False

    def _plain(self, step: Step, run: _FollowedFunction) -> None:
        if isinstance(step, Read):
            self._read(_private(step.attribute, run.owner), step.rest, step.line, run)
        elif isinstance(step, Write):
            name = _private(step.attribute, run.owner)
            run.written.add(name)
            self.written.add(name)
        elif isinstance(step, SetLocal):
            self._set_local(step, run)
        elif isinstance(step, SetKey):
            mapping = run.values.local.get(step.name)
            if isinstance(mapping, StateMapping):
                mapping.entries.setdefault(str(step.key), OBJECT)
        elif isinstance(step, OwnCall):
            self._own_call(step, run)
        elif isinstance(step, Handed):
            self._handed(step, run)

    def _set_local(self, step: SetLocal, run: _FollowedFunction) -> None:
        known = run.values.local.get(step.name, UNKNOWN)
        if (step.is_converted and known in (None, OBJECT, DATA)) or (known is DATA and step.takes_own_value):
            # What checks or converts an argument leaves None as it is, and makes an object of an object.
            return
        value = UNKNOWN if step.value is None else run.values.value(step.value, run.written)
        if value is UNKNOWN:
            run.values.local.pop(step.name, None)
        else:
            run.values.local[step.name] = value

    def _read(self, name: str, rest: tuple[str, ...], line: int, run: _FollowedFunction) -> None:
        if name in run.written:
            return
        member = self._lineage.member(name)
        if member is None:
            self._note(name, rest, line, run)
        elif member[1] is not None and member[1].kind is MethodKind.PROPERTY and name not in run.route:
            self._property(member[0], member[1], name, run)

    def _property(self, owner: ClassCode, method: Method, name: str, run: _FollowedFunction) -> None:
        self._method(owner, method, _Start(run.where, (*run.route, name), run.written, run.unset), {})

    def _note(self, name: str, rest: tuple[str, ...], line: int, run: _FollowedFunction) -> None:
        need = Need(run.where or run.unset.get(name), run.route, run.module, line, "".join(self._unless[:1]))
        known = self.needs.get(name)
        if known is None or known.rank > need.rank:
            self.needs[name] = need
        if rest:
            self.chains.setdefault((name, *rest), need)

    def _own_call(self, step: OwnCall, run: _FollowedFunction) -> None:
        name = step.attribute
        if name.startswith("__") and not name.endswith("__"):
            # A private method, which only its own class has.
            return
        called_member = self._called_member(step, run)
        if called_member is None:
            if not step.is_super and name not in run.written:
                self._note(name, (), step.line, run)
        elif called_member[1] is not None:
            self._followed(called_member[0], called_member[1], step, run)

    def _called_member(self, step: OwnCall, run: _FollowedFunction) -> tuple[ClassCode, Method | None] | None:
        if not step.is_super:
            return self._lineage.member(step.attribute)
        return self._lineage.member_after(run.owner, step.attribute) if run.owner is not None else None

    def _followed(self, owner: ClassCode, method: Method, step: OwnCall, run: _FollowedFunction) -> None:
        name = step.attribute
        if method.kind is MethodKind.PROPERTY:
            if name not in run.route:
                self._property(owner, method, name, run)
        elif run.route.count(name) < (MAX_SUPERS if step.is_super else 1):
            parameters = _parameters(method.node)[1:]
            local = self._called(method.node, parameters, run.values.arguments(step.arguments, run.written))
            self._method(owner, method, _Start(run.where, (*run.route, name), run.written, run.unset), local)

    def _handed(self, step: Handed, run: _FollowedFunction) -> None:
        if not self._leaves_class:
            return
        code = self._symbols.written(run.module, step.function)
        name = step.function[-1]
        if not isinstance(code, FunctionCode) or name in run.route:
            return
        parameters = _parameters(code.node)
        if isinstance(step.slot, str):
            parameter = step.slot
        elif step.slot < len(parameters):
            parameter = parameters[step.slot].arg
        else:
            return
        local = self._called(code.node, parameters, run.values.arguments(step.arguments, run.written))
        start = _Start(run.where, (*run.route, name), run.written, run.unset)
        self._function(code.node, parameter, None, code.module, start, local)

    # Conditions

    def _branch(self, step: Conditional, run: _FollowedFunction) -> bool:
        test = run.values.truth(step.test, run.written)
        if test is not None:
            return self._walk(step.then if test else step.other, run)
        then_ends, then = self._side(step.then, run, Condition("", step.test, step.is_then_rare))
        other_ends, other = self._side(step.other, run, Condition("not ", step.test, step.is_other_rare))
        if then_ends and other_ends:
            return True
        if not then_ends and not other_ends:
            self._leave_unset(run, then, other, Condition("not ", step.test))
            self._leave_unset(run, other, then, Condition("", step.test))
        kept = [side for side, ends in ((then, then_ends), (other, other_ends)) if not ends]
        self._join(run, kept)
        if step.may_return:
            run.where = run.where or Condition("not " if then_ends else "unless it ends earlier at ", step.test)
        return False

    def _side(self, steps: Sequence[Step], run: _FollowedFunction, where: Condition) -> tuple[bool, _FollowedFunction]:
        """Follow one side of a condition on a copy."""
        inside = where if run.where is None or (where.is_rare and not run.where.is_rare) else run.where
        side = self._copied(run, inside)
        return self._walk(steps, side), side

    def _copied(self, run: _FollowedFunction, where: Condition | None) -> _FollowedFunction:
        values = Values(self._view, run.values.parameter, dict(run.values.local), self._unless)
        return _FollowedFunction(values, run.owner, run.module, where, run.route, set(run.written), dict(run.unset))

    def _join(self, run: _FollowedFunction, sides: Sequence[_FollowedFunction]) -> None:
        """What is known behind a condition is what both sides agree on."""
        first, *others = sides
        written, local = set(first.written), dict(first.values.local)
        for other in others:
            written &= other.written
            local = {name: value for name, value in local.items() if other.values.local.get(name, UNKNOWN) is value}
        run.written |= written
        run.values.local = local

    @staticmethod
    def _leave_unset(
        run: _FollowedFunction, side: _FollowedFunction, other: _FollowedFunction, where: Condition
    ) -> None:
        """What only one side sets is missing behind both where the other one was taken."""
        run.unset.update({**side.unset, **dict.fromkeys(side.written - other.written, where)})

    def _perhaps(self, step: Perhaps, run: _FollowedFunction) -> None:
        _, side = self._side(step.steps, run, Condition(f"in {step.what}"))
        self._leave_unset(run, side, run, Condition(f"unless {step.what} sets it"))
        self._join(run, (run, side))
        if step.may_return:
            run.where = run.where or Condition(f"unless {step.what} ends it earlier")

    def _attempt(self, step: Attempt, run: _FollowedFunction) -> None:
        before = self._copied(run, run.where)
        sides = [(self._tried(step, run), Condition("unless an attempt sets it"))]
        for handler in step.handlers:
            _, side = self._side(handler, before, Condition("after an exception"))
            if not always_ends(handler):
                sides.append((side, Condition("unless there was an exception")))
        self._join(run, [side for side, _ in sides])
        for side, where in sides:
            self._leave_unset(run, side, run, where)
        self._walk(step.finally_, run)
        if step.may_return:
            run.where = run.where or Condition("unless an attempt ends it earlier")

    def _tried(self, step: Attempt, run: _FollowedFunction) -> _FollowedFunction:
        """What is known where no exception came; a body whose AttributeError is taken needs nothing."""
        if not step.catches:
            self._walk(step.body, run)
            self._walk(step.otherwise, run)
            return run
        kept = dict(self.needs), dict(self.chains)
        _, side = self._side(step.body, run, Condition("in an attempt"))
        self.needs, self.chains = kept
        self._walk(step.otherwise, side)
        return side


@dataclass(frozen=True, slots=True, eq=False)
class _Start:
    """How a call comes about."""

    where: Condition | None
    route: tuple[str, ...]
    written: set[str]
    unset: dict[str, Condition]


def _private(name: str, owner: ClassCode | None) -> str:
    """A name as objects have it: `self.__rate` of a class `Scaler` is `_Scaler__rate`."""
    if owner is None or not name.startswith("__") or name.endswith("__"):
        return name
    return f"_{owner.name.lstrip('_')}{name}"


def _parameters(function: Function) -> list[ast.arg]:
    return [*function.args.posonlyargs, *function.args.args]


def _defaults(function: Function) -> dict[str, ast.expr]:
    given = function.args
    parameters = _parameters(function)
    optional = parameters[len(parameters) - len(given.defaults) :]
    defaults = {argument.arg: value for argument, value in zip(optional, given.defaults, strict=True)}
    keywords = zip(given.kwonlyargs, given.kw_defaults, strict=True)
    defaults.update((argument.arg, value) for argument, value in keywords if value is not None)
    return defaults
