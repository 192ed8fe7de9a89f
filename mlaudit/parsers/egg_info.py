"""Metadata of one distribution as a file of its own: METADATA, PKG-INFO, `name-version.egg-info`.

Specification: https://packaging.python.org/en/latest/specifications/core-metadata/
"""

from __future__ import annotations

from collections.abc import Iterator

from mlaudit.document.document import Document
from mlaudit.grammars.pypi.installed_text import HEADER_LIMIT, Origin, installed, metadata
from mlaudit.model.errors import Unreadable
from mlaudit.model.lazy_pattern import lazy_pattern
from mlaudit.model.nouns import Layer, Statement
from mlaudit.parsers._registry import parser

_MARK = lazy_pattern(rb"(?:\xef\xbb\xbf)?\s{0,64}Metadata-Version:\s{0,8}\d")


def _looks_like_it(doc: Document) -> bool:
    return _MARK.match(doc.head) is not None


@parser(
    kind="aside", files=["*.egg-info", "PKG-INFO", "METADATA"], content=_looks_like_it, marks=[b"Metadata-Version:"]
)
def read(doc: Document) -> Iterator[Statement]:
    """The distribution; its headers end at the first blank line."""
    if not doc.data.strip():
        raise Unreadable("it is empty; expected headers like `Name: numpy`")
    read_metadata = metadata(doc.data[:HEADER_LIMIT].removeprefix(b"\xef\xbb\xbf"))
    at = doc.place(read_metadata.version_line or 1, read_metadata.version_column or 1)
    yield installed(doc, read_metadata.name or "", read_metadata.version, at, Origin(), Layer.INSTALLED, read_metadata)
