"""SentencePiece models (`tokenizer.model`, `spiece.model`): pieces and how they were trained, no version."""

from __future__ import annotations

from collections.abc import Iterator

from mlaudit.document.document import Document
from mlaudit.grammars.model_file.protobuf import fields
from mlaudit.grammars.model_file.recorded import artifact, ranged
from mlaudit.grammars.model_file.window import Window, whole
from mlaudit.model.errors import Unreadable
from mlaudit.model.nouns import Statement
from mlaudit.parsers._registry import parser

PIECES = 2_000_000
"""Pieces that are counted; the largest vocabularies have a few hundred thousand."""
_PIECE, _TRAINER = 0x0A, 0x12
_SHOWN = 3
"""Pieces at the beginning that have to be whole, for the file to be taken for a model."""
_TRAINER_TYPE = 3
_TYPES = {1: "unigram", 2: "bpe", 3: "word", 4: "char"}


def _is_sentencepiece(doc: Document) -> bool:
    """Whether it begins with pieces: a text, then a score, then perhaps a type (src/sentencepiece_model.proto)."""
    at, head = 0, doc.head
    for _ in range(_SHOWN):
        if len(head) < at + 3 or head[at] != _PIECE or head[at + 1] > 127:
            return False
        piece = head[at + 2 : at + 2 + head[at + 1]]
        if not _is_piece(piece, head[at + 1]):
            return False
        at += 2 + len(piece)
    return True


def _is_piece(piece: bytes, size: int) -> bool:
    if len(piece) != size or size < 7 or piece[0] != _PIECE or piece[1] == 0:
        return False
    after = piece[2 + piece[1] :]
    return len(after) in (5, 7) and after[0] == 0x15 and (len(after) == 5 or after[5] == 0x18)


@parser(
    kind="artifact",
    files=["*.spm", "tokenizer.model", "spiece.model", "sentencepiece.bpe.model"],
    access="binary",
    content=_is_sentencepiece,
    starts=[b"\x0a"],
)
def read(doc: Document) -> Iterator[Statement]:
    """The pieces are counted, what follows them is read."""
    if not _is_sentencepiece(doc):
        raise Unreadable("it does not begin with the pieces of a SentencePiece model")
    with doc.stream() as stream:
        window = whole(stream)
        pieces, at, problem = _pieces(window)
        kind = _trained_as(window, at) if problem is None else None
    says = tuple(part for part in (kind, f"{pieces} pieces") if part)
    yield artifact(doc, "sentencepiece.model", says=says)
    yield ranged(doc, "sentencepiece", None, "sentencepiece.model", detail="the model records no version")
    if problem is not None:
        yield doc.unread(problem, package="sentencepiece")


def _pieces(window: Window) -> tuple[int, int, str | None]:
    """How many pieces there are, where they end, and why that is not known."""
    at, count = 0, 0
    chunk, start = b"", 0
    while at < window.size:
        if at + 16 > start + len(chunk):
            chunk, start = window.upto(at, 1 << 20), at
        if chunk[at - start] != _PIECE:
            return count, at, None
        size, width = _size(chunk[at - start + 1 : at - start + 6])
        if not width or at + 1 + width + size > window.size:
            return count, at, f"it ends at byte {window.size}, in the middle of a piece: it is cut or corrupt"
        at += 1 + width + size
        count += 1
        if count > PIECES:
            return count, at, f"it has more than {PIECES} pieces"
    return count, at, "it ends after its pieces, before what it was trained as: it is cut"


def _size(data: bytes) -> tuple[int, int]:
    """A length and the bytes it takes; none where it does not end."""
    value = 0
    for index, byte in enumerate(data):
        value |= (byte & 0x7F) << (7 * index)
        if byte < 0x80:
            return value, index + 1
    return 0, 0


def _trained_as(window: Window, at: int) -> str | None:
    for member in fields(window.part(at, window.size - at)):
        if member.number == _TRAINER >> 3 and member.part is not None:
            for setting in fields(member.part):
                if setting.number == _TRAINER_TYPE:
                    return _TYPES.get(setting.value)
            # The default of the setting, which is not written where it holds.
            return _TYPES[1]
    return None
