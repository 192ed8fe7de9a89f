"""The worked examples for contributors: each page is played in a copy of the package, which is thrown away."""

from __future__ import annotations

import ast
import os
import re
import shutil
from pathlib import Path

import pytest

from tests.checkout import ROOT
from tests.played import ADDED, blocks, play

FOLDER = ROOT / "docs" / "contributing"
EXAMPLES = sorted(FOLDER.glob("add-*.md"))
REGENERATE = os.environ.get("MLAUDIT_REGENERATE") == "1"


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("bash") is None, reason="the pages use bash")
@pytest.mark.parametrize("page", EXAMPLES, ids=lambda page: page.stem)
def test_an_example_works_in_a_copy_of_the_package(page: Path, tmp_path: Path) -> None:
    played = play(page.read_text(encoding="utf-8"), tmp_path, with_package=True)
    if REGENERATE:
        page.write_text(played, encoding="utf-8")
    assert played == page.read_text(encoding="utf-8")


def test_there_is_an_example_of_everything_that_is_added() -> None:
    assert [page.stem for page in EXAMPLES] == [
        f"add-a-{word}" for word in ("battery", "command", "fact", "format", "report", "rule")
    ]


@pytest.mark.parametrize("page", EXAMPLES, ids=lambda page: page.stem)
def test_an_example_leaves_nothing_behind_and_shows_that_it_works(page: Path) -> None:
    shown = list(blocks(page.read_text(encoding="utf-8")))
    new = [one.title for one in shown if one.title and one.title.startswith("mlaudit/")]
    added = [one.title.removeprefix(ADDED) for one in shown if one.title and one.title.startswith(ADDED)]
    assert new or added
    assert [title for title in new if (ROOT / title).exists()] == []
    assert [title for title in added if not (ROOT / title).is_file()] == []
    assert any(one.language == "console" and "$ mlaudit" in one.body for one in shown)


def test_architecture_describes_every_folder_and_module_of_the_package() -> None:
    text = (FOLDER / "architecture.md").read_text(encoding="utf-8")
    told = set(re.findall(r"^\| `([\w./]+)`", text, re.MULTILINE))
    top = {path.name + "/" for path in (ROOT / "mlaudit").iterdir() if path.is_dir() and path.name != "__pycache__"}
    modules = {path.name for path in (ROOT / "mlaudit").glob("*.py")}
    assert top | modules <= told
    assert {name for name in told if name.endswith((".py", "/"))} <= top | modules


def test_the_glossary_names_classes_and_functions_that_there_are() -> None:
    text = (FOLDER / "architecture.md").read_text(encoding="utf-8").partition("## Glossary")[2].partition("\n## ")[0]
    terms = re.findall(r"\(`([\w.]+)\.(\w+)`\)", text)
    assert len(terms) > 10
    for module, name in terms:
        path = ROOT / "mlaudit" / f"{module.replace('.', '/')}.py"
        if (ROOT / "mlaudit" / module.replace(".", "/") / f"{name}.py").is_file():
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"))
        defined = {node.name for node in tree.body if isinstance(node, (ast.ClassDef, ast.FunctionDef))}
        assert name in defined, f"{module}.{name}"


def test_paths_that_the_pages_name_are_there() -> None:
    for page in FOLDER.glob("*.md"):
        for path in re.findall(
            r"`((?:mlaudit|tests|fixtures|docs|benchmarks)/[\w./-]*)`", page.read_text(encoding="utf-8")
        ):
            invented = ("pinbox", "MLA599")
            assert any(word in path for word in invented) or (ROOT / path).exists(), f"{page.name}: {path}"
