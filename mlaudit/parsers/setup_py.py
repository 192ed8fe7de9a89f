"""setup.py: what is given to `setup()`, as far as its syntax shows; the file is never run."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from itertools import groupby

from mlaudit.document.document import Document
from mlaudit.grammars import python_source, rewriting, waivers
from mlaudit.grammars.pypi import requirement
from mlaudit.grammars.pypi.selected import of_itself
from mlaudit.grammars.python_value_nouns import File, Text, Unknown, Value
from mlaudit.grammars.python_values import Scope
from mlaudit.model.lazy_pattern import lazy_pattern
from mlaudit.model.names import normalized
from mlaudit.model.nouns import Include, Kind, Layer, Statement
from mlaudit.model.scope import PinScope
from mlaudit.parsers._registry import parser

_SNIFFED = lazy_pattern(rb"(?m)^[ \t]*(?:setuptools\.|distutils\.core\.|core\.)?setup\s*\(")
_GROUPS = {"install_requires": (), "requires": (), "setup_requires": ("build-system",), "tests_require": ("test",)}


def _looks_like_it(doc: Document) -> bool:
    head = doc.head
    return _SNIFFED.search(head) is not None and (b"setuptools" in head or b"distutils" in head)


rewrite = rewriting.requirement
"""How a version in it is replaced."""


@parser(
    kind="manifest", files=["setup.py"], content=_looks_like_it, marks=[b"setuptools", b"distutils"], suggested=True
)
def read(doc: Document) -> Iterator[Statement]:
    """Requirements, those of extras, and the range of Pythons, of every call of `setup()`."""
    yield from waivers.in_comments(doc)
    tree = python_source.parsed(doc)
    calls = list(_setup_calls(tree.body))
    if not calls:
        yield doc.unread("it does not call `setup()`, which states what is required")
    module = Scope()
    module.run(tree.body)
    for function, within in groupby(calls, key=lambda call_and_function: call_and_function[1]):
        scope = module
        if function is not None:
            scope = module.copied()
            scope.run(function.body)
        for call, _ in within:
            yield from _given(doc, call, scope)


def _setup_calls(
    body: list[ast.stmt], function: ast.FunctionDef | None = None
) -> Iterator[tuple[ast.Call, ast.FunctionDef | None]]:
    """Calls of `setup`, each with the function around it."""
    for statement in body:
        if isinstance(statement, ast.FunctionDef) and function is None:
            yield from _setup_calls(statement.body, statement)
        elif not isinstance(statement, (ast.FunctionDef, ast.ClassDef)):
            for node in ast.walk(statement):
                if isinstance(node, ast.Call) and _is_setup(node.func):
                    yield node, function


def _is_setup(function: ast.expr) -> bool:
    if isinstance(function, ast.Attribute):
        return function.attr == "setup" and isinstance(function.value, (ast.Name, ast.Attribute))
    return isinstance(function, ast.Name) and function.id == "setup"


def _given(doc: Document, call: ast.Call, scope: Scope) -> Iterator[Statement]:
    keywords: dict[str, Value] = {}
    for keyword in call.keywords:
        value = scope.value(keyword.value)
        if keyword.arg is not None:
            keywords[keyword.arg] = value
        elif isinstance(value, dict):
            keywords.update(value)
        else:
            yield _unknown(doc, value, keyword.value, "`**`")
    own = keywords.get("name")
    name = own.text if isinstance(own, Text) else None
    for key, groups in _GROUPS.items():
        if key in keywords:
            stated = _requirements(doc, keywords[key], key, PinScope(groups=groups))
            yield from (of_itself(statement, name) for statement in stated)
    if "extras_require" in keywords:
        yield from (of_itself(extra, name) for extra in _extras(doc, keywords["extras_require"]))
    if "python_requires" in keywords:
        yield _python(doc, keywords["python_requires"])


def _unknown(doc: Document, value: Value, node: ast.AST, key: str) -> Statement:
    why = value.why if isinstance(value, Unknown) else "expected a text or a list of them"
    stated = value.node if isinstance(value, Unknown) else node
    at, source = python_source.place(doc, stated), python_source.written(doc, stated)
    return doc.unread(f"{key}: {why}", at, what=source.partition("\n")[0] or key)


def _python(doc: Document, value: Value) -> Statement:
    if isinstance(value, Text):
        at = python_source.place(doc, value.node)
        return doc.pin(Layer.DECLARED, "python", specifier=value.text.strip(), kind=Kind.PYTHON, at=at)
    return _unknown(doc, value, _any_node(value), "python_requires")


def _any_node(value: Value) -> ast.AST:
    return value.node if isinstance(value, (Text, File, Unknown)) else ast.Pass()


def _extras(doc: Document, value: Value) -> Iterator[Statement]:
    """Requirements per extra; a key may go on with a marker, `test:python_version<'3.8'`."""
    if not isinstance(value, dict):
        yield _unknown(doc, value, _any_node(value), "extras_require")
        return
    for key, members in value.items():
        extra, _, marker = key.partition(":")
        under = (normalized(extra),) if extra.strip() else ()
        scope = PinScope(marker=marker.strip() or None, under_extras=under)
        yield from _requirements(doc, members, f"extras_require {key}".strip(), scope)


def _requirements(doc: Document, value: Value, key: str, scope: PinScope) -> Iterator[Statement]:
    for member in value if isinstance(value, list) else [value]:
        if isinstance(member, Text):
            at = python_source.place(doc, member.node)
            for line in member.text.splitlines():
                plain = line.partition(" #")[0].strip()
                if plain and not plain.startswith("#"):
                    yield requirement.pin(doc, plain, at, scope=scope)
        elif isinstance(member, File):
            at = python_source.place(doc, member.node)
            yield Include(
                target=member.target,
                at=at,
                format="requirements",
                groups=scope.groups,
                under_extras=scope.under_extras,
            )
        else:
            yield _unknown(doc, member, _any_node(member), key)
