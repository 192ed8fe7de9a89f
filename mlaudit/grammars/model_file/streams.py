"""Bounded decompression, piece by piece: zlib, gzip, bz2, xz, lzma, lz4, raw deflate; output and ratio are capped."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from functools import lru_cache
from importlib import import_module
from typing import Protocol

from mlaudit.grammars.model_file.lz4_frame import MAGIC as LZ4_MAGIC
from mlaudit.grammars.model_file.lz4_frame import blocks
from mlaudit.grammars.model_file.source import CHUNK, Source
from mlaudit.grammars.model_file.window import Window
from mlaudit.model.errors import Unreadable

OUTPUT_LIMIT = 4 * 1024**3
"""Bytes that one stream may unfold to."""
RATIO_LIMIT = 250
"""Times its own size that a stream may unfold to, once it has given `RATIO_FROM` bytes."""
RATIO_FROM = 256 * 1024**2
MEMORY_LIMIT = 64 * 1024**2
"""Bytes of dictionary that an xz or lzma stream may ask for (`xz -9` asks for 64 MiB)."""

ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
_ZLIB_HEADS = (b"\x78\x01", b"\x78\x5e", b"\x78\x9c", b"\x78\xda")


class Decompressor(Protocol):
    """What `bz2` and `lzma` offer, and `_Zlib` imitates."""

    @property
    def eof(self) -> bool:
        """Whether the end mark was met."""
        ...

    @property
    def needs_input(self) -> bool:
        """Whether it holds nothing back."""
        ...

    @property
    def unused_data(self) -> bytes:
        """What stands behind the end mark."""
        ...

    def decompress(self, data: bytes, max_length: int = -1) -> bytes:
        """At most `max_length` bytes more."""
        ...


class _Zlib:
    """A zlib object that keeps what it was not allowed to unfold yet."""

    def __init__(self, window_bits: int) -> None:
        self._inner = zlib.decompressobj(window_bits)

    @property
    def eof(self) -> bool:
        return self._inner.eof

    @property
    def needs_input(self) -> bool:
        return not self._inner.unconsumed_tail

    @property
    def unused_data(self) -> bytes:
        return self._inner.unused_data

    def decompress(self, data: bytes, max_length: int = -1) -> bytes:
        return self._inner.decompress(self._inner.unconsumed_tail + data, max_length)


def _bz2() -> Decompressor:
    import bz2

    return bz2.BZ2Decompressor()


def _xz() -> Decompressor:
    import lzma

    return lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=MEMORY_LIMIT + 2**20)


def _lzma() -> Decompressor:
    import lzma

    return lzma.LZMADecompressor(lzma.FORMAT_ALONE, memlimit=MEMORY_LIMIT + 2**20)


_MAKERS: tuple[tuple[str, tuple[bytes, ...], Callable[[], Decompressor]], ...] = (
    ("gzip", (b"\x1f\x8b",), lambda: _Zlib(31)),
    ("zlib", _ZLIB_HEADS, lambda: _Zlib(15)),
    ("bz2", (b"BZh",), _bz2),
    ("xz", (b"\xfd7zXZ\x00",), _xz),
    ("lzma", (b"\x5d\x00\x00",), _lzma),
)


COMPRESSED = (LZ4_MAGIC, ZSTD_MAGIC, *(magic for _, magics, _ in _MAKERS for magic in magics))
"""How a compressed document begins."""


def compression(head: bytes) -> str | None:
    """The compression that a document's first bytes show, None where they show none."""
    if head.startswith(LZ4_MAGIC):
        return "lz4"
    if head.startswith(ZSTD_MAGIC):
        return "zstd"
    return next((name for name, magics, _ in _MAKERS if head.startswith(magics)), None)


def unfolded(window: Window, name: str) -> Source:
    """The decompressed bytes of a window. Raises Unreadable for zstd where no decompressor is at hand."""
    if name == "lz4":
        return _of_pieces(blocks(window), window.size)
    magics, make = next((magics, make) for known, magics, make in (*_MAKERS, _zstd()) if known == name)
    return _of_pieces(_pieces(window, make, magics), window.size)


def inflated(window: Window, limit: int) -> Source:
    """The bytes of a raw deflate stream (a member of a zip archive), `limit` at most."""
    return _of_pieces(_pieces(window, lambda: _Zlib(-15), ()), window.size, limit)


def _zstd() -> tuple[str, tuple[bytes, ...], Callable[[], Decompressor]]:
    def make() -> Decompressor:
        try:
            found: Decompressor = import_module("compression.zstd").ZstdDecompressor()
        except ImportError:
            raise Unreadable("it is compressed by zstd, which needs Python 3.14 or newer to be read") from None
        return found

    return "zstd", (ZSTD_MAGIC,), make


def _pieces(window: Window, make: Callable[[], Decompressor], magics: tuple[bytes, ...]) -> Iterator[bytes]:
    """Decompressed pieces of at most `CHUNK` bytes; a member that follows the first is unfolded too."""
    at = 0
    decompressor = make()
    held = b""
    while not decompressor.eof or held.startswith(magics or (b"\0no member follows",)):
        if decompressor.eof:
            decompressor = make()
        if decompressor.needs_input and not held:
            held = window.upto(at, CHUNK)
            at += len(held)
            if not held:
                raise Unreadable("its compressed stream is cut: the end mark is missing")
        piece = _fed(decompressor, held)
        held = decompressor.unused_data if decompressor.eof else b""
        if decompressor.eof and len(held) < 8:
            held += window.upto(at, CHUNK)
            at += len(held) - len(decompressor.unused_data)
        if piece:
            yield piece


def _fed(decompressor: Decompressor, data: bytes) -> bytes:
    try:
        return decompressor.decompress(data, CHUNK)
    except _errors() as error:
        reason = "it needs too much memory" if isinstance(error, MemoryError) else str(error)
        raise Unreadable(f"its compressed stream cannot be read: {reason}") from None


@lru_cache(maxsize=1)
def _errors() -> tuple[type[Exception], ...]:
    from lzma import LZMAError

    return (zlib.error, LZMAError, OSError, EOFError, ValueError, MemoryError)


def _of_pieces(pieces: Iterator[bytes], packed: int, limit: int = OUTPUT_LIMIT) -> Source:
    """A source over pieces, the caps held."""
    held = b""
    given = 0

    def more(size: int) -> bytes:
        nonlocal held, given
        if not held:
            held = next(pieces, b"")
        data, held = held[:size], held[size:]
        given += len(data)
        if given > limit:
            raise Unreadable(f"it unfolds to more than {limit} bytes")
        if given > RATIO_FROM and given > packed * RATIO_LIMIT:
            raise Unreadable(f"it unfolds to more than {RATIO_LIMIT} times its size")
        return data

    return Source(more)
