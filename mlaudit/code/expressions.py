"""Literals, operators, lists and loops: what expressions give out of the values of their parts."""

from __future__ import annotations

import ast
from abc import abstractmethod
from collections.abc import Iterable, Iterator

from mlaudit.code import text_calls
from mlaudit.code.source import Point
from mlaudit.code.values import (
    UNKNOWN,
    Env,
    ListValue,
    TableValue,
    TextValue,
    Thunk,
    UnknownValue,
    Value,
    ValueReader,
    Values,
    as_text,
    concatenated,
    joined_paths,
    open_of,
    origins_of,
    uncertain,
)
from mlaudit.model.lazy_dataclass import replace

MAX_ALTERNATIVES = 8
MAX_MEMBERS = 200
"""Members of a list that is written down; of a longer one, those that follow are not known."""


class ExpressionReader(ValueReader):
    """Reads expressions that only compose values; names, members and calls are the evaluator's."""

    @abstractmethod
    def values(self, node: ast.expr, env: Env) -> Values:
        """The alternatives of an expression, at least one."""

    @abstractmethod
    def texts(self, node: ast.expr, env: Env) -> tuple[TextValue, ...]:
        """The alternatives of an expression as texts."""

    @abstractmethod
    def forced(self, thunk: Thunk) -> Values:
        """The alternatives of a member of a list or table."""

    @staticmethod
    def _constant(node: ast.Constant, env: Env) -> Values:
        if isinstance(node.value, (str, int, float)) and not isinstance(node.value, bool):
            return (TextValue(pieces=(str(node.value),), node=node, source=env.scope.source),)
        return UNKNOWN

    def _inner(self, node: ast.Await | ast.Starred | ast.NamedExpr, env: Env) -> Values:
        return self.values(node.value, env)

    def _field(self, node: ast.FormattedValue, env: Env) -> Values:
        """A part of an f-string: its value, where no format and no `!r` makes another text of it."""
        values = self.values(node.value, env)
        if node.format_spec is None and node.conversion in (-1, ord("s")):
            return values
        return tuple(UnknownValue(open=open_of(value), origins=origins_of(value)) for value in values)

    def _joined(self, node: ast.JoinedStr, env: Env) -> Values:
        return tuple(concatenated(parts) for parts in self._product(node.values, env)) or (TextValue(pieces=("",)),)

    def _product(self, nodes: Iterable[ast.expr], env: Env) -> list[tuple[TextValue, ...]]:
        """The texts of several expressions, every combination of alternatives up to a limit."""
        rows: list[tuple[TextValue, ...]] = [()]
        for node in nodes:
            texts = self.texts(node, env)
            rows = [(*row, text) for row in rows for text in texts][:MAX_ALTERNATIVES]
        return [row for row in rows if row]

    def _operation(self, node: ast.BinOp, env: Env) -> Values:
        if isinstance(node.op, ast.Mod):
            return text_calls.percent_formatted(self, node, env)
        if isinstance(node.op, ast.Add):
            return tuple(concatenated(parts) for parts in self._product((node.left, node.right), env))
        if isinstance(node.op, ast.Div):
            return tuple(joined_paths(parts) for parts in self._product((node.left, node.right), env))
        return UNKNOWN

    def _list(self, node: ast.List | ast.Tuple | ast.Set, env: Env) -> Values:
        return (ListValue(items=tuple(Thunk(item, env) for item in node.elts[:MAX_MEMBERS])),)

    def _table(self, node: ast.Dict, env: Env) -> Values:
        items: dict[str, Thunk] = {}
        for key, value in zip(node.keys[:500], node.values[:500], strict=True):
            name = self.texts(key, env)[0].known if key is not None else None
            if name is not None:
                items[name] = Thunk(value, env)
            elif key is None:
                items.update(self._merged_table(value, env))
        return (TableValue(items=items),)

    def _comprehension(self, node: ast.ListComp | ast.SetComp | ast.GeneratorExp, env: Env) -> Values:
        """`[path for path in folder.iterdir()]`: a list of what its element may be."""
        inside = Point(node.elt.lineno, node.elt.col_offset, env.point.branch)
        return (ListValue(items=(Thunk(node.elt, env.at(env.scope, inside)),)),)

    def _merged_table(self, node: ast.expr, env: Env) -> dict[str, Thunk]:
        table = self.values(node, env)[0]
        return dict(table.items) if isinstance(table, TableValue) else {}

    def _either(self, node: ast.IfExp, env: Env) -> Values:
        return uncertain((*self.values(node.body, env), *self.values(node.orelse, env)))

    def _any_of(self, node: ast.BoolOp, env: Env) -> Values:
        """`os.getenv("X") or "default"`: the default, and the variable that replaces it."""
        values = [value for part in node.values for value in self.values(part, env)]
        variable = next((as_text(value).variable for value in values if as_text(value).variable), "")
        texts = [
            replace(value, variable=variable)
            for value in values
            if isinstance(value, TextValue) and value.pieces != (None,)
        ]
        return tuple(texts) or tuple(values)

    def _routed(self, values: Values, route: tuple[int, ...]) -> Values:
        for number in route:
            inner: list[Value] = []
            for value in values:
                if isinstance(value, ListValue) and number < len(value.items):
                    inner.extend(self.forced(value.items[number]))
                else:
                    inner.append(UnknownValue(open=open_of(value), origins=origins_of(value)))
            values = tuple(inner)
        return values

    def iterated(self, node: ast.expr, env: Env, route: tuple[int, ...]) -> Iterator[Value]:
        """What a loop variable stands for, one alternative a member."""
        call = node if isinstance(node, ast.Call) else None
        name = call.func.id if call is not None and isinstance(call.func, ast.Name) else ""
        if call is not None and name == "zip" and route and route[0] < len(call.args):
            yield from self.iterated(call.args[route[0]], env, route[1:])
        elif call is not None and name == "enumerate" and call.args and route[:1] == (1,):
            yield from self.iterated(call.args[0], env, route[1:])
        elif (
            call is not None and isinstance(call.func, ast.Attribute) and call.func.attr in ("items", "keys", "values")
        ):
            yield from self._of_table(call.func, env, route)
        else:
            for value in self.values(node, env):
                yield from self._members(value, route)

    def _of_table(self, function: ast.Attribute, env: Env, route: tuple[int, ...]) -> Iterator[Value]:
        wants_values = function.attr == "values" or (function.attr == "items" and route[:1] == (1,))
        rest = route[1:] if function.attr == "items" else route
        for table in self.values(function.value, env):
            if not isinstance(table, TableValue):
                yield UnknownValue(open=open_of(table))
                continue
            for key, thunk in list(table.items.items())[:MAX_ALTERNATIVES]:
                yield from self._routed(self.forced(thunk) if wants_values else (TextValue(pieces=(key,)),), rest)

    def _members(self, value: Value, route: tuple[int, ...]) -> Iterator[Value]:
        if isinstance(value, ListValue):
            for item in value.items[:MAX_ALTERNATIVES]:
                yield from self._routed(self.forced(item), route)
        elif isinstance(value, TableValue):
            yield from (TextValue(pieces=(key,)) for key in list(value.items)[:MAX_ALTERNATIVES])
        elif isinstance(value, TextValue) and value.is_pattern:
            yield value
        else:
            yield UnknownValue(open=open_of(value), origins=origins_of(value))
