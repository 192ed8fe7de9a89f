"""Bytes in order from files, parts of files and compressed streams, in pieces: memory stays flat."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from importlib import import_module
from typing import BinaryIO, Protocol

from mlaudit.model.errors import Unreadable

CHUNK = 16 * 1024
"""Compressed bytes given to a decompressor at once; deflate unfolds them to 17 MB at most."""
PIECE = 1024 * 1024
"""Bytes that other decompressors give at once."""
OUTPUT_LIMIT = 256 * 1024**3
"""Bytes that one layer may unfold to."""
RATIO_LIMIT = 200
"""Times its own size that a layer may unfold to, once it has given `RATIO_FROM` bytes."""
RATIO_FROM = 512 * 1024**2
MEMORY_LIMIT = 128 * 1024**2
"""Bytes of dictionary that an xz or zstd stream may ask for."""

_WINDOW = 64 * 1024
_GZIP = b"\x1f\x8b"
_ZSTD = b"\x28\xb5\x2f\xfd"
_SKIPPABLE = tuple(bytes((0x50 + low, 0x2A, 0x4D, 0x18)) for low in range(16))
_OTHERS = {b"BZh": "bz2", b"\xfd7zXZ\x00": "xz"}

Pieces = Iterator[bytes]


class Reader:
    """Bytes that are read or skipped once, front to back.

    Args:
        pieces: what is read, piece by piece.
        jump: passes over bytes that no piece has given yet, where that costs less than reading them; tells how many.
    """

    def __init__(self, pieces: Pieces, jump: Callable[[int], int] | None = None) -> None:
        self._pieces = pieces
        self._jump = jump
        self._held = b""
        self._at = 0
        self._before = 0

    @property
    def position(self) -> int:
        """Bytes passed so far."""
        return self._before + self._at

    def read(self, size: int) -> bytes:
        """The next bytes; fewer at the end only. Raises Unreadable."""
        end = self._at + size
        if end <= len(self._held):
            data = self._held[self._at : end]
            self._at = end
            return data
        return self._joined(size)

    def _joined(self, size: int) -> bytes:
        parts: list[bytes] = []
        while size > 0:
            if self._at >= len(self._held) and not self._next():
                break
            part = self._held[self._at : self._at + size]
            self._at += len(part)
            size -= len(part)
            parts.append(part)
        return b"".join(parts)

    def skip(self, size: int) -> int:
        """Pass over the next bytes; how many there were. Raises Unreadable."""
        wanted = size
        while size > 0:
            step = min(size, len(self._held) - self._at)
            self._at += step
            size -= step
            if size and self._jump is not None:
                passed = self._jump(size)
                self._before += len(self._held) + passed
                self._held, self._at = b"", 0
                return wanted - size + passed
            if size and not self._next():
                break
        return wanted - size

    def _next(self) -> bool:
        self._before += len(self._held)
        self._held = next(self._pieces, b"")
        self._at = 0
        return bool(self._held)

    def part(self, size: int) -> Reader:
        """The next bytes as a reader of their own; this one goes on where that one stopped."""
        left = size

        def pieces() -> Pieces:
            nonlocal left
            while left > 0:
                data = self.read(min(left, CHUNK))
                if not data:
                    return
                left -= len(data)
                yield data

        def jump(wanted: int) -> int:
            nonlocal left
            passed = self.skip(min(wanted, left))
            left -= passed
            return passed

        return Reader(pieces(), jump)

    def rest(self, size: int) -> Pieces:
        """What is left, in pieces of `size` bytes at most."""
        while data := self.read(size):
            yield data


def of_file(stream: BinaryIO, start: int, size: int) -> Reader:
    """A part of a file; skipping seeks, so that what nobody reads is never loaded."""
    at, end = start, start + size

    def pieces() -> Pieces:
        nonlocal at
        while at < end:
            stream.seek(at)
            data = stream.read(min(_WINDOW, end - at))
            if not data:
                return
            at += len(data)
            yield data

    def jump(wanted: int) -> int:
        nonlocal at
        passed = min(wanted, end - at)
        at += passed
        return passed

    return Reader(pieces(), jump)


def is_compressed(head: bytes) -> bool:
    """Whether first bytes are those of a compressed stream that a layer may be."""
    return head.startswith((_GZIP, _ZSTD, *_SKIPPABLE, *_OTHERS))


def unfolded(packed: Reader) -> Reader:
    """The bytes of a layer, decompressed where they are compressed; caps held. Raises Unreadable."""
    head = packed.read(6)
    raw = _again(head, packed)
    if head.startswith(_GZIP):
        return Reader(_capped(_gunzipped(raw), packed))
    if head.startswith((_ZSTD, *_SKIPPABLE)):
        return Reader(_capped(_unzstd(raw), packed))
    for magic, name in _OTHERS.items():
        if head.startswith(magic):
            return Reader(_capped(_decompressed(raw, _maker(name)), packed))
    return Reader(_again(head, packed, _WINDOW), packed.skip)


def _again(head: bytes, packed: Reader, size: int = CHUNK) -> Pieces:
    if head:
        yield head
    yield from packed.rest(size)


def _capped(pieces: Pieces, packed: Reader) -> Pieces:
    given = 0
    for piece in pieces:
        given += len(piece)
        if given > OUTPUT_LIMIT:
            raise Unreadable(f"it unfolds to more than {OUTPUT_LIMIT} bytes")
        if given > RATIO_FROM and given > packed.position * RATIO_LIMIT:
            raise Unreadable(f"it unfolds to more than {RATIO_LIMIT} times its size")
        yield piece


def _gunzipped(raw: Pieces) -> Pieces:
    """Every member of a gzip stream; `pigz -i` and eStargz write many."""
    inner = zlib.decompressobj(31)
    for chunk in raw:
        data = chunk
        while data:
            if inner.eof:
                data = data.lstrip(b"\0") if data[0] == 0 else data
                if not data:
                    break
                inner = zlib.decompressobj(31)
            try:
                piece = inner.decompress(data)
            except zlib.error as error:
                raise Unreadable(f"its gzip stream cannot be read: {error}") from None
            data = inner.unused_data
            if piece:
                yield piece
    if not inner.eof:
        raise Unreadable("its gzip stream is cut: the end mark is missing")


class _StreamDecompressor(Protocol):
    """What `bz2`, `lzma` and `compression.zstd` have in common."""

    @property
    def eof(self) -> bool: ...
    @property
    def needs_input(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int = -1) -> bytes: ...


def _maker(name: str) -> Callable[[], _StreamDecompressor]:
    if name == "bz2":
        import bz2

        return bz2.BZ2Decompressor
    import lzma

    return lambda: lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=MEMORY_LIMIT)


def _decompressed(raw: Pieces, make: Callable[[], _StreamDecompressor]) -> Pieces:
    """Every stream of a file, in pieces of `PIECE` bytes at most."""
    inner = make()
    for chunk in raw:
        data = chunk
        while data or not (inner.needs_input or inner.eof):
            if inner.eof:
                data = data.lstrip(b"\0")
                if not data:
                    break
                inner = make()
            try:
                piece = inner.decompress(data, PIECE)
            except Exception as error:  # each module has its own class of errors, and none of them is fatal here
                raise Unreadable(f"its compressed stream cannot be read: {error}") from None
            data = inner.unused_data if inner.eof else b""
            if piece:
                yield piece
    if not inner.eof:
        raise Unreadable("its compressed stream is cut: the end mark is missing")


def _unzstd(raw: Pieces) -> Pieces:
    try:
        module = import_module("compression.zstd")
    except ImportError:
        return _unzstd_by_extra(raw)
    parameter = module.DecompressionParameter.window_log_max
    return _decompressed(raw, lambda: module.ZstdDecompressor(options={parameter: 27}))


class _Stream:
    """Pieces as the file that `zstandard` reads from."""

    def __init__(self, raw: Pieces) -> None:
        self._raw = raw
        self._held = b""

    def read(self, size: int) -> bytes:
        held = self._held or next(self._raw, b"")
        self._held = held[size:]
        return held[:size]


def _unzstd_by_extra(raw: Pieces) -> Pieces:
    try:
        module = import_module("zstandard")
    except ImportError:
        raise Unreadable(
            "it is compressed by zstd, which needs Python 3.14 or the extra: pip install 'mlaudit[zstd]'"
        ) from None
    inner = module.ZstdDecompressor(max_window_size=MEMORY_LIMIT)
    stream = inner.stream_reader(_Stream(raw), read_size=CHUNK, read_across_frames=True)
    try:
        while piece := stream.read(PIECE):
            yield bytes(piece)
    except module.ZstdError as error:
        raise Unreadable(f"its zstd stream cannot be read: {error}") from None
