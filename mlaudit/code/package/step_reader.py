"""The steps of a function about one of its parameters, from its syntax tree."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from mlaudit.code.package.classes import Function, dotted, last_word
from mlaudit.code.package.step_expressions import expression_steps, is_call_of, names_of, takes_parameter, target_steps
from mlaudit.code.package.steps import Attempt, Conditional, End, Perhaps, Read, Step

MAX_BLOCKS = 60
"""Blocks inside each other that are looked into."""

_CATCHES = frozenset(("AttributeError", "Exception", "BaseException"))
_ENDINGS = ("Error", "Exception", "Warning")
"""How classes of errors are called; what has another name may stand for several."""


def steps_of(function: Function, parameter: str) -> tuple[Step, ...]:
    """What a function does with a parameter."""
    return _FunctionReader(parameter).block(function.body, 0)


class _FunctionReader:
    """The reader of the statements of one function."""

    def __init__(self, parameter: str) -> None:
        self._me = parameter

    def block(self, body: Iterable[ast.stmt], depth: int) -> tuple[Step, ...]:
        """The steps of some statements."""
        if depth > MAX_BLOCKS:
            return ()
        return tuple(step for statement in body for step in self._statement(statement, depth))

    def _statement(self, node: ast.stmt, depth: int) -> Iterator[Step]:
        reader = _STATEMENTS.get(type(node), _FunctionReader._simple)
        yield from reader(self, node, depth)

    def _while(self, node: ast.While, depth: int) -> Iterator[Step]:
        yield from self._expression(node.test)
        yield from self._repeated(node, (), depth)

    def _inner_function(self, node: ast.FunctionDef | ast.AsyncFunctionDef, depth: int) -> Iterator[Step]:
        if not takes_parameter(node.args, self._me):
            steps = (*names_of(node.args), *self.block(node.body, depth + 1))
            yield Perhaps("a function inside", steps, may_return=False)

    def _match(self, node: ast.Match, depth: int) -> Iterator[Step]:
        yield from self._expression(node.subject)
        yield from (Perhaps("a case", self.block(case.body, depth + 1), _may_return(case.body)) for case in node.cases)

    def _nothing(self, _node: ast.stmt, _depth: int) -> Iterator[Step]:
        return iter(())

    def _assign(self, node: ast.Assign, _depth: int) -> Iterator[Step]:
        yield from self._expression(node.value)
        for target in node.targets:
            yield from target_steps(target, self._me, node.value)

    def _changed(self, node: ast.AugAssign, _depth: int) -> Iterator[Step]:
        yield from self._expression(node.value)
        if isinstance(node.target, ast.Attribute) and self._is_me(node.target.value):
            yield Read(node.target.attr, (), node.lineno)
        yield from target_steps(node.target, self._me, None)

    def _annotated(self, node: ast.AnnAssign, _depth: int) -> Iterator[Step]:
        if node.value is not None:
            yield from self._expression(node.value)
            yield from target_steps(node.target, self._me, node.value)

    def _simple(self, node: ast.stmt, _depth: int) -> Iterator[Step]:
        for inner in ast.iter_child_nodes(node):
            if isinstance(inner, ast.expr):
                yield from self._expression(inner)
        if isinstance(node, (ast.Return, ast.Raise)):
            yield End()

    def _if(self, node: ast.If, depth: int) -> Iterator[Step]:
        demanded = self._demanded(node)
        if demanded:
            yield Read(demanded, (), node.lineno)
            return
        yield from self._expression(node.test)
        then, other = self.block(node.body, depth + 1), self.block(node.orelse, depth + 1)
        ends = _may_return([*node.body, *node.orelse])
        yield Conditional(node.test, then, other, ends, _is_rare(node.body), _is_rare(node.orelse))

    def _demanded(self, node: ast.If) -> str:
        """The attribute without which an object is refused: `if not hasattr(self, "x"): raise`."""
        test = node.test
        if not (
            isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not) and isinstance(node.body[-1], ast.Raise)
        ):
            return ""
        call = test.operand
        if not is_call_of(call, "hasattr", self._me) or not isinstance(call, ast.Call) or len(call.args) != 2:
            return ""
        name = call.args[1]
        return name.value if isinstance(name, ast.Constant) and isinstance(name.value, str) else ""

    def _loop(self, node: ast.For | ast.AsyncFor, depth: int) -> Iterator[Step]:
        yield from self._expression(node.iter)
        yield from self._repeated(node, target_steps(node.target, self._me, None), depth)

    def _repeated(self, node: ast.For | ast.AsyncFor | ast.While, before: Iterable[Step], depth: int) -> Iterator[Step]:
        yield Perhaps("a loop", (*before, *self.block(node.body, depth + 1)), _may_return(node.body))
        if node.orelse:
            yield Perhaps("the end of a loop", self.block(node.orelse, depth + 1), _may_return(node.orelse))

    def _with(self, node: ast.With | ast.AsyncWith, depth: int) -> Iterator[Step]:
        for item in node.items:
            yield from self._expression(item.context_expr)
            if item.optional_vars is not None:
                yield from target_steps(item.optional_vars, self._me, None)
        body = self.block(node.body, depth + 1)
        contexts = [item.context_expr for item in node.items]
        suppressing = [call for call in contexts if isinstance(call, ast.Call) and last_word(call) == "suppress"]
        if suppressing:
            catches = any(_catches(kind) for call in suppressing for kind in call.args)
            body = (Attempt(body, ((),), (), (), catches=catches, may_return=_may_return(node.body)),)
        yield from body

    def _try(self, node: ast.Try, depth: int) -> Iterator[Step]:
        yield Attempt(
            self.block(node.body, depth + 1),
            tuple(self.block(handler.body, depth + 1) for handler in node.handlers),
            self.block(node.orelse, depth + 1),
            self.block(node.finalbody, depth + 1),
            catches=any(_catches(handler.type) for handler in node.handlers),
            may_return=_may_return([*node.body, *node.orelse, *(s for handler in node.handlers for s in handler.body)]),
        )

    def _expression(self, node: ast.expr) -> tuple[Step, ...]:
        return expression_steps(node, self._me)

    def _is_me(self, node: ast.expr) -> bool:
        return isinstance(node, ast.Name) and node.id == self._me


_STATEMENTS: dict[type, Callable[[_FunctionReader, Any, int], Iterator[Step]]] = {
    ast.If: _FunctionReader._if,
    ast.For: _FunctionReader._loop,
    ast.AsyncFor: _FunctionReader._loop,
    ast.While: _FunctionReader._while,
    ast.With: _FunctionReader._with,
    ast.AsyncWith: _FunctionReader._with,
    ast.Try: _FunctionReader._try,
    getattr(ast, "TryStar", ast.Try): _FunctionReader._try,
    ast.FunctionDef: _FunctionReader._inner_function,
    ast.AsyncFunctionDef: _FunctionReader._inner_function,
    ast.ClassDef: _FunctionReader._nothing,
    ast.Delete: _FunctionReader._nothing,
    ast.Match: _FunctionReader._match,
    ast.Assign: _FunctionReader._assign,
    ast.AugAssign: _FunctionReader._changed,
    ast.AnnAssign: _FunctionReader._annotated,
}


def _catches(kind: ast.expr | None) -> bool:
    """Whether a handler takes AttributeError; what it takes by another name may be it."""
    if kind is None:
        return True
    if isinstance(kind, ast.Tuple):
        return any(_catches(expression) for expression in kind.elts)
    words = dotted(kind)
    is_class = bool(words) and not isinstance(kind, ast.Subscript) and words[-1].endswith(_ENDINGS)
    return not is_class or words[-1] in _CATCHES


def _is_rare(body: Sequence[ast.stmt]) -> bool:
    """Whether statements warn about their own case, or refuse it."""
    if not body:
        return False
    return isinstance(body[-1], ast.Raise) or any(_warns(node) for statement in body for node in ast.walk(statement))


def _warns(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and dotted(node.func)[-1:] == ("warn",)


def _may_return(body: Iterable[ast.stmt]) -> bool:
    """Whether some statement may leave the function without an error."""
    waiting: list[ast.AST] = list(body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Return):
            return True
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.expr)):
            waiting.extend(ast.iter_child_nodes(node))
    return False
