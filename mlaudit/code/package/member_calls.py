"""Which methods the code of an owner calls on the objects that it holds: what a pipeline asks of its steps.

The owner's methods that serving calls are followed through calls of themselves and functions of their package. Every
name that they read of anything but themselves counts as called, and every text, which may be given to `getattr`: more
than is called, so that what is not among them surely is not. What is in a call behind no condition is called in any
case.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Sequence

from mlaudit.code.package.classes import Function, Lineage, dotted, is_own
from mlaudit.code.package.modules import PackageModule
from mlaudit.code.package.symbols import FunctionCode, PackageSymbols
from mlaudit.model.lazy_dataclass import dataclass

MAX_FUNCTIONS = 400
"""Functions that are followed for one owner; if there are more, anything may be called."""
MAX_NODES = 60_000
"""Nodes of their syntax trees."""
MAX_BLOCKS = 60
"""Blocks and expressions inside each other that are looked into."""


@dataclass(frozen=True, slots=True, eq=False)
class MemberCalls:
    """What an owner calls on a member.

    Attributes:
        names: every name that may be called.
        surely: those that are called in any case.
        is_open: the owner may call anything.
    """

    names: frozenset[str]
    surely: frozenset[str] = frozenset()
    is_open: bool = False

    def may_call(self, name: str) -> bool:
        """Whether a method of the member may be called."""
        return self.is_open or name in self.names


def member_calls(symbols: PackageSymbols, owner: Lineage, member: Lineage, entries: Iterable[str]) -> MemberCalls:
    """What the methods of one class, entered by some of them, call on an object of another."""
    return _MemberCallReader(symbols, owner, member).read(entries)


class _MemberCallReader:
    """Follows the methods of one owner."""

    def __init__(self, symbols: PackageSymbols, owner: Lineage, member: Lineage) -> None:
        self._symbols, self._owner, self._member = symbols, owner, member
        self._names: set[str] = set()
        self._surely: set[str] = set()
        self._waiting: list[tuple[PackageModule, Function, bool]] = []
        self._seen: set[tuple[int, bool]] = set()
        self._nodes = 0

    def read(self, entries: Iterable[str]) -> MemberCalls:
        """Follow the methods of some names."""
        for name in entries:
            self._enter(name, is_sure=True)
        while self._waiting:
            if len(self._seen) > MAX_FUNCTIONS or self._nodes > MAX_NODES:
                return MemberCalls(frozenset(), is_open=True)
            module, function, is_sure = self._waiting.pop()
            self._block(module, function.body, is_sure=is_sure, depth=0)
        return MemberCalls(frozenset(self._names), frozenset(self._surely))

    def _enter(self, name: str, *, is_sure: bool) -> None:
        """Follow a method in all classes that have it, since `super()` may lead to each."""
        for cls in self._owner.classes:
            method = cls.methods.get(name)
            if method is not None:
                self._wait(cls.module, method.node, is_sure=is_sure)

    def _wait(self, module: PackageModule, function: Function, *, is_sure: bool) -> None:
        keys = {(id(function), is_sure), (id(function), True)}
        if not keys & self._seen:
            self._seen.add((id(function), is_sure))
            self._waiting.append((module, function, is_sure))

    def _block(self, module: PackageModule, body: Sequence[ast.stmt], *, is_sure: bool, depth: int) -> None:
        for statement in body if depth < MAX_BLOCKS else ():
            blocks = list(_blocks(statement))
            for node in _own_expressions(statement):
                self._expression(module, node, is_sure=is_sure, depth=0)
            if isinstance(statement, ast.If) and self._has_member(statement.test):
                # What the member surely has decides: `if hasattr(model, "decision_function"): ... elif ...`.
                self._block(module, statement.body, is_sure=is_sure, depth=depth + 1)
                if isinstance(statement.body[-1], (ast.Return, ast.Raise)):
                    return
                continue
            still = is_sure and isinstance(statement, (ast.For, ast.AsyncFor, ast.With, ast.AsyncWith))
            for block in blocks:
                self._block(module, block, is_sure=still, depth=depth + 1)

    def _has_member(self, test: ast.expr) -> bool:
        if not (isinstance(test, ast.Call) and isinstance(test.func, ast.Name) and test.func.id == "hasattr"):
            return False
        words = _texts(test.args[1:])
        return len(words) == 1 and not is_own(test.args[0]) and self._member.member(words[0]) is not None

    def _expression(self, module: PackageModule, node: ast.AST, *, is_sure: bool, depth: int) -> None:
        self._nodes += 1
        if depth > MAX_BLOCKS or (isinstance(node, ast.Compare) and self._compares(module, node, is_sure, depth)):
            return
        if isinstance(node, (ast.List, ast.Tuple)) and len(words := _texts(node.elts)) == len(node.elts) > 1:
            # Of several names the first that the member has is called.
            self._names.update(next(((word,) for word in words if self._member.gives(word)), words))
            return
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            self._names.add(node.value)
        elif isinstance(node, ast.Attribute):
            self._attribute(node, is_sure=is_sure)
        elif isinstance(node, ast.Name):
            self._name(module, node, is_sure=is_sure)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and is_sure:
            self._surely.add(node.func.attr)
        for at, inner in enumerate(ast.iter_child_nodes(node)):
            is_choice = isinstance(node, (ast.IfExp, ast.BoolOp)) and at > int(isinstance(node, ast.BoolOp))
            still = is_sure and not is_choice and not isinstance(node, ast.Lambda)
            self._expression(module, inner, is_sure=still, depth=depth + 1)

    def _compares(self, module: PackageModule, node: ast.Compare, is_sure: bool, depth: int) -> bool:
        """Follow a comparison, except for texts: comparing those calls nothing."""
        for inner in (node.left, *node.comparators):
            parts = inner.elts if isinstance(inner, (ast.List, ast.Tuple, ast.Set)) else [inner]
            if not all(isinstance(expression, ast.Constant) for expression in parts):
                self._expression(module, inner, is_sure=is_sure, depth=depth + 1)
        return True

    def _attribute(self, node: ast.Attribute, *, is_sure: bool) -> None:
        if is_own(node.value):
            self._enter(node.attr, is_sure=is_sure)
        else:
            self._names.add(node.attr)

    def _name(self, module: PackageModule, node: ast.Name, *, is_sure: bool) -> None:
        if node.id in module.source.names:
            code = self._symbols.written(module, dotted(node))
            if isinstance(code, FunctionCode):
                self._wait(code.module, code.node, is_sure=is_sure)


def _blocks(statement: ast.stmt) -> Iterator[Sequence[ast.stmt]]:
    """The blocks of a statement."""
    for name in ("body", "orelse", "finalbody"):
        block = getattr(statement, name, None)
        if isinstance(block, list):
            yield block
    for inner in (*getattr(statement, "handlers", ()), *getattr(statement, "cases", ())):
        yield inner.body


def _own_expressions(statement: ast.stmt) -> Iterator[ast.expr]:
    """The expressions of a statement, those of its blocks left aside."""
    for node in ast.iter_child_nodes(statement):
        if isinstance(node, ast.expr):
            yield node
        elif isinstance(node, ast.withitem):
            yield node.context_expr


def _texts(nodes: Iterable[ast.expr]) -> tuple[str, ...]:
    return tuple(
        node.value
        for node in nodes
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.isidentifier()
    )
