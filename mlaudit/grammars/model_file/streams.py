"""Compressed model files as the bytes that they decompress to."""

from __future__ import annotations

from mlaudit.document.decompression import MAGICS, ZSTD_SKIPPABLE, Pieces, UnfoldingBounds, capped, decompressed
from mlaudit.grammars.model_file.lz4_frame import MAGIC as LZ4_MAGIC
from mlaudit.grammars.model_file.lz4_frame import blocks
from mlaudit.grammars.model_file.source import CHUNK, Source
from mlaudit.grammars.model_file.window import Window

BOUNDS = UnfoldingBounds(
    output=4 * 1024**3,
    ratio=250,
    ratio_from=256 * 1024**2,
    # `xz -9` asks for 64 MiB, and a little beside.
    memory=65 * 1024**2,
    piece=CHUNK,
)
COMPRESSED = (LZ4_MAGIC, *(magic for magics in MAGICS.values() for magic in magics if magic not in ZSTD_SKIPPABLE))
"""How a compressed model begins; with a frame to be passed over none does."""


def compression(head: bytes) -> str | None:
    """The compression that a document's first bytes show, None if they show none."""
    if head.startswith(LZ4_MAGIC):
        return "lz4"
    return next((name for name, magics in MAGICS.items() if head.startswith(magics)), None)


def unfolded(window: Window, name: str) -> Source:
    """The decompressed bytes of a window. Raises Unreadable for zstd where no decompressor is available."""
    pieces = blocks(window) if name == "lz4" else decompressed(_chunks(window), name, BOUNDS)
    return _of_pieces(pieces, window.size, BOUNDS)


def inflated(window: Window, limit: int) -> Source:
    """The bytes of a raw deflate stream (a member of a zip archive), `limit` at most."""
    bounds = BOUNDS._replace(output=limit)
    return _of_pieces(decompressed(_chunks(window), "deflate", bounds), window.size, bounds)


def _chunks(window: Window) -> Pieces:
    at = 0
    while chunk := window.upto(at, CHUNK):
        at += len(chunk)
        yield chunk


def _of_pieces(pieces: Pieces, packed: int, bounds: UnfoldingBounds) -> Source:
    """A source over pieces, within the caps."""
    given = capped(pieces, lambda: packed, bounds)
    pending = b""

    def more(size: int) -> bytes:
        nonlocal pending
        pending = pending or next(given, b"")
        data, pending = pending[:size], pending[size:]
        return data

    return Source(more)
