"""torch.save before the zip format: five pickles in a row, then raw storages; no version is recorded."""

from __future__ import annotations

from collections.abc import Iterator

from mlaudit.document.document import Document
from mlaudit.grammars.model_file.endings import CUT
from mlaudit.grammars.model_file.pickle_opcodes import walk
from mlaudit.grammars.model_file.pickled import contents
from mlaudit.grammars.model_file.source import from_stream
from mlaudit.grammars.model_file.torch_pickled import checkpoint
from mlaudit.model.errors import Unreadable
from mlaudit.model.nouns import Statement
from mlaudit.parsers._registry import parser

MAGIC = b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19."
"""The first pickle: the number 0x1950a86a20f9469cfc6c (torch/serialization.py)."""
PROTOCOL = 1001
OBJECT_AT = 3
"""Magic number, protocol and system information are in front of the object, the keys of its storages behind."""


def _is_legacy(doc: Document) -> bool:
    return doc.head.startswith(MAGIC)


@parser(
    kind="artifact",
    files=["*.pt", "*.pth", "*.ckpt", "*.bin", "*.pkl"],
    access="binary",
    content=_is_legacy,
    starts=[MAGIC],
)
def read(doc: Document) -> Iterator[Statement]:
    """Walk to the fourth pickle, which holds the object."""
    with doc.stream() as stream:
        source = from_stream(stream)
        if not doc.head.startswith(MAGIC):
            raise Unreadable("it does not begin with torch's magic number")
        heads = [walk(source) for _ in range(OBJECT_AT)]
        for head in heads:
            if head.problem:
                raise Unreadable(head.problem)
        if heads[1].root != PROTOCOL:
            yield doc.unread(f"it is not of protocol {PROTOCOL}, the only one known", package="torch")
        head = walk(source)
        yield from checkpoint(doc, contents(head), doc.place())
        keys = walk(source) if head.problem is None else head
        if head.problem is None and keys.problem is not None:
            yield doc.unread(f"{CUT} behind its object: {keys.problem}")
