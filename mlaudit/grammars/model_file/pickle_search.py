"""A search for recorded versions in the bytes behind the last opcode walked: a hint, never a pin."""

from __future__ import annotations

import re
from collections.abc import Iterator

from mlaudit.document.document import Document
from mlaudit.grammars.model_file.source import Source
from mlaudit.model.errors import Unreadable
from mlaudit.model.lazy_pattern import lazy_pattern
from mlaudit.model.nouns import Unread

LIMIT = 1 << 30
"""Bytes that are searched."""
_OVERLAP = 128
_VERSION = lazy_pattern(rb"_sklearn_version.{1,12}?([0-9]{1,4}\.[0-9][0-9A-Za-z.]{0,20})", re.DOTALL)


def searched(doc: Document, source: Source) -> Iterator[Unread]:
    """What looks like scikit-learn's record in the bytes that were not walked."""
    seen: dict[str, None] = {}
    try:
        for chunk in _chunks(source):
            seen.update((match.group(1).decode("ascii"), None) for match in _VERSION.finditer(chunk))
    except Unreadable as error:
        yield doc.unread(error.why)
    for version in list(seen)[:3]:
        yield doc.unread(
            f"after the opcodes that were read, `_sklearn_version` seems to record {version}; weak, since bytes were "
            "searched and not understood",
            package="scikit-learn",
        )


def _chunks(source: Source) -> Iterator[bytes]:
    before = source.buffer[source.position :][-_OVERLAP:]
    yield source.buffer[source.position :]
    searched_bytes = 0
    while searched_bytes < LIMIT and source.fill():
        searched_bytes += len(source.buffer)
        yield before + source.buffer
        before = source.buffer[-_OVERLAP:]
