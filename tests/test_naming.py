"""One class name per idea, and variables whose names say which value they hold."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator

from tests.checkout import ROOT

SAYING_NOTHING = {"found", "one", "told", "held", "said", "got", "thing"}
PUBLIC = {"mlaudit/model/report.py", "mlaudit/request/audit_request.py"}
"""`Report.found` is a public attribute, and the request has the same."""


def modules() -> Iterator[tuple[str, ast.Module]]:
    """Path and tree of each module of the package, without batteries: their classes stand for a user's own."""
    for path in sorted((ROOT / "mlaudit").rglob("*.py")):
        if path.parent.name != "batteries":
            yield path.relative_to(ROOT).as_posix(), ast.parse(path.read_text(encoding="utf-8"))


def bound_name(node: ast.AST) -> str | None:
    """The name that a node of a tree binds to a value or a function, if any."""
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
        return node.id
    if isinstance(node, ast.arg):
        return node.arg
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
        return node.name
    return None


def test_no_two_classes_share_a_name() -> None:
    """A leading underscore is left aside."""
    places: dict[str, list[str]] = defaultdict(list)
    for path, tree in modules():
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef):
                places[node.name.lstrip("_")].append(f"{path}:{node.lineno}")
    assert len(places) > 100
    assert {name: where for name, where in places.items() if len(where) > 1} == {}


def test_names_of_variables_say_something() -> None:
    bound = [
        (f"{path}:{getattr(node, 'lineno', 0)}", name)
        for path, tree in modules()
        for node in ast.walk(tree)
        if (name := bound_name(node)) is not None
    ]
    assert len(bound) > 10_000
    assert [
        f"{where} {name}" for where, name in bound if name in SAYING_NOTHING and where.partition(":")[0] not in PUBLIC
    ] == []
