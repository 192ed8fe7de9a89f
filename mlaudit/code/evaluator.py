"""Values of expressions, found on demand by reading: names are followed through scopes, calls and modules.

Every answer is a tuple of alternatives; what only running would tell is an `UnknownValue`. Nothing is ever run.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Protocol

from mlaudit.code import text_calls
from mlaudit.code.arguments import argument_of, default_of, parameter_names
from mlaudit.code.source import Binding, ModuleSource, NameScope, Point
from mlaudit.code.values import (
    END,
    NOTHING_OPEN,
    UNKNOWN,
    CodeValue,
    Env,
    Frame,
    ListValue,
    ModuleValue,
    NamedValue,
    ObjectValue,
    TableValue,
    TextValue,
    Thunk,
    UnknownValue,
    Value,
    Values,
    as_text,
    concatenated,
    joined_paths,
    open_of,
    origins_of,
)

MAX_ALTERNATIVES = 8
MAX_DEPTH = 60
MAX_STEPS = 4_000
"""Expressions that are evaluated for one question."""


class Modules(Protocol):
    """The modules of a repository, by import and by path."""

    def resolved(self, source: ModuleSource, module: str, level: int) -> ModuleSource | None:
        """The source that an import leads to inside the repository."""
        ...

    def canonical(self, name: str) -> str:
        """A full name with the aliases of its libraries resolved."""
        ...

    def loaded_data(self, path: str, near: str) -> Value | None:
        """The data of a configuration file of the repository, seen from the module that loads it."""
        ...


class Evaluator:
    """Evaluates expressions of the modules of one repository, each question within a number of steps."""

    def __init__(self, modules: Modules) -> None:
        self.modules = modules
        self.steps_left = 0
        self.depth = 0
        self.active: set[tuple[int, int]] = set()
        self._by_type: dict[type[ast.AST], Callable[..., Values]] = {
            ast.Constant: self._constant,
            ast.Name: self._name,
            ast.Attribute: self._attribute,
            ast.Call: self.call,
            ast.JoinedStr: self._joined,
            ast.BinOp: self._operation,
            ast.Subscript: self._subscript,
            ast.List: self._list,
            ast.Tuple: self._list,
            ast.Set: self._list,
            ast.Dict: self._table,
            ast.IfExp: self._either,
            ast.BoolOp: self._any_of,
            ast.Await: self._inner,
            ast.Starred: self._inner,
            ast.NamedExpr: self._inner,
            ast.FormattedValue: self._inner,
        }

    def ask(self, node: ast.expr, env: Env) -> Values:
        """The alternatives of an expression, as a question of its own."""
        self.renew()
        return self.values(node, env)

    def renew(self) -> None:
        """Begin a new question with all its steps."""
        self.steps_left, self.depth = MAX_STEPS, 0
        self.active.clear()

    def values(self, node: ast.expr, env: Env) -> Values:
        """The alternatives of an expression, at least one."""
        self.steps_left -= 1
        read = self._by_type.get(type(node))
        if read is None or self.steps_left < 0 or self.depth > MAX_DEPTH:
            return UNKNOWN
        self.depth += 1
        try:
            return tuple(read(node, env))[:MAX_ALTERNATIVES] or UNKNOWN
        finally:
            self.depth -= 1

    def texts(self, node: ast.expr, env: Env) -> tuple[TextValue, ...]:
        """The alternatives of an expression as texts."""
        return tuple(as_text(value) for value in self.values(node, env))

    def forced(self, thunk: Thunk) -> Values:
        """The alternatives of a member of a list or table."""
        if thunk.node is None or thunk.env is None:
            return thunk.values or UNKNOWN
        return self.values(thunk.node, thunk.env)

    def loaded_data(self, path: str, env: Env) -> Value | None:
        """The data of a configuration file of the repository, seen from the module that loads it."""
        return self.modules.loaded_data(path, env.scope.source.path)

    # Literals and operators

    @staticmethod
    def _constant(node: ast.Constant, env: Env) -> Values:
        if isinstance(node.value, (str, int, float)) and not isinstance(node.value, bool):
            return (TextValue(pieces=(str(node.value),), node=node, source=env.scope.source),)
        return UNKNOWN

    def _inner(self, node: ast.Await | ast.Starred | ast.NamedExpr | ast.FormattedValue, env: Env) -> Values:
        return self.values(node.value, env)

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
        return (ListValue(items=tuple(Thunk(item, env) for item in node.elts[:200])),)

    def _table(self, node: ast.Dict, env: Env) -> Values:
        items: dict[str, Thunk] = {}
        partial = False
        for key, value in zip(node.keys[:500], node.values[:500], strict=True):
            name = self.texts(key, env)[0].known if key is not None else None
            if name is not None:
                items[name] = Thunk(value, env)
            elif key is None:
                partial = True
                items.update(self._merged_table(value, env))
        return (TableValue(items=items, partial=partial),)

    def _merged_table(self, node: ast.expr, env: Env) -> dict[str, Thunk]:
        table = self.values(node, env)[0]
        return dict(table.items) if isinstance(table, TableValue) else {}

    def _either(self, node: ast.IfExp, env: Env) -> Values:
        return _uncertain((*self.values(node.body, env), *self.values(node.orelse, env)))

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

    # Names

    def _name(self, node: ast.Name, env: Env) -> Values:
        return self.named(node.id, env)

    def named(self, name: str, env: Env) -> Values:
        """What a name stands for at a position."""
        for scope in env.scope.functions():
            if scope.kind == "class" and scope is not env.scope:
                continue
            bindings = scope.bindings.get(name)
            if bindings:
                point = env.point if scope is env.scope else END
                return self._bound(bindings, env.at(scope, point))
        if name == "__file__":
            return (TextValue(pieces=("./" + env.scope.source.path,)),)
        return self._from_star(name, env) or (NamedValue(name=name),)

    def _from_star(self, name: str, env: Env) -> Values:
        for binding in env.scope.source.top.bindings.get("*", ()):
            module = self.modules.resolved(env.scope.source, binding.module, binding.level)
            if module is not None and name in module.top.bindings:
                return self.module_member(module, name)
        return ()

    def _bound(self, bindings: list[Binding], env: Env) -> Values:
        chosen = choose_bindings(bindings, env.point)
        values = [value for binding in chosen for value in self.binding_values(binding, env)]
        return _uncertain(tuple(values)) if len(chosen) > 1 else tuple(values)

    def binding_values(self, binding: Binding, env: Env) -> Values:
        """The alternatives that one binding gives its name."""
        key = (id(binding), len(env.frames))
        if key in self.active:
            return ()
        self.active.add(key)
        try:
            return self._binding(binding, env)
        finally:
            self.active.discard(key)

    def _binding(self, binding: Binding, env: Env) -> Values:
        if binding.how == "import":
            return self._imported(binding)
        if binding.how == "definition" and binding.inner is not None:
            return (CodeValue(scope=binding.inner),)
        if binding.how == "parameter":
            return self.parameter(binding, env)
        here = env.at(binding.scope, binding.point)
        if binding.how == "annotated" and isinstance(binding.node, ast.expr):
            return self.annotated(binding.node, here, env.scope)
        if binding.how == "grown" and isinstance(binding.node, ast.AugAssign):
            return self._grown(binding.node, here)
        if not isinstance(binding.node, ast.expr):
            return UNKNOWN
        if binding.how == "iterated":
            return tuple(self.iterated(binding.node, here, binding.route))
        return self._routed(self.values(binding.node, here), binding.route)

    def _grown(self, node: ast.AugAssign, env: Env) -> Values:
        before = ast.Name(id=node.target.id, ctx=ast.Load()) if isinstance(node.target, ast.Name) else node.value
        return self._operation(ast.BinOp(left=before, op=node.op, right=node.value), env)

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
        else:
            yield UnknownValue(open=open_of(value), origins=origins_of(value))

    # Modules

    def _imported(self, binding: Binding) -> Values:
        source = binding.scope.source
        module = self.modules.resolved(source, binding.module, binding.level)
        if not binding.member:
            name = self.modules.canonical(binding.module)
            return (ModuleValue(source=module),) if module is not None else (NamedValue(name=name),)
        if module is not None and binding.member in module.top.bindings:
            return self.module_member(module, binding.member)
        inner = f"{binding.module}.{binding.member}" if binding.module else binding.member
        submodule = self.modules.resolved(source, inner, binding.level)
        if submodule is not None:
            return (ModuleValue(source=submodule),)
        if module is not None:
            return self.module_member(module, binding.member)
        return UNKNOWN if binding.level else (NamedValue(name=self.modules.canonical(inner)),)

    def module_member(self, module: ModuleSource, name: str) -> Values:
        """What a name stands for at the end of a module."""
        bindings = module.top.bindings.get(name)
        env = Env(module.top, END)
        if bindings:
            return self._bound(bindings, env)
        submodule = self.modules.resolved(module, name, 1) if module.path.endswith("__init__.py") else None
        return (ModuleValue(source=submodule),) if submodule is not None else self._from_star(name, env)

    # Attributes and members

    def _attribute(self, node: ast.Attribute, env: Env) -> Values:
        return tuple(one for base in self.values(node.value, env) for one in self.member(base, node.attr, env))

    def member(self, base: Value, name: str, env: Env) -> Values:
        """What `base.name` stands for."""
        if isinstance(base, ModuleValue):
            return self.module_member(base.source, name) or UNKNOWN
        if isinstance(base, (CodeValue, ObjectValue)):
            return self._member_of_code(base, name, env)
        if isinstance(base, TextValue):
            return text_calls.text_attribute(base, name)
        if isinstance(base, TableValue):
            return self.forced(base.items[name]) if name in base.items else (_named_behind("dict()", name, base),)
        if isinstance(base, NamedValue):
            return self._member_of_name(base, name, env)
        return (_named_behind("?", name, base),)

    def _member_of_name(self, base: NamedValue, name: str, env: Env) -> Values:
        dotted = self.modules.canonical(f"{base.name}.{name}")
        if base.receiver is None and not base.name.startswith("?"):
            module = self.modules.resolved(env.scope.source, dotted, 0)
            if module is not None:
                return (ModuleValue(source=module),)
        return (NamedValue(name=dotted, receiver=base.receiver, open=base.open, origins=base.origins),)

    def _member_of_code(self, base: CodeValue | ObjectValue, name: str, env: Env) -> Values:
        scope = base.made_by if isinstance(base, ObjectValue) else base.scope
        if isinstance(base, ObjectValue):
            given = text_calls.constructor_keyword(self, base, name)
            if given:
                return given
        if scope is not None and scope.kind == "class":
            return self._member_of_class(scope, base, name, env)
        if isinstance(base, ObjectValue):
            return (_named_behind(base.name, name, base),)
        return UNKNOWN

    def _member_of_class(self, scope: NameScope, base: CodeValue | ObjectValue, name: str, env: Env) -> Values:
        receiver = base if isinstance(base, ObjectValue) else None
        outside: list[str] = []
        for klass in self.class_line(scope, outside):
            found = self._own_member(klass, receiver, name, env)
            if found:
                return text_calls.with_setting_variable(outside, name, found)
        if not outside and name == "value":
            return UNKNOWN
        end = "()" if receiver is not None else ""
        return tuple(_named_behind(other + end, name, base) for other in outside) or (
            _named_behind(scope.name + end, name, base),
        )

    def class_line(self, scope: NameScope, outside: list[str]) -> list[NameScope]:
        """The class and its bases in the repository; the full names of others are added to `outside`."""
        line: list[NameScope] = []
        waiting = [scope]
        while waiting and len(line) < 20:
            klass = waiting.pop(0)
            if klass in line or not isinstance(klass.node, ast.ClassDef):
                continue
            line.append(klass)
            env = Env(klass.parent or klass, Point(klass.node.lineno))
            for base in klass.node.bases:
                for value in self.values(base, env):
                    if isinstance(value, CodeValue):
                        waiting.append(value.scope)
                    elif isinstance(value, NamedValue):
                        outside.append(value.name)
        return line

    def _own_member(self, klass: NameScope, receiver: ObjectValue | None, name: str, env: Env) -> Values:
        attributes = klass.attributes.get(name, ())
        if attributes:
            values = [one for binding in attributes for one in self._attribute_values(binding, klass, receiver, env)]
            return _uncertain(tuple(values)) if len(attributes) > 1 else tuple(values)
        bindings = klass.bindings.get(name)
        if not bindings:
            return ()
        values = []
        for value in self._bound(bindings, Env(klass, END, env.frames)):
            values.extend(self._method(value, receiver) if isinstance(value, CodeValue) else (value,))
        return tuple(values)

    def _attribute_values(self, binding: Binding, klass: NameScope, receiver: ObjectValue | None, env: Env) -> Values:
        method = binding.scope
        inside = env
        if receiver is not None and receiver.call is not None and method.name == "__init__":
            inside = env.calling(method, Frame(receiver.call, receiver.env, receiver))
        return self.binding_values(binding, inside)

    def _method(self, value: CodeValue, receiver: ObjectValue | None) -> Values:
        node = value.scope.node
        decorators = getattr(node, "decorator_list", [])
        names = {getattr(one, "attr", getattr(one, "id", "")) for one in decorators}
        if receiver is not None and names & {"property", "cached_property", "computed_field"}:
            call = ast.Call(func=ast.Name(id="property", ctx=ast.Load()), args=[], keywords=[])
            return self._returned(value.scope, Frame(call, receiver.env, receiver), receiver.env)
        return (replace(value, receiver=receiver),)

    def _subscript(self, node: ast.Subscript, env: Env) -> Values:
        found: list[Value] = []
        for base in self.values(node.value, env):
            found.extend(self._item(base, node, env))
        return tuple(found)

    def _item(self, base: Value, node: ast.Subscript, env: Env) -> Values:
        if isinstance(base, NamedValue) and base.name == "os.environ":
            return text_calls.environment_variable(self, node.slice, None, env)
        key = self.texts(node.slice, env)[0].known
        if isinstance(base, TableValue) and key is not None and key in base.items:
            return self.forced(base.items[key])
        if isinstance(base, ListValue):
            index = int(key) if key is not None and key.isdecimal() else None
            if index is not None and index < len(base.items):
                return self.forced(base.items[index])
            return _uncertain(tuple(self._members(base, ())))
        if isinstance(base, ObjectValue) and base.name == "parse_args()" and key is not None:
            return text_calls.constructor_keyword(self, base, key)
        if isinstance(base, (ObjectValue, NamedValue)):
            return (NamedValue(name=f"{base.name}[]", receiver=base, open=base.open, origins=base.origins),)
        return (UnknownValue(open=open_of(base), origins=origins_of(base)),)

    # Calls

    def call(self, node: ast.Call, env: Env) -> Values:
        """The alternatives of what a call gives."""
        found: list[Value] = []
        for function in self.functions(node, env):
            if isinstance(function, TextValue) and isinstance(node.func, ast.Attribute):
                found.extend(text_calls.text_method(self, function, node.func.attr, node, env))
            else:
                found.extend(self._called(function, node, env))
        return tuple(found)

    def functions(self, node: ast.Call, env: Env) -> Values:
        """What a call calls; for methods of texts, the text."""
        if not isinstance(node.func, ast.Attribute):
            return self.values(node.func, env)
        found: list[Value] = []
        for base in self.values(node.func.value, env):
            found.extend((base,) if isinstance(base, TextValue) else self.member(base, node.func.attr, env))
        return tuple(found)[:MAX_ALTERNATIVES]

    def _called(self, function: Value, node: ast.Call, env: Env) -> Values:
        if isinstance(function, CodeValue):
            if function.scope.kind == "class":
                return (ObjectValue(name=function.scope.name + "()", call=node, env=env, made_by=function.scope),)
            return self._returned(function.scope, Frame(node, env, function.receiver), env)
        if isinstance(function, NamedValue):
            known = text_calls.known_call(self, function, node, env)
            if known is None and env.scope.kind == "class":
                known = text_calls.field_default(self, node, env)
            if known is not None:
                return known
            return (
                ObjectValue(
                    name=function.name + "()",
                    call=node,
                    env=env,
                    receiver=function.receiver,
                    open=function.open,
                    origins=function.origins,
                ),
            )
        return (UnknownValue(open=open_of(function), origins=origins_of(function)),)

    def _returned(self, scope: NameScope, frame: Frame, env: Env) -> Values:
        if scope in env.frames or len(env.frames) > 12:
            return UNKNOWN
        inside = env.calling(scope, frame)
        values = [one for node, point in scope.returns[:6] for one in self.values(node, inside.at(scope, point))]
        return _uncertain(tuple(values)) if len(scope.returns) > 1 else tuple(values)

    # Parameters

    def annotated(self, node: ast.expr, env: Env, scope: NameScope | None = None) -> Values:
        """An object of the class that an annotation names; `scope` is what has to be called to know more."""
        opened = frozenset((scope,)) if scope is not None and scope.kind == "class" else NOTHING_OPEN
        if isinstance(node, ast.Subscript) and getattr(node.value, "id", "") in ("Optional", "Annotated"):
            node = node.slice.elts[0] if isinstance(node.slice, ast.Tuple) and node.slice.elts else node.slice
        if not isinstance(node, (ast.Name, ast.Attribute)):
            return (UnknownValue(open=opened),)
        for value in self.values(node, env):
            if isinstance(value, NamedValue) and "." in value.name:
                return (ObjectValue(name=value.name + "()", env=env, open=opened),)
            if isinstance(value, CodeValue) and value.scope.kind == "class":
                return (ObjectValue(name=value.scope.name + "()", env=env, made_by=value.scope, open=opened),)
        return (UnknownValue(open=opened),)

    def parameter(self, binding: Binding, env: Env) -> Values:
        """What a parameter stands for: the argument of a known call, or its default for calls that nobody knows."""
        scope, name = binding.scope, getattr(binding.node, "arg", "")
        frame = env.frames.get(scope)
        if (
            scope.owner is not None
            and name == next(iter(parameter_names(scope)), "")
            and name in ("self", "cls", "mcs")
        ):
            return self._self(scope.owner, name, frame, env)
        if frame is not None:
            node = argument_of(self, scope, frame, name)
            if node is not None:
                frames = {**frame.env.frames, **env.frames}
                frames.pop(scope, None)
                return self.values(node, Env(frame.env.scope, frame.env.point, frames))
        values = default_of(self, binding, Env(scope.parent or scope, Point(scope.node.lineno), env.frames))  # type: ignore[attr-defined]
        return values if frame is not None else tuple(_opened(value, scope) for value in values)

    def _self(self, owner: NameScope, name: str, frame: Frame | None, env: Env) -> Values:
        if name != "self":
            return (CodeValue(scope=owner),)
        if frame is not None and frame.receiver is not None:
            return (frame.receiver,)
        made = env.frames.get(owner)
        if made is not None and made.receiver is not None:
            return (made.receiver,)
        return (ObjectValue(name=owner.name + "()", env=env, made_by=owner),)


def choose_bindings(bindings: list[Binding], point: Point) -> list[Binding]:
    """Those of a name's bindings that may hold at a position, the last first."""
    chosen: list[Binding] = []
    for binding in reversed(bindings):
        if not point.follows(binding.point):
            continue
        chosen.append(binding)
        if point.always_follows(binding.point) and binding.how != "iterated":
            break
    return (chosen or bindings[::-1])[:MAX_ALTERNATIVES]


def _named_behind(before: str, name: str, base: Value) -> NamedValue:
    return NamedValue(name=f"{before}.{name}", receiver=base, open=open_of(base), origins=origins_of(base))


def _opened(value: Value, scope: NameScope) -> Value:
    if isinstance(value, (TextValue, UnknownValue, ObjectValue, NamedValue)):
        return replace(value, open=value.open | {scope})
    return value


def _uncertain(values: Values) -> Values:
    return tuple(replace(value, certain=False) if isinstance(value, TextValue) else value for value in values)
