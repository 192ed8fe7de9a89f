"""What conda locks state of dependencies: `depends` of pixi.lock, `dependencies` of conda-lock.yml."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Sequence

from mlaudit.document.document import Document
from mlaudit.document.node import Malformed, Node
from mlaudit.grammars.pypi.installed_text import edges
from mlaudit.model.lazy_dataclass import replace
from mlaudit.model.names import normalized
from mlaudit.model.nouns import Edge, Pin

GRAPHS = ("pixi-lock", "conda-lock")
"""Formats whose parsers give pins without their requirements."""

_Release = tuple[str, str]


def with_conda_edges(pins: Sequence[Pin], document: Document) -> tuple[Pin, ...]:
    """Pins with the requirements that the lock states of their releases; those of all platforms together."""
    stated: dict[_Release, dict[Edge, None]] = {}
    packages = document.yaml.get("packages")
    if not packages.exists:
        packages = document.yaml.get("package")
    for package in packages.each() if packages.is_list else ():
        try:
            release = _release(package)
            if release is not None:
                stated.setdefault(release, {}).update(dict.fromkeys(_edges(package)))
        except Malformed:
            # The parser of the lock states what is wrong with an entry.
            continue
    return tuple(
        replace(pin, requires=tuple(stated.get((normalized(pin.name), pin.version or ""), ()))) for pin in pins
    )


def _release(package: Node) -> _Release | None:
    """Name and version of an entry; pixi leaves them to the name of the archive."""
    if not package.is_table:
        return None
    name, version = package.get("name").maybe_text(), package.get("version").maybe_text()
    archive = posixpath.basename(package.get("conda").maybe_text() or "")
    parts = archive.rsplit("-", 2)
    if len(parts) == 3:
        name, version = name or parts[0], version or parts[1]
    return (normalized(name), version) if name and version else None


def _edges(package: Node) -> Iterator[Edge]:
    """The requirements of one package; names that begin with two underscores are of the machine."""
    depends = package.get("depends")
    for text in depends.texts() if depends.is_list else ():
        name, _, specifier = text.partition(" ")
        yield from _conda_edge(name, specifier)
    wheel = package.get("requires_dist")
    yield from edges(wheel.texts()) if wheel.is_list else ()
    listed = package.get("dependencies")
    for name, value in listed.table().items() if listed.is_table else ():
        yield from _conda_edge(name, value if isinstance(value, str) else "")


def _conda_edge(name: str, specifier: str) -> Iterator[Edge]:
    if not name.startswith("__"):
        yield Edge(name=normalized(name), specifier=specifier or None)
