"""numpy's .npy and .npz: the format number says nothing of the version; pickled object arrays tell the major one."""

from __future__ import annotations

import re
from collections.abc import Iterator

from mlaudit.document.document import Document
from mlaudit.grammars.model_file.archives import inside, member_names, remarks
from mlaudit.grammars.model_file.pickle_opcodes import walk
from mlaudit.grammars.model_file.pickled import contents, statements
from mlaudit.grammars.model_file.recorded import artifact, ranged
from mlaudit.grammars.model_file.source import Source, from_stream
from mlaudit.grammars.model_file.window import whole
from mlaudit.grammars.model_file.zip_directory import Archive
from mlaudit.model.errors import Unreadable
from mlaudit.model.nouns import Kind, Pin, Place, Statement
from mlaudit.parsers._registry import parser

MAGIC = b"\x93NUMPY"
HEADER_LIMIT = 1024 * 1024
HIGHEST_FORMAT = 3
MEMBERS = 100
"""Arrays of an .npz that are looked into; all others are of the same writer."""

_OBJECTS = re.compile(r"'descr'\s{0,8}:\s{0,8}'[|<>=]?O")


def _is_array(doc: Document) -> bool:
    if doc.head.startswith(MAGIC):
        return True
    names = member_names(doc)
    return bool(names) and all(name.endswith(".npy") for name in names)


@parser(files=["*.npy", "*.npz"], kind="binary", artifact=True, content=_is_array)
def read(doc: Document) -> Iterator[Statement]:
    """The header of each array, and the walk of the pickle that stands for an object array."""
    with doc.stream() as stream:
        if doc.head.startswith(MAGIC):
            yield from _merged(doc, _array(doc, from_stream(stream), doc.place()))
            return
        archive = Archive(whole(stream))
        if not archive.members:
            raise Unreadable("the archive is empty; an .npz holds one array at least")
        yield from _merged(doc, _members(doc, archive))
        yield from remarks(doc, archive)


def _members(doc: Document, archive: Archive) -> Iterator[Statement]:
    for member in list(archive.members.values())[:MEMBERS]:
        place = inside(doc, member)
        try:
            yield from _array(doc, archive.open(member), place)
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


def _merged(doc: Document, said: Iterator[Statement]) -> Iterator[Statement]:
    """One artifact pin for the file, then each distinct statement once."""
    kept: dict[Statement, None] = dict.fromkeys(said)
    objects = any(isinstance(one, Pin) and one.kind is Kind.ARTIFACT for one in kept)
    yield artifact(doc, "numpy.npy-object" if objects else "numpy.npy")
    yield from (one for one in kept if not (isinstance(one, Pin) and one.kind is Kind.ARTIFACT))
    if not any(isinstance(one, Pin) and one.package == "numpy" for one in kept):
        yield ranged(doc, "numpy", None, "numpy.npy", detail="the format is the same in every version")
