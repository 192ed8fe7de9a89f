"""A part of a seekable stream, read by position: every read is bounded by the part, never by what the file claims."""

from __future__ import annotations

from typing import BinaryIO

from mlaudit.model.errors import Unreadable

READ_LIMIT = 16 * 1024 * 1024
"""Bytes that one read may return; a longer one is refused before anything is allocated."""


class Window:
    """Bytes `start` to `end` of a stream, addressed from 0. Every method raises Unreadable past the end."""

    __slots__ = ("_stream", "size", "start")

    def __init__(self, stream: BinaryIO, start: int, size: int) -> None:
        self._stream = stream
        self.start = start
        self.size = size

    def read(self, offset: int, size: int) -> bytes:
        """Exactly `size` bytes at `offset`."""
        self._check(offset, size)
        if size > READ_LIMIT:
            raise Unreadable(f"a record of {size} bytes is not read (at most {READ_LIMIT})")
        self._stream.seek(self.start + offset)
        data = self._stream.read(size)
        if len(data) != size:
            raise Unreadable(f"it ends at byte {self.start + offset + len(data)}, in the middle of a record")
        return data

    def upto(self, offset: int, size: int) -> bytes:
        """As many bytes at `offset` as there are, `size` at most."""
        size = max(0, min(size, self.size - offset))
        return self.read(offset, size) if size else b""

    def part(self, offset: int, size: int) -> Window:
        """A window inside this one."""
        self._check(offset, size)
        return Window(self._stream, self.start + offset, size)

    def number(self, offset: int, size: int, *, signed: bool = False) -> int:
        """A little-endian integer of `size` bytes."""
        return int.from_bytes(self.read(offset, size), "little", signed=signed)

    def _check(self, offset: int, size: int) -> None:
        if offset < 0 or size < 0 or offset + size > self.size:
            end = offset + size
            raise Unreadable(f"bytes {offset} to {end} are referred to, of {self.size} there are: it is cut or corrupt")


def whole(stream: BinaryIO) -> Window:
    """A window over a stream from its first byte to its last. Raises Unreadable if there is none."""
    size = stream.seek(0, 2)
    if not size:
        raise Unreadable("it is empty; a model file has one byte at least")
    return Window(stream, 0, size)
