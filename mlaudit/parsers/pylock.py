"""pylock.toml and pylock.*.toml (PEP 751): every `[[packages]]` is one locked version."""

from __future__ import annotations

import re
from collections.abc import Iterator

from mlaudit.document.document import Document
from mlaudit.document.node import Malformed, Node
from mlaudit.grammars.pypi.lock_text import unreadable_markers
from mlaudit.grammars.pypi.wheel_indexes import wheel_index
from mlaudit.grammars.relocking import LockTool
from mlaudit.model.errors import Unreadable
from mlaudit.model.lazy_pattern import lazy_pattern
from mlaudit.model.names import normalized
from mlaudit.model.nouns import Edge, Fact, Kind, Layer, Pin, Root, Statement, Unread
from mlaudit.model.scope import EVERYWHERE
from mlaudit.parsers._registry import parser

MAJOR, MINOR = 1, 0
"""The newest `lock-version` (https://packaging.python.org/en/latest/specifications/pylock-toml/)."""

_NAMED = lazy_pattern(r"pylock\.([^.]{1,128})\.toml")
_VERSION = lazy_pattern(r"(\d{1,4})\.(\d{1,4})")
_DEFAULT_HOST = lazy_pattern(r"https?://(?:[^/@\s]{0,256}@)?pypi\.", re.IGNORECASE)
_TREES = ("vcs", "directory")


def _looks_like_it(doc: Document) -> bool:
    head = doc.head
    return b"lock-version = " in head and (b"[[packages]]" in head or b"created-by = " in head)


lock_tool = LockTool(
    manifests=("pyproject.toml", "requirements.in"),
    command=lambda package, version, manifest: (
        *("uv", "pip", "compile", manifest, "--output-file", "pylock.toml"),
        *("--upgrade-package", f"{package}=={version}"),
    ),
    chooses=True,
    output="pylock.toml",
)
"""The tool that updates it; the lock is never edited."""


@parser(
    kind="lock",
    files=["pylock.toml", "pylock.*.toml"],
    content=_looks_like_it,
    marks=[b"lock-version = "],
    complete=True,
)
def read(doc: Document) -> Iterator[Statement]:
    """The lock with its extras and groups, and every package with its marker.

    An unknown minor version is noted, an unknown major one refused, as the specification asks.
    """
    lock = doc.lock_toml
    yield from _version(doc, lock)
    yield _root(doc, lock)
    requires = lock.get("requires-python")
    if requires.maybe_text():
        at = doc.at(*requires.route)
        yield doc.pin(Layer.DECLARED, "python", specifier=requires.text(), kind=Kind.PYTHON, at=at)
    yield from doc.guarded(lock.get("environments").each(), lambda node: _environment(doc, node))
    yield from doc.guarded(lock.get("packages").each(), lambda node: _packages(doc, node))


def _environment(doc: Document, node: Node) -> Iterator[Fact]:
    yield Fact(key="environment", value=node.text(), at=doc.at(*node.route))


def _packages(doc: Document, node: Node) -> Iterator[Pin | Unread]:
    pin = _package(doc, node)
    yield pin
    yield from (doc.unread(why, pin.at, package=pin.package) for why in unreadable_markers(pin))


def _version(doc: Document, lock: Node) -> Iterator[Fact]:
    version = lock.get("lock-version")
    if not version.exists:
        raise Unreadable(
            "it has no `lock-version`, which every pylock.toml has; the file is empty or of another format"
        )
    match = _VERSION.fullmatch(version.text())
    if not match or int(match.group(1)) != MAJOR:
        raise Malformed(f"lock-version `{version.text()[:40]}` is not known; {MAJOR}.x is read", version.route)
    if int(match.group(2)) > MINOR:
        says = f"lock-version {version.text()} is newer than {MAJOR}.{MINOR}; what it added is not read"
        yield Fact(key="note", value=says, at=doc.at(*version.route))


def _root(doc: Document, lock: Node) -> Root:
    named = _NAMED.fullmatch(doc.path.rpartition("/")[2])
    return Root(
        name=named.group(1) if named else "pylock.toml",
        extras=lock.get("extras").texts(),
        groups=lock.get("dependency-groups").texts(),
        default_groups=lock.get("default-groups").texts(),
        # An installer takes them where none is named, and lockers put a project's own dependencies into such a group:
        # https://packaging.python.org/en/latest/specifications/pylock-toml/#default-groups
        has_runtime_defaults=True,
        requires_python=lock.get("requires-python").maybe_text(),
        at=doc.at("lock-version"),
    )


def _package(doc: Document, node: Node) -> Pin:
    name, version = node.get("name").text(), node.get("version").maybe_text()
    source, origin = _source(node)
    index = node.get("index").maybe_text()
    decided = wheel_index(index) if index and version and "+" not in version else None
    return doc.pin(
        Layer.LOCKED,
        name,
        version,
        at=doc.at(*node.route, "version" if version else "name"),
        kind=_kind(node, origin),
        variant=decided.variant if decided and normalized(name) in decided.packages else None,
        scope=EVERYWHERE.with_marker(node.get("marker").maybe_text()),
        source=source,
        origin=origin or (index if index and not _DEFAULT_HOST.match(index) else None),
        requires=tuple(_edges(node)),
        requires_python=node.get("requires-python").maybe_text(),
        detail=_detail(node, version),
    )


def _kind(node: Node, origin: str | None) -> Kind:
    if not node.get("directory").exists:
        return Kind.PACKAGE
    return Kind.PROJECT if origin in (".", "./") else Kind.LOCAL


def _source(node: Node) -> tuple[str, str | None]:
    """Where the package comes from: a repository, a folder, an archive, or else an index."""
    vcs, directory, archive = node.get("vcs"), node.get("directory"), node.get("archive")
    if vcs.exists:
        address = vcs.get("url").maybe_text() or vcs.get("path").text()
        revision = vcs.get("commit-id").maybe_text() or vcs.get("requested-revision").maybe_text()
        return "git", f"{vcs.get('type').text()}+{address}" + (f"@{revision}" if revision else "")
    if directory.exists:
        return "path", directory.get("path").text()
    if archive.exists:
        url = archive.get("url").maybe_text()
        return ("url", url) if url is not None else ("path", archive.get("path").text())
    return "index", None


def _edges(node: Node) -> Iterator[Edge]:
    """What the lock states about dependencies; the specification calls it informational."""
    for entry in node.get("dependencies").each():
        name = entry.get("name").maybe_text()
        if name is not None:
            yield Edge(name=normalized(name), version=entry.get("version").maybe_text())


def _detail(node: Node, version: str | None) -> str | None:
    if node.get("directory").exists and node.get("directory").get("editable").flag():
        return "editable"
    tree = next((key for key in _TREES if node.get(key).exists), None)
    return "a source tree, whose version is known when it is built" if tree and version is None else None
