"""Functions and classes of a module by their normalized syntax: whether two copies still do the same."""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterator
from itertools import islice

from mlaudit.code.nouns import Definition, ModuleReading
from mlaudit.model.nouns import Place

MAX_NODES = 20_000
"""Nodes of one definition; of a larger one no digest is made."""

_IGNORED = frozenset(("annotation", "returns", "ctx", "kind", "type_params"))


def definitions(module: ModuleReading) -> dict[str, Definition]:
    """Functions, classes and methods by their qualified names; of several of one name the last one counts.

    The digest leaves out comments, layout, docstrings and annotations: what is left decides what the code does.
    """
    source = module.source
    by_name: dict[str, Definition] = {}
    for scope in source.scopes if source is not None else ():
        if scope.kind == "module" or source is None:
            continue
        digest = _digest(scope.node)
        if digest:
            place = Place(path=source.path, line=source.line(scope.point.line))
            by_name[scope.qualified_name] = Definition(name=scope.qualified_name, digest=digest, at=place)
    return by_name


def definition_words(module: ModuleReading) -> dict[str, list[str]]:
    """The normalized syntax of each function by its qualified name, in words that can be compared with another's."""
    source = module.source
    functions = [scope for scope in source.scopes if scope.kind == "function"] if source is not None else []
    return {scope.qualified_name: list(islice(_words(scope.node), MAX_NODES)) for scope in functions}


def _digest(node: ast.AST) -> str:
    words: list[str] = []
    for word in _words(node):
        words.append(word)
        if len(words) > MAX_NODES:
            return ""
    return hashlib.sha256(b"\0".join(word.encode() for word in words)).hexdigest()


def _words(node: ast.AST) -> Iterator[str]:
    """The tree in order, written with brackets so that its shape counts; no recursion."""
    waiting: list[object] = [node]
    while waiting:
        part = waiting.pop()
        if isinstance(part, ast.AST):
            yield f"({type(part).__name__}"
            waiting.append(")")
            waiting.extend(reversed([value for name, value in _fields(part) if value is not None]))
        elif isinstance(part, list):
            yield "["
            waiting.append("]")
            waiting.extend(reversed(part))
        else:
            yield part if part in (")", "]") else repr(part)


def _fields(node: ast.AST) -> Iterator[tuple[str, object]]:
    for name, value in ast.iter_fields(node):
        if name in _IGNORED:
            continue
        if name == "body" and isinstance(value, list):
            yield name, _without_docstring(value)
        else:
            yield name, value


def _without_docstring(body: list[ast.stmt]) -> list[ast.stmt]:
    first = body[0] if body else None
    if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str):
        return body[1:]
    return body
