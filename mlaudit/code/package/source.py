"""One Python source of a package: what its names are bound to when it is imported as usual.

Of `try` and `except` the body counts before the handlers; blocks for type checkers and for `__main__` do not count.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from typing import Any

from mlaudit.document.document import Document
from mlaudit.grammars.python_tree import parse_tree
from mlaudit.model.errors import Unreadable
from mlaudit.model.lazy_dataclass import dataclass

MAX_CHARACTERS = 1_000_000
"""Characters of a source of a package (`pandas/core/frame.py` has 725,000)."""
KEPT = 160
"""Parsed sources that are kept by their content, so that what two versions share is parsed once."""
MAX_BLOCKS = 40
"""Blocks inside each other that are looked into."""

_NOT_RUN = frozenset(("TYPE_CHECKING", "__name__"))


@dataclass(frozen=True, slots=True, eq=False)
class Imported:
    """What an import binds: a module, or a member of one."""

    module: str
    level: int
    member: str | None


@dataclass(frozen=True, slots=True, eq=False)
class ParsedSource:
    """What the statements of a module bind.

    Attributes:
        names: each name with its class, function, import or expression; None if it is bound in another way.
        stars: modules of `*` imports with their levels.
        patched: attributes that statements of the module set on its names (`Forest.fitted = property(...)`).
    """

    names: dict[str, ast.AST | Imported | None]
    stars: tuple[tuple[str, int], ...]
    patched: dict[str, frozenset[str]]


@lru_cache(maxsize=KEPT)
def parsed_source(data: bytes) -> ParsedSource | None:
    """The bindings of a source, None if it cannot be read."""
    tree = parsed_tree(data)
    if tree is None:
        return None
    reader = _Bindings()
    reader.block(tree.body, 0)
    return ParsedSource(
        reader.names, tuple(reader.stars), {name: frozenset(set_) for name, set_ in reader.patched.items()}
    )


@lru_cache(maxsize=KEPT)
def parsed_tree(data: bytes) -> ast.Module | None:
    """The syntax tree of a source of a package, None if there is none."""
    try:
        text = Document("", data).text
    except Unreadable:
        return None
    if len(text) > MAX_CHARACTERS:
        return None
    try:
        return parse_tree(text)
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return None


class _Bindings:
    """The reader of one module's statements."""

    def __init__(self) -> None:
        self.names: dict[str, ast.AST | Imported | None] = {}
        self.stars: list[tuple[str, int]] = []
        self.patched: dict[str, set[str]] = {}

    def block(self, body: Iterable[ast.stmt], depth: int) -> None:
        """Bind what some statements bind."""
        if depth > MAX_BLOCKS:
            return
        for statement in body:
            self._statement(statement, depth)

    def _statement(self, statement: ast.stmt, depth: int) -> None:
        reader = _STATEMENTS.get(type(statement))
        if reader is not None:
            reader(self, statement, depth + 1)

    def _defined(self, statement: ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef, _depth: int) -> None:
        self.names[statement.name] = statement

    def _import(self, statement: ast.Import, _depth: int) -> None:
        for alias in statement.names:
            first = alias.name.partition(".")[0]
            self.names[alias.asname or first] = Imported(alias.name if alias.asname else first, 0, None)

    def _if(self, statement: ast.If, depth: int) -> None:
        if _NOT_RUN.isdisjoint(_names_in(statement.test)):
            self.block(statement.body, depth)
        self.block(statement.orelse, depth)

    def _inside(self, statement: ast.With | ast.For | ast.While, depth: int) -> None:
        self.block(statement.body, depth)

    def _imported(self, statement: ast.ImportFrom, _depth: int) -> None:
        for alias in statement.names:
            if alias.name == "*":
                self.stars.append((statement.module or "", statement.level))
            else:
                bound = Imported(statement.module or "", statement.level, alias.name)
                self.names[alias.asname or alias.name] = bound

    def _assigned(self, statement: ast.Assign | ast.AnnAssign, _depth: int) -> None:
        targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
        for target in targets:
            if isinstance(target, ast.Name):
                self.names[target.id] = statement.value
            elif isinstance(target, ast.Attribute) and isinstance(target.value, ast.Name):
                self.patched.setdefault(target.value.id, set()).add(target.attr)
            elif isinstance(target, (ast.Tuple, ast.List)):
                self.names.update(
                    (expression.id, None) for expression in target.elts if isinstance(expression, ast.Name)
                )

    def _tried(self, statement: ast.Try, depth: int) -> None:
        for handler in statement.handlers:
            self.block(handler.body, depth)
        for body in (statement.body, statement.orelse, statement.finalbody):
            self.block(body, depth)


_STATEMENTS: dict[type, Callable[[_Bindings, Any, int], None]] = {
    ast.ClassDef: _Bindings._defined,
    ast.FunctionDef: _Bindings._defined,
    ast.AsyncFunctionDef: _Bindings._defined,
    ast.Import: _Bindings._import,
    ast.ImportFrom: _Bindings._imported,
    ast.Assign: _Bindings._assigned,
    ast.AnnAssign: _Bindings._assigned,
    ast.If: _Bindings._if,
    ast.Try: _Bindings._tried,
    ast.With: _Bindings._inside,
    ast.For: _Bindings._inside,
    ast.While: _Bindings._inside,
}


def _names_in(test: ast.expr) -> Iterator[str]:
    """The names in a condition."""
    for node in ast.walk(test):
        if isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.Attribute):
            yield node.attr
