"""What writers of Parquet and Arrow files record of themselves: Arrow's own text, and the metadata that pandas adds.

pandas: https://pandas.pydata.org/docs/development/developer.html#storing-pandas-dataframe-objects-in-apache-parquet-format
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from mlaudit.document.document import Document
from mlaudit.grammars.model_file.recorded import artifact, exact
from mlaudit.grammars.model_file.window import whole
from mlaudit.model.errors import Unreadable
from mlaudit.model.lazy_pattern import lazy_pattern
from mlaudit.model.nouns import Statement

_PANDAS = lazy_pattern(rb'"pandas_version"\s{0,4}:\s{0,4}"([0-9A-Za-z.+]{1,40})"')
_CREATOR = lazy_pattern(
    rb'"creator"\s{0,4}:\s{0,4}\{"library"\s{0,4}:\s{0,4}"pyarrow",\s{0,4}"version"\s{0,4}:\s{0,4}"([0-9A-Za-z.+]{1,40})"'
)
_WRITERS = (
    (re.compile(rb"parquet-cpp-arrow version ([0-9][0-9A-Za-z.+]{0,39})"), "pyarrow"),
    (re.compile(rb"Polars \(python\) version ([0-9][0-9A-Za-z.+]{0,39})"), "polars"),
    (re.compile(rb"fastparquet-python version ([0-9][0-9A-Za-z.+]{0,39})"), "fastparquet"),
)


FOOTER = 16 * 1024 * 1024
"""Bytes of a footer that are searched; those of wide tables have a few megabytes."""
_LENGTH = 4


def footer_statements(
    doc: Document, magic: bytes, kind: str, called: str, *, around: tuple[bytes, bytes] = (b"", b"")
) -> Iterator[Statement]:
    """What the footer of a file that begins and ends with `magic` states; its length is before the closing `magic`.

    Args:
        doc: the file.
        magic: its mark.
        kind: the kind of artifact.
        called: how a message calls such a file.
        around: the bytes that every footer of the format begins and ends with.

    Raises:
        Unreadable: the file is cut, damaged or of another format.
    """
    with doc.stream() as stream:
        window = whole(stream)
        mark = _LENGTH + len(magic)
        end = window.upto(max(0, window.size - mark), mark)
        if window.upto(0, len(magic)) != magic or window.size < len(magic) + mark or not end.endswith(magic):
            word = magic.decode("ascii")
            raise Unreadable(f"it does not begin and end with {word}; {called} does, so it is cut or another")
        length = int.from_bytes(end[:_LENGTH], "little")
        start = window.size - mark - length
        if start < len(magic):
            raise Unreadable(f"its footer states a length of {length} bytes, more than the file has")
        footer = window.upto(start, min(length, FOOTER))
        last = window.upto(max(start, start + length - len(around[1])), len(around[1]))
    if not footer.startswith(around[0]) or last != around[1]:
        raise Unreadable(f"its footer of {length} bytes is not what {called} has there, so it is damaged")
    yield from columnar(doc, footer, kind)
    if length > FOOTER:
        yield doc.unread(f"its footer has {length} bytes, and {FOOTER} are searched")


def columnar(doc: Document, metadata: bytes, kind: str) -> Iterator[Statement]:
    """The file itself, the library that wrote it, and the pandas whose frame it was."""
    yield artifact(doc, kind)
    own = dict(_writers(metadata))
    for package, version in own.items():
        yield exact(doc, package, version, kind, detail="the writer")
    frame = _PANDAS.search(metadata)
    if frame is not None:
        yield exact(doc, "pandas", frame.group(1).decode("ascii"), "pandas.columnar", detail="the frame's own")


def _writers(metadata: bytes) -> Iterator[tuple[str, str]]:
    creator = _CREATOR.search(metadata)
    if creator is not None:
        yield "pyarrow", creator.group(1).decode("ascii")
        return
    for pattern, package in _WRITERS:
        match = pattern.search(metadata)
        if match is not None:
            yield package, match.group(1).decode("ascii")
