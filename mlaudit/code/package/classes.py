"""Classes of a reader's code: members, bases, and the order in which their methods are looked up."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Callable, Iterable, Iterator, Sequence
from enum import Enum
from typing import Any

from mlaudit.code.package.modules import PackageModule
from mlaudit.model.lazy_dataclass import dataclass

MAX_BASES = 60
"""Classes in one line of inheritance."""

Function = ast.FunctionDef | ast.AsyncFunctionDef


class MethodKind(Enum):
    """How a function of a class is looked up on an object."""

    METHOD = "method"
    PROPERTY = "property"
    UNBOUND = "static or class method"


@dataclass(frozen=True, slots=True, eq=False)
class Method:
    """A function in the body of a class."""

    node: Function
    kind: MethodKind


class ClassCode:
    """A class as its statement says it.

    Attributes:
        own: names that its body binds, or that texts in its decorators give it.
        methods: its functions.
        slots: names in `__slots__`.
        fields: annotated names with whether each has a default, in order.
        has_slots: its objects have no `__dict__`, where those of its bases have none.
        is_generated: a decorator such as `dataclass` writes its `__init__`.
        is_open: its body can have names that no statement binds.
        has_metaclass: it has a metaclass of its own, that of abstract classes aside.
    """

    def __init__(self, module: PackageModule, node: ast.ClassDef) -> None:
        self.module, self.node, self.name = module, node, node.name
        self.own: set[str] = set(module.source.patched.get(node.name, ()))
        self.methods: dict[str, Method] = {}
        self.slots: set[str] = set()
        self.fields: list[tuple[str, bool]] = []
        decorators = [last_word(expression) for expression in node.decorator_list]
        self.is_generated = any(word in _GENERATORS for word in decorators)
        self.has_slots = any(map(_asks_for_slots, node.decorator_list))
        self.is_open = False
        self.has_metaclass = any(map(_names_metaclass, node.keywords))
        self._block(node.body)
        for decorator in node.decorator_list:
            self.own.update(_texts(decorator))

    @property
    def full_name(self) -> str:
        """Module and name, dotted."""
        return f"{self.module.name}.{self.name}"

    def _block(self, body: Iterable[ast.stmt]) -> None:
        for statement in body:
            self._statement(statement)

    def _statement(self, statement: ast.stmt) -> None:
        reader = _STATEMENTS.get(type(statement))
        if reader is not None:
            reader(self, statement)

    def _inner_class(self, statement: ast.ClassDef) -> None:
        self.own.add(statement.name)

    def _annotated(self, statement: ast.AnnAssign) -> None:
        if isinstance(statement.target, ast.Name):
            self.fields.append((statement.target.id, statement.value is not None))
            if statement.value is not None:
                self.own.add(statement.target.id)

    def _imported(self, statement: ast.Import | ast.ImportFrom) -> None:
        self.own.update(alias.asname or alias.name for alias in statement.names)

    def _if(self, statement: ast.If) -> None:
        self._block(statement.body)
        self._block(statement.orelse)

    def _try(self, statement: ast.Try) -> None:
        for body in (*(handler.body for handler in statement.handlers), statement.body):
            self._block(body)

    def _computed(self, _statement: ast.stmt) -> None:
        self.is_open = True

    def _function(self, node: Function) -> None:
        self.own.add(node.name)
        words = [last_word(expression) for expression in node.decorator_list]
        if any(word in ("setter", "deleter") for word in words):
            return
        kind = MethodKind.METHOD
        if any(word in ("staticmethod", "classmethod") for word in words):
            kind = MethodKind.UNBOUND
        elif any(part in word for word in words for part in _PROPERTIES):
            kind = MethodKind.PROPERTY
        self.methods[node.name] = Method(node, kind)

    def _assigned(self, statement: ast.Assign) -> None:
        for target in statement.targets:
            for node in ast.walk(target):
                if isinstance(node, ast.Name) and node.id == "__slots__":
                    self.has_slots = True
                    self.slots.update(_texts(statement.value))
                elif isinstance(node, ast.Name):
                    self.own.add(node.id)
        if isinstance(statement.value, ast.Call) and last_word(statement.value.func) in ("vars", "locals"):
            self.is_open = True


_STATEMENTS: dict[type, Callable[[ClassCode, Any], None]] = {
    ast.FunctionDef: ClassCode._function,
    ast.AsyncFunctionDef: ClassCode._function,
    ast.ClassDef: ClassCode._inner_class,
    ast.Assign: ClassCode._assigned,
    ast.AnnAssign: ClassCode._annotated,
    ast.Import: ClassCode._imported,
    ast.ImportFrom: ClassCode._imported,
    ast.If: ClassCode._if,
    ast.Try: ClassCode._try,
    ast.For: ClassCode._computed,
    ast.While: ClassCode._computed,
    ast.With: ClassCode._computed,
}
_GENERATORS = frozenset(("dataclass", "attrs", "define", "frozen", "mutable", "s", "attributes"))
_PROPERTIES = ("property", "cached", "cache_readonly", "lazy")
_STANDARD_BASES = frozenset(("abc", "typing", "typing_extensions", "collections", "numbers", "enum"))
_OF_THREADS = frozenset((("threading", "Thread"), ("threading", "local")))


def _asks_for_slots(decorator: ast.expr) -> bool:
    """Whether a decorator is `dataclass(slots=True)`, or the same of attrs."""
    keywords = decorator.keywords if isinstance(decorator, ast.Call) else []
    return any(
        keyword.arg == "slots" and isinstance(keyword.value, ast.Constant) and keyword.value.value is True
        for keyword in keywords
    )


def _names_metaclass(keyword: ast.keyword) -> bool:
    return keyword.arg == "metaclass" and dotted(keyword.value)[-1:] != ("ABCMeta",)


def last_word(node: ast.expr) -> str:
    """The last word of a dotted name, or of what a call calls."""
    if isinstance(node, ast.Call):
        return last_word(node.func)
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def _texts(node: ast.AST) -> Iterator[str]:
    for constant in ast.walk(node):
        if isinstance(constant, ast.Constant) and isinstance(constant.value, str) and constant.value.isidentifier():
            yield constant.value


def dotted(node: ast.expr) -> tuple[str, ...]:
    """The words of a dotted name, its subscripts left aside; empty for anything else."""
    words: list[str] = []
    while len(words) < MAX_BASES:
        if isinstance(node, ast.Subscript):
            node = node.value
        elif isinstance(node, ast.Attribute):
            words.append(node.attr)
            node = node.value
        else:
            break
    return (node.id, *reversed(words)) if isinstance(node, ast.Name) else ()


def bases_of(node: ast.ClassDef) -> Iterator[ast.expr]:
    """The expressions of a class's bases, those behind `with_metaclass` too."""
    for base in node.bases:
        if isinstance(base, ast.Call) and last_word(base) == "with_metaclass":
            yield from base.args[1:]
        else:
            yield base


def is_super(node: ast.expr) -> bool:
    """Whether an expression is `super()`."""
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "super"


def is_super_method(node: ast.expr, method: str) -> bool:
    """Whether an expression is a call of a method of `super()`."""
    called = node.func if isinstance(node, ast.Call) else None
    return isinstance(called, ast.Attribute) and called.attr == method and is_super(called.value)


def is_own(node: ast.expr) -> bool:
    """Whether an expression is the object that a method runs on, or `super()`."""
    return is_super(node) or (isinstance(node, ast.Name) and node.id in ("self", "cls"))


_ONLY_READ = frozenset(
    ("update", "dict", "list", "tuple", "set", "len", "isinstance", "sorted", "print", "copy", "deepcopy")
)
"""Functions that change nothing of what they are given."""


def may_change(call: ast.Call, name: str) -> bool:
    """Whether a call may change what is under a name, as one of its arguments; of `**name` it is given a copy."""
    given = [*call.args, *(keyword.value for keyword in call.keywords if keyword.arg is not None)]
    is_given = any(isinstance(expression, ast.Name) and expression.id == name for expression in given)
    return is_given and last_word(call.func) not in _ONLY_READ


def is_standard(module: str, name: str) -> bool:
    """Whether a class is of Python's own library, and gives objects no attributes of a model."""
    return module.partition(".")[0] in _STANDARD_BASES or (module, name) in _OF_THREADS


def builtin_members(name: str) -> frozenset[str] | None:
    """The members of a class of Python itself, None if there is none of the name."""
    builtin = getattr(builtins, name, None)
    return frozenset(dir(builtin)) if isinstance(builtin, type) else None


OF_OBJECT = frozenset(dir(object))
"""The members that every object has."""


class Lineage:
    """A class with its bases, in the order in which they are asked.

    Attributes:
        classes: the class, then its bases.
        inherited: members of bases that are of Python itself.
        is_whole: whether all bases are known.
    """

    def __init__(self, classes: Sequence[ClassCode], inherited: frozenset[str], *, is_whole: bool) -> None:
        self.classes = tuple(classes)
        self.inherited = inherited
        self.is_whole = is_whole
        self._members: dict[str, tuple[ClassCode, Method | None] | None] = {}

    def member(self, name: str) -> tuple[ClassCode, Method | None] | None:
        """The class that has a name, with the method that it is; None if no class has it."""
        if name not in self._members:
            self._members[name] = _member(self.classes, name)
        return self._members[name]

    def member_after(self, cls: ClassCode, name: str) -> tuple[ClassCode, Method | None] | None:
        """What `super()` in a class gives."""
        at = self.classes.index(cls) + 1 if cls in self.classes else len(self.classes)
        return _member(self.classes[at:], name)

    def gives(self, name: str) -> bool:
        """Whether its objects have a name from their class."""
        is_special = name.startswith("__") and name.endswith("__")
        return is_special or name in self.inherited or self.member(name) is not None

    @property
    def answers_any_name(self) -> bool:
        """Whether it looks names up in a way of its own."""
        return any(self.member(name) is not None for name in ("__getattr__", "__getattribute__"))

    @property
    def is_container(self) -> bool:
        """Whether its objects are lists or dictionaries, which ask nothing of what they hold."""
        return bool(self.inherited - OF_OBJECT)

    @property
    def has_no_dict(self) -> bool:
        """Whether its objects surely have no `__dict__`."""
        has_slots = all(cls.has_slots and "__dict__" not in cls.slots for cls in self.classes)
        return self.is_whole and has_slots and self.inherited <= OF_OBJECT

    @property
    def is_open(self) -> bool:
        """Whether its classes can have names that no statement binds."""
        return any(cls.is_open for cls in self.classes)


def _member(classes: Sequence[ClassCode], name: str) -> tuple[ClassCode, Method | None] | None:
    for cls in classes:
        if name in cls.methods:
            return cls, cls.methods[name]
        if name in cls.own:
            return cls, None
    return None


def merged(first: ClassCode, lines: Sequence[Sequence[ClassCode]]) -> list[ClassCode]:
    """The method resolution order by C3; where the bases contradict each other, the order of the statement."""
    codes = [first]
    waiting = [list(line) for line in lines if line]
    while waiting and len(codes) < MAX_BASES:
        heads = (line[0] for line in waiting if not any(line[0] in other[1:] for other in waiting))
        head = next(heads, waiting[0][0])
        codes.append(head)
        waiting = [kept for line in waiting if (kept := [code for code in line if code is not head])]
    return codes
