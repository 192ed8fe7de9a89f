"""The Python of a project: .python-version, runtime.txt, .tool-versions and pyvenv.cfg."""

from __future__ import annotations

import re
from collections.abc import Iterator

from mlaudit.document.document import Document
from mlaudit.grammars import rewriting
from mlaudit.grammars.variables import is_template
from mlaudit.model import versions
from mlaudit.model.errors import Unreadable
from mlaudit.model.lazy_pattern import lazy_pattern
from mlaudit.model.nouns import Kind, Layer, Pin, Statement, Unread
from mlaudit.parsers._registry import parser

MAX_LINES = 10000
"""Lines that are looked at."""

# `t` marks the free-threaded build; uv's long names end in the platform.
_VERSION = lazy_pattern(
    r"(?:c?python-?|py)?(?P<version>[0-9]{1,3}(?:\.[0-9]{1,3}){0,2}(?:(?:a|b|rc)[0-9]{1,3}|-dev)?)t?(?:-[a-z].{0,64})?",
    re.IGNORECASE,
)
_OTHER = lazy_pattern(
    r"(?P<implementation>pypy|graalpy|miniconda|mambaforge|anaconda|miniforge)[0-9.]{0,8}-?.{0,64}", re.IGNORECASE
)
_RANGE = lazy_pattern(r"(?:[<>=!~]=?=?\s{0,4}[0-9][0-9.*]{0,16}\s{0,4},?\s{0,4}){1,8}")
_VENV_KEYS = ("version", "version_info")


rewrite = rewriting.literals
"""How a version in it is replaced."""


@parser(kind="hint", files=[".python-version", "runtime.txt", ".tool-versions", "pyvenv.cfg", ".python-versions"])
def read(doc: Document) -> Iterator[Statement]:
    """One pin of Python; where several versions are, the first is the one that is used."""
    name = doc.path.rpartition("/")[2].lower()
    statements = _venv(doc) if name == "pyvenv.cfg" else _tools(doc) if name == ".tool-versions" else _lines(doc)
    first = next(iter(statements), None)
    if first is not None:
        yield first
    elif name != ".tool-versions":
        raise Unreadable("it names no version of Python")


def _content(doc: Document) -> Iterator[tuple[int, int, str]]:
    """Line number, offset and text of every line, comments cut off."""
    offset = 0
    lines = doc.text.split("\n")
    if len(lines) > MAX_LINES:
        raise Unreadable(f"it has {len(lines)} lines; at most {MAX_LINES} are read")
    for number, raw in enumerate(lines, start=1):
        text = raw.partition("#")[0]
        if text.strip():
            yield number, offset + len(text) - len(text.lstrip()), text.strip()
        offset += len(raw) + 1


def _lines(doc: Document) -> Iterator[Pin | Unread]:
    for number, start, text in _content(doc):
        yield _python(doc, text, number, start, Layer.DECLARED)


def _tools(doc: Document) -> Iterator[Pin | Unread]:
    """The line `python 3.11.7` among those of other tools."""
    for number, start, text in _content(doc):
        words = text.split()
        if words[0] == "python" and len(words) > 1:
            yield _python(doc, words[1], number, start + text.index(words[1], len("python")), Layer.DECLARED)


def _venv(doc: Document) -> Iterator[Pin | Unread]:
    """`version = 3.11.7`, as venv writes it, or `version_info`, as virtualenv and uv do."""
    for number, start, text in _content(doc):
        key, equals, value = text.partition("=")
        if equals and key.strip() in _VENV_KEYS:
            plain = value.strip()
            release = ".".join(plain.split(".")[:3])
            yield _python(doc, release, number, start + text.rindex(plain), Layer.INSTALLED)


def _python(doc: Document, text: str, number: int, start: int, layer: Layer) -> Pin | Unread:
    column = start - (doc.text.rfind("\n", 0, start) + 1) + 1
    at = doc.place(number, column, start, start + len(text))
    match = _VERSION.fullmatch(text)
    if match and "." not in match["version"]:
        return doc.pin(layer, "python", specifier=f"=={match['version']}.*", kind=Kind.PYTHON, at=at)
    if match and versions.parsed(match["version"]) is not None:
        return doc.pin(layer, "python", match["version"], kind=Kind.PYTHON, at=at)
    if _RANGE.fullmatch(text):
        return doc.pin(layer, "python", specifier=text, kind=Kind.PYTHON, at=at)
    if _OTHER.fullmatch(text):
        return doc.unread("it names another implementation than CPython", at, what=text, package="python")
    expected = "a version of Python was expected, like `3.11` or `3.11.7`"
    return doc.unread(expected, at, what=text, package="python", template=is_template(text))
