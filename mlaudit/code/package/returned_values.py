"""What a method of the object gives, as far as its statements decide it: `self._get_tags()["allow_nan"]`.

Followed are assignments in a line, conditions that are decided, and parts of what `super()` gave that no statement
changed; anything else is not known.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence

from mlaudit.code.package.classes import Lineage, is_super_method
from mlaudit.code.package.object_values import UNKNOWN, ObjectView, Route, Values, part_of, text_key
from mlaudit.knowledge.object_methods import object_methods
from mlaudit.model.lazy_dataclass import dataclass, field

MAX_STATEMENTS = 60
"""Statements of one method that are followed."""
CALL_DEPTH = 8
"""How much one method inside another counts towards the depth of an expression."""


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

    def forget(self, name: str) -> None:
        """Know nothing more of a table that a name holds."""
        self.from_super.discard(name)
        self.tables.pop(name, None)
        self.changed = {part: value for part, value in self.changed.items() if part[0] != name}


class ReturnedValues:
    """The reader of what the methods of one object give."""

    def __init__(self, lineage: Lineage, view: ObjectView, written: set[str]) -> None:
        self._lineage, self._view, self._written = lineage, view, set(written)

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
            if len(parameters) != 1 or methods.node.decorator_list:
                return UNKNOWN
            body = _Body(Values(self._view, parameters[0].arg, {}, []), is_merged=merged is not None)
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
        for name in _names_in(value):
            # Under another name, or in a call, it may be changed.
            body.forget(name)
        base, route = part_of(target) or (target, ())
        if isinstance(base, ast.Name) and route:
            body.changed[base.id, route] = body.values.value(value, self._written, depth)
            self._written.update(route[:1] if body.values.is_me(base) else ())
            return
        for name in _names_in(target):
            body.values.local.pop(name, None)
            body.forget(name)
        if not isinstance(target, ast.Name):
            return
        if is_super_method(value, method):
            body.from_super.add(target.id)
        elif isinstance(value, ast.Dict):
            body.tables[target.id] = value
        else:
            body.values.local[target.id] = body.values.value(value, self._written, depth)

    def _returned(self, node: ast.expr | None, body: _Body, method: str, route: Route, depth: int) -> object:
        if node is None:
            return UNKNOWN if route else None
        if not route:
            return body.values.value(node, self._written, depth)
        if isinstance(node, ast.Dict):
            return self._of_table(node, body, route, depth)
        if is_super_method(node, method):
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
        if not all(isinstance(key, ast.Constant) for key in node.keys):
            return UNKNOWN
        for key, value in reversed(list(zip(node.keys, node.values, strict=True))):
            if key is not None and text_key(key) == route[0]:
                return self._of_value(value, body, route[1:], depth)
        return _ABOVE if body.is_merged else UNKNOWN

    def _of_value(self, node: ast.expr, body: _Body, route: Route, depth: int) -> object:
        """What a value in a table is, or what the rest of a route takes of it."""
        if not route:
            return body.values.value(node, self._written, depth)
        return self._of_table(node, body, route, depth) if isinstance(node, ast.Dict) else UNKNOWN


class _FollowedSoFar:
    """What following some statements came to."""


_ABOVE, _ON = _FollowedSoFar(), _FollowedSoFar()


def _is_text(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def _names_in(node: ast.expr) -> set[str]:
    return {inner.id for inner in ast.walk(node) if isinstance(inner, ast.Name)}
