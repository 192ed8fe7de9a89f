"""The Python files of some packages in an image: read by a second look that keeps them alone."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from functools import cached_property
from pathlib import Path

from mlaudit.document.files import listed
from mlaudit.model.errors import Unreadable
from mlaudit.sources import paths
from mlaudit.sources.images.file_system import EXISTS, FileSystem
from mlaudit.sources.images.loading import file_system
from mlaudit.sources.package_sources import MAX_SOURCE, MAX_SOURCES, PackageSources

_TESTS = frozenset(("tests", "test", "__pycache__"))
_SOURCES = (".py", ".pyi", ".pyx")


class ImageCode:
    """The files of packages in an image; a `mlaudit.code.package.code.PackageCode`.

    Args:
        site: the folder of packages in the image.
        tops: names in it that are read; of others nothing is known.
    """

    def __init__(self, path: Path, shown: str, platform: str | None, site: str, tops: Collection[str]) -> None:
        self._path, self._shown, self._platform = path, shown, platform
        self._prefix, self._tops = f"{site}/", frozenset(tops)

    @cached_property
    def _system(self) -> FileSystem | None:
        try:
            system = file_system(self._path, self._shown, self._platform, self._kept)
        except Unreadable:
            return None
        return None if system is None or system.lost else system

    def _kept(self, path: str) -> int | None:
        if not path.startswith(self._prefix):
            return None
        top = path[len(self._prefix) :].partition("/")[0].partition(".")[0]
        if top not in self._tops:
            return None
        return MAX_SOURCE + 1 if path.endswith(_SOURCES) else EXISTS

    @cached_property
    def _folders(self) -> dict[str, set[str]]:
        inside: dict[str, set[str]] = {"": set()}
        for path in listed(sorted(self._system.files), self._prefix[:-1], deep=True) if self._system else ():
            folder, _, name = path[len(self._prefix) :].rpartition("/")
            while name not in inside.setdefault(folder, set()):
                inside[folder].add(name)
                if not folder:
                    break
                folder, _, name = folder.rpartition("/")
        return inside

    def names(self, folder: str) -> frozenset[str] | None:
        """The names in a folder, None if it is not one, or its package is not read."""
        return frozenset(self._folders[folder]) if folder in self._folders and self._folders[""] else None

    def read(self, path: str) -> bytes | None:
        """The bytes of a source, None if they cannot be had."""
        if self._system is None or not path.endswith(_SOURCES):
            return None
        try:
            data = self._system.read(self._prefix + path, MAX_SOURCE + 1)
        except Unreadable:
            return None
        return data if len(data) <= MAX_SOURCE else None

    def read_binary(self, _path: str) -> bytes | None:
        """None: of compiled modules only the names are kept."""
        return None

    def sources(self, folder: str) -> Iterator[bytes | None]:
        """The bytes of every Python file below a folder but those of tests; ends with None if some are lacking."""
        files = self._system.files if self._system is not None else {}
        prefix = f"{self._prefix}{folder}/" if folder else self._prefix
        python_files = (path[len(self._prefix) :] for path in sorted(files) if path.startswith(prefix))
        chosen = (path for path in python_files if path.endswith(_SOURCES) and _TESTS.isdisjoint(path.split("/")))
        for number, path in enumerate(chosen):
            data = self.read(path) if number < MAX_SOURCES else None
            yield data
            if data is None:
                return

    def shown(self, path: str) -> str:
        """A path as reports show it."""
        return f"{self._shown}!/{self._prefix}{path}"


def code_in_image(
    path: Path, shown: str, platform: str | None, site: str, tops: Collection[str]
) -> ImageCode | PackageSources:
    """The code in a folder of packages of an image or root file system."""
    folder = path / site
    is_root = paths.is_folder(path) and paths.is_folder(folder, follow=False) and paths.lies_inside(folder, path)
    if is_root and paths.resolved(folder) == paths.resolved(path) / site:
        return PackageSources(folder, f"{shown}/{site}" if shown != "." else site)
    return ImageCode(path, shown, platform, site, tops)
