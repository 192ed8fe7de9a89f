"""Values of expressions, found on demand by reading: names are followed through scopes, calls and modules.

Every answer is a tuple of alternatives; what only running would show is an `UnknownValue`. Nothing is ever run.
"""

from __future__ import annotations

import ast
from collections.abc import Callable

from mlaudit.code import text_calls
from mlaudit.code.arguments import argument_of, decorator_names, default_of, keywords_of, parameter_names
from mlaudit.code.expressions import MAX_ALTERNATIVES
from mlaudit.code.members import MemberReader, Modules
from mlaudit.code.pipeline_outputs import COMPONENT_CALL, COMPONENTS
from mlaudit.code.source import Binding, ModuleSource, NameScope, Point, choose_bindings, last_name
from mlaudit.code.values import (
    END,
    NOTHING_OPEN,
    UNKNOWN,
    CodeValue,
    Env,
    Frame,
    ModuleValue,
    NamedValue,
    ObjectValue,
    TextValue,
    Thunk,
    UnknownValue,
    Value,
    Values,
    as_text,
    open_of,
    opened,
    origins_of,
    uncertain,
)

MAX_DEPTH = 48
MAX_STEPS = 4_000
"""Expressions that are evaluated for one question."""


class ValueEvaluator(MemberReader):
    """Evaluates expressions of the modules of one repository, each question within a number of steps."""

    def __init__(self, modules: Modules) -> None:
        self.modules = modules
        self.renew()
        self.depth = 0
        self.active: set[tuple[int, int]] = set()
        self._module_values: dict[tuple[NameScope, str], Values] = {}
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
            ast.ListComp: self._comprehension,
            ast.SetComp: self._comprehension,
            ast.GeneratorExp: self._comprehension,
            ast.IfExp: self._either,
            ast.BoolOp: self._any_of,
            ast.Await: self._inner,
            ast.Starred: self._inner,
            ast.NamedExpr: self._inner,
            ast.FormattedValue: self._field,
        }

    def renew(self) -> None:
        """Begin a new question with all its steps."""
        self.steps_left = MAX_STEPS

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
        if thunk.node is None:
            return thunk.values or UNKNOWN
        return self.values(thunk.node, thunk.env)  # type: ignore[arg-type]  # It has both or none.

    def loaded_data(self, path: str, env: Env) -> Value | None:
        """The data of a configuration file of the repository, seen from the module that loads it."""
        return self.modules.loaded_data(path, env.scope.source.path)

    # Names

    def _name(self, node: ast.Name, env: Env) -> Values:
        return self.named(node.id, env)

    def named(self, name: str, env: Env) -> Values:
        """What a name stands for at a position."""
        for scope in env.scope.functions():
            if scope.kind == "class" and scope is not env.scope:
                continue
            bindings = scope.bindings.get(name)
            if bindings and scope.parent is None and scope is not env.scope:
                return self._at_end_of_module(scope, name, bindings)
            if bindings:
                point = env.point if scope is env.scope else END
                return self.bound(bindings, env.at(scope, point))
        if name == "__file__":
            return (TextValue(pieces=("./" + env.scope.source.path,)),)
        return self._from_star(name, env) or (NamedValue(name=name),)

    def _at_end_of_module(self, scope: NameScope, name: str, bindings: list[Binding]) -> Values:
        """A module's name seen from elsewhere; what was found within the steps and outside of cycles is kept."""
        known = self._module_values.get((scope, name))
        if known is None:
            whole = not self.active
            known = self.bound(bindings, Env(scope, END))
            if whole and self.steps_left > 0:
                self._module_values[scope, name] = known
        return known

    def _from_star(self, name: str, env: Env) -> Values:
        for binding in env.scope.source.top.bindings.get("*", ()):
            module = self.modules.resolved(env.scope.source, binding.module, binding.level)
            if module is not None and name in module.top.bindings:
                return self.module_member(module, name)
        return ()

    def bound(self, bindings: list[Binding], env: Env) -> Values:
        """What a name with these bindings stands for at a position."""
        chosen = choose_bindings(bindings, env.point)
        values = [value for binding in chosen for value in self.binding_values(binding, env)]
        return uncertain(tuple(values)) if len(chosen) > 1 else tuple(values)

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
        if binding.inner is not None:
            return (CodeValue(scope=binding.inner),)
        if binding.how in ("parameter", "keywords"):
            return self.parameter(binding, env)
        here = env.at(binding.scope, binding.point)
        if isinstance(binding.node, ast.AugAssign):
            return self._grown(binding.node, here)
        node: ast.expr = binding.node  # type: ignore[assignment]  # All other kinds have an expression.
        if binding.end is not None:  # What a comprehension goes through may be a variable of the same one.
            here = env.at(binding.scope, Point(node.lineno, node.col_offset, binding.point.branch))
        if binding.how == "annotated":
            return self.annotated(node, here, env.scope)
        if binding.how == "iterated":
            return tuple(self.iterated(node, here, binding.route))
        return self._routed(self.values(node, here), binding.route)

    def _grown(self, node: ast.AugAssign, env: Env) -> Values:
        before = ast.Name(id=last_name(node.target), ctx=ast.Load())
        return self._operation(ast.BinOp(left=before, op=node.op, right=node.value), env)

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
            return self._at_end_of_module(module.top, name, bindings)
        submodule = self.modules.resolved(module, name, 1) if module.path.endswith("__init__.py") else None
        return (ModuleValue(source=submodule),) if submodule is not None else self._from_star(name, env)

    # Calls

    def call(self, node: ast.Call, env: Env) -> Values:
        """The alternatives of what a call gives."""
        values: list[Value] = []
        for function in self.functions(node, env):
            if isinstance(function, TextValue) and isinstance(node.func, ast.Attribute):
                values.extend(text_calls.text_method(self, function, node.func.attr, node, env))
            else:
                values.extend(self._called(function, node, env))
        return tuple(values)

    def functions(self, node: ast.Call, env: Env) -> Values:
        """What a call calls; for methods of texts, the text."""
        if not isinstance(node.func, ast.Attribute):
            return self.values(node.func, env)
        values: list[Value] = []
        for base in self.values(node.func.value, env):
            values.extend((base,) if isinstance(base, TextValue) else self.member(base, node.func.attr, env))
        return tuple(values)[:MAX_ALTERNATIVES]

    def _called(self, function: Value, node: ast.Call, env: Env) -> Values:
        if isinstance(function, CodeValue):
            if function.scope.kind == "class":
                return (ObjectValue(name=function.scope.name + "()", call=node, env=env, made_by=function.scope),)
            if decorator_names(function.scope) & COMPONENTS:
                return (ObjectValue(name=COMPONENT_CALL, call=node, env=env, made_by=function.scope),)
            return self.returned(function.scope, Frame(node, env, function.receiver), env)
        if isinstance(function, ObjectValue) and text_calls.gives_variables(function):
            function = NamedValue(name=function.name)
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

    def returned(self, scope: NameScope, frame: Frame, env: Env) -> Values:
        """What a function gives in one call."""
        if scope in env.frames or len(env.frames) > 12:
            return UNKNOWN
        inside = env.calling(scope, frame)
        values = [value for node, point in scope.returns[:6] for value in self.values(node, inside.at(scope, point))]
        return uncertain(tuple(values)) if len(scope.returns) > 1 else tuple(values)

    # Parameters

    def annotated(self, node: ast.expr, env: Env, scope: NameScope | None = None) -> Values:
        """An object of the class that an annotation names; `scope` is what has to be called to know more."""
        callees = frozenset((scope,)) if scope is not None and scope.kind == "class" else NOTHING_OPEN
        if isinstance(node, ast.Subscript) and getattr(node.value, "id", "") in ("Optional", "Annotated"):
            node = node.slice.elts[0] if isinstance(node.slice, ast.Tuple) and node.slice.elts else node.slice
        if not isinstance(node, (ast.Name, ast.Attribute)):
            return (UnknownValue(open=callees),)
        for value in self.values(node, env):
            if isinstance(value, NamedValue) and "." in value.name:
                return (ObjectValue(name=value.name + "()", env=env, open=callees),)
            if isinstance(value, CodeValue) and value.scope.kind == "class":
                return (ObjectValue(name=value.scope.name + "()", env=env, made_by=value.scope, open=callees),)
        return (UnknownValue(open=callees),)

    def parameter(self, binding: Binding, env: Env) -> Values:
        """What a parameter stands for: the argument of a known call, or its default for calls that nobody knows."""
        scope, name = binding.scope, getattr(binding.node, "arg", "")
        frame = env.frames.get(scope)
        if binding.how == "keywords":
            return (keywords_of(frame, scope),)
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
        if frame is not None and name in parameter_names(scope) and any(map(_is_starred, frame.call.args)):
            # Which of its parameters a list is unpacked into, only running would show.
            return UNKNOWN
        values = default_of(self, binding, Env(scope.outer, scope.point, env.frames))
        return values if frame is not None else tuple(opened(value, scope) for value in values)

    def _self(self, owner: NameScope, name: str, frame: Frame | None, env: Env) -> Values:
        if name != "self":
            receiver = frame.receiver if frame is not None else None
            return (CodeValue(scope=(receiver.made_by if receiver is not None else None) or owner),)
        if frame is not None and frame.receiver is not None:
            return (frame.receiver,)
        receiver_frame = env.frames.get(owner)
        if receiver_frame is not None and receiver_frame.receiver is not None:
            return (receiver_frame.receiver,)
        return (ObjectValue(name=owner.name + "()", env=env, made_by=owner),)


def _is_starred(node: ast.expr) -> bool:
    return isinstance(node, ast.Starred)
