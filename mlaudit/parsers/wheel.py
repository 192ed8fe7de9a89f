"""A wheel: its file name shows name, version and what it is for, its METADATA what it requires.

Specification: https://packaging.python.org/en/latest/specifications/binary-distribution-format/
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from mlaudit.document.document import Document
from mlaudit.grammars.model_file.archives import remarks
from mlaudit.grammars.model_file.window import whole
from mlaudit.grammars.model_file.zip_directory import Archive
from mlaudit.grammars.pypi.installed_text import HEADER_LIMIT, Metadata, Origin, installed, metadata
from mlaudit.model.errors import Unreadable
from mlaudit.model.lazy_pattern import lazy_pattern
from mlaudit.model.names import normalized
from mlaudit.model.nouns import Layer, Statement
from mlaudit.model.versions import same_public
from mlaudit.parsers._registry import parser

# Its tags are kept as written: `py2.py3-none-a.b` times hundreds of parts would be millions of tags.
_NAME = lazy_pattern(
    r"(?P<name>[^\s-]{1,128})-(?P<version>[^\s-]{1,128})(?:-(?P<build>\d[^\s-]{0,64}))?"
    r"-(?P<python>[\w.]{1,64})-(?P<abi>[\w.]{1,64})-(?P<platform>[\w.]{1,128})\.whl",
    re.IGNORECASE,
)


def _looks_like_it(doc: Document) -> bool:
    return doc.path.lower().endswith(".whl") and doc.head.startswith(b"PK")


@parser(kind="aside", files=["*.whl"], content=_looks_like_it, starts=[b"PK"], access="binary")
def read(doc: Document) -> Iterator[Statement]:
    """The one distribution that it holds."""
    if not doc.size:
        raise Unreadable("it is empty; a wheel is a zip archive")
    file = doc.path.rpartition("/")[2]
    named = _NAME.fullmatch(file[:1024])
    if named is None:
        yield doc.unread("a wheel is named `name-version-python-abi-platform.whl`", what=file)
    with doc.stream() as stream:
        archive = Archive(whole(stream))
        read_metadata = _metadata(archive)
    name, version = (
        read_metadata.name or (named["name"] if named else ""),
        read_metadata.version or (named["version"] if named else ""),
    )
    if named and not (normalized(name) == normalized(named["name"]) and same_public(version, named["version"])):
        named_text = f"{named['name']} {named['version']}"
        yield doc.unread(f"its metadata states {name} {version}, its name states {named_text}", what=file)
    tags = f"{named['python']}-{named['abi']}-{named['platform']}" if named else None
    yield installed(doc, name, version, doc.place(), Origin(source="path", detail=tags), Layer.LOCKED, read_metadata)
    yield from remarks(doc, archive)


def _metadata(archive: Archive) -> Metadata:
    """The headers of its METADATA; nothing if it has none. Raises Unreadable."""
    member = archive.find(".dist-info/METADATA")
    if member is None:
        raise Unreadable("it contains no METADATA, so it is not a wheel")
    return metadata(archive.read(member, 16 * HEADER_LIMIT))
