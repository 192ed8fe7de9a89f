"""The methods that some sources call on objects other than their own: what serving does to the models it has loaded."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from mlaudit.code.package.classes import builtin_members, is_own
from mlaudit.code.package.source import parsed_tree

_PLAIN = ("dict", "list", "str", "bytes", "set", "int", "float")
"""Classes of Python itself whose methods any source calls; lists have those of tuples."""


def called_methods(sources: Iterable[bytes]) -> frozenset[str]:
    """The names of methods that are called on anything but `self`, those of Python's own containers and texts aside."""
    plain = {name for type_name in _PLAIN for name in builtin_members(type_name) or ()}
    return frozenset(name for data in sources for name in _called(data) if name not in plain)


def _called(data: bytes) -> Iterator[str]:
    tree = parsed_tree(data)
    for node in ast.walk(tree) if tree is not None else ():
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and not is_own(node.func.value):
            yield node.func.attr
