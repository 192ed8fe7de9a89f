"""LZ4 frames without a library: enough for joblib's `compress="lz4"`, block by block.

Format: https://github.com/lz4/lz4/blob/dev/doc/lz4_Frame_format.md and lz4_Block_format.md; checksums are not checked.
"""

from __future__ import annotations

from collections.abc import Iterator

from mlaudit.grammars.model_file.window import Window
from mlaudit.model.errors import Unreadable

MAGIC = b"\x04\x22\x4d\x18"
HISTORY = 65536
BLOCK_LIMITS = {4: 64 * 1024, 5: 256 * 1024, 6: 1024 * 1024, 7: 4 * 1024 * 1024}

_CUT = "its lz4 stream is cut or corrupt"


def blocks(window: Window) -> Iterator[bytes]:
    """The unpacked blocks of a frame. Raises Unreadable."""
    flags, sizes = window.read(4, 2)
    if flags >> 6 != 1 or flags & 1:
        raise Unreadable("its lz4 frame is of an unknown version or needs a dictionary")
    limit = BLOCK_LIMITS.get(sizes >> 4 & 7)
    if limit is None:
        raise Unreadable(_CUT)
    at = 7 + (8 if flags & 8 else 0)
    history = b""
    while True:
        length = window.number(at, 4)
        at += 4
        if length == 0:
            return
        packed = window.read(at, _bounded(length & 0x7FFFFFFF, limit))
        at += len(packed) + (4 if flags & 16 else 0)
        block = packed if length >> 31 else _unpacked(packed, history, limit)
        if not flags & 32:
            history = (history + block)[-HISTORY:]
        yield block


def _bounded(length: int, limit: int) -> int:
    if length > limit:
        raise Unreadable(_CUT)
    return length


def _unpacked(packed: bytes, history: bytes, limit: int) -> bytes:
    """One block: runs of literals, each followed by a copy from what came before."""
    out = bytearray(history)
    limit += len(history)
    at, end = 0, len(packed)
    try:
        while at < end:
            token = packed[at]
            count, at = _length(packed, at + 1, token >> 4)
            out += packed[at : at + count]
            at += count
            if at >= end:
                break
            distance = packed[at] | packed[at + 1] << 8
            count, at = _length(packed, at + 2, token & 15)
            _copied(out, distance, count + 4, limit)
    except IndexError:
        raise Unreadable(_CUT) from None
    if at > end or len(out) > limit:
        raise Unreadable(_CUT)
    return bytes(out[len(history) :])


def _length(packed: bytes, at: int, start: int) -> tuple[int, int]:
    """A length that goes on while its bytes are 255, and where it ends."""
    if start == 15:
        while True:
            more = packed[at]
            at += 1
            start += more
            if more != 255:
                break
    return start, at


def _copied(out: bytearray, distance: int, count: int, limit: int) -> None:
    if distance == 0 or distance > len(out) or len(out) + count > limit:
        raise Unreadable(_CUT)
    begin = len(out) - distance
    if count <= distance:
        out += out[begin : begin + count]
    else:
        # A copy that overlaps itself repeats its first `distance` bytes.
        repeated = bytes(out[begin:])
        out += (repeated * (count // distance + 1))[:count]
