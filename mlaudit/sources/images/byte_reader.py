"""Bytes in order from files, parts of files and compressed streams, in pieces: memory stays flat."""

from __future__ import annotations

from collections.abc import Callable
from typing import BinaryIO

from mlaudit.document.decompression import CHUNK, MAGICS, Pieces, UnfoldingBounds, capped, decompressed

BOUNDS = UnfoldingBounds(output=256 * 1024**3, ratio=200, ratio_from=512 * 1024**2, memory=128 * 1024**2, piece=1024**2)
"""How far one layer may decompress."""
_WINDOW = 64 * 1024
_OF_LAYERS = ("gzip", "zstd", "bz2", "xz")
"""Compressions of layers, as in https://github.com/opencontainers/image-spec/blob/main/layer.md, and older ones."""


class Reader:
    """Bytes that are read or skipped once, front to back.

    Args:
        pieces: what is read, piece by piece.
        jump: passes over bytes that no piece has given yet, where that costs less than reading them; gives how many.
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
    return _compression(head) is not None


def unfolded(packed: Reader) -> Reader:
    """The bytes of a layer, decompressed where they are compressed; within the caps. Raises Unreadable."""
    head = packed.read(6)
    name = _compression(head)
    if name is None:
        return Reader(_again(head, packed, _WINDOW), packed.skip)
    pieces = decompressed(_again(head, packed), name, BOUNDS, ends_with_members=True)
    return Reader(capped(pieces, lambda: packed.position, BOUNDS))


def _compression(head: bytes) -> str | None:
    return next((name for name in _OF_LAYERS if head.startswith(MAGICS[name])), None)


def _again(head: bytes, packed: Reader, size: int = CHUNK) -> Pieces:
    if head:
        yield head
    yield from packed.rest(size)
