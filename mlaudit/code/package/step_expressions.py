"""The steps of an expression about one parameter: what is read of it, called on it, and where it is handed on."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from typing import Any

from mlaudit.code.package.classes import dotted, is_super
from mlaudit.code.package.steps import (
    Arguments,
    Conditional,
    Handed,
    OwnCall,
    Perhaps,
    Read,
    SetKey,
    SetLocal,
    Step,
    Write,
)

MAX_VALUES = 100
"""Values of an `and` or `or` that decide whether those behind them are looked at."""
MAX_NESTING = 150
"""Expressions inside each other that are looked into."""

_DEMANDS = "check_is_fitted"
_ASKS_NOTHING = frozenset(("hasattr", "isinstance", "type", "id", "callable", "len", "iter", "vars", "dir"))
"""Functions of Python that need no attribute of what they are given."""
_DICT_WORDS = frozenset(("__dict__", "__class__", "__doc__", "__module__"))


def expression_steps(node: ast.expr, parameter: str) -> tuple[Step, ...]:
    """The steps of an expression."""
    return tuple(_ExpressionSteps(parameter).of(node, 0))


def target_steps(node: ast.expr, parameter: str, value: ast.expr | None) -> Iterator[Step]:
    """The steps of a store; `value` is what is stored, if it is known."""
    if isinstance(node, ast.Name):
        yield SetLocal(node.id, value)
    elif isinstance(node, (ast.Tuple, ast.List)):
        given = (
            {expression.id for expression in value.args if isinstance(expression, ast.Name)}
            if isinstance(value, ast.Call)
            else set()
        )
        for expression in node.elts:
            if isinstance(expression, ast.Name) and expression.id in given:
                yield SetLocal(expression.id, None, is_converted=True)
            else:
                yield from target_steps(expression, parameter, None)
    elif isinstance(node, ast.Starred):
        yield from target_steps(node.value, parameter, None)
    elif isinstance(node, (ast.Attribute, ast.Subscript)):
        yield from _inner_target(node, parameter)


def _inner_target(node: ast.Attribute | ast.Subscript, parameter: str) -> Iterator[Step]:
    base = node.value
    if isinstance(node, ast.Subscript):
        if isinstance(base, ast.Name) and isinstance(node.slice, ast.Constant):
            yield SetKey(base.id, node.slice.value)
        else:
            yield from expression_steps(node, parameter)
    elif isinstance(base, ast.Name) and base.id == parameter:
        yield Write(node.attr)
    else:
        yield from expression_steps(base, parameter)


def takes_parameter(arguments: ast.arguments, name: str) -> bool:
    """Whether a function has a parameter of a name."""
    return any(argument.arg == name for argument in ast.walk(arguments) if isinstance(argument, ast.arg))


def names_of(arguments: ast.arguments) -> Iterator[Step]:
    """The steps of the parameters of a function inside, which are no names of the function around it."""
    return (SetLocal(argument.arg, None) for argument in ast.walk(arguments) if isinstance(argument, ast.arg))


def is_call_of(node: ast.AST, function: str, parameter: str) -> bool:
    """Whether a node calls a function by its name with a parameter in front."""
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == function
        and bool(node.args)
        and isinstance(node.args[0], ast.Name)
        and node.args[0].id == parameter
    )


def _text(node: ast.expr) -> str:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


class _ExpressionSteps:
    """The reader of one expression."""

    def __init__(self, parameter: str) -> None:
        self._me = parameter

    def of(self, node: ast.expr, depth: int) -> Iterator[Step]:
        """The steps of an expression, in the order in which Python runs them."""
        if depth > MAX_NESTING:
            return
        reader = _READERS.get(type(node), _ExpressionSteps._parts)
        yield from reader(self, node, depth)

    def _parts(self, node: ast.AST, depth: int) -> Iterator[Step]:
        for inner in ast.iter_child_nodes(node):
            if isinstance(inner, ast.expr):
                yield from self.of(inner, depth + 1)

    def _is_me(self, node: ast.expr) -> bool:
        return isinstance(node, ast.Name) and node.id == self._me

    def _attribute(self, node: ast.Attribute, depth: int) -> Iterator[Step]:
        words: list[str] = []
        inner: ast.expr = node
        while isinstance(inner, ast.Attribute):
            words.append(inner.attr)
            inner = inner.value
        if not self._is_me(inner):
            yield from self.of(inner, depth + 1)
        elif words[-1] not in _DICT_WORDS:
            yield Read(words[-1], tuple(reversed(words[:-1])), node.lineno)

    def _call(self, node: ast.Call, depth: int) -> Iterator[Step]:
        function = node.func
        arguments = Arguments(node.args, node.keywords)
        if isinstance(function, ast.Name) and node.args and self._is_me(node.args[0]):
            special = self._special(function.id, node, depth + 1)
            if special is not None:
                yield from special
                return
        if isinstance(function, ast.Attribute) and self._is_me(function.value):
            yield from self._given(node, depth, None)
            yield OwnCall(function.attr, arguments, is_super=False, line=node.lineno)
        elif isinstance(function, ast.Attribute) and is_super(function.value):
            yield from self._given(node, depth, None)
            yield OwnCall(function.attr, arguments, is_super=True, line=node.lineno)
        elif isinstance(function, ast.Attribute) and function.attr == "setdefault" and node.args:
            yield from self._given(node, depth, None)
            if isinstance(function.value, ast.Name):
                yield SetKey(function.value.id, _text(node.args[0]))
        else:
            if not isinstance(function, ast.Name):
                yield from self.of(function, depth + 1)
            yield from self._given(node, depth, dotted(function))

    def _given(self, node: ast.Call, depth: int, function: tuple[str, ...] | None) -> Iterator[Step]:
        """The steps of the arguments; where the parameter itself is one, it is handed on."""
        slots: list[tuple[int | str | None, ast.expr]] = list(enumerate(node.args))
        slots.extend((keyword.arg, keyword.value) for keyword in node.keywords)
        for slot, value in slots:
            if not self._is_me(value):
                yield from self.of(value, depth + 1)
            elif function and slot is not None:
                yield Handed(function, slot, Arguments(node.args, node.keywords), node.lineno)

    def _special(self, function: str, node: ast.Call, depth: int) -> list[Step] | None:
        """The steps of a call of Python's own, or of scikit-learn's check, with the parameter in front."""
        if function in _ASKS_NOTHING:
            return []
        if function in ("getattr", "setattr"):
            return self._by_name(function, node, depth)
        if function == _DEMANDS:
            is_any = any(keyword.arg == "all_or_any" for keyword in node.keywords)
            return [] if is_any else [Read(name, (), node.lineno) for name in _second(node)]
        return None

    def _by_name(self, function: str, node: ast.Call, depth: int) -> list[Step]:
        """The steps of `getattr` and `setattr`; where there is a default, the attribute is not needed."""
        rest = [step for expression in node.args[2:] for step in self.of(expression, depth)]
        if function == "setattr":
            return [*rest, *map(Write, _second(node))]
        return rest if len(node.args) > 2 else [Read(name, (), node.lineno) for name in _second(node)]

    def _bool(self, node: ast.BoolOp, depth: int) -> Iterator[Step]:
        """Each value after the first is looked at only where those before it leave the result open."""
        test = node.values[0]
        yield from self.of(test, depth + 1)
        for before, value in enumerate(node.values[1:], start=1):
            rest = tuple(self.of(value, depth + 1))
            if rest:
                is_and = isinstance(node.op, ast.And)
                yield Conditional(test, rest if is_and else (), () if is_and else rest, may_return=False)
            if before < MAX_VALUES:
                test = ast.BoolOp(op=node.op, values=node.values[: before + 1])

    def _choice(self, node: ast.IfExp, depth: int) -> Iterator[Step]:
        yield from self.of(node.test, depth + 1)
        then, other = tuple(self.of(node.body, depth + 1)), tuple(self.of(node.orelse, depth + 1))
        if then or other:
            yield Conditional(node.test, then, other, may_return=False)

    def _named(self, node: ast.NamedExpr, depth: int) -> Iterator[Step]:
        yield from self.of(node.value, depth + 1)
        yield SetLocal(node.target.id, node.value)

    def _function(self, node: ast.Lambda, depth: int) -> Iterator[Step]:
        if not takes_parameter(node.args, self._me):
            yield from self._perhaps("a function inside", names_of(node.args), self.of(node.body, depth + 1))

    def _perhaps(self, what: str, names: Iterator[Step], inner: Iterator[Step]) -> Iterator[Step]:
        """What runs any number of times, with names of its own."""
        steps = tuple(inner)
        if steps:
            yield Perhaps(what, (*names, *steps), may_return=False)

    def _comprehension(self, node: ast.expr, depth: int) -> Iterator[Step]:
        generators: list[ast.comprehension] = getattr(node, "generators", [])
        yield from self.of(generators[0].iter, depth + 1)
        names = (step for generator in generators for step in target_steps(generator.target, self._me, None))
        yield from self._perhaps("a loop", names, self._inside(node, generators, depth))

    def _inside(self, node: ast.expr, generators: list[ast.comprehension], depth: int) -> Iterator[Step]:
        for number, generator in enumerate(generators):
            if number:
                yield from self.of(generator.iter, depth + 1)
            for condition in generator.ifs:
                yield from self.of(condition, depth + 1)
        for part in ("key", "value", "elt"):
            inner = getattr(node, part, None)
            if inner is not None:
                yield from self.of(inner, depth + 1)


_READERS: dict[type, Callable[[_ExpressionSteps, Any, int], Iterator[Step]]] = {
    ast.Attribute: _ExpressionSteps._attribute,
    ast.Call: _ExpressionSteps._call,
    ast.BoolOp: _ExpressionSteps._bool,
    ast.IfExp: _ExpressionSteps._choice,
    ast.NamedExpr: _ExpressionSteps._named,
    ast.Lambda: _ExpressionSteps._function,
    ast.ListComp: _ExpressionSteps._comprehension,
    ast.SetComp: _ExpressionSteps._comprehension,
    ast.DictComp: _ExpressionSteps._comprehension,
    ast.GeneratorExp: _ExpressionSteps._comprehension,
}


def _second(node: ast.Call) -> list[str]:
    """The texts that a call is given as its second argument."""
    parts = [
        part
        for expression in node.args[1:2]
        for part in (expression.elts if isinstance(expression, (ast.List, ast.Tuple)) else [expression])
    ]
    return [text for part in parts if (text := _text(part))]
