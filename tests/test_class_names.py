"""One class name per idea: two classes of the package never share a name, a leading underscore left aside."""

from __future__ import annotations

import ast
from collections import defaultdict

from tests.checkout import ROOT


def test_no_two_classes_share_a_name() -> None:
    places: dict[str, list[str]] = defaultdict(list)
    for path in sorted((ROOT / "mlaudit").rglob("*.py")):
        if path.parent.name == "batteries":
            # Their classes are what is pickled, and stand for a user's own.
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef):
                places[node.name.lstrip("_")].append(f"{path.relative_to(ROOT).as_posix()}:{node.lineno}")
    assert len(places) > 100
    assert {name: found for name, found in places.items() if len(found) > 1} == {}
