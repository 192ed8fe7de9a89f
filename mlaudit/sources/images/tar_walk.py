"""The entries of a tar archive, header by header: bounded where `tarfile` reads whatever size a header states.

The format is that of POSIX.1-2001 (pax) with GNU's long names and sparse files: https://www.gnu.org/software/tar/manual/html_node/Standard.html.
"""

from __future__ import annotations

from collections.abc import Iterator

from mlaudit.model.errors import Unreadable
from mlaudit.model.lazy_dataclass import dataclass
from mlaudit.sources.images.byte_reader import Reader

BLOCK = 512
NAME_LIMIT = 1024 * 1024
"""Bytes of an extended header: a GNU long name or the records of a pax header."""

BEHIND = 1024 * 1024
"""Bytes behind the end of an archive that are unpacked too: padding, and the checksum of the stream around it."""

_ZERO = bytes(BLOCK)
_REGULAR = frozenset(b"\x0007S")
_HEADER_ONLY = frozenset(b"123456")
_MAX_SIZE = 1 << 62
_PAX_WANTED = frozenset((b"path", b"linkpath", b"size", b"GNU.sparse.name", b"GNU.sparse.major", b"GNU.sparse.map"))


@dataclass(slots=True)
class Entry:
    """One entry; its content is read from the walk while it is the latest one.

    Attributes:
        path: relative, with `/`, cleaned; empty for the root itself, None if it would leave the archive.
        type: the type flag as a number (`ord("5")` is a folder).
        problem: why path or content cannot be relied on.
    """

    path: str | None
    name: str
    type: int
    size: int
    link: str
    sparse: bool = False
    problem: str | None = None

    @property
    def is_regular(self) -> bool:
        """Whether it is a file with content."""
        return self.type in _REGULAR

    @property
    def is_folder(self) -> bool:
        """Whether it is a folder."""
        return self.type == ord("5") or (self.type in (0, ord("0")) and self.name.endswith("/"))


def looks_like_tar(head: bytes) -> bool:
    """Whether first bytes are a tar header whose checksum holds."""
    return len(head) >= BLOCK and head[:BLOCK] != _ZERO and _checksum_holds(head[:BLOCK])


def clean(name: str) -> str | None:
    """A path without leading `/`, `.` parts and doubled `/`; None if `..` would lead out of the archive."""
    if name.startswith("./"):
        name = name[2:]
    if name.endswith("/"):
        name = name[:-1]
    if "//" not in name and "/." not in name and not name.startswith((".", "/")):
        return name
    parts = [part for part in name.split("/") if part not in ("", ".")]
    return None if ".." in parts else "/".join(parts)


@dataclass(slots=True)
class _Extended:
    """What extended headers state about the entry that follows."""

    path: str | None = None
    link: str | None = None
    size: int | None = None
    sparse: bool = False
    problem: str | None = None


class TarWalk:
    """The entries of an archive in order. Iteration raises Unreadable where a header cannot be read."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._left = 0
        self._padding = 0

    def content(self, limit: int) -> bytes:
        """The first `limit` bytes of the latest entry. Raises Unreadable where the archive is cut."""
        size = min(limit, self._left)
        data = self._reader.read(size)
        self._left -= len(data)
        if len(data) < size:
            raise Unreadable("the archive is cut in the middle of a file")
        return data

    def part(self) -> Reader:
        """The whole content of the latest entry as a reader; nothing else may be read before it is at its end."""
        size, self._left = self._left, 0
        return self._reader.part(size)

    @property
    def position(self) -> int:
        """Where the content of the latest entry goes on, in bytes from the start."""
        return self._reader.position

    def _pass_content(self) -> None:
        size = self._left + self._padding
        if size and self._reader.skip(size) < self._left:
            raise Unreadable("the archive is cut in the middle of a file")
        self._left = self._padding = 0

    def _header(self) -> bytes | None:
        """The next header block, None at the end of the archive."""
        block = self._reader.read(BLOCK)
        if block == _ZERO:
            block = self._reader.read(BLOCK)
            if not block or block == _ZERO:
                return None
        if not block:
            return None
        if len(block) < BLOCK:
            raise Unreadable("the archive is cut in the middle of a header")
        if not _checksum_holds(block):
            raise Unreadable(f"the tar header at byte {self._reader.position - BLOCK} is damaged")
        return block

    def __iter__(self) -> Iterator[Entry]:
        extended = _Extended()
        while (block := self._header()) is not None:
            kind = block[156]
            size = _number(block[124:136])
            if kind in b"xgLK":
                self._extend(extended, kind, size)
                continue
            yield self._entry(block, kind, size, extended)
            self._pass_content()
            extended = _Extended()

    def _entry(self, block: bytes, kind: int, size: int, extended: _Extended) -> Entry:
        size = size if extended.size is None else extended.size
        if kind == ord("S"):
            self._pass_sparse_map(block)
        self._left = 0 if kind in _HEADER_ONLY else size
        self._padding = -self._left % BLOCK
        name = _name(block) if extended.path is None else extended.path
        link = extended.link if extended.link is not None else _text(block[157:257])
        return Entry(
            path=clean(name),
            name=name,
            type=kind or ord("0"),
            size=self._left,
            link=link,
            sparse=extended.sparse or kind == ord("S"),
            problem=extended.problem,
        )

    def _pass_sparse_map(self, block: bytes) -> None:
        """GNU's old sparse files continue their map in blocks of their own."""
        more = block[482]
        while more:
            following = self._reader.read(BLOCK)
            if len(following) < BLOCK:
                raise Unreadable("the archive is cut in the map of a sparse file")
            more = following[504]

    def _extend(self, extended: _Extended, kind: int, size: int) -> None:
        self._left, self._padding = size, -size % BLOCK
        if size > NAME_LIMIT:
            extended.problem = f"its extended header has {size} bytes; {NAME_LIMIT} are read"
        elif kind == ord("x"):
            _pax(extended, self.content(size))
        elif kind == ord("L"):
            extended.path = _text(self.content(size))
        elif kind == ord("K"):
            extended.link = _text(self.content(size))
        self._pass_content()


def _pax(extended: _Extended, data: bytes) -> None:
    """The records of a pax header: length, key and value of each in a line. Raises Unreadable."""
    at = 0
    while at < len(data) and data[at] != 0:
        space = data.find(b" ", at, at + 20)
        length = int(data[at:space]) if space > at and data[at:space].isdigit() else 0
        record = data[space + 1 : at + length - 1]
        key, equals, value = record.partition(b"=")
        if length < 5 or at + length > len(data) or not equals:
            raise Unreadable("a pax header has a record whose length is wrong")
        if key in _PAX_WANTED:
            _note_record(extended, key, value)
        at += length


def _note_record(extended: _Extended, key: bytes, value: bytes) -> None:
    if key == b"size":
        if not value.isdigit() or len(value) > 19:
            raise Unreadable(f"a pax header states the size {value[:30].decode('ascii', 'backslashreplace')}")
        extended.size = int(value)
    elif key == b"path" and not extended.sparse:
        extended.path = _text(value)
    elif key == b"linkpath":
        extended.link = _text(value)
    elif key.startswith(b"GNU.sparse"):
        extended.sparse = True
        extended.path = _text(value) if key == b"GNU.sparse.name" else extended.path


def _text(data: bytes) -> str:
    end = data.find(b"\0")
    return (data if end < 0 else data[:end]).decode("utf-8", "backslashreplace")


def _name(block: bytes) -> str:
    """The name in a header; only POSIX's own magic has a prefix where GNU keeps times."""
    name = _text(block[:100])
    if block[257:263] != b"ustar\0" or not block[345]:
        return name
    return f"{_text(block[345:500])}/{name}"


def _number(data: bytes) -> int:
    """An octal number, or a binary one where the first bit is set. Raises Unreadable."""
    if data[0] & 0x80:
        value = int.from_bytes(data, "big", signed=False) - (1 << 95)
        if data[0] != 0x80 or value >= _MAX_SIZE:
            raise Unreadable("a tar header states a size that is negative or absurd")
        return value
    digits = data.strip(b" \0")
    try:
        value = int(digits, 8) if digits else 0
    except ValueError:
        raise Unreadable("a tar header states a size that is no number") from None
    if value < 0:
        raise Unreadable("a tar header states a negative size")
    return value


def _checksum_holds(block: bytes) -> bool:
    stated = block[148:156]
    try:
        value = int(stated.strip(b" \0") or b"0", 8)
    except ValueError:
        return False
    return value == sum(block) - sum(stated) + 256
