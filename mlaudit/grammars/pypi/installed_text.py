"""Files of installed distributions: core metadata, `direct_url.json` (PEP 610) and their requirements."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from mlaudit.document.document import Document
from mlaudit.document.node import Node
from mlaudit.grammars.pypi import requirement
from mlaudit.model import versions
from mlaudit.model.lazy_dataclass import dataclass, replace
from mlaudit.model.lazy_pattern import lazy_pattern
from mlaudit.model.names import package_of
from mlaudit.model.nouns import Edge, Kind, Layer, Pin, Place, Unread

HEADER_LIMIT = 256 * 1024
"""Bytes of a metadata file that are read; its headers end at the first blank line."""

_HEADER = lazy_pattern(r"([A-Za-z][A-Za-z0-9-]{0,63}):[ \t]*(.*)")
_EXTRA_LAST = lazy_pattern(r'(?:(?P<rest>.+) and )?extra == "(?P<extra>[^"]{1,256})"')
_EXTRA_FIRST = lazy_pattern(r'extra == "(?P<extra>[^"]{1,256})" and (?P<rest>.+)')


@dataclass(frozen=True, slots=True, kw_only=True)
class Metadata:
    """The headers of core metadata that an audit needs; the first of each counts, but for `Requires-Dist`."""

    name: str | None = None
    version: str | None = None
    version_line: int | None = None
    version_column: int | None = None
    requires_python: str | None = None
    requires_dist: tuple[str, ...] = ()


def metadata(data: bytes) -> Metadata:
    """The headers of a METADATA or PKG-INFO file; the description behind the blank line is not read."""
    headers: dict[str, tuple[str, int, int]] = {}
    required: list[str] = []
    for number, line in enumerate(data.decode("utf-8", "replace").split("\n"), start=1):
        if not line.rstrip("\r"):
            break
        # A line of blanks continues a header, as licences have them.
        header = _HEADER.match(line.rstrip("\r"))
        if header is not None:
            key = header.group(1).lower()
            headers.setdefault(key, (header.group(2).strip(), number, header.start(2) + 1))
            if key == "requires-dist":
                required.append(header.group(2).strip())
    version = headers.get("version")
    return Metadata(
        name=_value(headers, "name"),
        version=_value(headers, "version"),
        version_line=version[1] if version else None,
        version_column=version[2] if version else None,
        requires_python=_value(headers, "requires-python"),
        requires_dist=tuple(required),
    )


def _value(headers: dict[str, tuple[str, int, int]], key: str) -> str | None:
    return headers[key][0] or None if key in headers else None


def edges(requires: Iterable[str]) -> tuple[Edge, ...]:
    """The edges of `Requires-Dist` lines; `extra == "x"` becomes the extra that activates the edge."""
    return tuple(edge for text in requires if (edge := _edge(text)) is not None)


@lru_cache(maxsize=65536)
def _edge(text: str) -> Edge | None:
    plain = requirement.edge(text)
    if plain is None or plain.marker is None or "extra" not in plain.marker:
        return plain
    marker, extra = _without_extra(plain.marker)
    return replace(plain, marker=marker, when_extra=extra)


def _without_extra(marker: str) -> tuple[str | None, str | None]:
    """The marker apart from the extra it asks for; the whole marker where the two cannot be distinguished."""
    match = _EXTRA_LAST.fullmatch(marker) or _EXTRA_FIRST.fullmatch(marker)
    if match is None or (match["rest"] and (_joins_by_or(match["rest"]) or "extra" in match["rest"])):
        return marker, None
    return match["rest"], match["extra"]


def _joins_by_or(marker: str) -> bool:
    """Whether an `or` is outside of all parentheses."""
    depth = 0
    for word in re.findall(r"[()]| or ", marker):
        depth += {"(": 1, ")": -1}.get(word, 0)
        if word == " or " and depth == 0:
            return True
    return False


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where a distribution came from, as `direct_url.json` shows."""

    kind: Kind = Kind.PACKAGE
    source: str = "index"
    origin: str | None = None
    hashes: tuple[str, ...] = ()
    detail: str | None = None


def origin(direct_url: Node) -> Origin:
    """The origin in the data of a `direct_url.json`; the index if there is none. Raises Malformed."""
    if not direct_url.exists:
        return Origin()
    url = direct_url.get("url").text()
    vcs = direct_url.get("vcs_info")
    if vcs.exists:
        commit = vcs.get("commit_id").maybe_text()
        tool = vcs.get("vcs").maybe_text() or "git"
        return Origin(source="git", origin=f"{tool}+{url}{f'@{commit}' if commit else ''}", detail=_revision(vcs))
    folder = direct_url.get("dir_info")
    if folder.exists:
        editable = folder.get("editable").flag()
        return Origin(kind=Kind.LOCAL, source="path", origin=url, detail=f"editable: {url}" if editable else None)
    return Origin(source=requirement.source_of(url), origin=url, hashes=_hashes(direct_url.get("archive_info")))


def _revision(vcs: Node) -> str | None:
    asked = vcs.get("requested_revision").maybe_text()
    return f"revision {asked}" if asked else None


def _hashes(archive: Node) -> tuple[str, ...]:
    if not archive.exists:
        return ()
    listed = tuple(f"{name}:{node.text()}" for name, node in archive.get("hashes").items())
    single = archive.get("hash").maybe_text()
    return listed or ((single.replace("=", ":", 1),) if single else ())


def installed(
    doc: Document, name: str, version: str | None, at: Place, came: Origin, layer: Layer, read_metadata: Metadata
) -> Pin | Unread:
    """The pin of an installed distribution; a version that is not one for PEP 440 is reported and not compared."""
    if not name or not version:
        missing = "name" if not name else "version"
        return doc.unread(f"its metadata has no {missing}", at, what=name, package=package_of(name) if name else None)
    if versions.parsed(version) is None:
        why = f"`{version[:80]}` is no version (PEP 440)"
        return doc.unread(why, at, what=f"{name} {version}", package=package_of(name))
    return doc.pin(
        layer,
        name,
        version,
        at=at,
        kind=came.kind,
        source=came.source,
        origin=came.origin,
        hashes=came.hashes,
        requires=edges(read_metadata.requires_dist),
        requires_python=read_metadata.requires_python,
        detail=came.detail,
    )
