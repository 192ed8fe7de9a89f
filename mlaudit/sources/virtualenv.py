"""A virtual environment or site-packages folder as a document: only metadata is opened, and no link is followed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from mlaudit.document.document import Document
from mlaudit.document.files import listed
from mlaudit.model.errors import Unreadable
from mlaudit.model.lazy_pattern import lazy_pattern
from mlaudit.sources import paths
from mlaudit.sources.confinement import is_inside
from mlaudit.sources.mounting import FolderEntry
from mlaudit.sources.paths import open_regular
from mlaudit.sources.working_tree import WorkingTree

MAX_ENTRIES = 200_000
"""Entries of one folder that are looked at."""

_PYTHON_FOLDER = lazy_pattern(r"(?:python|pypy)3(?:\.\d{1,3})?t?", re.IGNORECASE)
_METADATA = (".dist-info", ".egg-info")
_PACKAGES = ("site-packages", "dist-packages")
_ARCHIVES = (".whl", ".tar.gz", ".tar.bz2", ".tgz", ".zip")
_WANTED = frozenset({"METADATA", "PKG-INFO", "direct_url.json", "INSTALLER"})


class FolderTree:
    """The metadata files of an installed environment below a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def list(self, folder: str = "", *, deep: bool = True) -> Iterator[str]:
        """Paths of metadata files, sorted; a folder of metadata without any file is named with a `/` behind it."""
        return listed(self._paths, folder, deep=deep)

    @cached_property
    def _paths(self) -> Sequence[str]:
        paths = [name for package_folder in package_folders(self._folder) for name in self._metadata(package_folder)]
        if _is_file(self._folder / "pyvenv.cfg"):
            paths.append("pyvenv.cfg")
        return sorted(paths)

    def _metadata(self, relative: str) -> Iterator[str]:
        prefix = f"{relative}/" if relative else ""
        for entry in _all_entries(self._folder / relative):
            lowered = entry.name.lower()
            if lowered.endswith(_METADATA):
                yield from self._within(entry, prefix + entry.name, "")
            elif lowered.endswith(".egg"):
                yield from self._within(entry, prefix + entry.name, "EGG-INFO")

    def _within(self, entry: FolderEntry, name: str, inner: str) -> Iterator[str]:
        """The wanted files of one distribution; links are named, so that reading them states that they are links."""
        if not paths.entry_is_folder(entry):
            yield name
            return
        folder = f"{name}/{inner}" if inner else name
        if inner and not _is_folder(self._folder / folder):
            yield f"{name}/"
            return
        try:
            files = [
                folder_entry.name
                for folder_entry in _all_entries(self._folder / folder)
                if folder_entry.name in _WANTED
            ]
        except Unreadable:
            # Reading the file shows the reason.
            files = ["METADATA"]
        yield from (f"{folder}/{file}" for file in files) if files else (f"{name}/",)

    def exists(self, path: str) -> bool:
        """Whether a regular file is there that is no link."""
        return _is_file(self._folder / path)

    def open(self, name: str) -> AbstractContextManager[BinaryIO]:
        """A regular file that is no link. Raises Unreadable."""
        path = self._folder / name
        if paths.is_link(path):
            raise Unreadable("it is a link, and links of an environment are not followed")
        return open_regular(path, follow=False)


class ArchiveTree(FolderTree):
    """The files of a folder that holds archives of distributions and nothing else."""

    @cached_property
    def _paths(self) -> Sequence[str]:
        return sorted(entry.name for entry in _all_entries(self._folder))


def _all_entries(folder: Path) -> Iterator[FolderEntry]:
    """The entries of a folder. Raises Unreadable where not all of them can be listed."""
    for number, entry in enumerate(paths.entries(folder)):
        if number >= MAX_ENTRIES:
            raise Unreadable(f"a folder of it has more than {MAX_ENTRIES} entries")
        yield entry


def _entries(folder: Path) -> Iterator[FolderEntry]:
    """The first entries of a folder, none where it cannot be listed: for asking what kind of folder it is."""
    try:
        yield from islice(paths.entries(folder), MAX_ENTRIES)
    except Unreadable:
        return


def _is_file(path: Path) -> bool:
    return paths.is_file(path, follow=False)


def _is_folder(path: Path) -> bool:
    return paths.is_folder(path, follow=False)


def _is_folder_inside(folder: Path, path: str) -> bool:
    """Whether there is a folder that no link, be it one above it, brings in from outside."""
    return _is_folder(folder / path) and is_inside(folder / path, paths.resolved(folder))


def package_folders(folder: Path) -> list[str]:
    """The folders of packages in an environment, relative to it; `""` where the folder is one itself."""
    if folder.name in _PACKAGES or _holds_metadata(folder):
        return [""]
    folders = ["Lib/site-packages"] if _is_folder_inside(folder, "Lib/site-packages") else []
    for library in ("lib", "lib64"):
        if not _is_folder(folder / library):
            continue
        pythons = sorted(entry.name for entry in _entries(folder / library) if _PYTHON_FOLDER.fullmatch(entry.name))
        paths = (f"{library}/{python}/{packages}" for python in pythons for packages in _PACKAGES)
        folders.extend(path for path in paths if _is_folder_inside(folder, path))
    return folders


def _holds_metadata(folder: Path) -> bool:
    """Whether a folder is one that `pip install --target` filled."""
    return any(entry.name.endswith(".dist-info") for entry in _entries(folder))


def environment_document(folder: Path, root: WorkingTree) -> Document | None:
    """The document of an installed environment or a wheelhouse; None if the folder is neither."""
    if not paths.is_folder(folder):
        return None
    if package_folders(folder):
        return Document(root.shown(folder), tree=FolderTree(folder), defines=root.defines)
    if _is_wheelhouse(folder):
        return Document(root.shown(folder), tree=ArchiveTree(folder), defines=root.defines)
    return None


def _is_wheelhouse(folder: Path) -> bool:
    """Whether a folder holds wheels, and beside them source archives at most."""
    names = [entry.name.lower() for entry in _entries(folder)]
    return any(name.endswith(".whl") for name in names) and all(name.endswith(_ARCHIVES) for name in names)
