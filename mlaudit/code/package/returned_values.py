"""What a method of the object gives, as far as its statements decide it: `self._get_tags()["allow_nan"]`.

Followed are assignments in a line, conditions that are decided, and parts of what `super()` gave that no statement
changed; anything else is not known.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from mlaudit.code.package.classes import Lineage, MethodKind
from mlaudit.code.package.object_values import MAX_ROUTE, UNKNOWN, ObjectView, Values, text_key
from mlaudit.knowledge.object_methods import object_methods
from mlaudit.model.lazy_dataclass import dataclass, field

MAX_STATEMENTS = 60
"""Statements of one method that are followed."""
CALL_DEPTH = 8
"""How much one method inside another counts towards the depth of an expression."""

Route = tuple[str, ...]


@dataclass(slots=True, eq=False)
class _Body:
    """The names of one method while its statements are followed.

    Attributes:
        is_merged: what all classes give is put together, so that a key that is not here may be in a base.
        changed: parts that are given values, by the name and route.
        from_super: names that hold what `super()` gave.
        tables: names that hold a dictionary with written keys.
    """

    values: Values
    is_merged: bool
    changed: dict[tuple[str, Route], object] = field(default_factory=dict)
    from_super: set[str] = field(default_factory=set)
    tables: dict[str, ast.Dict] = field(default_factory=dict)
    left: int = MAX_STATEMENTS


class ReturnedValues:
    """The reader of what the methods of one object give."""

    def __init__(self, lineage: Lineage, view: ObjectView, written: set[str]) -> None:
        self._lineage, self._view, self._written = lineage, view, written

    def part(self, method: str, route: Route, depth: int) -> object:
        """The value of a part of what a method gives, `UNKNOWN` where its statements do not decide it."""
        merged = object_methods().merged.get(method)
        name = merged or method
        for cls in self._lineage.classes:
            methods = cls.methods.get(name)
            if methods is None and name in cls.own:
                return UNKNOWN
            if methods is None:
                continue
            parameters = [*methods.node.args.posonlyargs, *methods.node.args.args]
            if methods.kind is MethodKind.UNBOUND or len(parameters) != 1 or methods.node.decorator_list:
                return UNKNOWN
            body = _Body(Values(self._view, parameters[0].arg, {}), is_merged=merged is not None)
            result = self._of_block(methods.node.body, body, name, route, depth)
            if result is not _ABOVE:
                return UNKNOWN if result is _ON else result
        return UNKNOWN

    def _of_block(self, block: Sequence[ast.stmt], body: _Body, method: str, route: Route, depth: int) -> object:
        """What some statements give: a value, or `_ABOVE` where it is that of the next class; `_ON` without return."""
        for statement in block:
            body.left -= 1
            result = self._of_statement(statement, body, method, route, depth) if body.left >= 0 else UNKNOWN
            if result is not _ON:
                return result
        return _ON

    def _of_statement(self, statement: ast.stmt, body: _Body, method: str, route: Route, depth: int) -> object:
        if isinstance(statement, ast.Return):
            return self._returned(statement.value, body, method, route, depth)
        if isinstance(statement, ast.If):
            test = body.values.truth(statement.test, self._written, depth)
            block = statement.body if test else statement.orelse
            return UNKNOWN if test is None else self._of_block(block, body, method, route, depth)
        if isinstance(statement, ast.Assign) and len(statement.targets) == 1:
            self._assign(statement.targets[0], statement.value, body, method, depth)
        elif isinstance(statement, ast.AnnAssign):
            if statement.value is not None:
                self._assign(statement.target, statement.value, body, method, depth)
        elif not isinstance(statement, (ast.Pass, ast.ImportFrom, ast.Import)) and not _is_text(statement):
            return UNKNOWN
        return _ON

    def _assign(self, target: ast.expr, value: ast.expr, body: _Body, method: str, depth: int) -> None:
        for inner in ast.walk(value):
            if isinstance(inner, ast.Name):
                # Under another name, or in a call, it may be changed.
                body.from_super.discard(inner.id)
                body.tables.pop(inner.id, None)
        if isinstance(target, ast.Name):
            name = target.id
            body.values.local.pop(name, None)
            body.from_super.discard(name)
            body.tables.pop(name, None)
            if _is_super_call(value, method):
                body.from_super.add(name)
            elif isinstance(value, ast.Dict):
                body.tables[name] = value
            else:
                body.values.local[name] = body.values.value(value, self._written, depth)
            return
        known = _target_route(target)
        if known is not None:
            body.changed[known] = body.values.value(value, self._written, depth)

    def _returned(self, node: ast.expr | None, body: _Body, method: str, route: Route, depth: int) -> object:
        if node is None:
            return UNKNOWN if route else None
        if not route:
            return body.values.value(node, self._written, depth)
        if isinstance(node, ast.Dict):
            return self._of_table(node, body, route, depth)
        if _is_super_call(node, method):
            return _ABOVE
        return self._of_name(node.id, body, route, depth) if isinstance(node, ast.Name) else UNKNOWN

    def _of_name(self, name: str, body: _Body, route: Route, depth: int) -> object:
        for (changed_name, changed), value in reversed(body.changed.items()):
            if changed_name == name and changed == route:
                return value
            if changed_name == name and (changed == route[: len(changed)] or route == changed[: len(route)]):
                # A part around it, or inside of it, was exchanged.
                return UNKNOWN
        if name in body.from_super:
            return _ABOVE
        table = body.tables.get(name)
        return self._of_table(table, body, route, depth) if table is not None else UNKNOWN

    def _of_table(self, node: ast.Dict, body: _Body, route: Route, depth: int) -> object:
        if any(key is None for key in node.keys):
            return UNKNOWN
        for key, value in zip(node.keys, node.values, strict=True):
            if key is not None and text_key(key) == route[0]:
                inner = body.values.value(value, self._written, depth) if len(route) == 1 else UNKNOWN
                return self._of_table(value, body, route[1:], depth) if isinstance(value, ast.Dict) else inner
        return _ABOVE if body.is_merged else UNKNOWN


class _FollowedSoFar:
    """What following some statements came to."""


_ABOVE, _ON = _FollowedSoFar(), _FollowedSoFar()


def _is_text(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def _is_super_call(node: ast.expr, method: str) -> bool:
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute) or node.func.attr != method:
        return False
    inner = node.func.value
    return isinstance(inner, ast.Call) and isinstance(inner.func, ast.Name) and inner.func.id == "super"


def _target_route(node: ast.expr) -> tuple[str, Route] | None:
    """The name and the route of a store to a part of it."""
    words: list[str] = []
    for expression in _inwards(node):
        if isinstance(expression, ast.Name):
            return expression.id, tuple(reversed(words))
        key = (
            expression.attr
            if isinstance(expression, ast.Attribute)
            else text_key(expression.slice)
            if isinstance(expression, ast.Subscript)
            else None
        )
        if key is None:
            return None
        words.append(key)
    return None


def _inwards(node: ast.expr) -> Iterator[ast.expr]:
    for _ in range(MAX_ROUTE + 2):
        yield node
        if not isinstance(node, (ast.Attribute, ast.Subscript)):
            return
        node = node.value
