"""Mutants of a module: one change each of a comparison, a condition, a constant, a result or a statement."""

from __future__ import annotations

import ast
import sys
from collections.abc import Container, Iterator
from dataclasses import dataclass
from itertools import count
from types import CodeType

_COMPARISONS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}
_OPERATORS: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.FloorDiv,
    ast.FloorDiv: ast.Mult,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
}
# What is evaluated when a function is defined is no part of its code: defaults of arguments, annotations, decorators.
_UNTOUCHED = frozenset(("annotation", "returns", "decorator_list", "type_comment", "ctx", "defaults", "kw_defaults"))
_REMOVED = (ast.Expr, ast.Assign, ast.AugAssign, ast.Continue, ast.Break)
_ALL = range(sys.maxsize)
_CONDITIONS = (ast.Name, ast.Call, ast.Attribute, ast.NamedExpr)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """A changed module.

    Attributes:
        owner: the function (`Class.method`) or the constant in which the change lies.
        lines: of the statement that is changed, without the statements in it.
    """

    owner: str
    line: int
    lines: range
    change: str
    code: CodeType
    is_constant: bool


def count_mutants(source: str) -> int:
    """How many mutants a module has."""
    owners = _owners(ast.parse(source))
    return sum(1 for _, statement, _ in owners for *_, node in _places(statement) for _ in _changes(node))


def mutants(source: str, path: str, numbers: Container[int] | None = None) -> Iterator[Mutant]:
    """The mutants of functions, methods and constants; annotations, decorators and texts of messages stay.

    Args:
        numbers: which of them, counted from 0; all where it is None.
    """
    tree = ast.parse(source)
    counted = count()
    for owner, statement, is_constant in _owners(tree):
        lines = _lines_of_nodes(statement)
        for parent, field, at, node in list(_places(statement)):
            for changed in _changes(node):
                if next(counted) not in (numbers if numbers is not None else _ALL):
                    continue
                _put(parent, field, at, ast.copy_location(changed, node))
                code = compile(ast.fix_missing_locations(tree), path, "exec", dont_inherit=True)
                _put(parent, field, at, node)
                change = f"{_line(node)}  ->  {_line(changed)}"
                yield Mutant(
                    owner=owner,
                    line=node.lineno,
                    lines=lines[node],
                    change=change,
                    code=code,
                    is_constant=is_constant,
                )


def _lines_of_nodes(owner: ast.AST) -> dict[ast.AST, range]:
    """The lines of the innermost statement of each node; of a statement with a body, those before it."""
    found: dict[ast.AST, range] = {}
    for statement in ast.walk(owner):  # What encloses comes before what it encloses, which is written over it.
        if isinstance(statement, ast.stmt):
            body = getattr(statement, "body", None)
            end = body[0].lineno if body else (statement.end_lineno or statement.lineno) + 1
            lines = range(statement.lineno, max(end, statement.lineno + 1))
            found.update(dict.fromkeys(ast.walk(statement), lines))
    return found


def _line(node: ast.AST) -> str:
    return ast.unparse(node).splitlines()[0][:110]


def _put(parent: ast.AST, field: str, at: int | None, node: ast.AST) -> None:
    if at is None:
        setattr(parent, field, node)
    else:
        getattr(parent, field)[at] = node


def _owners(tree: ast.Module) -> Iterator[tuple[str, ast.AST, bool]]:
    for node in tree.body:
        if isinstance(node, ast.FunctionDef):
            yield node.name, node, False
        elif isinstance(node, ast.ClassDef):
            yield from (
                (f"{node.name}.{one.name}", one, False) for one in node.body if isinstance(one, ast.FunctionDef)
            )
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            yield node.targets[0].id, node, True
        elif isinstance(node, ast.AnnAssign) and node.value is not None and isinstance(node.target, ast.Name):
            yield node.target.id, node, True


def _places(parent: ast.AST) -> Iterator[tuple[ast.AST, str, int | None, ast.expr | ast.stmt]]:
    """Every expression and statement below a node, with where it is, parents first."""
    for field, value in ast.iter_fields(parent):
        if field in _UNTOUCHED or isinstance(value, ast.JoinedStr):
            continue
        if isinstance(parent, ast.keyword) and parent.arg == "strict":
            continue  # Of `zip`: it guards against defects, and changes no result.
        nodes = value if isinstance(value, list) else [value]
        for at, node in enumerate(nodes):
            if not isinstance(node, ast.AST) or isinstance(node, ast.JoinedStr):
                continue
            if isinstance(node, ast.stmt) and _is_docstring(node):
                continue
            if isinstance(node, ast.expr | ast.stmt):
                yield parent, field, at if isinstance(value, list) else None, node
            yield from _places(node)


def _changes(node: ast.expr | ast.stmt) -> Iterator[ast.AST]:
    if isinstance(node, ast.stmt):
        yield from _changes_of_statement(node)
    elif isinstance(node, ast.Compare):
        yield ast.Compare(node.left, [_COMPARISONS[type(node.ops[0])](), *node.ops[1:]], node.comparators)
    elif isinstance(node, ast.BoolOp):
        yield ast.BoolOp(ast.Or() if isinstance(node.op, ast.And) else ast.And(), node.values)
    elif isinstance(node, ast.BinOp) and type(node.op) in _OPERATORS:
        yield ast.BinOp(node.left, _OPERATORS[type(node.op)](), node.right)
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        yield node.operand
    elif isinstance(node, ast.Constant):
        yield from _other_constants(node.value)
    elif isinstance(node, ast.IfExp) and isinstance(node.test, _CONDITIONS):
        yield ast.IfExp(ast.UnaryOp(ast.Not(), node.test), node.body, node.orelse)


def _changes_of_statement(node: ast.stmt) -> Iterator[ast.AST]:
    if isinstance(node, ast.Return) and not _is_falsy(node.value):
        yield ast.Return(ast.Constant(None))
    elif isinstance(node, _REMOVED):
        yield ast.Pass()
    elif isinstance(node, ast.If) and isinstance(node.test, _CONDITIONS):
        yield ast.If(ast.UnaryOp(ast.Not(), node.test), node.body, node.orelse)


def _other_constants(value: object) -> Iterator[ast.AST]:
    if isinstance(value, bool):
        yield ast.Constant(not value)
    elif isinstance(value, int):
        yield ast.Constant(value + 1)
    elif isinstance(value, str):
        yield ast.Constant(f"XX{value}")


def _is_falsy(node: ast.expr | None) -> bool:
    """Whether a result says no more than None: what asks for it asks for its truth."""
    return node is None or (isinstance(node, ast.Constant) and not node.value)


def _is_docstring(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
