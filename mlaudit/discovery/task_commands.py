"""What commands that run tasks stand for: stages of dvc.yaml, targets of a Makefile, entry points of an MLproject.

https://dvc.org/doc/command-reference/repro, https://mlflow.org/docs/latest/ml/projects/
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Sequence
from contextlib import suppress

from mlaudit.discovery.recipes import AuditedTree
from mlaudit.document.budget import BudgetExceeded, document_budget
from mlaudit.document.node import Malformed, Node
from mlaudit.grammars.shell.make_targets import targets
from mlaudit.grammars.shell.shell_commands import commands
from mlaudit.model.errors import Unreadable
from mlaudit.model.lazy_pattern import lazy_pattern

MAX_STAGES = 300
"""Stages, targets or entry points of one file that are followed."""
MAX_TEXT = 256 * 1024
"""Characters of one such file."""
Words = tuple[str, ...]

_LAUNCHERS = ("poetry", "uv", "pipenv", "pdm", "hatch", "run", "sudo", "exec")
_MAKEFILES = ("Makefile", "makefile", "GNUmakefile")
_PLACEHOLDER = lazy_pattern(r"\$\{[^{}]{0,200}\}")


def commands_behind(words: Sequence[str], folder: str, tree: AuditedTree) -> list[Words]:
    """The commands that a task runner runs in a folder of the tree; none where it is no such runner."""
    rest = list(words)
    while rest and rest[0] in _LAUNCHERS:
        rest.pop(0)
    # The parser of the format shows what is wrong with a file that cannot be read.
    with document_budget(), suppress(Unreadable, Malformed, BudgetExceeded):
        if rest[:1] == ["dvc"] and rest[1:2] in (["repro"], ["exp"]):
            return list(_of_stages(posixpath.normpath(posixpath.join(folder, "dvc.yaml")), tree))
        if rest[:1] == ["make"]:
            named = [word for word in rest[1:] if not word.startswith("-") and "=" not in word]
            return list(_of_targets(folder, named, tree))
        if rest[:2] == ["mlflow", "run"]:
            return list(_of_project(posixpath.normpath(posixpath.join(folder, *_project(rest))), tree))
    return []


def _of_stages(path: str, tree: AuditedTree) -> Iterator[Words]:
    """All stages: those that are not named may be needed by those that are."""
    document = tree.document(path) if path in tree.paths else None
    stages = document.yaml.get("stages") if document is not None else Node(None)
    for number, (_, stage) in enumerate(stages.items() if stages.is_table else ()):
        if number >= MAX_STAGES:
            return
        inner = stage.get("do") if stage.is_table and stage.get("do").is_table else stage
        stated = inner.get("cmd") if inner.is_table else Node(None)
        where = inner.get("wdir").maybe_text() if inner.is_table else None
        for line in stated.each() if stated.is_list else [stated]:
            if line.is_text:
                yield from _in_folder(_PLACEHOLDER.sub("VALUE", line.text()), where or "")


def _in_folder(text: str, folder: str = "") -> Iterator[Words]:
    """The commands of a text, with their scripts as seen from the folder around the one in which they run."""
    for command in commands(text, {}):
        words = tuple(word.text for word in command.words)
        scripts = (posixpath.normpath(posixpath.join(folder, word)) if word.endswith(".py") else word for word in words)
        yield tuple(scripts)


def _of_targets(folder: str, named: Sequence[str], tree: AuditedTree) -> Iterator[Words]:
    paths = (posixpath.normpath(posixpath.join(folder, name)) for name in _MAKEFILES)
    path = next((path for path in paths if path in tree.paths), None)
    document = tree.document(path) if path is not None else None
    if document is None or document.size > MAX_TEXT:
        return
    known = targets(document.text)
    for name in named or list(known)[:1]:
        for line in known.get(name, ()):
            yield from _in_folder(line.text)


def _project(words: Sequence[str]) -> Sequence[str]:
    """The folder that `mlflow run` names; none if it is the one in which it is run."""
    return [word for word in words[2:] if not word.startswith("-") and "://" not in word][:1]


def _of_project(folder: str, tree: AuditedTree) -> Iterator[Words]:
    path = posixpath.normpath(posixpath.join(folder, "MLproject"))
    document = tree.document(path) if path in tree.paths else None
    points = document.yaml.get("entry_points") if document is not None else Node(None)
    for number, (_, point) in enumerate(points.items() if points.is_table else ()):
        stated = point.get("command") if point.is_table else Node(None)
        if number < MAX_STAGES and stated.is_text:
            yield from _in_folder(stated.text().replace("{", "").replace("}", ""), folder)
