"""Pipfile and Pipfile.lock state a package in one shape: a version, or a table with markers, extras and a source.

Source of the words: https://pipenv.pypa.io/en/latest/pipfile.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from mlaudit.document.document import Document
from mlaudit.document.node import Node
from mlaudit.grammars.pypi import python_text, requirement
from mlaudit.grammars.pypi.wheel_indexes import wheel_index
from mlaudit.model.lazy_pattern import lazy_pattern
from mlaudit.model.names import normalized, package_of
from mlaudit.model.nouns import Fact, Kind, Layer, Pin, Statement, Unread
from mlaudit.model.scope import PinScope
from mlaudit.model.secrets import masked
from mlaudit.model.versions import exact

DEVELOPMENT = "develop"
"""The group of `[dev-packages]`, as Pipfile.lock calls it."""

_VERSION_CONTROL = ("git", "hg", "svn", "bzr")
_ADDRESSES = ("path", "file")
_MARKER_KEYS = (
    "os_name",
    "sys_platform",
    "platform_machine",
    "platform_python_implementation",
    "platform_release",
    "platform_system",
    "platform_version",
    "python_version",
    "python_full_version",
    "implementation_name",
    "implementation_version",
)
_DEFAULT_HOST = lazy_pattern(r"https?://(?:[^/@\s]{0,256}@)?pypi\.[^/\s]{1,256}", re.IGNORECASE)


def indexes(doc: Document, sources: Node) -> tuple[dict[str, str], list[Fact]]:
    """The addresses of the package indexes by name, and each as a fact."""
    addresses: dict[str, str] = {}
    facts: list[Fact] = []
    for node in sources.each():
        url = node.get("url").text()
        addresses[node.get("name").maybe_text() or url] = url
        facts.append(Fact(key="index", value=masked(url), at=doc.at(*node.route, "url")))
    return addresses, facts


def python(doc: Document, requires: Node) -> Iterator[Statement]:
    """The Python of the environment; the full version where both are there."""
    if not requires.exists:
        return
    for key in ("python_full_version", "python_version"):
        version = requires.get(key)
        if version.exists and version.text().strip() != "*":
            yield python_text.statement(doc, version.text(), doc.at(*version.route))
            return


def package(
    doc: Document, node: Node, layer: Layer, groups: tuple[str, ...], addresses: Mapping[str, str]
) -> Iterator[Pin | Unread]:
    """The pin of one entry, whose name is the last part of its route; extras may be there too (`"ray[serve]"`)."""
    name = str(node.route[-1])
    version = node if node.is_text else node.get("version")
    at = doc.at(*(version if version.exists else node).route)
    stated = (version.maybe_text() or "").strip()
    table = node if node.is_table else Node({}, node.route)
    source, origin = _source(table)
    specifier = _specifier(stated)
    parsed = requirement.parse(f"{name}{specifier}")
    if parsed.problem is not None:
        yield doc.unread(
            parsed.problem, at, what=f"{name} = {stated!r}", package=package_of(name), template=parsed.template
        )
        return
    index = addresses.get(table.get("index").maybe_text() or "")
    decided = wheel_index(index) if index and "+" not in specifier else None
    yield doc.pin(
        layer,
        parsed.name,
        exact(specifier) if specifier else _version_in(origin),
        at=at,
        specifier=None if specifier and exact(specifier) else specifier or None,
        kind=_kind(origin, source),
        variant=decided.variant if decided and normalized(parsed.name) in decided.packages else None,
        scope=PinScope(marker=_marker(table), groups=groups),
        extras=tuple(dict.fromkeys((*parsed.extras, *table.get("extras").texts()))),
        source=source,
        origin=origin or (index if index and not _DEFAULT_HOST.match(index) else None),
        hashes=table.get("hashes").texts(),
        detail="editable" if table.get("editable").flag() else None,
    )


def _specifier(stated: str) -> str:
    """A version of Pipfile as a specifier; `*` is not one, and a bare one is meant exactly."""
    if stated in ("", "*"):
        return ""
    return stated if stated[0] in "<>=!~$%{" else f"=={stated}"


def _version_in(origin: str | None) -> str | None:
    return requirement.version_in_url(origin) if origin else None


def _kind(origin: str | None, source: str) -> Kind:
    if source != "path" or origin is None:
        return Kind.PACKAGE
    return Kind.PROJECT if origin.rstrip("/") == "." else Kind.LOCAL


def _source(table: Node) -> tuple[str, str | None]:
    """What kind of source an entry names, and its address, with the revision behind `@`."""
    for key in _VERSION_CONTROL:
        address = table.get(key).maybe_text()
        if address is not None:
            revision = table.get("ref").maybe_text()
            return "git", f"{key}+{address.removeprefix(f'{key}+')}" + (f"@{revision}" if revision else "")
    for key in _ADDRESSES:
        address = table.get(key).maybe_text()
        if address is not None:
            return requirement.source_of(address) if "://" in address else "path", address
    return "index", None


def _marker(table: Node) -> str | None:
    """`markers`, and what is under the names of environment markers (`sys_platform = "== 'win32'"`)."""
    written = table.get("markers").maybe_text()
    parts = [f"({written})" if written and " or " in written else written or ""]
    for key in _MARKER_KEYS:
        condition = table.get(key).maybe_text()
        if condition:
            parts.append(f"{key} {condition.strip()}")
    return " and ".join(part for part in parts if part) or None
