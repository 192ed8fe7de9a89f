"""Notebooks of Jupyter and Databricks, scripts of IPython: what their cells install, and what the kernel recorded."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from itertools import accumulate

from mlaudit.document.document import Document
from mlaudit.document.node import Malformed, Node
from mlaudit.grammars import python_installs, rewriting
from mlaudit.grammars.notebook_cells import (
    ASSIGNED_MAGIC,
    MAGIC_LINE,
    cell_source,
    code_cells,
    logical_lines,
    without_magics,
)
from mlaudit.grammars.pypi.python_text import release
from mlaudit.grammars.shell.install_command import statements
from mlaudit.grammars.shell.recipe import Recipe
from mlaudit.grammars.shell.script_text import Script, stretch, whole_text
from mlaudit.model.errors import Unreadable
from mlaudit.model.lazy_pattern import lazy_pattern
from mlaudit.model.nouns import LAST_KERNEL, Kind, Layer, Place, Statement, Unread
from mlaudit.model.scope import PinScope
from mlaudit.parsers._registry import parser

_CELLS = lazy_pattern(rb'"(?:cells|worksheets)"\s*:\s*\[')
_FORMAT = lazy_pattern(rb'"nbformat"\s*:\s*\d')
_DATABRICKS = b"# Databricks notebook source"
_OTHER_ENVIRONMENT = lazy_pattern(r"\b(?:conda|mamba|micromamba)[ \t]+env[ \t]+(?:create|update)\b")
"""What makes an environment for others; the kernel of the notebook stays as it is."""
_CALLS = lazy_pattern(
    r"system\(|subprocess|check_call|run_line_magic|run_cell_magic|micropip|piplite|pip\.main|Popen|runtime_env|packages_to_install"
)
_SHELL_CELL = lazy_pattern(r"\s*%%(?:bash|sh|script[ \t]+(?:ba)?sh|system|!)\b[^\n]*\n")
_WRITTEN_CELL = lazy_pattern(r"\s*%%(?:writefile|file)[ \t]+(?:-a[ \t]+)?[\"']?([^\s\"']{1,1024})[\"']?[ \t]*\n")
_INSTALLED = lazy_pattern(r"^Successfully installed (.{1,65536})$", re.MULTILINE)
_NAME_VERSION = lazy_pattern(r"([A-Za-z0-9][\w.-]{0,128}?)-(\d[\w.!+]{0,64})$")
_DATABRICKS_LINE = lazy_pattern(r"^# MAGIC[ \t]+%(?:(?=pip\b|conda\b|uv\b)|sh[ \t]+)([^\n]*)", re.MULTILINE)


def _looks_like_it(doc: Document) -> bool:
    if doc.head.startswith(_DATABRICKS):
        return True
    return (
        doc.head.lstrip()[:1] == b"{" and _CELLS.search(doc.head) is not None and _FORMAT.search(doc.data) is not None
    )


rewrite = rewriting.in_recipe
"""How a version in it is replaced, in commands, lists and tags of images."""


@parser(
    kind="aside",
    files=["*.ipynb", "*.ipy"],
    content=_looks_like_it,
    starts=[_DATABRICKS],
    marks=[b'"cells"', b'"worksheets"'],
)
def read(doc: Document) -> Iterator[Statement]:
    """`%pip`, `!pip`, `%conda`, `%%bash` of every code cell; installs that its output confirms are `installed`."""
    if doc.head.startswith(_DATABRICKS):
        yield from _databricks(doc)
        return
    if doc.path.lower().endswith(".ipy"):
        yield from _installs(whole_text(doc), Recipe(doc, values=doc.defines))
        return
    if not doc.text.strip():
        raise Unreadable("it is empty; a notebook has a list `cells`")
    root = doc.json_outline
    if not root.is_table or not (root.get("cells").exists or root.get("worksheets").exists):
        raise Unreadable("it has no list `cells`, which every notebook has")
    recipe = Recipe(doc, values=doc.defines)
    yield from _python(doc, root)
    for cell in code_cells(doc):
        if isinstance(cell, Unread):
            yield cell
            continue
        try:
            yield from _cell(doc, recipe, cell)
        except Malformed as error:
            yield doc.unread(str(error), doc.at(*error.route))


def _python(doc: Document, root: Node) -> Iterator[Statement]:
    """The Python of the kernel that last ran the notebook."""
    info = root.dig("metadata", "language_info")
    version = info.get("version") if info.is_table else info
    if version.is_text and info.get("name").value in ("python", "ipython", None) and release(version.text()):
        at = doc.at(*version.route)
        yield doc.pin(Layer.INSTALLED, "python", release(version.text()), at=at, kind=Kind.PYTHON, detail=LAST_KERNEL)


def _cell(doc: Document, recipe: Recipe, cell: Node) -> Iterator[Statement]:
    source = cell.get("source") if cell.get("source").exists else cell.get("input")
    script = cell_source(doc, source)
    before = recipe.step
    yield from _installs(script, recipe)
    if recipe.step > before or "pip install" in script.text:
        yield from _confirmed(doc, recipe, cell.get("outputs"))


def _installs(script: Script, recipe: Recipe) -> Iterator[Statement]:
    shell_cell = _SHELL_CELL.match(script.text)
    if shell_cell:
        yield from statements(script.cut(shell_cell.end(), len(script.text)), recipe)
        return
    written = _WRITTEN_CELL.match(script.text)
    if written:
        recipe.written[recipe.path(written.group(1))] = script.cut(written.end(), len(script.text))
        return
    for start, end in logical_lines(script.text):
        line = script.text[start:end]
        match = MAGIC_LINE.match(line) or ASSIGNED_MAGIC.match(line)
        if match and not _OTHER_ENVIRONMENT.search(line):
            yield from statements(script.cut(start + match.end(), end), recipe)
    if _CALLS.search(script.text):
        yield from python_installs.read(without_magics(script), recipe, builders=False)


def _confirmed(doc: Document, recipe: Recipe, outputs: Node) -> Iterator[Statement]:
    """`Successfully installed torch-2.3.1 ...` in the output of a cell."""
    for output in outputs.each():
        text = output.get("text")
        members = list(text.each()) if text.is_list else [text]
        parts = [member.maybe_text() or "" for member in members]
        starts = [0, *accumulate(map(len, parts))]
        for match in _INSTALLED.finditer("".join(parts)):
            member = members[bisect_right(starts, match.start()) - 1]
            yield from _named(doc, recipe, match.group(1).split(), doc.at(*member.route))


def _named(doc: Document, recipe: Recipe, words: Iterable[str], at: Place) -> Iterator[Statement]:
    for word in words:
        match = _NAME_VERSION.fullmatch(word)
        if match is None:
            yield doc.unread("expected `name-version`, as pip prints what it installed", at, what=word)
            continue
        yield doc.pin(
            Layer.INSTALLED,
            match.group(1),
            match.group(2),
            at=at,
            scope=PinScope(step=recipe.step),
            detail="in the output of the cell",
        )


def _databricks(doc: Document) -> Iterator[Statement]:
    recipe = Recipe(doc, values=doc.defines)
    for match in _DATABRICKS_LINE.finditer(doc.text):
        line = stretch(doc, match.start(1), match.end(1))
        yield from statements(line, recipe)
