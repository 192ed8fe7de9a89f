"""Bounded decompression, piece by piece: gzip, zlib, deflate, bz2, xz, lzma and zstd; output and ratio are capped."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from functools import lru_cache
from importlib import import_module
from typing import NamedTuple, Protocol

from mlaudit.model.errors import Unreadable

ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
ZSTD_SKIPPABLE = tuple(bytes((0x50 + low, 0x2A, 0x4D, 0x18)) for low in range(16))
"""How frames of zstd begin that have no data of the stream: https://datatracker.ietf.org/doc/html/rfc8878#section-3.1.2."""
MAGICS = {
    "gzip": (b"\x1f\x8b",),
    "zlib": (b"\x78\x01", b"\x78\x5e", b"\x78\x9c", b"\x78\xda"),
    "bz2": (b"BZh",),
    "xz": (b"\xfd7zXZ\x00",),
    "lzma": (b"\x5d\x00\x00",),
    "zstd": (ZSTD_MAGIC, *ZSTD_SKIPPABLE),
}
"""How a stream of each compression begins."""
CHUNK = 16 * 1024
"""Compressed bytes given to a decompressor at once."""
_FULL_MAGIC = 8
"""Bytes behind a member that decide whether another one follows."""
_CUT = "its {} stream is cut: the end mark is missing"

Pieces = Iterator[bytes]


class UnfoldingBounds(NamedTuple):
    """How far a stream may decompress.

    Attributes:
        output: bytes that it may give.
        ratio: times its own size, once it has given `ratio_from` bytes.
        memory: bytes of dictionary that it may ask for.
        piece: bytes of the largest piece.
    """

    output: int
    ratio: int
    ratio_from: int
    memory: int
    piece: int


class _Decompressor(Protocol):
    """What `bz2`, `lzma` and `compression.zstd` have in common."""

    @property
    def eof(self) -> bool: ...
    @property
    def needs_input(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int = -1) -> bytes: ...


class _Zlib:
    """A zlib object that keeps what it was not allowed to decompress yet."""

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


def decompressed(raw: Pieces, name: str, bounds: UnfoldingBounds, *, ends_with_members: bool = False) -> Pieces:
    """The bytes of every member of a stream, in pieces; nothing is capped yet. Raises Unreadable.

    Args:
        name: the compression, a key of `MAGICS` or `deflate`.
        ends_with_members: nothing but zeros may follow the last member.
    """
    if name == "zstd" and not _has_zstd():
        yield from _of_zstd_extra(raw, bounds)
        return
    make = _maker(name, bounds.memory)
    follows = MAGICS.get(name, ())
    inner, pending = make(), b""
    while True:
        if inner.eof:
            pending = _next_member(pending, raw)
            if not pending or not (ends_with_members or pending.startswith(follows or (b"\0none",))):
                return
            inner = make()
        if inner.needs_input and not pending:
            pending = next(raw, b"")
            if not pending:
                raise Unreadable(_CUT.format(name))
        piece = _fed(inner, pending, name, bounds.piece)
        pending = inner.unused_data if inner.eof else b""
        if piece:
            yield piece


def capped(pieces: Pieces, packed: Callable[[], int], bounds: UnfoldingBounds) -> Pieces:
    """The pieces, until they are more than may be; `packed` gives how many compressed bytes they come from."""
    given = 0
    for piece in pieces:
        given += len(piece)
        if given > bounds.output:
            raise Unreadable(f"it decompresses to more than {bounds.output} bytes")
        if given > bounds.ratio_from and given > packed() * bounds.ratio:
            raise Unreadable(f"it decompresses to more than {bounds.ratio} times its size")
        yield piece


def _next_member(pending: bytes, raw: Pieces) -> bytes:
    """What follows a member, its padding of zeros left out; empty at the end."""
    pending = pending.lstrip(b"\0")
    while len(pending) < _FULL_MAGIC and (more := next(raw, b"")):
        pending = (pending + more).lstrip(b"\0")
    return pending


def _maker(name: str, memory: int) -> Callable[[], _Decompressor]:
    if name in ("gzip", "zlib", "deflate"):
        window_bits = {"gzip": 31, "zlib": 15, "deflate": -15}[name]
        return lambda: _Zlib(window_bits)
    if name == "bz2":
        import bz2

        return bz2.BZ2Decompressor
    if name == "zstd":
        module = import_module("compression.zstd")
        largest = {module.DecompressionParameter.window_log_max: memory.bit_length() - 1}
        return lambda: module.ZstdDecompressor(options=largest)
    import lzma

    form = lzma.FORMAT_XZ if name == "xz" else lzma.FORMAT_ALONE
    return lambda: lzma.LZMADecompressor(form, memlimit=memory)


def _fed(inner: _Decompressor, data: bytes, name: str, size: int) -> bytes:
    try:
        return inner.decompress(data, size)
    except _errors() as error:
        reason = "it needs too much memory" if isinstance(error, MemoryError) else str(error)
        raise Unreadable(f"its {name} stream cannot be read: {reason}") from None


@lru_cache(maxsize=1)
def _errors() -> tuple[type[Exception], ...]:
    """What the modules raise for bytes that they cannot read."""
    from lzma import LZMAError

    errors: list[type[Exception]] = [zlib.error, LZMAError, OSError, EOFError, ValueError, MemoryError]
    if _has_zstd():
        errors.append(import_module("compression.zstd").ZstdError)
    return tuple(errors)


@lru_cache(maxsize=1)
def _has_zstd() -> bool:
    """Whether this Python reads zstd by itself, as 3.14 and newer do."""
    try:
        import_module("compression.zstd")
    except ImportError:
        return False
    return True


class _Stream:
    """Pieces as the file that `zstandard` reads from."""

    def __init__(self, raw: Pieces) -> None:
        self._raw = raw
        self._held = b""

    def read(self, size: int) -> bytes:
        chunk = self._held or next(self._raw, b"")
        self._held = chunk[size:]
        return chunk[:size]


def _of_zstd_extra(raw: Pieces, bounds: UnfoldingBounds) -> Pieces:
    try:
        module = import_module("zstandard")
    except ImportError:
        raise Unreadable(
            "it is compressed by zstd, which needs Python 3.14 or the extra: pip install 'mlaudit[zstd]'"
        ) from None
    inner = module.ZstdDecompressor(max_window_size=bounds.memory)
    stream = inner.stream_reader(_Stream(raw), read_size=CHUNK, read_across_frames=True)
    try:
        while piece := stream.read(bounds.piece):
            yield bytes(piece)
    except module.ZstdError as error:
        raise Unreadable(f"its zstd stream cannot be read: {error}") from None
