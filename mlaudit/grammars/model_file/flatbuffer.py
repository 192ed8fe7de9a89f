"""Tables of a FlatBuffer, read by seeks; every offset is compared with the window.

Format: https://flatbuffers.dev/internals/.
"""

from __future__ import annotations

from collections.abc import Iterator

from mlaudit.grammars.model_file.window import Window
from mlaudit.model.errors import Unreadable

TEXT_LIMIT = 65536
VECTOR_LIMIT = 100_000
_SMALLEST_VTABLE = 4
"""Its own size and that of the table, two bytes each."""


class Table:
    """One table; fields are counted from 0 in the order of the schema."""

    __slots__ = ("_at", "_vtable", "_vtable_size", "_window")

    def __init__(self, window: Window, at: int) -> None:
        self._window = window
        self._at = at
        self._vtable = at - window.number(at, 4, signed=True)
        self._vtable_size = window.number(self._vtable, 2)
        if self._vtable_size < _SMALLEST_VTABLE:
            raise Unreadable(f"a table's fields are claimed in {self._vtable_size} bytes; at least 4 are needed")

    def _field(self, index: int) -> int | None:
        slot = 4 + 2 * index
        if slot + 2 > self._vtable_size:
            return None
        offset = self._window.number(self._vtable + slot, 2)
        return self._at + offset if offset else None

    def unsigned(self, index: int) -> int:
        """A 32-bit number, 0 where the field is not set."""
        at = self._field(index)
        return self._window.number(at, 4) if at is not None else 0

    def _pointed(self, index: int) -> int | None:
        at = self._field(index)
        return None if at is None else at + self._window.number(at, 4)

    def data(self, index: int) -> bytes:
        """A text or a vector of bytes, empty if the field is not set; the first `TEXT_LIMIT` bytes."""
        at = self._pointed(index)
        if at is None:
            return b""
        size = self._window.number(at, 4)
        return self._window.part(at + 4, size).upto(0, TEXT_LIMIT)

    def numbers(self, index: int) -> int:
        """How many 32-bit numbers a vector has, all of which are there. Raises Unreadable where they are not."""
        at = self._pointed(index)
        if at is None:
            return 0
        count = self._window.number(at, 4)
        self._window.part(at + 4, 4 * count)
        return count

    def text(self, index: int) -> str:
        """A text, empty if the field is not set."""
        return self.data(index).decode("utf-8", "replace")

    def table(self, index: int) -> Table | None:
        """A table inside, None if the field is not set."""
        at = self._pointed(index)
        return None if at is None else Table(self._window, at)

    def tables(self, index: int) -> Iterator[Table]:
        """The tables of a vector."""
        at = self._pointed(index)
        if at is None:
            return
        count = self._window.number(at, 4)
        if count > VECTOR_LIMIT:
            raise Unreadable(f"a vector of {count} tables is claimed")
        for item in range(count):
            slot = at + 4 + 4 * item
            yield Table(self._window, slot + self._window.number(slot, 4))

    def item(self, index: int, position: int) -> Table:
        """One table of a vector."""
        at = self._pointed(index)
        if at is None or position >= self._window.number(at, 4):
            raise Unreadable("it refers to an entry that is not there")
        slot = at + 4 + 4 * position
        return Table(self._window, slot + self._window.number(slot, 4))


def root(window: Window) -> Table:
    """The root table."""
    return Table(window, window.number(0, 4))
