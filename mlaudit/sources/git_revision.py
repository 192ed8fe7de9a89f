"""Files of a git revision as documents, asked of git itself; no working tree is changed, and nothing is fetched."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from functools import lru_cache
from io import BytesIO
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from mlaudit.document.document import WHOLE_LIMIT, Document
from mlaudit.model.errors import Unreadable
from mlaudit.model.lazy_dataclass import dataclass, field
from mlaudit.model.lazy_pattern import lazy_pattern
from mlaudit.sources.prepared_git import ObjectStore, run_git
from mlaudit.sources.repository import Repository, find_repository

MAX_NAMES = 1000
"""Names in one folder that a document may ask for."""

# https://git-scm.com/docs/gitrevisions: what may follow the name of a reference or an object.
_REVISION = lazy_pattern(r"(?P<name>(?:(?!@\{)[^~^])*)(?P<steps>[~^].*)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Blob:
    """A file of a commit, as git lists it."""

    name: str
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Revision:
    """A commit, and how what is read of it is reported."""

    store: ObjectStore
    commit: str
    shown: str
    defines: Mapping[str, str] = field(default_factory=dict)


def document(
    folder: Path,
    revision: str,
    path: str,
    defines: Mapping[str, str] | None = None,
    *,
    shown: str | None = None,
    bare: bool = False,
) -> Document:
    """The document of a path, relative to `folder`, at a revision, reported as of `shown`. Raises Unreadable.

    Args:
        bare: the folder may be a repository without a working tree, since the user named it as a repository.
    """
    files, prefix = _files(folder, revision, defines, shown=shown, bare=bare)
    return files.document(posixpath.normpath(posixpath.join(prefix, path)))


def files_at(folder: Path, revision: str) -> RevisionFiles:
    """The files of the repository around a folder at a revision. Raises Unreadable."""
    return _files(folder, revision, None, shown=None, bare=False)[0]


def _files(
    folder: Path, revision: str, defines: Mapping[str, str] | None, *, shown: str | None, bare: bool
) -> tuple[RevisionFiles, str]:
    """The files of a revision, and where the folder lies among them. Raises Unreadable."""
    repository, prefix = _repository(folder.resolve(), bare)
    commit = _commit(repository, revision)
    at = _Revision(store=repository.store, commit=commit, shown=shown or revision, defines=defines or {})
    return RevisionFiles(at), prefix


def resolve_commit(repository: Repository, revision: str) -> str:
    """The commit that a revision names. Raises Unreadable."""
    return _commit(repository, revision)


@lru_cache(maxsize=64)
def _repository(folder: Path, bare: bool) -> tuple[Repository, str]:
    return find_repository(folder, bare=bare)


@lru_cache(maxsize=256)
def _commit(repository: Repository, revision: str) -> str:
    """The commit that a revision names. Raises Unreadable."""
    parts = _REVISION.fullmatch(revision)
    if parts is None or "\n" in revision or revision.startswith("-"):
        raise Unreadable(f"`{revision}` is no git revision that can be read; name a branch, a tag or a commit")
    name = parts["name"] if parts["name"] not in ("", "@") else "HEAD"
    known = repository.resolve_reference(name) or name
    wanted = f"{known}{parts['steps'] or ''}^{{commit}}"
    try:
        return run_git(repository.store, "rev-parse", "--verify", "--end-of-options", wanted).decode().strip()
    except Unreadable as error:
        if "Needed a single revision" not in error.why and "not a valid object" not in error.why.lower():
            raise
        raise Unreadable(f"`{revision}` names no commit in its repository; nothing is fetched") from None


class RevisionFiles:
    """The files of a commit; these are `Files`."""

    def __init__(self, at: _Revision) -> None:
        self._at = at

    def list(self, folder: str = "", *, deep: bool = True) -> Iterable[str]:
        """The files below a folder, else the names in it; see `Files`."""
        treeish = f"{self._at.commit}:{_inside(folder) if folder else ''}"
        words = ("ls-tree", "-z", "--name-only", *(("-r",) if deep else ()), "--end-of-options", treeish)
        names = run_git(self._at.store, *words).decode("utf-8", "surrogateescape").split("\0")
        prefix = f"{folder}/" if folder and deep else ""
        return sorted(prefix + name for name in names if name)

    def exists(self, path: str) -> bool:
        """Whether the commit holds a file at this path."""
        try:
            return bool(self._blob(path))
        except Unreadable:
            return False

    def open(self, path: str) -> AbstractContextManager[BinaryIO]:
        """A file of the commit. Raises Unreadable."""
        return BytesIO(_content(self._at.store, self._blob(path)))

    def document(self, path: str) -> Document:
        """The document of a file; its neighbours are those of the commit. Raises Unreadable."""
        blob = self._blob(path)

        def opener() -> AbstractContextManager[BinaryIO]:
            return BytesIO(_content(self._at.store, blob))

        def ask(relative: str) -> Document | None:
            try:
                return self.document(_beside(path, relative))
            except Unreadable:
                return None

        def list_names(relative: str) -> tuple[str, ...]:
            try:
                return tuple(islice(self.list(_beside(path, relative).removeprefix("."), deep=False), MAX_NAMES))
            except Unreadable:
                return ()

        at = self._at
        return Document(
            f"{at.shown}:{path}", opener=opener, size=blob.size, ask=ask, list_names=list_names, defines=at.defines
        )

    def _blob(self, path: str) -> _Blob:
        blob = _blob(self._at, _inside(path))
        if blob.size > WHOLE_LIMIT:
            raise Unreadable(f"it has {blob.size} bytes; of a revision, {WHOLE_LIMIT} are read")
        return blob


def _beside(path: str, relative: str) -> str:
    return posixpath.normpath(posixpath.join(posixpath.dirname(path), relative))


def _inside(path: str) -> str:
    """A normal path. Raises Unreadable where it leads out of the repository."""
    if path.startswith(("../", "/")) or path in (".", ".."):
        raise Unreadable(f"`{path}` is outside the repository")
    return path


def _blob(at: _Revision, path: str) -> _Blob:
    """The file at a path, links inside the commit followed. Raises Unreadable."""
    if "\n" in path or "\0" in path:
        raise Unreadable("its name has a line break, so git cannot look it up")
    asked = f"{at.commit}:{path}"
    answer = run_git(at.store, "cat-file", "--batch-check", "--follow-symlinks", stdin=f"{asked}\n".encode())
    words = answer.decode("utf-8", "replace").partition("\n")[0].rsplit(" ", 2)
    if len(words) == 3 and words[1] == "blob" and words[2].isdigit():
        return _Blob(name=words[0], size=int(words[2]))
    raise Unreadable(_why_no_file(at, path, words))


_LINKS = {
    "dangling": "it is a link to something that is not in the commit",
    "loop": "it is a link that leads in a circle",
    "notdir": "a part of its path is no folder in that commit",
    "symlink": "it is a link that leads out of the repository",
}


def _why_no_file(at: _Revision, path: str, words: list[str]) -> str:
    if words[0] in _LINKS:
        return _LINKS[words[0]]
    if len(words) == 3 and words[2].isdigit():
        return "it is no file in that commit"
    try:
        run_git(at.store, "rev-parse", "--verify", "--end-of-options", f"{at.commit}:{path}")
    except Unreadable:
        return f"`{path}` is not in that commit, or a folder above it is missing in the repository; nothing is fetched"
    return "its content is missing in the repository, as in a partial clone; nothing is fetched"


def _content(store: ObjectStore, blob: _Blob) -> bytes:
    """The bytes of an object that the store holds. Raises Unreadable."""
    answer = run_git(store, "cat-file", "--batch", stdin=f"{blob.name}\n".encode())
    head, _, rest = answer.partition(b"\n")
    if head.split()[1:2] != [b"blob"] or len(rest) < blob.size:
        raise Unreadable("its content is missing in the repository; nothing is fetched")
    return rest[: blob.size]
