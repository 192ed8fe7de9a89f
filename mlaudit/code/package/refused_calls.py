"""Calls that a pickle makes and the reader's code refuses: other arguments, another shape of state, another layout."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from mlaudit.code.package.classes import ClassCode, Function, Lineage, Method, dotted, may_change
from mlaudit.code.package.modules import ModuleKind, PackageModule
from mlaudit.code.package.record_layouts import DeclaredStructs, differing_struct, fields_of
from mlaudit.code.package.symbols import ExpressionCode, FunctionCode, PackageSymbols
from mlaudit.grammars.model_file.pickle_states import NEVER_BUILT, Making, PickledObject, StateDict
from mlaudit.grammars.model_file.pickle_values import Seq
from mlaudit.model.lazy_dataclass import dataclass

_CHANGES = frozenset(("update", "clear", "popitem"))
_CYTHON = "__pyx_unpickle_"


@dataclass(frozen=True, slots=True, eq=False)
class RefusedCall:
    """A call of a pickle that ends with an error.

    Attributes:
        made: the object that is made.
        called: what is called, dotted.
        reason: what is the matter, as the end of a sentence that begins with `called`.
        path, line: where the reader's code states what it takes.
    """

    made: PickledObject
    called: str
    reason: str
    path: str
    line: int | None


@dataclass(frozen=True, slots=True, eq=False)
class Signature:
    """How many values a callable takes by position; `most` is None if it takes any number.

    Attributes:
        required: keywords that must be given, which no pickle does by position.
    """

    least: int
    most: int | None
    path: str
    line: int
    required: bool = False

    def refuses(self, count: int) -> bool:
        """Whether a call with so many values fails."""
        return count < self.least or (self.most is not None and count > self.most) or self.required

    @property
    def shown(self) -> str:
        """The number of values as a sentence has it."""
        if self.most is None:
            return f"{self.least} or more values"
        if self.most == self.least:
            return f"{self.least} value{'s' if self.least != 1 else ''}"
        return f"{self.least} to {self.most} values"


class CallJudge:
    """Judges the calls of pickled objects by the code of their reader."""

    def __init__(self, reader: PackageSymbols, writer: PackageSymbols | None) -> None:
        self._reader, self._writer = reader, writer
        self._structs = DeclaredStructs(reader)

    def refused(self, pickled_object: PickledObject) -> Iterator[RefusedCall]:
        """What fails when an object is made and given its state."""
        yield from self._arity(pickled_object)
        yield from self._layout(pickled_object)
        yield from self._state(pickled_object)
        yield from self._records(pickled_object)

    def _records(self, pickled_object: PickledObject) -> Iterator[RefusedCall]:
        """Arrays of records for a compiled class that has other fields."""
        if (
            pickled_object.cls is None
            or self._reader.modules.locate(pickled_object.cls.module).kind is not ModuleKind.EXTENSION
        ):
            return
        for name, value in (pickled_object.attributes or {}).items():
            fields = fields_of(value)
            struct = differing_struct(fields, self._structs.of(pickled_object.cls.module)) if fields else None
            if fields and struct is not None:
                parts = ", ".join(f"`{field}`" for field in sorted(set(fields) ^ set(struct.fields)))
                reason = f"takes `{name}` as records of `{struct.name}`, and the pickle's differ in {parts}"
                yield RefusedCall(pickled_object, str(pickled_object.cls), reason, struct.path, struct.line)

    def _arity(self, pickled_object: PickledObject) -> Iterator[RefusedCall]:
        if pickled_object.arguments is None:
            return
        count = pickled_object.arguments.length
        signature = _signature(self._reader, pickled_object)
        if signature is None or not signature.refuses(count):
            return
        before = _signature(self._writer, pickled_object) if self._writer is not None else None
        if before is None or not before.refuses(count):
            reason = f"takes {signature.shown}, and the pickle gives {count}"
            yield RefusedCall(pickled_object, str(pickled_object.made_by), reason, signature.path, signature.line)

    def _layout(self, pickled_object: PickledObject) -> Iterator[RefusedCall]:
        """A state of a Cython class that has other fields than the reader's."""
        maker = pickled_object.made_by
        items = pickled_object.arguments.items if pickled_object.arguments is not None else ()
        if not maker.name.startswith(_CYTHON) or len(items) != 3 or type(items[1]) is not int:
            return
        extension = self._reader.extension(maker.module)
        known = extension.checksums() if extension is not None else frozenset()
        if known and items[1] not in known:
            path = self._reader.modules.locate(maker.module).path
            reason = f"restores no state of the layout 0x{items[1] & 0xFFFFFFFF:x}, which the pickle has"
            yield RefusedCall(pickled_object, str(maker), reason, path, None)

    def _state(self, pickled_object: PickledObject) -> Iterator[RefusedCall]:
        """A state that the reader's `__setstate__` does not take apart."""
        setstate = _setstate(self._reader, pickled_object)
        if pickled_object.state is NEVER_BUILT or setstate is None:
            yield from self._dictionary(pickled_object)
            return
        owner, method = setstate
        before = _setstate(self._writer, pickled_object)
        attributes = pickled_object.attributes
        shape = state_shape(method.node)
        lineage_name = f"{pickled_object.cls}.__setstate__"
        if attributes is not None:
            lacking = shape.keys - attributes.keys() - (state_shape(before[1].node).keys if before else frozenset())
            if lacking:
                keys = ", ".join(f"`{key}`" for key in sorted(lacking))
                yield _refused_state(
                    pickled_object, lineage_name, f"reads {keys}, which the state does not have", owner, method
                )
        elif isinstance(pickled_object.state, Seq) and shape.length not in (None, pickled_object.state.length):
            reason = f"takes a state of {shape.length} values, and the pickle has {pickled_object.state.length}"
            yield _refused_state(pickled_object, lineage_name, reason, owner, method)

    def _dictionary(self, pickled_object: PickledObject) -> Iterator[RefusedCall]:
        """A state of attributes for a class whose objects have slots alone."""
        cls = _class_of(self._reader, pickled_object)
        if cls is None or not isinstance(pickled_object.state, StateDict) or not pickled_object.state.entries:
            return
        lineage = self._reader.lineage(cls)
        if lineage.has_no_dict and lineage.member("__setstate__") is None:
            reason = "has slots and no `__dict__`, which the state of the pickle is for"
            yield RefusedCall(pickled_object, str(pickled_object.cls), reason, cls.module.path, cls.node.lineno)


def _class_of(symbols: PackageSymbols, pickled_object: PickledObject) -> ClassCode | None:
    name = pickled_object.cls
    cls = symbols.find(name.module, name.name) if name is not None else None
    return cls if isinstance(cls, ClassCode) else None


def _setstate(symbols: PackageSymbols | None, pickled_object: PickledObject) -> tuple[ClassCode, Method] | None:
    cls = _class_of(symbols, pickled_object) if symbols is not None else None
    member = symbols.lineage(cls).member("__setstate__") if symbols is not None and cls is not None else None
    return (member[0], member[1]) if member is not None and member[1] is not None else None


def _refused_state(
    pickled_object: PickledObject, called: str, reason: str, owner: ClassCode, method: Method
) -> RefusedCall:
    return RefusedCall(pickled_object, called, reason, owner.module.path, method.node.lineno)


def _signature(symbols: PackageSymbols, pickled_object: PickledObject) -> Signature | None:
    """What the callable of a pickle takes; None if it is not known."""
    code = symbols.find(pickled_object.made_by.module, pickled_object.made_by.name)
    if isinstance(code, ExpressionCode) and pickled_object.making in (Making.CALL, Making.NEW):
        return _of_named_tuple(code)
    if pickled_object.making is Making.CALL:
        if isinstance(code, FunctionCode):
            return _of_function(code.node, code.module) if not code.node.decorator_list else None
        return _of_class(symbols.lineage(code)) if isinstance(code, ClassCode) else None
    if pickled_object.making is Making.NEW and isinstance(code, ClassCode):
        return _of_new(symbols, code)
    return None


def _of_function(node: Function, module: PackageModule, skipped: int = 0) -> Signature:
    given = node.args
    count = len(given.posonlyargs) + len(given.args) - skipped
    required = any(default is None for default in given.kw_defaults)
    most = None if given.vararg is not None else count
    return Signature(max(count - len(given.defaults), 0), most, module.path, node.lineno, required)


def _of_class(lineage: Lineage) -> Signature | None:
    """What calling a class takes; a metaclass may take more."""
    if not lineage.is_whole:
        return None
    for cls in lineage.classes:
        fields = _fields(cls)
        if fields is not None:
            return fields
        own = [cls.methods[name] for name in ("__new__", "__init__") if name in cls.methods]
        if len(own) > 1:
            return None
        if own:
            return _of_function(own[0].node, cls.module, 1) if _is_plain(own[0]) else None
        if cls.is_generated or "__new__" in cls.own or "__init__" in cls.own:
            return None
    return None


def _is_plain(method: Method) -> bool:
    return not method.node.decorator_list and bool(method.node.args.posonlyargs or method.node.args.args)


def _fields(cls: ClassCode) -> Signature | None:
    """What a `NamedTuple` or a plain dataclass takes; None for any other class, or one that inherits fields."""
    decorators = [dotted(expression)[-1:] for expression in cls.node.decorator_list]
    is_plain = decorators == [("dataclass",)] and not cls.node.bases and "__init__" not in cls.own
    if not (_is_tuple(cls) or is_plain) or "__new__" in cls.own:
        return None
    if any(_is_special_field(statement) for statement in cls.node.body):
        return None
    least = sum(not has_default for _, has_default in cls.fields)
    return Signature(least, len(cls.fields), cls.module.path, cls.node.lineno)


def _is_special_field(statement: ast.stmt) -> bool:
    """Whether a field may be no parameter, or one by keyword alone: `ClassVar`, `field(init=False)`, `KW_ONLY`."""
    if not isinstance(statement, ast.AnnAssign):
        return False
    words = {node.id for node in ast.walk(statement.annotation) if isinstance(node, ast.Name)}
    words |= {node.attr for node in ast.walk(statement.annotation) if isinstance(node, ast.Attribute)}
    text = statement.annotation
    is_text = isinstance(text, ast.Constant)
    return bool(words & {"ClassVar", "InitVar", "KW_ONLY"}) or is_text or isinstance(statement.value, ast.Call)


def _of_new(symbols: PackageSymbols, cls: ClassCode) -> Signature | None:
    """What `__new__` of a class takes; `object.__new__` refuses what a class without `__init__` is given."""
    lineage = symbols.lineage(cls)
    if not lineage.is_whole:
        return None
    member = lineage.member("__new__")
    if member is not None:
        owner, method = member
        return _of_function(method.node, owner.module, 1) if method is not None and _is_plain(method) else None
    return _fields(cls) if _is_tuple(cls) else None


def _is_tuple(cls: ClassCode) -> bool:
    return [dotted(base)[-1:] for base in cls.node.bases] == [("NamedTuple",)]


def _of_named_tuple(code: ExpressionCode) -> Signature | None:
    """What `Name = namedtuple("Name", "a b")` takes."""
    call = code.node
    if not isinstance(call, ast.Call) or dotted(call.func)[-1:] != ("namedtuple",):
        return None
    if len(call.args) != 2 or call.keywords:
        return None
    fields = call.args[1]
    if isinstance(fields, ast.Constant) and isinstance(fields.value, str):
        count = len(fields.value.replace(",", " ").split())
    elif isinstance(fields, (ast.List, ast.Tuple)) and all(
        isinstance(expression, ast.Constant) for expression in fields.elts
    ):
        count = len(fields.elts)
    else:
        return None
    return Signature(count, count, code.module.path, call.lineno)


@dataclass(frozen=True, slots=True, eq=False)
class StateShape:
    """What `__setstate__` requires of its argument: keys that it reads in any case, or a number of values."""

    keys: frozenset[str]
    length: int | None


def state_shape(function: Function) -> StateShape:
    """The shape that a `__setstate__` takes apart; what a condition or an attempt may pass over does not count."""
    parameters = [*function.args.posonlyargs, *function.args.args]
    if len(parameters) < 2:
        return StateShape(frozenset(), None)
    reader = _ShapeReader(parameters[1].arg)
    for statement in function.body:
        if not reader.take(statement):
            break
    return StateShape(frozenset(reader.keys), reader.length)


class _ShapeReader:
    """The reader of the statements that a `__setstate__` runs in any case."""

    def __init__(self, state: str) -> None:
        self._state = state
        self._set: set[object] = set()
        self.keys: set[str] = set()
        self.length: int | None = None

    def take(self, statement: ast.stmt) -> bool:
        """Read one statement; whether those behind it surely run, and still see the state as it came."""
        is_plain = isinstance(statement, (ast.Assign, ast.AnnAssign, ast.Expr, ast.AugAssign))
        for node in _in_any_case(statement) if is_plain else ():
            self._node(node)
        nodes = list(ast.walk(statement))
        for node in nodes:
            self._note_store(node)
        ends = not is_plain and any(isinstance(node, (ast.Return, ast.Raise)) for node in nodes)
        return not ends and not any(map(self._may_change, nodes))

    def _node(self, node: ast.AST) -> None:
        key: object = None
        if isinstance(node, ast.Subscript) and self._is_state(node.value) and isinstance(node.ctx, ast.Load):
            key = node.slice.value if isinstance(node.slice, ast.Constant) else None
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "pop":
            is_bare = len(node.args) == 1 and self._is_state(node.func.value)
            key = node.args[0].value if is_bare and isinstance(node.args[0], ast.Constant) else None
        if isinstance(key, str) and key not in self._set:
            self.keys.add(key)
        if isinstance(node, ast.Assign) and self._is_state(node.value) and isinstance(node.targets[0], ast.Tuple):
            names = node.targets[0].elts
            self.length = None if any(isinstance(name, ast.Starred) for name in names) else len(names)

    def _note_store(self, node: ast.AST) -> None:
        """A key that is given to the state is there for what follows."""
        if isinstance(node, ast.Subscript) and self._is_state(node.value) and isinstance(node.ctx, ast.Store):
            self._set.add(node.slice.value if isinstance(node.slice, ast.Constant) else None)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "setdefault":
            self._set.update(expression.value for expression in node.args[:1] if isinstance(expression, ast.Constant))

    def _may_change(self, node: ast.AST) -> bool:
        """Whether what follows may see other keys: by another value of the name, another name, a call."""
        if isinstance(node, ast.Name):
            return self._is_state(node) and not isinstance(node.ctx, ast.Load)
        if isinstance(node, ast.Subscript):
            is_computed = not isinstance(node.slice, ast.Constant)
            return is_computed and self._is_state(node.value) and isinstance(node.ctx, ast.Store)
        if isinstance(node, ast.Assign):
            return self._is_state(node.value) and any(isinstance(target, ast.Name) for target in node.targets)
        return isinstance(node, ast.Call) and self._may_change_by(node)

    def _may_change_by(self, call: ast.Call) -> bool:
        if isinstance(call.func, ast.Attribute) and self._is_state(call.func.value):
            return call.func.attr in _CHANGES
        return may_change(call, self._state)

    def _is_state(self, node: ast.AST) -> bool:
        return isinstance(node, ast.Name) and node.id == self._state


def _in_any_case(statement: ast.stmt) -> Iterator[ast.AST]:
    """What runs of a statement whatever its conditions are: of `state["a"] if x else 1` only `x`."""
    waiting: list[ast.AST] = [statement]
    while waiting:
        node = waiting.pop()
        yield node
        if isinstance(node, ast.IfExp):
            waiting.append(node.test)
        elif isinstance(node, ast.BoolOp):
            waiting.append(node.values[0])
        elif isinstance(node, (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)):
            waiting.append(node.generators[0].iter)
        elif not isinstance(node, ast.Lambda):
            waiting.extend(ast.iter_child_nodes(node))
