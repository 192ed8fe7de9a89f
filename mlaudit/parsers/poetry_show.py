"""The output of `poetry show`: its table, `--tree`, `--format json`, and the description of one package.

Source: https://python-poetry.org/docs/cli/#show. It shows the versions of the lock; `(!)` marks what is not installed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from mlaudit.document.document import Document
from mlaudit.grammars.dump_text import DumpLine, lines
from mlaudit.model.errors import Unreadable
from mlaudit.model.lazy_pattern import lazy_pattern
from mlaudit.model.names import package_of
from mlaudit.model.nouns import Layer, Place, Statement
from mlaudit.model.versions import parsed
from mlaudit.parsers._registry import parser

_ROW = lazy_pattern(
    r"(?P<name>[A-Za-z0-9][\w.-]{0,200}) {1,200}(?P<absent>\(!\) {1,200})?"
    r"(?P<version>v?\d[^\s]{0,127})(?: {1,200}.{0,2000})?"
)
_BRANCH = lazy_pattern(r"[\s│|]{0,1000}(?:[├└]──|\|--|`--) .{1,1000}")
_FIELD = lazy_pattern(r"(?P<key>name|version|description) {0,40}: {0,8}(?P<value>.{0,2000})")
_ITEM = lazy_pattern(r"- [A-Za-z0-9].{0,1000}|dependencies|required by")
_JSON = lazy_pattern(rb'"installed_status"\s{0,8}:')


def _looks_like_it(doc: Document) -> bool:
    """Only the JSON is recognized by its content; rows of names, versions and words could be anything."""
    return doc.head.lstrip()[:1] == b"[" and _JSON.search(doc.head) is not None


@parser(kind="dump", files=["poetry-show*", "poetry_show*"], content=_looks_like_it, marks=[b'"installed_status"'])
def read(doc: Document) -> Iterator[Statement]:
    """Every package that is shown."""
    text = doc.text.lstrip()
    if not text:
        raise Unreadable("it is empty; `poetry show` prints rows like `numpy 1.26.4 Fundamental package`")
    if text.startswith("["):
        yield from _json(doc)
    elif re.match(r" {0,8}name {1,40}: ", doc.text):
        yield from _one(doc)
    else:
        for line in lines(doc):
            yield from _row(doc, line)


def _statement(doc: Document, name: str, version: str, at: Place, *, installed: bool = True) -> Statement:
    if parsed(version) is None:
        why = f"`{version[:80]}` is no version (PEP 440)"
        return doc.unread(why, at, what=f"{name} {version}", package=package_of(name))
    if installed:
        return doc.pin(Layer.INSTALLED, name, version, at=at)
    return doc.pin(Layer.LOCKED, name, version, at=at, detail="in the lock, not installed")


def _row(doc: Document, line: DumpLine) -> Iterator[Statement]:
    """A row of the table or a root of the tree; the branches of a tree show ranges, which the lock has met."""
    if _BRANCH.fullmatch(line.text):
        return
    match = _ROW.fullmatch(line.text)
    if match is None:
        yield doc.unread("expected `name version description`, as `poetry show` prints it", line.at(), what=line.text)
        return
    at = line.of(match, "version")
    yield _statement(doc, match["name"], match["version"], at, installed=match["absent"] is None)


def _json(doc: Document) -> Iterator[Statement]:
    for node in doc.json.each():
        yield from doc.guarded(
            [node],
            lambda entry: (
                _statement(
                    doc,
                    entry.get("name").text(),
                    entry.get("version").text(),
                    doc.at(*entry.route, "version"),
                    installed=entry.get("installed_status").maybe_text() != "not-installed",
                ),
            ),
        )


def _one(doc: Document) -> Iterator[Statement]:
    """` name : numpy` and ` version : 1.26.4`, then what it needs and what needs it."""
    name = ""
    for line in lines(doc):
        match = _FIELD.fullmatch(line.text)
        if match is None:
            if not _ITEM.fullmatch(line.text):
                yield doc.unread("expected a field like `version : 1.26.4`", line.at(), what=line.text)
        elif match["key"] == "name":
            name = match["value"].strip()
        elif match["key"] == "version":
            yield _statement(doc, name, match["value"].strip(), line.of(match, "value"))
