"""Where a git repository keeps its objects and references, found without git and without following a way out of it.

The layout is that of https://git-scm.com/docs/gitrepository-layout; of the configuration only the hash's name is read.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from mlaudit.model.errors import Unreadable
from mlaudit.model.lazy_pattern import lazy_pattern
from mlaudit.sources.paths import open_regular
from mlaudit.sources.prepared_git import ObjectStore

_SMALL = 64 * 1024
_PACKED_LIMIT = 64 * 1024 * 1024
MAX_OBJECT_FILES = 1_000_000
"""Files of objects that are looked at before git may open them."""
_MAX_SYMBOLIC = 5

_HASH = lazy_pattern(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_REFERENCE = lazy_pattern(r"[^\x00-\x20\x7f~^:?*\[\\]+")
_TOP_LEVEL = lazy_pattern(r"[A-Z_]+")
_SHA256 = re.compile(rb"^\s*objectformat\s*=\s*\"?sha256", re.IGNORECASE | re.MULTILINE)
# https://git-scm.com/docs/gitrevisions: the places of a short name, in this order.
_PLACES = ("{}", "refs/{}", "refs/tags/{}", "refs/heads/{}", "refs/remotes/{}", "refs/remotes/{}/HEAD")


@dataclass(frozen=True)
class Repository:
    """One git repository.

    Attributes:
        tree: the folder that holds `.git`; of a bare repository its own.
        own: what belongs to this working tree: `HEAD`.
        common: objects and references; `own`, but for a linked working tree.
    """

    tree: Path
    own: Path
    common: Path

    @cached_property
    def store(self) -> ObjectStore:
        """Its objects. Raises Unreadable where git could be led out of them."""
        folder = self.common / "objects"
        if (folder / "info" / "alternates").exists() or (folder / "info" / "alternates").is_symlink():
            raise Unreadable(
                "its repository borrows objects from another one (objects/info/alternates), which is not followed; "
                "`git repack -a -d` copies them, after which that file can go"
            )
        for path in _special_files(folder):
            raise Unreadable(f"`{path}` of its repository is not a regular file, so git is not run")
        config = _read(self.common / "config", _SMALL) or b""
        return ObjectStore(
            folder=folder.resolve(),
            hashed_by="sha256" if _SHA256.search(config) else "sha1",
            tree=self.tree.resolve(),
            shallow=self._shallow,
        )

    @cached_property
    def _shallow(self) -> Path | None:
        """The list of a shallow clone, if it is one of hashes and is in the repository itself."""
        path = self.common / "shallow"
        data = _read_inside(self.common, "shallow", _PACKED_LIMIT)
        lines = (data or b"").decode("utf-8", "replace").split()
        return path.resolve() if lines and all(map(_HASH.fullmatch, lines)) else None

    def resolve_reference(self, name: str) -> str | None:
        """The hash that a reference holds, None if there is none of this name. Raises Unreadable."""
        if _HASH.fullmatch(name):
            return name
        if not _is_reference(name):
            return None
        for place in _PLACES:
            full = place.format(name)
            if full.startswith("refs/") or _TOP_LEVEL.fullmatch(full):
                value = self._value(full, _MAX_SYMBOLIC)
                if value is not None:
                    return value
        if (self.common / "reftable").is_dir():
            raise Unreadable(
                f"its repository keeps references as a reftable, which is not read; name the commit of `{name}`"
            )
        return None

    def _value(self, full: str, steps: int) -> str | None:
        """What a reference holds, symbolic ones followed."""
        for folder in dict.fromkeys((self.own, self.common)):
            data = _read_inside(folder, full)
            text = (data or b"").decode("utf-8", "replace").strip()
            if text.startswith("ref:"):
                target = text.removeprefix("ref:").strip()
                safe = steps > 0 and target.startswith("refs/") and _is_reference(target)
                return self._value(target, steps - 1) if safe else None
            match = _HASH.match(text)
            if match is not None:
                return match.group()
        return self._packed.get(full)

    @cached_property
    def _packed(self) -> dict[str, str]:
        data = _read_inside(self.common, "packed-refs", _PACKED_LIMIT) or b""
        rows = (line.split(" ", 1) for line in data.decode("utf-8", "replace").splitlines() if line[:1].isalnum())
        return {row[1]: row[0] for row in rows if len(row) == 2 and _HASH.fullmatch(row[0])}


def find_repository(folder: Path, *, bare: bool) -> tuple[Repository, str]:
    """The repository around a folder, and the folder's path inside it (empty for its top). Raises Unreadable.

    Args:
        folder: inside of a working tree.
        bare: the folder may be a repository itself; one that only lies embedded in a tree is not meant by anybody.
    """
    real = folder.resolve()
    if bare and not (real / ".git").exists() and _is_git_folder(real):
        return Repository(tree=real, own=real, common=real), ""
    for tree in (real, *real.parents):
        mark = tree / ".git"
        if os.path.lexists(mark):
            inside = real.relative_to(tree).as_posix()
            return _of_working_tree(tree, mark), "" if inside == "." else inside
    raise Unreadable("no git repository contains this folder")


def _of_working_tree(tree: Path, mark: Path) -> Repository:
    if mark.is_symlink() and not mark.resolve().is_relative_to(tree):
        raise Unreadable("its `.git` is a link that leads out of the folder, and is not followed")
    own = mark.resolve() if mark.is_dir() else _linked(tree, mark)
    if not (own / "HEAD").is_file():
        raise Unreadable("its `.git` is no repository")
    text = (_read(own / "commondir", _SMALL) or b"").decode("utf-8", "surrogateescape").strip()
    common = (own / text).resolve() if text else own
    # The common folder of a linked working tree is above `worktrees/NAME`; nothing else is one.
    if common != own and own.parent != common / "worktrees":
        raise Unreadable("the `commondir` of its repository leads somewhere else, and is not followed")
    if not _is_git_folder(common):
        raise Unreadable("its `.git` is no repository")
    return Repository(tree=tree, own=own, common=common)


def _linked(tree: Path, mark: Path) -> Path:
    """The folder that a `.git` file names, if that is inside the tree or knows of this working tree itself.

    Anybody can write a `.git` file that names somebody else's repository; only git writes the way back.
    """
    text = (_read(mark, _SMALL) or b"").decode("utf-8", "surrogateescape").strip()
    if not text.startswith("gitdir:"):
        raise Unreadable("its `.git` is neither a folder nor a file that names one")
    named = (tree / text.removeprefix("gitdir:").strip()).resolve()
    if named.is_relative_to(tree) or _points_back(named, mark) or _is_submodule(named, tree):
        return named
    raise Unreadable("its `.git` file names a repository elsewhere that does not know of it, and is not followed")


def _points_back(named: Path, mark: Path) -> bool:
    back = (_read(named / "gitdir", _SMALL) or b"").decode("utf-8", "surrogateescape").strip()
    return bool(back) and (named / back).resolve() == mark.resolve()


def _is_submodule(named: Path, tree: Path) -> bool:
    """Whether a folder is in `.git/modules` of a repository around the tree."""
    return any(named.is_relative_to(above / ".git" / "modules") for above in tree.parents)


def _is_git_folder(folder: Path) -> bool:
    """Whether a folder holds what git requires of a repository, each in the folder itself."""
    return (folder / "HEAD").is_file() and all(
        (folder / name).is_dir() and (folder / name).resolve().is_relative_to(folder) for name in ("objects", "refs")
    )


def _is_reference(name: str) -> bool:
    return _REFERENCE.fullmatch(name) is not None and ".." not in name and not name.startswith(("/", "-"))


def _read_inside(folder: Path, name: str, limit: int = _SMALL) -> bytes | None:
    """A small file below a folder, None if there is none or a link leads out of the folder."""
    path = folder / name
    inside = path.resolve().is_relative_to(folder.resolve())
    return _read(path, limit) if inside else None


def _read(path: Path, limit: int) -> bytes | None:
    try:
        if not path.is_file():
            return None
        with open_regular(path) as stream:
            return stream.read(limit)
    except (OSError, ValueError, Unreadable):
        return None


def _special_files(objects: Path) -> Iterator[str]:
    """Links, pipes and devices among the files of objects, on which git would wait or which it would follow."""
    waiting, seen = [""], 0
    while waiting:
        relative = waiting.pop()
        try:
            with os.scandir(objects / relative) as entries:
                listed = list(entries)
        except OSError:
            continue
        for entry in listed:
            path = f"{relative}/{entry.name}" if relative else entry.name
            if entry.is_dir(follow_symlinks=False):
                waiting.append(path)
            elif not _is_regular(entry):
                yield f"objects/{path}"
        seen += len(listed)
        if seen > MAX_OBJECT_FILES:
            raise Unreadable(f"its repository has more than {MAX_OBJECT_FILES} files of objects; `git gc` packs them")


def _is_regular(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_file(follow_symlinks=False) or stat.S_ISREG(entry.stat(follow_symlinks=False).st_mode)
    except OSError:
        return False
