"""Pickles (protocols 0 to 5) and joblib dumps, plain or compressed: walked by opcode, never loaded."""

from __future__ import annotations

from collections.abc import Iterator

from mlaudit.document.document import Document
from mlaudit.grammars.model_file.pickle_opcodes import walk
from mlaudit.grammars.model_file.pickle_search import searched
from mlaudit.grammars.model_file.pickled import contents, statements
from mlaudit.grammars.model_file.recorded import ranged
from mlaudit.grammars.model_file.source import Source, from_stream, from_window
from mlaudit.grammars.model_file.streams import COMPRESSED, compression, unfolded
from mlaudit.grammars.model_file.window import Window, whole
from mlaudit.model.errors import Unreadable
from mlaudit.model.nouns import Statement
from mlaudit.parsers._registry import parser

SNIFFED_OPERATIONS = 16_384
_OLD_STARTS = b"(c]}l)ISVFLi"
_TORCH_LEGACY = b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19."


def _is_pickle(doc: Document) -> bool:
    """Whether the bytes, decompressed if need be, start as a pickle does."""
    head = doc.head
    name = compression(head)
    if name is None:
        return _starts(head, ends=doc.size <= len(head))
    with doc.stream() as stream:
        unpacked = unfolded(whole(stream), name)
        # One fill gives a first piece, which is as much as shows.
        return unpacked.fill() and _starts(unpacked.buffer, ends=False)


def _starts(head: bytes, *, ends: bool) -> bool:
    if head[:1] == b"\x80":
        return len(head) > 2 and 2 <= head[1] <= 5 and not head.startswith(_TORCH_LEGACY)
    if not head or head[0] not in _OLD_STARTS:
        return False
    from io import BytesIO

    # Protocols 0 and 1 have no mark, and text looks like them until it is walked.
    pickle_contents = walk(from_stream(BytesIO(head)), operations=SNIFFED_OPERATIONS, strict=True)
    cut = not ends and pickle_contents.end >= len(head)
    if pickle_contents.globals:
        return pickle_contents.problem is None or pickle_contents.out_of_operations or cut
    return pickle_contents.problem is None and ends and pickle_contents.end == len(head)


@parser(
    kind="artifact",
    files=[
        "*.pkl",
        "*.pickle",
        "*.p",
        "*.sav",
        "*.joblib",
        "*.jl",
        "*.pkl.gz",
        "*.pkl.bz2",
        "*.pkl.xz",
        "*.pkl.zst",
        "*.joblib.gz",
        "*.pt",
        "*.pth",
        "*.ckpt",
        "*.bin",
        "*.model",
    ],
    access="binary",
    content=_is_pickle,
    starts=[b"\x80", *(bytes([start]) for start in _OLD_STARTS), *COMPRESSED],
)
def read(doc: Document) -> Iterator[Statement]:
    """Walk the first pickle; `pickle.load` reads no other."""
    with doc.stream() as stream:
        window = whole(stream)
        head = window.upto(0, 16)
        if head.startswith(b"ZF"):
            raise Unreadable("it is a compressed dump of joblib before 0.10, which is not read")
        name = compression(head)
        source = unfolded(window, name) if name else from_window(window)
        pickle_contents = walk(source)
        yield from statements(doc, contents(pickle_contents))
        if name == "lz4":
            yield ranged(
                doc, "lz4", None, "joblib", detail="it is compressed by lz4, which joblib leaves to that package"
            )
        if pickle_contents.out_of_operations:
            yield from searched(doc, source)
        elif pickle_contents.problem is None:
            yield from _behind(doc, source, window if name is None else None)


def _behind(doc: Document, source: Source, window: Window | None) -> Iterator[Statement]:
    """What follows the pickle, which loading would not look at."""
    if window is None:
        rest = source.buffer[source.position :] or (source.buffer if source.fill() else b"")
    else:
        rest = window.upto(source.offset, 16)
    if rest:
        kind = "another pickle" if rest[:1] == b"\x80" else "a zip archive" if rest[:2] == b"PK" else "more"
        yield doc.unread(
            f"after the end of the pickle, byte {source.offset}, there is {kind}; loading does not read it"
        )
