"""A wheelhouse: a folder of wheels and source archives, as `pip download` and `pip wheel` fill it.

File names: https://packaging.python.org/en/latest/specifications/binary-distribution-format/ and
https://packaging.python.org/en/latest/specifications/source-distribution-format/
"""

from __future__ import annotations

from collections.abc import Iterator

from mlaudit.document.document import Document
from mlaudit.grammars.pypi import requirement
from mlaudit.model.errors import Unreadable
from mlaudit.model.names import package_of
from mlaudit.model.nouns import Layer, Place, Statement
from mlaudit.model.versions import parsed
from mlaudit.parsers._registry import parser

MAX_NAME = 512
"""Characters of a file name; a longer one is not read."""


def _looks_like_it(doc: Document) -> bool:
    return doc.tree is not None and any(name.lower().endswith(".whl") for name in doc.tree.list())


@parser(kind="list", content=_looks_like_it, access="tree")
def read(doc: Document) -> Iterator[Statement]:
    """Every archive, by its name alone; one package may be there in several versions and for several platforms."""
    if doc.tree is None:
        raise Unreadable("a folder of wheels was expected")
    names = list(doc.tree.list(deep=False))
    if not names:
        raise Unreadable("it contains no wheel and no source archive")
    names_listed: set[tuple[str, str]] = set()
    for name in names:
        name_version = requirement.name_and_version(name) if len(name) <= MAX_NAME else None
        if name_version is None or name_version not in names_listed:
            yield _archive(doc, name, name_version)
        if name_version is not None:
            names_listed.add(name_version)


def _archive(doc: Document, name: str, name_version: tuple[str, str] | None) -> Statement:
    at = Place(path=f"{doc.path}/{name[:MAX_NAME]}")
    if name_version is None:
        return doc.unread("expected a name like `numpy-1.26.4-cp311-cp311-manylinux_2_17_x86_64.whl`", at, what=name)
    project, version = name_version
    if parsed(version) is None:
        why = f"`{version[:80]}` is no version (PEP 440)"
        return doc.unread(why, at, what=name, package=package_of(project))
    return doc.pin(Layer.LOCKED, project, version, at=at, source="path")
