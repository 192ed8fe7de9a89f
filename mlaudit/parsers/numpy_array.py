"""numpy's .npy and .npz: the format number says nothing of the version; pickled object arrays show the major one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from math import prod

from mlaudit.document.document import Document
from mlaudit.grammars.model_file.archives import inside, member_names, remarks
from mlaudit.grammars.model_file.endings import CUT
from mlaudit.grammars.model_file.pickle_opcodes import walk
from mlaudit.grammars.model_file.pickled import contents, statements
from mlaudit.grammars.model_file.recorded import artifact, ranged
from mlaudit.grammars.model_file.source import Source, from_stream
from mlaudit.grammars.model_file.window import whole
from mlaudit.grammars.model_file.zip_directory import Archive
from mlaudit.model.errors import Unreadable
from mlaudit.model.lazy_pattern import lazy_pattern
from mlaudit.model.nouns import Kind, Pin, Place, Statement
from mlaudit.parsers._registry import parser

MAGIC = b"\x93NUMPY"
HEADER_LIMIT = 1024 * 1024
HIGHEST_FORMAT = 3
MEMBERS = 100
"""Arrays of an .npz that are looked into; all others are of the same writer."""

_PLAIN = lazy_pattern(r"'descr'\s{0,8}:\s{0,8}'[|<>=]?([a-zA-Z])([0-9]{1,9})(?:\[[^\]]{0,16}\])?'")
_SHAPE = lazy_pattern(r"'shape'\s{0,8}:\s{0,8}\(((?:\s{0,8}[0-9]{1,19}\s{0,8},?){0,64})\s{0,8}\)")
_OBJECTS = lazy_pattern(r"'descr'\s{0,8}:\s{0,8}'[|<>=]?O")


def _is_array(doc: Document) -> bool:
    if doc.head.startswith(MAGIC):
        return True
    names = member_names(doc)
    return bool(names) and all(name.endswith(".npy") for name in names)


@parser(kind="artifact", files=["*.npy", "*.npz"], access="binary", content=_is_array, starts=[MAGIC, b"PK"])
def read(doc: Document) -> Iterator[Statement]:
    """The header of each array, and the walk of the pickle that stands for an object array."""
    with doc.stream() as stream:
        if doc.head.startswith(MAGIC):
            yield from _merged(doc, _array(doc, from_stream(stream), doc.place()))
            return
        archive = Archive(whole(stream))
        if not archive.members:
            raise Unreadable("the archive is empty; an .npz has at least one array")
        yield from _merged(doc, _members(doc, archive))
        yield from remarks(doc, archive)


def _members(doc: Document, archive: Archive) -> Iterator[Statement]:
    for member in list(archive.members.values())[:MEMBERS]:
        place = inside(doc, member)
        try:
            yield from _array(doc, archive.checked(member), place)
        except Unreadable as error:
            yield doc.unread(error.why, place)


def _array(doc: Document, source: Source, at: Place) -> Iterator[Statement]:
    """What one array says: nothing, unless it holds Python objects."""
    magic = source.take(8)
    if magic[:6] != MAGIC:
        raise Unreadable("it does not begin with numpy's mark")
    if not 1 <= magic[6] <= HIGHEST_FORMAT:
        raise Unreadable(f"it is of .npy format {magic[6]}; 1 to {HIGHEST_FORMAT} are known")
    width = 2 if magic[6] == 1 else 4
    size = int.from_bytes(source.take(width), "little")
    if size > HEADER_LIMIT:
        raise Unreadable(f"its header has {size} bytes; at most {HEADER_LIMIT} are read")
    header = source.take(size).decode("latin-1")
    if _OBJECTS.search(header):
        yield from statements(doc, contents(walk(source)), at, kind="numpy.npy-object")
        return
    needed = _data_bytes(header)
    if needed:
        try:
            source.skip(needed)
        except Unreadable:
            yield doc.unread(f"{CUT}: its array needs {needed} bytes after the header", at)


def _data_bytes(header: str) -> int:
    """Bytes of an array of plain numbers by its header, 0 where another type or no shape is stated."""
    kind, shape = _PLAIN.search(header), _SHAPE.search(header)
    if kind is None or shape is None:
        return 0
    width = int(kind.group(2)) * (4 if kind.group(1) == "U" else 1)
    return width * prod(map(int, re.findall(r"[0-9]+", shape.group(1))))


def _merged(doc: Document, statements: Iterator[Statement]) -> Iterator[Statement]:
    """One artifact pin for the file, then each distinct statement once."""
    kept: dict[Statement, None] = dict.fromkeys(statements)
    pins = [pin for pin in kept if isinstance(pin, Pin) and pin.kind is Kind.ARTIFACT and pin.artifact is not None]
    names = dict.fromkeys(name for pin in pins for name in (pin.artifact.names if pin.artifact is not None else ()))
    yield artifact(doc, "numpy.npy-object" if pins else "numpy.npy", names=tuple(names))
    yield from (statement for statement in kept if not (isinstance(statement, Pin) and statement.kind is Kind.ARTIFACT))
    if not any(isinstance(statement, Pin) and statement.package == "numpy" for statement in kept):
        yield ranged(doc, "numpy", None, "numpy.npy", detail="the format is the same in every version")
