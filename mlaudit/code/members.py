"""Attributes and members: what `base.name` and `base[key]` stand for."""

from __future__ import annotations

import ast
from abc import abstractmethod
from collections.abc import Sequence
from typing import Protocol

from mlaudit.code import pipeline_outputs, text_calls
from mlaudit.code.expressions import MAX_MEMBERS, ExpressionReader
from mlaudit.code.nouns import ArtifactName, NameKind
from mlaudit.code.source import Binding, ModuleSource, NameScope, last_name
from mlaudit.code.values import (
    END,
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
    named_behind,
    open_of,
    opened,
    origins_of,
    uncertain,
)
from mlaudit.knowledge.artifact_calls import value_calls
from mlaudit.model.lazy_dataclass import replace
from mlaudit.model.nouns import Place


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


class MemberReader(ExpressionReader):
    """Reads members; names and calls are the evaluator's."""

    modules: Modules

    @abstractmethod
    def bound(self, bindings: list[Binding], env: Env) -> Values:
        """What a name with these bindings stands for at a position."""

    @abstractmethod
    def binding_values(self, binding: Binding, env: Env) -> Values:
        """The alternatives that one binding gives its name."""

    @abstractmethod
    def module_member(self, module: ModuleSource, name: str) -> Values:
        """What a name stands for at the end of a module."""

    @abstractmethod
    def returned(self, scope: NameScope, frame: Frame, env: Env) -> Values:
        """What a function gives in one call."""

    def _attribute(self, node: ast.Attribute, env: Env) -> Values:
        return tuple(member for base in self.values(node.value, env) for member in self.member(base, node.attr, env))

    def member(self, base: Value, name: str, env: Env) -> Values:
        """What `base.name` stands for."""
        if isinstance(base, ModuleValue):
            return self.module_member(base.source, name) or UNKNOWN
        if isinstance(base, (CodeValue, ObjectValue)):
            return self._member_of_code(base, name, env)
        if isinstance(base, TextValue):
            return text_calls.text_attribute(base, name)
        if isinstance(base, TableValue):
            return self.forced(base.items[name]) if name in base.items else (named_behind("dict()", name, base),)
        if isinstance(base, NamedValue):
            return self._member_of_name(base, name, env)
        return (named_behind("?", name, base),)

    def _member_of_name(self, base: NamedValue, name: str, env: Env) -> Values:
        dotted = self.modules.canonical(f"{base.name}.{name}")
        if base.receiver is None:
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
        if isinstance(base, ObjectValue) and base.name == pipeline_outputs.COMPONENT_CALL:
            return pipeline_outputs.member_of_component(base, name)
        if scope is not None and scope.kind == "class":
            return self._member_of_class(scope, base, name, env)
        if isinstance(base, ObjectValue):
            return (named_behind(base.name, name, base),)
        return UNKNOWN

    def _member_of_class(self, scope: NameScope, base: CodeValue | ObjectValue, name: str, env: Env) -> Values:
        receiver = base if isinstance(base, ObjectValue) else None
        outside: list[str] = []
        line = self.class_line(scope, outside)
        for klass in line:
            own_member = self._own_member(klass, receiver, name, env, scope)
            if own_member:
                return text_calls.with_setting_variable(self, line, outside, name, own_member)
        end = "()" if receiver is not None else ""
        return tuple(named_behind(other + end, name, base) for other in outside) or (
            named_behind(scope.name + end, name, base),
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
            env = Env(klass.outer, klass.point)
            for base in klass.node.bases:
                for value in self.values(base, env):
                    if isinstance(value, CodeValue):
                        waiting.append(value.scope)
                    elif isinstance(value, NamedValue):
                        outside.append(value.name)
        return line

    def _own_member(
        self, klass: NameScope, receiver: ObjectValue | None, name: str, env: Env, asked: NameScope
    ) -> Values:
        """What a class of the line of `asked` gives for a name."""
        attributes = klass.attributes.get(name, ())
        if attributes:
            values = [value for binding in attributes for value in self._attribute_values(binding, receiver, env)]
            return uncertain(tuple(values)) if len(attributes) > 1 else tuple(values)
        bindings = klass.bindings.get(name, [])
        values = []
        of_class = ObjectValue(name=f"{asked.name}()", env=env, made_by=asked)
        for value in self.bound(bindings, Env(klass, END, env.frames)):
            values.extend(self._method(value, receiver, of_class) if isinstance(value, CodeValue) else (value,))
        # What a field gets is known by the calls of the class that it is asked of, which may inherit it.
        return tuple(opened(value, asked) if klass in open_of(value) else value for value in values)

    def _attribute_values(self, binding: Binding, receiver: ObjectValue | None, env: Env) -> Values:
        method = binding.scope
        inside = env
        if receiver is not None and receiver.call is not None and method.name == "__init__":
            inside = env.calling(method, Frame(receiver.call, receiver.env, receiver))
        return self.binding_values(binding, inside)

    def _method(self, value: CodeValue, receiver: ObjectValue | None, of_class: ObjectValue) -> Values:
        node = value.scope.node
        decorators = getattr(node, "decorator_list", [])
        names = frozenset(map(last_name, decorators))
        if receiver is not None and names & {"property", "cached_property", "computed_field"}:
            call = ast.Call(func=decorators[0], args=[], keywords=[])
            return self.returned(value.scope, Frame(call, receiver.env, receiver), receiver.env)
        # A method of the class has the class that it is asked of, which may inherit it.
        return (replace(value, receiver=of_class if receiver is None and "classmethod" in names else receiver),)

    def _subscript(self, node: ast.Subscript, env: Env) -> Values:
        values: list[Value] = []
        for base in self.values(node.value, env):
            values.extend(self._item(base, node, env))
        return tuple(values)

    def _item(self, base: Value, node: ast.Subscript, env: Env) -> Values:
        if isinstance(base, NamedValue) and base.name == "os.environ":
            return text_calls.environment_variable(self, node.slice, None, env)
        key = self.texts(node.slice, env)[0].known
        if isinstance(base, TableValue) and key is not None and key in base.items:
            return self.forced(base.items[key])
        if isinstance(base, TableValue) and base.open:
            return (UnknownValue(open=base.open),)
        if isinstance(base, ListValue):
            index = _index(node.slice, key, base.items)
            if index is not None:
                return self.forced(base.items[index])
            return uncertain(tuple(self._members(base, ())))
        if isinstance(base, (ObjectValue, NamedValue)):
            return self._item_of_object(base, key, node, env)
        if isinstance(base, TextValue) and base.is_pattern and not isinstance(node.slice, ast.Slice):
            return (base,)
        return (UnknownValue(open=open_of(base), origins=origins_of(base)),)

    def _item_of_object(self, base: ObjectValue | NamedValue, key: str | None, node: ast.Subscript, env: Env) -> Values:
        if key is not None and base.name == pipeline_outputs.OUTPUTS and isinstance(base, NamedValue):
            return pipeline_outputs.output_named(base, key)
        if key is not None and base.name == "parse_args()" and isinstance(base, ObjectValue):
            return text_calls.constructor_keyword(self, base, key)
        origins = base.origins
        if key is not None and base.name in value_calls().keyed:
            origins = (self._item_name(base.name, key, node, env),)
        return (NamedValue(name=f"{base.name}[]", receiver=base, open=base.open, origins=origins),)

    @staticmethod
    def _item_name(name: str, key: str, node: ast.Subscript, env: Env) -> ArtifactName:
        source = env.scope.source
        at = Place(path=source.path, line=source.line(node.lineno), column=node.col_offset + 1)
        return ArtifactName(kind=NameKind.REGISTRY, pieces=(key,), scope=name.partition(".")[0], at=at)


def _index(node: ast.expr, key: str | None, items: Sequence[Thunk]) -> int | None:
    """Which member a subscript means; None where that is not known, as beyond a member that stands for several."""
    number = int(key) if key is not None and key.isdecimal() and len(key) < 9 else None
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub) and isinstance(node.operand, ast.Constant):
        number = -node.operand.value if isinstance(node.operand.value, int) and len(items) < MAX_MEMBERS else None
    if number is None or not -len(items) <= number < len(items):
        return None
    passed = items[: number + 1] if number >= 0 else items[number:]
    return None if any(isinstance(thunk.node, ast.Starred) for thunk in passed) else number
