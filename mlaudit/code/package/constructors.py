"""Which keyword arguments the constructor of a class surely refuses, followed along `**kwargs`."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator

from mlaudit.code.package.classes import ClassCode, Function, Lineage, bases_of, dotted, is_super_method, may_change
from mlaudit.code.package.symbols import ForeignName, PackageSymbols
from mlaudit.model.lazy_dataclass import dataclass

_INIT = "__init__"


@dataclass(frozen=True, slots=True, eq=False)
class RefusedKeys:
    """Keywords that a call would be refused for, and the function or class that refuses them."""

    keys: tuple[str, ...]
    path: str
    line: int


def refused_keys(
    symbols: PackageSymbols, cls: ClassCode, keys: Collection[str], plain_bases: Collection[str] = ()
) -> RefusedKeys | None:
    """The keywords that calling a class refuses; None if it takes all of them, or that is not known.

    Args:
        plain_bases: bases outside of what is read that are known to add no argument.
    """
    lineage = symbols.lineage(cls)
    member = lineage.member(_INIT)
    owner = member[0] if member is not None else None
    generated = next((class_ for class_ in lineage.classes if class_.is_generated), None)
    if generated is not None and (owner is None or lineage.classes.index(generated) <= lineage.classes.index(owner)):
        return _of_fields(symbols, lineage, keys, plain_bases)
    return _along_the_line(symbols, lineage, frozenset(keys))


def makes_by_keywords(symbols: PackageSymbols, cls: ClassCode, method: str) -> frozenset[str] | None:
    """The keys that a class method handles before it calls `cls(**config)`; None if it does something else."""
    member = symbols.lineage(cls).member(method)
    if member is None or member[1] is None:
        return None
    node = member[1].node
    given = [argument.arg for argument in (*node.args.posonlyargs, *node.args.args)]
    if len(given) != 2:
        return None
    calls = [call for call in ast.walk(node) if isinstance(call, ast.Call) and _is_name(call.func, given[0])]
    is_plain = bool(calls) and all(_passes_on(call, given[1]) and not call.args for call in calls)
    # A configuration that is created, or changed by keys that are computed, may be any other; a copy is the same.
    copies = {
        id(assignment.targets[0])
        for assignment in ast.walk(node)
        if isinstance(assignment, ast.Assign) and _is_copy(assignment, given[1])
    }
    if not is_plain or any(_is_rebound(inner, given[1]) and id(inner) not in copies for inner in ast.walk(node)):
        return None
    return frozenset(_texts_in(node))


def makes_of_file(symbols: PackageSymbols, cls: ClassCode, method: str) -> frozenset[str] | None:
    """The keys that a method handles between reading a file of JSON and `Class(**config)`; None if it does more."""
    lineage = symbols.lineage(cls)
    member = lineage.member(method)
    if member is None or member[1] is None:
        return None
    node = member[1].node
    names = {class_.name for class_ in lineage.classes} | {"cls"}
    calls = [inner for inner in ast.walk(node) if isinstance(inner, ast.Call) and _is_one_of(inner.func, names)]
    given = {
        keyword.value.id
        for call in calls
        for keyword in call.keywords
        if keyword.arg is None and isinstance(keyword.value, ast.Name)
    }
    if len(given) != 1 or not all(_passes_on(call, next(iter(given))) and not call.args for call in calls):
        return None
    config = given.pop()
    read = {
        id(assignment.targets[0])
        for assignment in ast.walk(node)
        if isinstance(assignment, ast.Assign) and _reads_json(assignment, config)
    }
    if len(read) != 1 or any(_is_rebound(inner, config) and id(inner) not in read for inner in ast.walk(node)):
        return None
    return frozenset(_texts_in(node))


def _of_fields(
    symbols: PackageSymbols, lineage: Lineage, keys: Collection[str], plain_bases: Collection[str]
) -> RefusedKeys | None:
    """What a dataclass refuses: keys that are no field of it or its bases."""
    taken: set[str] = set()
    for cls in lineage.classes:
        if _INIT in cls.own or not _has_known_bases(symbols, cls, plain_bases):
            return None
        taken.update(name for name, _ in cls.fields)
    rest = tuple(key for key in keys if key not in taken)
    first = lineage.classes[0]
    return RefusedKeys(rest, first.module.path, first.node.lineno) if rest else None


def _along_the_line(symbols: PackageSymbols, lineage: Lineage, keys: frozenset[str]) -> RefusedKeys | None:
    """What the `__init__` of a class and those that it hands `**kwargs` on to refuse."""
    for cls in lineage.classes:
        if cls.is_open or not _makes_any(cls):
            return None
        method = cls.methods.get(_INIT)
        if method is not None and not method.node.decorator_list:
            keys = keys - _named_in(method.node)
            refuses = _refuses_rest(method.node)
            if refuses is not False:
                return _refused(keys, cls, method.node) if refuses else None
        elif _INIT in cls.own:
            return None
        if not _has_known_bases(symbols, cls):
            return None
    return None


def _refuses_rest(node: Function) -> bool | None:
    """Whether a function refuses keywords that it does not name; False if it hands them on, None if it is unknown."""
    if node.args.kwarg is None:
        return True
    kwargs = node.args.kwarg.arg
    if any(_is_rebound(inner, kwargs) for inner in ast.walk(node)):
        return None
    if _raises_on(node, kwargs):
        return True
    return False if _hands_on(node, kwargs) else None


def _refused(keys: Collection[str], cls: ClassCode, node: Function) -> RefusedKeys | None:
    return RefusedKeys(tuple(sorted(keys)), cls.module.path, node.lineno) if keys else None


def _named_in(node: Function) -> frozenset[str]:
    """The keywords that a function names, as parameters or in texts such as that of `kwargs.pop("name")`."""
    return frozenset((*(argument.arg for argument in (*node.args.args, *node.args.kwonlyargs)), *_texts_in(node)))


def _makes_any(cls: ClassCode) -> bool:
    """Whether objects of a class are made whatever the arguments are, but for what `__init__` refuses."""
    method = cls.methods.get("__new__")
    if method is None:
        return "__new__" not in cls.own
    return method.node.args.kwarg is not None and method.node.args.vararg is not None


def _has_known_bases(symbols: PackageSymbols, cls: ClassCode, plain: Collection[str] = ()) -> bool:
    """Whether all bases of a class are read, or known to take no argument; its metaclass too."""
    bases = map(dotted, bases_of(cls.node))
    return not cls.has_metaclass and all(_is_known_base(symbols, cls, words, plain) for words in bases)


def _is_known_base(symbols: PackageSymbols, cls: ClassCode, words: tuple[str, ...], plain: Collection[str]) -> bool:
    if words and words[-1] in plain:
        return True
    name = symbols.written(cls.module, words) if words else None
    if isinstance(name, ForeignName):
        return (name.module, name.name) in _EMPTY_BASES
    return isinstance(name, ClassCode) and name is not cls


_EMPTY_BASES = frozenset((("builtins", "object"), ("abc", "ABC"), ("typing", "Generic")))


def _raises_on(node: Function, kwargs: str) -> bool:
    """Whether a function raises in any case where arguments are left over."""
    for statement in node.body:
        if (
            isinstance(statement, ast.If)
            and _is_name(statement.test, kwargs)
            and isinstance(statement.body[-1], ast.Raise)
        ):
            return True
    return False


def _hands_on(node: Function, kwargs: str) -> bool:
    """Whether a function hands the arguments that are left over to its base as they came, and in any case."""
    calls = (
        statement.value
        for statement in node.body
        if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call)
    )
    return any(is_super_method(call, _INIT) and _passes_on(call, kwargs) for call in calls)


def _passes_on(call: ast.Call, kwargs: str) -> bool:
    return any(keyword.arg is None and _is_name(keyword.value, kwargs) for keyword in call.keywords)


def _is_rebound(node: ast.AST, name: str) -> bool:
    """Whether a statement gives a name another value, or changes it by keys that are not written out."""
    if isinstance(node, ast.Name) and node.id == name and not isinstance(node.ctx, ast.Load):
        return True
    if isinstance(node, ast.Subscript) and _is_name(node.value, name) and not isinstance(node.ctx, ast.Load):
        return not isinstance(node.slice, ast.Constant)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and _is_name(node.func.value, name):
        is_written_out = bool(node.args) and isinstance(node.args[0], ast.Constant)
        return node.func.attr in _CHANGES and not (node.func.attr in ("pop", "setdefault") and is_written_out)
    return isinstance(node, ast.Call) and may_change(node, name)


_CHANGES = frozenset(("pop", "update", "clear", "popitem", "setdefault"))


def _is_copy(node: ast.Assign, name: str) -> bool:
    """Whether a statement is `config = config.copy()` or `config = dict(config)`."""
    call = node.value
    if not isinstance(call, ast.Call) or not _is_name(node.targets[0], name):
        return False
    if isinstance(call.func, ast.Attribute):
        return call.func.attr == "copy" and any(
            _is_name(expression, name) for expression in (call.func.value, *call.args)
        )
    return _is_name(call.func, "dict") and len(call.args) == 1 and _is_name(call.args[0], name)


def _reads_json(node: ast.Assign, name: str) -> bool:
    """Whether a statement is `config = json.load(file)`."""
    call = node.value
    return _is_name(node.targets[0], name) and isinstance(call, ast.Call) and dotted(call.func) == ("json", "load")


def _is_one_of(node: ast.AST, names: Collection[str]) -> bool:
    return isinstance(node, ast.Name) and node.id in names


def _is_name(node: ast.AST, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name


def _texts_in(node: ast.AST) -> Iterator[str]:
    return (
        constant.value
        for constant in ast.walk(node)
        if isinstance(constant, ast.Constant) and isinstance(constant.value, str)
    )
