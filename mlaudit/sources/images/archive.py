"""Image archives: `docker save`, OCI archives, and plain tar files of a root file system or environment."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import BinaryIO

from mlaudit.document.decompression import CHUNK
from mlaudit.model.errors import Unreadable
from mlaudit.model.lazy_dataclass import dataclass
from mlaudit.sources.images import byte_reader
from mlaudit.sources.images.byte_reader import Reader
from mlaudit.sources.images.file_system import LayerFile, wanted
from mlaudit.sources.images.layers import ImageLayer, Kept, scan, take
from mlaudit.sources.images.layout import JSON_LIMIT
from mlaudit.sources.images.tar_walk import BEHIND, BLOCK, Entry, TarWalk, clean, looks_like_tar

MAX_MEMBERS = 100_000
"""Entries of an archive that are indexed; a plain root file system has more, and an image far fewer."""
MAX_BLOBS = 3000
"""Manifests and layers of an archive that is read in one pass."""
_BLOB_DEPTH = 2
_MAX_HOPS = 40
_JSON_STARTS = (b"{", b"[")


@dataclass(frozen=True, slots=True)
class Stored:
    """Where a blob is in an archive that can be sought in; a link has no bytes of its own."""

    start: int
    size: int
    link: str | None = None


Open = Callable[[], AbstractContextManager[BinaryIO]]


class SeekableArchive:
    """Blobs of an archive that is not compressed as a whole: indexed once, then read by offset.

    Raises Unreadable where the archive cannot be read at all.
    """

    def __init__(self, opened: Open, size: int, kept: Kept = wanted) -> None:
        self._open, self._kept = opened, kept
        self.index: dict[str, Stored] = {}
        self.problem: str | None = None
        with opened() as stream:
            try:
                self._read_index(TarWalk(byte_reader.of_file(stream, 0, size)), size)
            except Unreadable as error:
                self.problem = error.why

    def _read_index(self, walk: TarWalk, size: int) -> None:
        for entry in walk:
            if len(self.index) >= MAX_MEMBERS:
                return
            if entry.path is None or entry.is_folder or entry.problem:
                continue
            if entry.is_regular and walk.position + entry.size <= size:
                self.index[entry.path] = Stored(walk.position, entry.size)
            elif not entry.is_regular:
                self.index[entry.path] = Stored(0, 0, _link_target(entry))

    def _found(self, name: str) -> Stored:
        stored = self.index.get(name)
        for _ in range(_MAX_HOPS):
            if stored is None or stored.link is None:
                break
            stored = self.index.get(stored.link)
        if stored is None or stored.link is not None:
            why = f" ({self.problem})" if self.problem else ""
            raise Unreadable(f"it is not in the archive{why}")
        return stored

    def holds(self, name: str) -> bool:
        """Whether there is a blob of this name."""
        return name in self.index

    def json(self, name: str) -> bytes:
        """A small blob. Raises Unreadable."""
        stored = self._found(name)
        if stored.size > JSON_LIMIT:
            raise Unreadable(f"`{name[:100]}` in it has {stored.size} bytes; a manifest may have {JSON_LIMIT}")
        with self._open() as stream:
            stream.seek(stored.start)
            return stream.read(stored.size)

    def layer(self, name: str) -> ImageLayer:
        """What a layer holds. Raises Unreadable if there is none of this name."""
        stored = self._found(name)
        with self._open() as stream:
            return scan(byte_reader.of_file(stream, stored.start, stored.size), name, self._kept)


def _link_target(entry: Entry) -> str:
    """Where a link inside the archive leads; `docker save` links a layer that it has written before."""
    if entry.type == ord("1"):
        return clean(entry.link) or ""
    return posixpath.normpath(posixpath.join(posixpath.dirname(entry.path or ""), entry.link))


class StreamedArchive:
    """Blobs of an archive that is compressed as a whole: everything is looked at in one pass, in its order.

    Attributes:
        root: what the archive holds as a root file system, for one that is no image.
    """

    def __init__(self, reader: Reader, kept: Kept = wanted) -> None:
        self._kept = kept
        self._small: dict[str, bytes] = {}
        self._layers: dict[str, ImageLayer] = {}
        self._links: dict[str, str] = {}
        self.root = ImageLayer(kept)
        self.problem: str | None = None
        try:
            walk = TarWalk(reader)
            for entry in walk:
                self._take(walk, entry)
            reader.skip(BEHIND)
        except Unreadable as error:
            self.problem = error.why
            self.root.lost = True
            self.root.gap("", f"it cannot be read to its end: {error.why}")

    def _take(self, walk: TarWalk, entry: Entry) -> None:
        path = entry.path
        is_inside = path is None or path.count("/") > _BLOB_DEPTH or entry.is_folder
        if is_inside or path is None or (self._kept(path) is not None and not path.endswith(".json")):
            take(self.root, walk, entry)
        elif not entry.is_regular:
            take(self.root, walk, entry)
            self._links[path] = _link_target(entry)
        else:
            self._blob(path, entry.size, walk.part())

    def _blob(self, path: str, size: int, part: Reader) -> None:
        """A manifest or a layer, by its first bytes; anything else is passed over."""
        if len(self._small) + len(self._layers) >= MAX_BLOBS:
            return
        head = part.read(BLOCK)
        if head.startswith(_JSON_STARTS) and size <= JSON_LIMIT:
            self._small[path] = data = head + part.read(size)
            limit = self._kept(path)
            if limit is not None:
                # It may be a manifest, or a file of what is no image.
                self.root.files[path] = LayerFile(content=data[:limit], size=size)
                self.root.held_bytes += limit
        elif byte_reader.is_compressed(head) or looks_like_tar(head):
            self._layers[path] = scan(_put_back(head, part), path, self._kept)
        part.skip(size)

    def _resolved(self, name: str) -> str:
        for _ in range(_MAX_HOPS):
            if name not in self._links:
                break
            name = self._links[name]
        return name

    def holds(self, name: str) -> bool:
        """Whether there is a blob of this name."""
        return name in self._small or self._resolved(name) in self._layers

    def json(self, name: str) -> bytes:
        """A small blob. Raises Unreadable."""
        if self._resolved(name) not in self._small:
            raise Unreadable(
                f"the archive does not contain `{name[:100]}`{f' ({self.problem})' if self.problem else ''}"
            )
        return self._small[self._resolved(name)]

    def layer(self, name: str) -> ImageLayer:
        """What a layer holds. Raises Unreadable if there is none of this name."""
        layer = self._layers.get(self._resolved(name))
        if layer is None:
            raise Unreadable(f"it is not in the archive{f' ({self.problem})' if self.problem else ''}")
        return layer


def _put_back(head: bytes, part: Reader) -> Reader:
    """A reader that gives again what was read to recognize it."""

    def pieces() -> Iterator[bytes]:
        yield head
        yield from part.rest(CHUNK)

    return Reader(pieces(), part.skip)


def head_of(opened: Open) -> bytes:
    """The first block of an archive, decompressed; empty if it is compressed by something unknown."""
    with opened() as stream:
        head = stream.read(BLOCK)
        if not byte_reader.is_compressed(head):
            return head
        return byte_reader.unfolded(byte_reader.of_file(stream, 0, 1 << 62)).read(BLOCK)


def is_compressed(opened: Open) -> bool:
    """Whether an archive is compressed as a whole."""
    with opened() as stream:
        return byte_reader.is_compressed(stream.read(BLOCK))
