"""Attributes of the root group of an HDF5 file: texts of fixed and variable length.

Format: HDF5 File Format Specification 3.0, https://docs.hdfgroup.org/hdf5/v1_14/_f_m_t3.html. Attributes in dense
storage (more than eight, with new-style groups) are in a fractal heap, which is not walked.
"""

from __future__ import annotations

from collections.abc import Iterator

from mlaudit.grammars.model_file.window import Window
from mlaudit.model.errors import Unreadable
from mlaudit.model.lazy_dataclass import dataclass

MAGIC = b"\x89HDF\r\n\x1a\n"
MESSAGES = 4096
BLOCKS = 256
TEXT_LIMIT = 65536
HEAP_OBJECTS = 65536

_CONTINUATION, _ATTRIBUTE, _ATTRIBUTE_INFO = 0x10, 0x0C, 0x15
_FIXED_TEXT, _VARIABLE = 3, 9


@dataclass(frozen=True, slots=True)
class _Sizes:
    """Bytes of an address and of a length in this file."""

    offset: int
    length: int


class RootAttributes:
    """The texts of the root group's attributes; `needed` bytes make the file whole. Raises Unreadable."""

    def __init__(self, window: Window) -> None:
        self.window = window
        self.dense = False
        self.needed = 0
        self.texts: dict[str, str] = {}
        self.names: dict[str, None] = {}
        self._read()

    def _read(self) -> None:
        if self.window.read(0, 8) != MAGIC:
            raise Unreadable("it does not begin with the mark of HDF5")
        version = self.window.number(8, 1)
        if version > 3:
            raise Unreadable(f"its HDF5 superblock is of version {version}; 0 to 3 are known")
        at = 13 if version < 2 else 9
        self.sizes = _Sizes(self.window.number(at, 1), self.window.number(at + 1, 1))
        if not {self.sizes.offset, self.sizes.length} <= {2, 4, 8}:
            raise Unreadable("its HDF5 superblock is corrupt")
        # The end of the file as its writer left it, the third address of every superblock.
        first = 12 if version >= 2 else 24 + 4 * version
        self.needed = self.window.number(first + 2 * self.sizes.offset, self.sizes.offset)
        self._header(self._root_address(version))

    def _root_address(self, version: int) -> int:
        size = self.sizes.offset
        if version >= 2:
            return self.window.number(12 + 3 * size, size)
        # The root group's symbol table entry: name offset, then the address.
        entry = (24 if version == 0 else 28) + 4 * size
        return self.window.number(entry + size, size)

    def _header(self, address: int) -> None:
        if self.window.upto(address, 4) == b"OHDR":
            self._header_2(address)
        else:
            self._header_1(address)

    def _header_1(self, address: int) -> None:
        if self.window.number(address, 1) != 1:
            raise Unreadable("the root group's header is of an unknown version")
        pending = [(address + 16, self.window.number(address + 8, 4))]
        for at, size in self._blocks(pending):
            end = at + size
            while at + 8 <= end:
                kind, length = self.window.number(at, 2), self.window.number(at + 2, 2)
                self._message(kind, at + 8, length, pending)
                at += 8 + length

    def _header_2(self, address: int) -> None:
        flags = self.window.number(address + 5, 1)
        at = address + 6 + (16 if flags & 0x20 else 0) + (4 if flags & 0x10 else 0)
        width = 1 << (flags & 3)
        head = 6 if flags & 4 else 4
        pending = [(at + width, self.window.number(at, width))]
        first = True
        for begin, length in self._blocks(pending):
            # A continuation has a mark in front and a checksum behind.
            at, end = (begin, begin + length) if first else (begin + 4, begin + length - 4)
            first = False
            while at + head <= end:
                kind, size = self.window.number(at, 1), self.window.number(at + 1, 2)
                self._message(kind, at + head, size, pending)
                at += head + size

    def _blocks(self, pending: list[tuple[int, int]]) -> Iterator[tuple[int, int]]:
        """Blocks of the header, each once, those that are found on the way too."""
        seen: set[int] = set()
        while pending:
            at, size = pending.pop(0)
            if at in seen or len(seen) >= BLOCKS:
                raise Unreadable("the root group's header refers to itself")
            seen.add(at)
            self.window.part(at, size)
            yield at, size

    def _message(self, kind: int, at: int, size: int, pending: list[tuple[int, int]]) -> None:
        if kind == _CONTINUATION:
            offset = self.window.number(at, self.sizes.offset)
            pending.append((offset, self.window.number(at + self.sizes.offset, self.sizes.length)))
        elif kind == _ATTRIBUTE:
            self._attribute(self.window.part(at, size))
        elif kind == _ATTRIBUTE_INFO:
            self._attribute_info(self.window.part(at, size))

    def _attribute_info(self, message: Window) -> None:
        flags = message.number(1, 1)
        heap = message.number(2 + (2 if flags & 1 else 0), self.sizes.offset)
        self.dense = heap != (1 << (8 * self.sizes.offset)) - 1

    def _attribute(self, message: Window) -> None:
        version = message.number(0, 1)
        name_size, type_size, space_size = (message.number(at, 2) for at in (2, 4, 6))
        at = 9 if version == 3 else 8
        name = message.read(at, name_size).split(b"\0")[0].decode("utf-8", "replace")
        if len(self.names) >= MESSAGES:
            raise Unreadable(f"the root group has more than {MESSAGES} attributes")
        self.names[name] = None
        pad = 8 if version == 1 else 1
        type_at = at + _padded(name_size, pad)
        data_at = type_at + _padded(type_size, pad) + _padded(space_size, pad)
        text = self._text(message, type_at, data_at)
        if text is not None:
            self.texts[name] = text

    def _text(self, message: Window, type_at: int, data_at: int) -> str | None:
        kind = message.number(type_at, 1) & 0x0F
        if kind == _FIXED_TEXT:
            data = message.upto(data_at, min(message.number(type_at + 4, 4), TEXT_LIMIT))
        elif kind == _VARIABLE and message.number(type_at + 1, 1) & 0x0F == 1:
            data = self._from_heap(message, data_at)
        else:
            return None
        return data.split(b"\0")[0].decode("utf-8", "replace")

    def _from_heap(self, message: Window, at: int) -> bytes:
        """A variable-length text: its size, the address of a global heap collection, an index in it."""
        size = message.number(at, 4)
        address = message.number(at + 4, self.sizes.offset)
        index = message.number(at + 4 + self.sizes.offset, 4)
        if self.window.read(address, 4) != b"GCOL":
            raise Unreadable("an attribute's text is not where it should be")
        end = address + self.window.number(address + 8, self.sizes.length)
        at = address + 8 + self.sizes.length
        for _ in range(HEAP_OBJECTS):
            if at + 8 + self.sizes.length > end:
                break
            number = self.window.number(at, 2)
            length = self.window.number(at + 8, self.sizes.length)
            if number == index:
                return self.window.upto(at + 8 + self.sizes.length, min(size, length, TEXT_LIMIT))
            at += 8 + self.sizes.length + _padded(length, 8)
        raise Unreadable("an attribute's text is not where it should be")


def _padded(size: int, to: int) -> int:
    return -(-size // to) * to
