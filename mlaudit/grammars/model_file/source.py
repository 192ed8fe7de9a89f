"""Bytes in one direction: read a little, skip much; skips are seeks where the stream allows it."""

from __future__ import annotations

from collections.abc import Callable
from typing import BinaryIO

from mlaudit.grammars.model_file.window import Window
from mlaudit.model.errors import Unreadable

CHUNK = 65536
TAKE_LIMIT = 8 * 1024 * 1024
"""Bytes that one `take` may return."""


class Ended(Unreadable):
    """The bytes ran out before what they promised."""


class Source:
    """A buffered forward reader.

    Args:
        more: the next bytes, at most as many as asked for, none at the end.
        jump: moves forward without reading and states how far it got; None if that is not possible.
        window: the seekable bytes themselves, for parts that need random access.
    """

    __slots__ = ("_jump", "_more", "base", "buffer", "position", "window")

    def __init__(
        self, more: Callable[[int], bytes], jump: Callable[[int], int] | None = None, window: Window | None = None
    ) -> None:
        self._more = more
        self._jump = jump
        self.window = window
        self.buffer = b""
        self.position = 0
        self.base = 0

    @property
    def offset(self) -> int:
        """Bytes consumed so far."""
        return self.base + self.position

    def fill(self) -> bool:
        """Fetch the next chunk once the buffer is used up; False at the end."""
        self.base += len(self.buffer)
        self.position = 0
        self.buffer = self._more(CHUNK)
        return bool(self.buffer)

    def byte(self) -> int:
        """The next byte. Raises Ended."""
        if self.position >= len(self.buffer) and not self.fill():
            raise Ended(f"it ends at byte {self.offset}, before its end mark")
        value = self.buffer[self.position]
        self.position += 1
        return value

    def take(self, size: int) -> bytes:
        """Exactly `size` bytes. Raises Ended, and Unreadable past `TAKE_LIMIT`."""
        end = self.position + size
        if size >= 0 and end <= len(self.buffer):
            data = self.buffer[self.position : end]
            self.position = end
            return data
        if not 0 <= size <= TAKE_LIMIT:
            raise Unreadable(f"a record of {size} bytes is claimed at byte {self.offset}")
        return self._across(size)

    def _across(self, size: int) -> bytes:
        parts = [self.buffer[self.position :]]
        missing = size - len(parts[0])
        self.position = len(self.buffer)
        while missing > 0:
            if not self.fill():
                raise Ended(f"it ends at byte {self.offset}, in the middle of a record")
            part = self.buffer[:missing]
            self.position = len(part)
            missing -= len(part)
            parts.append(part)
        return b"".join(parts)

    def skip(self, size: int) -> None:
        """Pass over `size` bytes. Raises Ended."""
        if size < 0:
            raise Unreadable(f"there is a negative length at byte {self.offset}")
        available = len(self.buffer) - self.position
        if size <= available:
            self.position += size
            return
        self.base += len(self.buffer)
        self.buffer, self.position = b"", 0
        if self._passed(size - available) < size - available:
            raise Ended(f"it ends at byte {self.offset}, in the middle of a record")

    def _passed(self, size: int) -> int:
        """How many of `size` bytes could be passed over."""
        if self._jump is not None:
            passed = self._jump(size)
            self.base += passed
            return passed
        left = size
        while left > 0:
            data = self._more(min(left, CHUNK))
            if not data:
                break
            self.base += len(data)
            left -= len(data)
        return size - left

    def line(self, keep: int) -> bytes:
        """The bytes up to the next newline, which is passed over; only the first `keep` are kept. Raises Ended."""
        kept = b""
        while True:
            at = self.buffer.find(b"\n", self.position)
            end = at if at >= 0 else len(self.buffer)
            if len(kept) < keep:
                kept += self.buffer[self.position : min(end, self.position + keep - len(kept))]
            if at >= 0:
                self.position = at + 1
                return kept
            if not self.fill():
                raise Ended(f"it ends at byte {self.offset}, in the middle of a line")


def from_window(window: Window) -> Source:
    """The bytes of a window, skips being seeks."""
    at = 0

    def more(size: int) -> bytes:
        nonlocal at
        data = window.upto(at, size)
        at += len(data)
        return data

    def jump(size: int) -> int:
        nonlocal at
        passed = min(size, window.size - at)
        at += passed
        return passed

    return Source(more, jump, window)


def from_stream(stream: BinaryIO) -> Source:
    """The bytes of a seekable stream from its beginning."""
    return from_window(Window(stream, 0, stream.seek(0, 2)))
