"""The central directory of a zip archive, bounded before it is read, and its members, bounded as they are decompressed.

Format: PKWARE's APPNOTE.TXT 6.3.10. The standard library reads the whole directory at once, and decompresses
bzip2 and lzma members without a bound.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator

from mlaudit.grammars.model_file.source import Source, from_window
from mlaudit.grammars.model_file.streams import inflated
from mlaudit.grammars.model_file.window import Window
from mlaudit.model.errors import Unreadable
from mlaudit.model.lazy_dataclass import dataclass

ENTRIES = 100_000
DIRECTORY = 16 * 1024 * 1024
"""Bytes of a central directory that is read."""
CHECKED = 256 * 1024 * 1024
"""Bytes of one archive's members that are read a second time for their checksums."""
SIGNATURE = b"PK\x03\x04"

_END = struct.Struct("<4sHHHHIIH")
_END64 = struct.Struct("<4sQHHIIQQQQ")
_LOCATOR = struct.Struct("<4sIQI")
_ENTRY = struct.Struct("<4sHHHHHHIIIHHHHHII")
_LOCAL = struct.Struct("<4sHHHHHIIIHH")
_STORED, _DEFLATED = 0, 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One entry of the directory."""

    name: str
    flags: int
    method: int
    crc: int
    packed: int
    size: int
    offset: int


class Archive:
    """A zip archive in a window. Raises Unreadable where its directory is absent, too long or corrupt."""

    def __init__(self, window: Window) -> None:
        self.window = window
        self.notes: dict[str, None] = {}
        self._shift = 0
        self._to_check = CHECKED
        self.members: dict[str, Member] = {}
        for member in self._read():
            if member.name in self.members:
                self.notes[f"the archive contains `{member.name[:80]}` twice; readers differ in which one they use"] = (
                    None
                )
            self.members[member.name] = member

    def _read(self) -> Iterator[Member]:
        at, size, count = self._directory()
        if count > ENTRIES or size > DIRECTORY:
            raise Unreadable(f"its directory has {count} entries and {size} bytes; at most {ENTRIES} are read")
        data = self.window.read(at, size)
        position = 0
        for _ in range(count):
            member, position = _entry(data, position)
            yield member

    def _directory(self) -> tuple[int, int, int]:
        """Where the directory starts, its size, and how many entries it has."""
        tail_at = max(0, self.window.size - 65536 - _END.size)
        tail = self.window.upto(tail_at, 65536 + _END.size)
        end_at = tail.rfind(b"PK\x05\x06")
        if end_at < 0 or len(tail) - end_at < _END.size:
            raise Unreadable("the zip archive is cut: its directory at the end is missing")
        _, _, _, _, count, size, offset, _ = _END.unpack_from(tail, end_at)
        end = tail_at + end_at
        wide = self._directory64(end)
        if wide is not None:
            return wide
        return self._shifted(end, size, offset), size, count

    def _directory64(self, end: int) -> tuple[int, int, int] | None:
        """The same from the 64-bit record, which torch writes even for small archives; None if there is none."""
        at = end - _LOCATOR.size
        if at < 0 or self.window.read(at, 4) != b"PK\x06\x07":
            return None
        where = _LOCATOR.unpack(self.window.read(at, _LOCATOR.size))[2]
        record = self.window.read(where, _END64.size)
        if record[:4] != b"PK\x06\x06":
            raise Unreadable("the zip archive's 64-bit directory record is not where it should be")
        fields = _END64.unpack(record)
        count, size, start = fields[7:10]
        self.window.part(start, size)
        return start, size, count

    def _shifted(self, end: int, size: int, offset: int) -> int:
        """The directory ends where the end record starts, whatever is in front of the archive."""
        start = end - size
        if start < 0:
            raise Unreadable("the zip archive's directory is longer than the archive")
        if start != offset:
            self._shift = start - offset
            self.notes["bytes precede the zip archive, so that it can be read in two ways"] = None
        return start

    def find(self, ending: str) -> Member | None:
        """The first member whose path ends so; `/` begins a whole name."""
        return next((member for name, member in self.members.items() if ("/" + name).endswith(ending)), None)

    def open(self, member: Member) -> Source:
        """A member's bytes, decompressed. Raises Unreadable."""
        window = self.contents(member)
        if member.method == _STORED:
            return from_window(window)
        if member.method != _DEFLATED:
            raise Unreadable(f"the member `{member.name[:80]}` is packed by method {member.method}, which is not read")
        return inflated(window, member.size)

    def checked(self, member: Member) -> Source:
        """As `open`; a checksum that is wrong is noted, up to `CHECKED` bytes of members. Raises Unreadable."""
        if member.size > self._to_check:
            return self.open(member)
        self._to_check -= member.size
        source, crc = self.open(member), 0
        while source.fill():
            crc = zlib.crc32(source.buffer, crc)
        self._noted_checksum(member, crc)
        return self.open(member)

    def _noted_checksum(self, member: Member, crc: int) -> None:
        if crc != member.crc:
            self.notes[f"the checksum of `{member.name[:80]}` is wrong: its bytes were changed or damaged"] = None

    def contents(self, member: Member) -> Window:
        """A member's bytes as they are stored. Raises Unreadable."""
        at = self._where(member)
        fields = _LOCAL.unpack(self.window.read(at, _LOCAL.size))
        name = self.window.read(at + _LOCAL.size, fields[9])
        if name.decode("utf-8", "replace") != member.name:
            self.notes[f"the member `{member.name[:80]}` has another name in front of its bytes"] = None
        if member.flags & 1:
            self.notes[f"the member `{member.name[:80]}` is marked as encrypted; it was read as it is"] = None
        return self.window.part(at + _LOCAL.size + fields[9] + fields[10], member.packed)

    def _where(self, member: Member) -> int:
        """Where a member starts; what is in front of the archive may be counted or not."""
        for at in (member.offset, member.offset + self._shift):
            if self.window.read(at, len(SIGNATURE)) == SIGNATURE:
                return at
        raise Unreadable(f"the member `{member.name[:80]}` is not where the directory says")

    def read(self, member: Member, limit: int) -> bytes:
        """All bytes of a small member. Raises Unreadable past `limit` bytes, declared or produced."""
        if member.size > limit:
            raise Unreadable(f"the member `{member.name[:80]}` has {member.size} bytes; at most {limit} are read")
        source = self.open(member)
        parts = bytearray()
        while source.fill():
            parts += source.buffer
            if len(parts) > limit:
                raise Unreadable(f"the member `{member.name[:80]}` decompresses to more than {limit} bytes")
        self._noted_checksum(member, zlib.crc32(parts))
        return bytes(parts)


def _entry(data: bytes, at: int) -> tuple[Member, int]:
    if data[at : at + 4] != b"PK\x01\x02" or len(data) < at + _ENTRY.size:
        raise Unreadable("the zip archive's directory is corrupt")
    (_, _, _, flags, method, _, _, crc, packed, size, name_size, extra_size, comment, _, _, _, offset) = (
        _ENTRY.unpack_from(data, at)
    )
    begin = at + _ENTRY.size
    name = data[begin : begin + name_size].decode("utf-8", "replace")
    extra = data[begin + name_size : begin + name_size + extra_size]
    size, packed, offset = _widened(extra, size, packed, offset)
    member = Member(name=name, flags=flags, method=method, crc=crc, packed=packed, size=size, offset=offset)
    return member, begin + name_size + extra_size + comment


def _widened(extra: bytes, *numbers: int) -> tuple[int, int, int]:
    """Sizes and offset, taken from the 64-bit field where the short one is full."""
    at, wide = 0, b""
    while at + 4 <= len(extra):
        kind, length = struct.unpack_from("<HH", extra, at)
        if kind == 1:
            wide = extra[at + 4 : at + 4 + length]
        at += 4 + length
    result = []
    for number in numbers:
        if number == 0xFFFFFFFF and len(wide) >= 8:
            number, wide = int.from_bytes(wide[:8], "little"), wide[8:]
        result.append(number)
    return result[0], result[1], result[2]
