"""Values and conditions of a method, as far as the pickled state and the arguments of a call decide them."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping
from itertools import takewhile
from typing import Protocol

from mlaudit.code.package.classes import dotted
from mlaudit.code.package.steps import Arguments
from mlaudit.knowledge.object_methods import object_methods
from mlaudit.model.lazy_dataclass import dataclass

MAX_DEPTH = 40
"""Expressions inside each other that are followed."""
MAX_ROUTE = 6
"""Attributes and keys behind a call that are looked at."""


class _Mark:
    """A value of which only its kind is known."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __repr__(self) -> str:
        return self._name


UNKNOWN = _Mark("UNKNOWN")
"""Any value."""
OBJECT = _Mark("OBJECT")
"""Some object that is not None; whether it is empty is not known."""
DATA = _Mark("DATA")
"""An object that a method is given from outside: what there is to predict of."""
SCALARS = (str, int, float, bool, bytes, type(None))

Truth = bool | None
"""Whether a condition is met; None if that is not known."""
Route = tuple[str, ...]
"""Attributes and keys in the order in which they are taken."""


class StateMapping:
    """A dictionary of which all keys are known: what `__setstate__` is given."""

    def __init__(self, entries: Mapping[str, object]) -> None:
        self.entries = dict(entries)


class ObjectView(Protocol):
    """The object that a method runs on."""

    def has(self, name: str, written: set[str]) -> Truth:
        """Whether it has an attribute."""
        ...

    def value(self, name: str) -> object:
        """The value of an attribute in the state, `UNKNOWN` where it has none."""
        ...

    def attribute_of(self, value: object, name: str) -> object:
        """The value of an attribute of another pickled object."""
        ...

    def has_of(self, value: object, name: str) -> Truth:
        """Whether another pickled object has an attribute."""
        ...

    def returned(self, method: str, route: Route, written: set[str], depth: int) -> object:
        """The value of a part of what one of its methods gives when it is called without arguments."""
        ...


@dataclass(slots=True, eq=False)
class CallArguments:
    """The values of a call; `is_open` where a `*` or `**` brings more."""

    positional: list[object]
    keywords: dict[str, object]
    is_open: bool


def _same(left: object, right: object) -> bool:
    return left is right or (type(left) is type(right) and left == right)


_COMPARISONS: dict[type[ast.cmpop], Callable[[object, object], object]] = {
    ast.Is: _same,
    ast.IsNot: lambda left, right: not _same(left, right),
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.In: lambda left, right: operator.contains(right, left),  # type: ignore[arg-type]
    ast.NotIn: lambda left, right: not operator.contains(right, left),  # type: ignore[arg-type]
    ast.Lt: lambda left, right: left < right,  # type: ignore[operator]
    ast.LtE: lambda left, right: left <= right,  # type: ignore[operator]
    ast.Gt: lambda left, right: left > right,  # type: ignore[operator]
    ast.GtE: lambda left, right: left >= right,  # type: ignore[operator]
}


def is_scalar(value: object) -> bool:
    """Whether a value is known in full."""
    return isinstance(value, SCALARS)


class Values:
    """The reader of expressions in one call of a function."""

    def __init__(self, view: ObjectView, parameter: str, local: dict[str, object], unless: list[str]) -> None:
        """`unless` takes what data was assumed not to be."""
        self.view = view
        self.parameter = parameter
        self.local = local
        self._unless = unless

    def arguments(self, given: Arguments, written: set[str]) -> CallArguments:
        """The values of a call's arguments."""
        is_open = any(isinstance(expression, ast.Starred) for expression in given.positional)
        is_open = is_open or any(keyword.arg is None for keyword in given.keywords)
        # Behind `*` nobody knows which is which.
        plain = takewhile(lambda expression: not isinstance(expression, ast.Starred), given.positional)
        positional = [self.value(expression, written) for expression in plain]
        keywords = {
            keyword.arg: self.value(keyword.value, written) for keyword in given.keywords if keyword.arg is not None
        }
        return CallArguments(positional, keywords, is_open)

    def value(self, node: ast.expr, written: set[str], depth: int = 0) -> object:
        """The value of an expression."""
        reader = _READERS.get(type(node))
        return UNKNOWN if reader is None or depth > MAX_DEPTH else reader(self, node, written, depth + 1)

    def truth(self, node: ast.expr, written: set[str], depth: int = 0) -> Truth:
        """Whether a condition is met."""
        if isinstance(node, ast.BoolOp) and depth <= MAX_DEPTH:
            decides = isinstance(node.op, ast.Or)
            tests = [self.truth(value, written, depth + 1) for value in node.values]
            return decides if decides in tests else None if None in tests else not decides
        return _truth_of(self.value(node, written, depth))

    def is_me(self, node: ast.expr) -> bool:
        """Whether an expression is the object itself."""
        return isinstance(node, ast.Name) and node.id == self.parameter

    def _attribute(self, node: ast.Attribute, written: set[str], depth: int) -> object:
        if self.is_me(node.value):
            return UNKNOWN if node.attr in written else self.view.value(node.attr)
        called = called_part(node, self.parameter)
        if called is not None:
            return self.view.returned(*called, written, depth)
        return self.view.attribute_of(self.value(node.value, written, depth), node.attr)

    def _name(self, node: ast.Name, _written: set[str], _depth: int) -> object:
        return OBJECT if self.is_me(node) else self.local.get(node.id, UNKNOWN)

    def _sequence(self, node: ast.Tuple | ast.List | ast.Set, written: set[str], depth: int) -> object:
        values = [self.value(expression, written, depth) for expression in node.elts]
        return values if all(map(is_scalar, values)) else UNKNOWN

    def _subscript(self, node: ast.Subscript, written: set[str], depth: int) -> object:
        called = called_part(node, self.parameter)
        if called is not None:
            return self.view.returned(*called, written, depth)
        base = self.value(node.value, written, depth)
        if isinstance(base, StateMapping) and isinstance(node.slice, ast.Constant):
            return base.entries.get(str(node.slice.value), UNKNOWN)
        return UNKNOWN

    def _choice(self, node: ast.IfExp, written: set[str], depth: int) -> object:
        test = self.truth(node.test, written, depth)
        return UNKNOWN if test is None else self.value(node.body if test else node.orelse, written, depth)

    def _unary(self, node: ast.UnaryOp, written: set[str], depth: int) -> object:
        if isinstance(node.op, ast.Not):
            test = self.truth(node.operand, written, depth)
            return UNKNOWN if test is None else not test
        value = self.value(node.operand, written, depth)
        return -value if isinstance(node.op, ast.USub) and isinstance(value, (int, float)) else UNKNOWN

    def _bool(self, node: ast.BoolOp, written: set[str], depth: int) -> object:
        """The first value that decides, else the last one; not known where one before it may decide."""
        *first, last = node.values
        for expression in first:
            value = self.value(expression, written, depth)
            test = _truth_of(value)
            if test is None or test is isinstance(node.op, ast.Or):
                return UNKNOWN if test is None else value
        return self.value(last, written, depth)

    def _compare(self, node: ast.Compare, written: set[str], depth: int) -> object:
        if len(node.ops) != 1:
            return UNKNOWN
        kind, other = type(node.ops[0]), node.comparators[0]
        left = self.value(node.left, written, depth)
        if isinstance(left, str) and kind in (ast.In, ast.NotIn) and self._is_own_dict(other):
            has = self.view.has(left, written)
            return UNKNOWN if has is None else has is (kind is ast.In)
        return _compared(kind, left, self.value(other, written, depth))

    def _is_own_dict(self, node: ast.expr) -> bool:
        """Whether an expression is `self.__dict__`, `vars(self)` or `dir(self)`."""
        if isinstance(node, ast.Attribute):
            return node.attr == "__dict__" and self.is_me(node.value)
        is_call = isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("vars", "dir")
        return is_call and isinstance(node, ast.Call) and bool(node.args) and self.is_me(node.args[0])

    def _call(self, node: ast.Call, written: set[str], depth: int) -> object:
        words = dotted(node.func)
        unusual = object_methods().unusual.get(words[-1]) if words else None
        if unusual is not None and len(node.args) == 1:
            return self._is_unusual(unusual, self.value(node.args[0], written, depth))
        if isinstance(node.func, ast.Attribute):
            called = called_part(node, self.parameter)
            if called is not None:
                return self.view.returned(*called, written, depth)
            return self._method(node.func, node, written, depth)
        if not isinstance(node.func, ast.Name) or not node.args:
            return UNKNOWN
        if node.func.id == "dict" and len(node.args) == 1:
            return self.value(node.args[0], written, depth)
        if node.func.id in ("hasattr", "getattr") and len(node.args) > 1:
            return self._looked_up(node, written, depth)
        return self._is_instance(node, written, depth) if node.func.id == "isinstance" else UNKNOWN

    def _is_unusual(self, kind: str, value: object) -> object:
        """Whether data is of an unusual kind: it is taken not to be, and that is kept in mind."""
        if value is not DATA:
            return UNKNOWN
        self._unless.append(kind)
        return False

    def _method(self, function: ast.Attribute, node: ast.Call, written: set[str], depth: int) -> object:
        base = self.value(function.value, written, depth)
        if function.attr == "copy":
            return base
        if not isinstance(base, StateMapping) or function.attr not in ("get", "pop") or not node.args:
            return UNKNOWN
        key = self.value(node.args[0], written, depth)
        if not isinstance(key, str):
            return UNKNOWN
        default = self.value(node.args[1], written, depth) if len(node.args) > 1 else None
        return base.entries.get(key, default)

    def _looked_up(self, node: ast.Call, written: set[str], depth: int) -> object:
        """`hasattr` and `getattr` with a default, of the object or of another pickled one."""
        name = self.value(node.args[1], written, depth)
        if not isinstance(name, str) or not isinstance(node.func, ast.Name):
            return UNKNOWN
        mine = self.is_me(node.args[0])
        base = None if mine else self.value(node.args[0], written, depth)
        has = self.view.has(name, written) if mine else self.view.has_of(base, name)
        if node.func.id == "hasattr" or has is None:
            return UNKNOWN if has is None else has
        if not has:
            return self.value(node.args[2], written, depth) if len(node.args) > 2 else UNKNOWN
        if mine:
            return UNKNOWN if name in written else self.view.value(name)
        return self.view.attribute_of(base, name)

    def _is_instance(self, node: ast.Call, written: set[str], depth: int) -> object:
        value = self.value(node.args[0], written, depth)
        asked = node.args[1] if len(node.args) == 2 else None
        if not isinstance(asked, ast.Name):
            return UNKNOWN
        if isinstance(value, StateMapping):
            return True if asked.id == "dict" else UNKNOWN
        kinds: dict[str, type] = {"str": str, "int": int, "bool": bool, "float": float, "bytes": bytes}
        if is_scalar(value) and asked.id in kinds:
            return isinstance(value, kinds[asked.id])
        return UNKNOWN


def called_part(node: ast.expr, parameter: str) -> tuple[str, Route] | None:
    """The method and the attributes or keys behind its call: `self.tags().input.allow_nan`; None for anything else."""
    base, route = part_of(node) or (node, ())
    if not isinstance(base, ast.Call) or base.args or base.keywords or not isinstance(base.func, ast.Attribute):
        return None
    receiver = base.func.value
    return (base.func.attr, route) if isinstance(receiver, ast.Name) and receiver.id == parameter else None


def part_of(node: ast.expr) -> tuple[ast.expr, Route] | None:
    """An expression and the attributes or keys that are taken of it; None where a key is computed."""
    words: list[str] = []
    while isinstance(node, (ast.Attribute, ast.Subscript)) and len(words) <= MAX_ROUTE:
        key = node.attr if isinstance(node, ast.Attribute) else text_key(node.slice)
        if key is None:
            return None
        words.append(key)
        node = node.value
    return node, tuple(reversed(words))


def text_key(node: ast.expr) -> str | None:
    """A key that is written as a text."""
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def _compared(kind: type[ast.cmpop], left: object, right: object) -> object:
    if isinstance(right, StateMapping) and isinstance(left, str) and kind in (ast.In, ast.NotIn):
        return (left in right.entries) is (kind is ast.In)
    if _is_known(left) and _is_known(right):
        try:
            return bool(_COMPARISONS[kind](left, right))
        except (TypeError, ValueError, KeyError):
            return UNKNOWN
    is_other = any(operand is not UNKNOWN and not _is_known(operand) for operand in (left, right))
    if kind in (ast.Is, ast.IsNot) and is_other and (left is None or right is None):
        return kind is ast.IsNot
    return UNKNOWN


def _truth_of(value: object) -> Truth:
    return bool(value) if _is_known(value) else None


def _is_known(value: object) -> bool:
    return is_scalar(value) or isinstance(value, list)


_READERS: dict[type, Callable[..., object]] = {
    ast.Constant: lambda _values, node, _written, _depth: node.value,
    ast.Name: Values._name,
    ast.Attribute: Values._attribute,
    ast.Tuple: Values._sequence,
    ast.List: Values._sequence,
    ast.Set: Values._sequence,
    ast.Subscript: Values._subscript,
    ast.IfExp: Values._choice,
    ast.UnaryOp: Values._unary,
    ast.BoolOp: Values._bool,
    ast.Compare: Values._compare,
    ast.Call: Values._call,
}
