"""The files of a commit in the place of its working tree, for an audit of a revision without a checkout."""

from __future__ import annotations

import os
import posixpath
import stat
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import BinaryIO, NamedTuple

from mlaudit.model.errors import Unreadable
from mlaudit.model.lazy_dataclass import dataclass
from mlaudit.sources.ignored_files import IgnoredFiles
from mlaudit.sources.large_files import stored_large_file
from mlaudit.sources.mounting import FolderEntry, mounted
from mlaudit.sources.object_reader import ObjectReader, TreeEntry
from mlaudit.sources.paths import MISSING, entries, entry_is_file, entry_is_folder, open_regular, status
from mlaudit.sources.paths import is_folder as is_folder_on_disk
from mlaudit.sources.repository import Repository, find_repository

_MAX_LINKS = 40
_FOLDER, _LINK, _SUBMODULE, _FILE = 0o040000, 0o120000, 0o160000, 0o100644
_LEADS_OUT = "it is a link that leads out of the repository"
_LARGE_FILE_POINTER = 1024

MAX_FOLDERS = 100_000
"""Folders of one commit that are listed: a few objects of git can name each other so that there are billions."""
MAX_CHANGED = 200_000
"""Entries by which two commits may differ."""


class CommitNode(NamedTuple):
    """One file or folder of a commit; `reader` has its objects, which for a submodule is a reader of its own."""

    mode: int
    name: str
    reader: ObjectReader

    @property
    def is_folder(self) -> bool:
        """Whether it is a folder."""
        return self.mode == _FOLDER

    @property
    def is_link(self) -> bool:
        """Whether it is a symbolic link."""
        return self.mode == _LINK


@dataclass(frozen=True, slots=True, kw_only=True)
class CommitEntry:
    """What is in a folder of a commit, as `os.DirEntry` shows it."""

    name: str
    path: str
    mode: int

    def is_dir(self, *, follow_symlinks: bool = True) -> bool:  # noqa: ARG002  as `os.DirEntry` has it
        """Whether it is a folder; of a link, what it leads to is not asked."""
        return self.mode in (_FOLDER, _SUBMODULE)

    def is_file(self, *, follow_symlinks: bool = True) -> bool:  # noqa: ARG002
        """Whether it is a regular file."""
        return stat.S_ISREG(self.mode)

    def is_symlink(self) -> bool:
        """Whether it is a link."""
        return self.mode == _LINK


class CommitTree:
    """The files of one commit; answers for the working tree of its repository.

    Args:
        ignored: tells which files git leaves alone. They belong to no revision, so that those of the working tree
            count; None if nothing of the working tree does.

    Attributes:
        asked: the paths that somebody asked for, with the name of what stood there; None for nothing. A folder whose
            entries were listed is there a second time, with a `/` behind it.
    """

    def __init__(
        self, repository: Repository, commit: str, reader: ObjectReader, *, ignored: IgnoredFiles | None = None
    ) -> None:
        self.root = str(repository.tree.resolve())
        self.commit = commit
        self.asked: dict[str, str | None] = {}
        self._repository = repository
        self._reader = reader
        self._ignored = ignored
        self._submodules: dict[str, CommitNode] = {}
        self._nodes: dict[str, CommitNode | None] = {"": CommitNode(_FOLDER, commit, reader)}
        self._opened: list[ObjectReader] = []
        self._folders = 0

    def close(self) -> None:
        """End what was started for submodules."""
        for reader in self._opened:
            reader.close()

    # What `MountedFiles` asks for.

    def status(self, path: str, *, follow: bool) -> os.stat_result:
        """What is at a path. Raises Unreadable."""
        inner = self._followed(path) if follow else self._parent_followed(path)
        node = self._node(inner)
        if node is None:
            with mounted(None):
                return status(self._on_disk(inner), follow=follow)
        if node.mode == _SUBMODULE or node.is_folder:
            return _status(stat.S_IFDIR | 0o755, 0)
        if node.is_link:
            return _status(stat.S_IFLNK | 0o777, node.reader.size(node.name))
        large = self._large_file(node)
        if large is not None:
            return status(large)
        return _status(stat.S_IFREG | (node.mode & 0o777), node.reader.size(node.name))

    def real_path(self, path: str) -> str:
        """The absolute path with the links inside followed; what is not there is kept as it is written."""
        try:
            inner = self._followed(path)
        except _LeadsOut as error:
            return error.target
        except Unreadable:
            inner = path
        if self._ignored is not None and self._node(inner) is None:
            with mounted(None):
                is_on_disk = self._is_on_disk(inner)
            return os.path.realpath(self._absolute(inner)) if is_on_disk else self._absolute(inner)
        return self._absolute(inner)

    def link_target(self, path: str) -> str:
        """What a symbolic link says. Raises Unreadable."""
        inner = self._parent_followed(path)
        node = self._node(inner)
        if node is not None and node.is_link:
            return os.fsdecode(node.reader.blob(node.name))
        raise Unreadable(MISSING)

    def entries(self, path: str) -> Iterator[CommitEntry]:
        """What is in a folder, what git ignores included where it counts. Raises Unreadable."""
        inner = self._followed(path)
        shown = self._absolute(path)
        node = self._node(inner)
        names: set[str] = set()
        if node is not None:
            self._folders += 1
            if self._folders > MAX_FOLDERS:
                raise Unreadable(f"the commit has more than {MAX_FOLDERS:,} folders")
            listed = self._listed(inner, node)
            self.asked[f"{inner}/"] = _listing(listed)
            for name, entry in listed.items():
                names.add(name)
                yield CommitEntry(name=name, path=f"{shown}{os.sep}{name}", mode=entry.mode)
        if self._ignored is not None:
            yield from self._ignored_entries(inner, shown, names, is_known=node is not None)

    def open(self, path: str, *, follow: bool) -> BinaryIO:
        """A regular file. Raises Unreadable."""
        inner = self._followed(path) if follow else self._parent_followed(path)
        node = self._node(inner)
        if node is None:
            with mounted(None):
                return open_regular(self._on_disk(inner), follow=follow)
        large = self._large_file(node)
        return BytesIO(node.reader.blob(node.name)) if large is None else open_regular(large)

    # What histories ask for.

    def token(self, path: str) -> str | None:
        """What tells whether the answer about a path is the same: as in `asked`."""
        try:
            node = self._node(path.removesuffix("/"))
            if node is None or not path.endswith("/"):
                return _token(node)
            return _listing(self._listed(path.removesuffix("/"), node))
        except Unreadable:
            return None

    # Inside.

    def _absolute(self, inner: str) -> str:
        return str(Path(self.root, inner)) if inner else self.root

    def _node(self, inner: str) -> CommitNode | None:
        """What is at a path without links, None for nothing. Raises Unreadable."""
        if inner not in self._nodes:
            above, _, name = inner.rpartition("/")
            node = self._node(above)
            node_found: CommitNode | None = None
            if node is not None and (node.is_folder or node.mode == _SUBMODULE):
                entry = self._listed(above, node).get(name)
                node_found = None if entry is None else CommitNode(entry.mode, entry.name, self._reader_of(above, node))
            self._nodes[inner] = node_found
        node = self._nodes[inner]
        self.asked[inner] = _token(node)
        return node

    def _listed(self, inner: str, node: CommitNode) -> dict[str, TreeEntry]:
        """The entries of a folder. Raises Unreadable."""
        if node.mode == _SUBMODULE:
            node = self._submodule(inner, node)
        elif not node.is_folder:
            raise Unreadable(MISSING if node.is_link else "a part of its path is a file and no folder")
        return node.reader.tree(node.name)

    def _reader_of(self, inner: str, node: CommitNode) -> ObjectReader:
        return self._submodule(inner, node).reader if node.mode == _SUBMODULE else node.reader

    def _submodule(self, inner: str, node: CommitNode) -> CommitNode:
        """The top folder of a submodule, from the repository that git keeps for it. Raises Unreadable."""
        if inner not in self._submodules:
            folder = Path(self._absolute(inner))
            try:
                repository, prefix = find_repository(folder, bare=False)
                if prefix or repository.tree == self._repository.tree:
                    raise Unreadable("there is none")
                reader = ObjectReader(repository.store)
                self._opened.append(reader)
                reader.tree(node.name)
            except Unreadable:
                why = f"it is a submodule, and its commit {node.name[:12]} is not here; `git submodule update --init`"
                raise Unreadable(f"{why} fetches it") from None
            self._submodules[inner] = CommitNode(_FOLDER, node.name, reader)
        return self._submodules[inner]

    def _parent_followed(self, path: str) -> str:
        above, _, name = path.rpartition("/")
        return posixpath.join(self._followed(above), name) if above else name

    def _followed(self, path: str) -> str:
        """A path with every link in it followed. Raises Unreadable, and _LeadsOut for a way out of the commit."""
        waiting = [part for part in reversed(path.split("/")) if part]
        inner, links = "", 0
        while waiting:
            part = waiting.pop()
            if part == "..":
                if not inner:
                    raise _LeadsOut(os.path.normpath(Path(self.root, "..", *reversed(waiting))))
                inner = posixpath.dirname(inner)
                continue
            here = posixpath.join(inner, part)
            node = self._node(here)
            if node is None or not node.is_link:
                inner = here
                continue
            links += 1
            if links > _MAX_LINKS:
                raise Unreadable("it is a link that leads back to itself")
            target = os.fsdecode(node.reader.blob(node.name))
            if target.startswith("/") or "\0" in target:
                raise _LeadsOut(target.replace("\0", "?"))
            waiting += [piece for piece in reversed(target.split("/")) if piece not in ("", ".")]
        return inner

    def _large_file(self, node: CommitNode) -> Path | None:
        """The content that Git LFS keeps for a file whose blob is a pointer to it; None for any other."""
        if not stat.S_ISREG(node.mode) or node.reader.size(node.name) > _LARGE_FILE_POINTER:
            return None
        return stored_large_file(node.reader.blob(node.name), self._repository.common)

    def _is_on_disk(self, inner: str) -> bool:
        """Whether something of the working tree counts: what git ignores, and folders, which may hold such files."""
        if self._ignored is None:
            return False
        path = Path(self._absolute(inner))
        is_folder = is_folder_on_disk(path, follow=False)
        return is_folder or self._ignored.ignores(inner, is_folder=False)

    def _on_disk(self, inner: str) -> Path:
        """A file of the working tree that belongs to no revision. Raises Unreadable if there is none."""
        if not self._is_on_disk(inner):
            raise Unreadable(MISSING)
        return Path(self._absolute(inner))

    def _ignored_entries(self, inner: str, shown: str, names: set[str], *, is_known: bool) -> Iterator[CommitEntry]:
        """Files that git ignores in a folder of the working tree. Raises Unreadable where that is no folder."""
        with mounted(None):
            if not is_known and not self._is_on_disk(inner):
                raise Unreadable(MISSING)
            try:
                folder_entries = [entry for entry in entries(self._absolute(inner)) if entry.name not in names]
            except Unreadable:
                if is_known:
                    return
                raise
            kept = [self._ignored_entry(inner, shown, entry) for entry in folder_entries if entry.name != ".git"]
        yield from (entry for entry in kept if entry is not None)

    def _ignored_entry(self, inner: str, shown: str, entry: FolderEntry) -> CommitEntry | None:
        path = f"{shown}{os.sep}{entry.name}"
        if entry_is_folder(entry):
            return CommitEntry(name=entry.name, path=path, mode=_FOLDER)
        known = self._ignored
        if known is None or not known.ignores(posixpath.join(inner, entry.name), is_folder=False):
            return None
        if entry.is_symlink():
            return CommitEntry(name=entry.name, path=path, mode=_LINK)
        return CommitEntry(name=entry.name, path=path, mode=_FILE) if entry_is_file(entry) else None


class _LeadsOut(Unreadable):
    """A link that leads out of the commit."""

    def __init__(self, target: str) -> None:
        super().__init__(_LEADS_OUT)
        self.target = target


def changed_paths(reader: ObjectReader, old: str, new: str) -> Iterator[str]:
    """The paths at which two commits differ, in the words of `CommitTree.asked`. Raises Unreadable.

    Of a submodule that has another commit only the path of itself is given; more than `MAX_CHANGED` are refused.
    """
    left = MAX_CHANGED
    waiting: list[tuple[str, str | None, str | None]] = [("", old, new)]
    while waiting:
        folder, old_hash, other = waiting.pop()
        before = reader.tree(old_hash) if old_hash is not None else {}
        after = reader.tree(other) if other is not None else {}
        if old_hash is None or other is None or _listing(before) != _listing(after):
            yield f"{folder}/"
        for name in before.keys() | after.keys():
            one_entry, other_entry = before.get(name), after.get(name)
            if one_entry != other_entry:
                left -= 1
                if left < 0:
                    raise Unreadable(f"the commits differ in more than {MAX_CHANGED:,} files and folders")
                path = f"{folder}/{name}" if folder else name
                trees = [
                    entry.name if entry is not None and entry.mode == _FOLDER else None
                    for entry in (one_entry, other_entry)
                ]
                if None in trees:
                    yield path
                if trees != [None, None]:
                    waiting.append((path, trees[0], trees[1]))


def _token(node: CommitNode | None) -> str | None:
    """What is known of a path by asking for it: of a folder that it is one."""
    if node is None or node.is_folder:
        return None if node is None else "folder"
    return f"{node.mode:o} {node.name}"


def _listing(entries: dict[str, TreeEntry]) -> str:
    """The names in a folder and what kind of thing each is."""
    return "\n".join(f"{entry.mode:o} {name}" for name, entry in entries.items())


def _status(mode: int, size: int) -> os.stat_result:
    return os.stat_result((mode, 0, 0, 1, 0, 0, size, 0, 0, 0))
