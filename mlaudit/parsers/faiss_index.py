"""faiss indexes, as `faiss.write_index` writes them: the kind of index is recorded, no version."""

from __future__ import annotations

from collections.abc import Iterator

from mlaudit.document.document import Document
from mlaudit.grammars.model_file.endings import CUT
from mlaudit.grammars.model_file.recorded import artifact, ranged
from mlaudit.grammars.model_file.window import whole
from mlaudit.model.errors import Unreadable
from mlaudit.model.nouns import Statement
from mlaudit.parsers._registry import parser

HEADER = 33
"""Four letters, dimensions, vectors, two fixed numbers, whether it is trained, the metric."""
PREALLOCATED = (1 << 20).to_bytes(8, "little")
"""What faiss writes twice where it once wrote the room kept for vectors (faiss/impl/index_write.cpp)."""
FLAT = (b"IxFI", b"IxF2", b"IxFl")


def _is_faiss(doc: Document) -> bool:
    head = doc.head
    return head[:1] == b"I" and head[:4].isalnum() and head[16:32] == PREALLOCATED * 2


@parser(kind="artifact", files=["*.faiss"], access="binary", content=_is_faiss, starts=[b"I"])
def read(doc: Document) -> Iterator[Statement]:
    """The header that all indexes of float vectors have; of flat ones the vectors are counted too."""
    with doc.stream() as stream:
        window = whole(stream)
        if not _is_faiss(doc):
            raise Unreadable("it does not begin as an index of faiss does")
        window.read(0, HEADER)
        letters, dimensions, vectors = window.read(0, 4), window.number(4, 4), window.number(8, 8)
        size = window.size
    name = letters.decode("ascii")
    says = (f"{dimensions} dimensions", f"{vectors} vectors")
    yield artifact(doc, "faiss.index", classes=(name,), says=says)
    yield ranged(doc, "faiss-cpu", None, "faiss.index", detail="the index records no version")
    needed = HEADER + 4 + 8 + 4 * dimensions * vectors
    if letters in FLAT and size < needed:
        yield doc.unread(f"{CUT}: its vectors need {needed} bytes, of which {size} are there", package="faiss-cpu")
