"""Expressions of a setup.py, calls of its own functions and of `setup()` among them."""

from __future__ import annotations

import ast
import posixpath
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from mlaudit.lab.setup_names import OPENING, LeftFunction, OwnFunction, SetupNames, UnfollowedSetup
from mlaudit.lab.setup_values import (
    CALLS,
    CONSTANTS,
    MODULES,
    UNKNOWN,
    KnownFunction,
    KnownModule,
    OpenedText,
    PythonVersion,
    TreePath,
    applied,
    called,
    copied,
    is_known,
    item_of,
    method_called,
    path_of,
    spoil,
)

MAX_STEPS = 30_000
MAX_DEPTH = 25
SETUP = "setup"


@dataclass(slots=True)
class SetupExpressions:
    """Reads expressions; `calls` are the keywords of each call of `setup()`."""

    text_of: Callable[[str], str | None]
    calls: list[dict[str, object]] = field(default_factory=list)
    _steps: int = 0
    _depth: int = 0

    def run(self, body: Sequence[ast.stmt], names: SetupNames) -> None:
        """Follow statements. Raises LeftFunction, UnfollowedSetup."""
        raise NotImplementedError

    def run_way(self, body: Sequence[ast.stmt], names: SetupNames) -> LeftFunction | None:
        """Follow statements; how they left the function, None if they did not."""
        try:
            self.run(body, names)
        except LeftFunction as left:
            return left
        return None

    def step(self) -> None:
        """Count a step. Raises UnfollowedSetup."""
        self._steps += 1
        if self._steps > MAX_STEPS:
            raise UnfollowedSetup

    def value(self, node: ast.AST, names: SetupNames) -> object:
        """What an expression is. Raises UnfollowedSetup."""
        self.step()
        reader = getattr(self, f"_of_{type(node).__name__.lower()}", None)
        return UNKNOWN if reader is None else reader(node, names)

    def _of_constant(self, node: ast.Constant, names: SetupNames) -> object:  # noqa: ARG002 - as all readers
        return node.value

    def _of_name(self, node: ast.Name, names: SetupNames) -> object:
        return names.get(node.id)

    def _of_list(self, node: ast.List, names: SetupNames) -> object:
        return self._elements(node.elts, names)

    def _of_tuple(self, node: ast.Tuple, names: SetupNames) -> object:
        return tuple(self._elements(node.elts, names))

    def _of_set(self, node: ast.Set, names: SetupNames) -> object:
        elements = self._elements(node.elts, names)
        return (
            set(elements) if is_known(elements) and all(isinstance(element, str) for element in elements) else UNKNOWN
        )

    def _elements(self, nodes: Iterable[ast.expr], names: SetupNames) -> list[object]:
        elements: list[object] = []
        for node in nodes:
            if isinstance(node, ast.Starred):
                members = self.members(self.value(node.value, names))
                elements += members if members is not None else [UNKNOWN]
            else:
                elements.append(self.value(node, names))
        return elements

    def _of_dict(self, node: ast.Dict, names: SetupNames) -> object:
        table: dict[object, object] = {}
        for key, value in zip(node.keys, node.values, strict=True):
            inner = self.value(value, names)
            if key is None:
                table.update(inner if isinstance(inner, dict) else {UNKNOWN: UNKNOWN})
                continue
            name = self.value(key, names)
            table[name if isinstance(name, (str, int)) else UNKNOWN] = inner
        return table

    def _of_joinedstr(self, node: ast.JoinedStr, names: SetupNames) -> object:
        parts = [self.value(element, names) for element in node.values]
        return "".join(map(str, parts)) if is_known(parts) else UNKNOWN

    def _of_formattedvalue(self, node: ast.FormattedValue, names: SetupNames) -> object:
        plain = node.conversion == -1 and node.format_spec is None
        return self.value(node.value, names) if plain else UNKNOWN

    def _of_binop(self, node: ast.BinOp, names: SetupNames) -> object:
        return applied(type(node.op), self.value(node.left, names), self.value(node.right, names))

    def _of_unaryop(self, node: ast.UnaryOp, names: SetupNames) -> object:
        return applied(type(node.op), self.value(node.operand, names))

    def _of_boolop(self, node: ast.BoolOp, names: SetupNames) -> object:
        """As Python: the value that decides; one that is not known decides nothing, unless a later one does."""
        decides = isinstance(node.op, ast.Or)
        value: object = UNKNOWN
        unsure = False
        for expression in node.values:
            value = self.value(expression, names)
            if not is_known(value):
                unsure = True
            elif bool(value) is decides:
                return UNKNOWN if unsure and not isinstance(value, bool) else value
        return UNKNOWN if unsure else value

    def _of_compare(self, node: ast.Compare, names: SetupNames) -> object:
        left, holds = self.value(node.left, names), True
        for operation, compared in zip(node.ops, node.comparators, strict=True):
            right = self.value(compared, names)
            outcome = applied(type(operation), left, right)
            if not is_known(outcome):
                return UNKNOWN
            holds, left = holds and bool(outcome), right
        return holds

    def _of_ifexp(self, node: ast.IfExp, names: SetupNames) -> object:
        test = self.value(node.test, names)
        if is_known(test):
            return self.value(node.body if test else node.orelse, names)
        first, second = self.value(node.body, names), self.value(node.orelse, names)
        return first if is_known(first) and first == second else UNKNOWN

    def _of_subscript(self, node: ast.Subscript, names: SetupNames) -> object:
        owner = self.value(node.value, names)
        if isinstance(owner, PythonVersion):
            return _part_of_python(node.slice)
        if isinstance(node.slice, ast.Slice):
            ends = [
                self.value(expression, names) if expression else None
                for expression in (node.slice.lower, node.slice.upper)
            ]
            is_known_slice = is_known(ends) and node.slice.step is None
            return item_of(owner, slice(ends[0], ends[1])) if is_known_slice else UNKNOWN
        key = self.value(node.slice, names)
        return item_of(owner, key) if is_known(key) else UNKNOWN

    def _of_listcomp(self, node: ast.ListComp, names: SetupNames) -> object:
        rows = self._comprehended(node.generators, [node.elt], names)
        return [UNKNOWN] if rows is None else [element for (element,) in rows]

    _of_generatorexp = _of_listcomp

    def _of_setcomp(self, node: ast.SetComp, names: SetupNames) -> object:
        rows = self._comprehended(node.generators, [node.elt], names)
        return (
            UNKNOWN
            if rows is None or not is_known(rows)
            else {element for (element,) in rows if isinstance(element, str)}
        )

    def _of_dictcomp(self, node: ast.DictComp, names: SetupNames) -> object:
        rows = self._comprehended(node.generators, [node.key, node.value], names)
        if rows is None:
            return {UNKNOWN: UNKNOWN}
        return {key if isinstance(key, (str, int)) else UNKNOWN: value for key, value in rows}

    def _comprehended(
        self, generators: Sequence[ast.comprehension], elements: Sequence[ast.expr], names: SetupNames
    ) -> list[list[object]] | None:
        """The elements of a comprehension, None where it is not told how many there are."""
        inner = SetupNames(names.module, {**(names.local or {})})
        if not generators:
            return [[self.value(element, inner) for element in elements]]
        values = self.members(self.value(generators[0].iter, inner))
        if values is None:
            return None
        rows: list[list[object]] = []
        for value in values:
            self.bind(generators[0].target, value, inner)
            tests = [self.value(expression, inner) for expression in generators[0].ifs]
            if not is_known(tests):
                return None
            if all(tests):
                nested = self._comprehended(generators[1:], elements, inner)
                if nested is None:
                    return None
                rows += nested
        return rows

    def _of_lambda(self, node: ast.Lambda, names: SetupNames) -> object:
        return OwnFunction(node, names.module)

    def _of_attribute(self, node: ast.Attribute, names: SetupNames) -> object:
        owner = self.value(node.value, names)
        if isinstance(owner, KnownModule):
            return self.of_module(f"{owner.name}.{node.attr}")
        if isinstance(owner, TreePath) and node.attr in ("parent", "name", "stem"):
            attribute = getattr(PurePosixPath(owner.path), node.attr)
            return TreePath(str(attribute)) if node.attr == "parent" else attribute
        if isinstance(owner, PythonVersion) and node.attr == "major":
            return 3
        if isinstance(owner, dict) and "__name__" in owner:
            return owner.get(node.attr, UNKNOWN)
        return UNKNOWN

    def of_module(self, full: str) -> object:
        """What a known module has under a full name."""
        if full in CONSTANTS:
            return copied(CONSTANTS[full], {})
        if full in MODULES:
            return KnownModule(full)
        return KnownFunction(full) if full in CALLS or full in OPENING or full.startswith("os.path.") else UNKNOWN

    def _of_call(self, node: ast.Call, names: SetupNames) -> object:
        arguments = self._elements(node.args, names)
        keywords: dict[str, object] = {}
        for keyword in node.keywords:
            value = self.value(keyword.value, names)
            if keyword.arg is not None:
                keywords[keyword.arg] = value
            else:
                pairs = value if isinstance(value, dict) else {UNKNOWN: UNKNOWN}
                keywords.update((str(key), item_of(pairs, key)) for key in pairs)
        function = node.func
        own = names.get(function.id) if isinstance(function, ast.Name) else None
        if is_setup(node) and not isinstance(own, OwnFunction):
            self.calls.append({name: copied(value, {}) for name, value in keywords.items()})
            return UNKNOWN
        if isinstance(function, ast.Attribute):
            owner = self.value(function.value, names)
            if not isinstance(owner, (KnownModule, dict)) or (isinstance(owner, dict) and "__name__" not in owner):
                return self._method(owner, function.attr, arguments, keywords)
        return self.call(self.value(function, names), arguments, keywords, names)

    def call(self, function: object, arguments: list[object], keywords: dict[str, object], names: SetupNames) -> object:
        """What a function returns."""
        if isinstance(function, OwnFunction):
            return self._own_call(function, arguments, keywords)
        name = function.name if isinstance(function, KnownFunction) else ""
        if name in OPENING:
            text = self._text(arguments[0]) if arguments else None
            return OpenedText(text) if text is not None else UNKNOWN
        if name in ("os.path.exists", "os.path.isfile") and arguments:
            return self._text(arguments[0]) is not None if is_known(arguments) else UNKNOWN
        if name == "exec" and arguments:
            return self._execute(arguments, names)
        if name in ("sorted", "map", "filter") and any(
            isinstance(argument, OwnFunction) for argument in (*arguments, *keywords.values())
        ):
            return UNKNOWN
        return called(function, arguments, keywords)

    def _execute(self, arguments: list[object], names: SetupNames) -> object:
        """`exec()` of a text, in a dictionary or here."""
        into = arguments[1] if len(arguments) > 1 else names.here
        text = arguments[0]
        if not isinstance(text, str) or not isinstance(into, dict):
            spoil(into)
            return UNKNOWN
        try:
            self.run(ast.parse(text).body, SetupNames(into))
        except (SyntaxError, ValueError):
            spoil(into)
        return None

    def _own_call(self, function: OwnFunction, arguments: list[object], keywords: dict[str, object]) -> object:
        given = function.node.args
        every = [argument.arg for argument in (*given.posonlyargs, *given.args)]
        local: dict[str, object] = dict.fromkeys((*every, *(argument.arg for argument in given.kwonlyargs)), UNKNOWN)
        names = SetupNames(function.module, local)
        defaults = zip(reversed(every), reversed(given.defaults), strict=False)
        local.update((name, self.value(node, SetupNames(function.module))) for name, node in defaults)
        several = (
            (argument.arg, node) for argument, node in zip(given.kwonlyargs, given.kw_defaults, strict=True) if node
        )
        local.update((name, self.value(node, SetupNames(function.module))) for name, node in several)
        local.update(zip(every, arguments, strict=False))
        local.update((name, value) for name, value in keywords.items() if name in local)
        if given.vararg:
            local[given.vararg.arg] = tuple(arguments[len(every) :])
        if given.kwarg:
            local[given.kwarg.arg] = {name: value for name, value in keywords.items() if name not in every}
        if self._depth >= MAX_DEPTH:
            return UNKNOWN
        self._depth += 1
        try:
            return self._result(function.node, names)
        finally:
            self._depth -= 1

    def _result(self, node: ast.FunctionDef | ast.Lambda, names: SetupNames) -> object:
        if isinstance(node, ast.Lambda):
            return self.value(node.body, names)
        if any(isinstance(inner, (ast.Yield, ast.YieldFrom, ast.Nonlocal)) for inner in ast.walk(node)):
            return UNKNOWN
        left = self.run_way(node.body, names)
        return left.value if left is not None else None

    def _method(self, owner: object, name: str, arguments: list[object], keywords: dict[str, object]) -> object:
        if isinstance(owner, OpenedText):
            if name in ("read", "getvalue"):
                return owner.text
            return owner.text.splitlines(keepends=True) if name == "readlines" else UNKNOWN
        if isinstance(owner, TreePath):
            return self._of_path(owner, name, arguments)
        return method_called(owner, name, arguments, keywords)

    def _of_path(self, owner: TreePath, name: str, arguments: list[object]) -> object:
        if name in ("resolve", "absolute"):
            return owner
        if name == "joinpath" and is_known(arguments):
            return TreePath(posixpath.join(owner.path, *map(path_of, arguments)))
        text = self._text(owner)
        if name in ("exists", "is_file"):
            return text is not None
        if name in ("read_text", "open") and text is not None:
            return text if name == "read_text" else OpenedText(text)
        return UNKNOWN

    def _text(self, path: object) -> str | None:
        return self.text_of(posixpath.normpath(path_of(path))) if isinstance(path, (str, TreePath)) else None

    def bind(self, target: ast.expr, value: object, names: SetupNames) -> None:
        """Let a target stand for a value."""
        if isinstance(target, ast.Name):
            names.here[target.id] = value
        elif isinstance(target, (ast.Tuple, ast.List)):
            several = list(value) if isinstance(value, (list, tuple, str)) else []
            fits = len(several) == len(target.elts) and not any(
                isinstance(expression, ast.Starred) for expression in target.elts
            )
            for at, expression in enumerate(target.elts):
                self.bind(expression, several[at] if fits else UNKNOWN, names)
        elif isinstance(target, ast.Subscript):
            owner, key = self.value(target.value, names), self.value(target.slice, names)
            if isinstance(owner, dict) and is_known(key) and isinstance(key, (str, int, tuple)):
                owner[key] = value
            else:
                spoil(owner)
        elif isinstance(target, ast.Starred):
            self.bind(target.value, UNKNOWN, names)

    def members(self, value: object) -> list[object] | None:
        """What a loop goes through, None where it is not told."""
        if isinstance(value, OpenedText):
            return list(value.text.splitlines(keepends=True))
        is_known_whole = isinstance(value, (list, tuple, dict, str)) and not (
            isinstance(value, list) and UNKNOWN in value
        )
        return list(value) if is_known_whole and isinstance(value, Iterable) else None


def _part_of_python(node: ast.expr) -> object:
    if isinstance(node, ast.Constant) and node.value == 0:
        return 3
    upper = node.upper if isinstance(node, ast.Slice) and node.lower is None and node.step is None else None
    return PythonVersion(upper.value) if isinstance(upper, ast.Constant) and isinstance(upper.value, int) else UNKNOWN


def is_setup(node: ast.Call) -> bool:
    """Whether a call is one of `setup()`, by its name."""
    function = node.func
    return (isinstance(function, ast.Name) and function.id == SETUP) or (
        isinstance(function, ast.Attribute) and function.attr == SETUP and isinstance(function.value, ast.Name)
    )
