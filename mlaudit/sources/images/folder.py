"""Folders: OCI layouts, root file systems, conda prefixes and the root of a running process; no link is followed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from mlaudit.model.errors import Unreadable
from mlaudit.model.lazy_pattern import lazy_pattern
from mlaudit.sources import paths
from mlaudit.sources.images import byte_reader
from mlaudit.sources.images.file_system import EXISTS, Form, LayerFile, Setup, condensed, wanted
from mlaudit.sources.images.layers import MAX_HELD, ImageLayer, Kept, scan
from mlaudit.sources.images.layout import JSON_LIMIT
from mlaudit.sources.images.tar_walk import clean
from mlaudit.sources.mounting import FolderEntry
from mlaudit.sources.paths import open_regular

MAX_ENTRIES = 4_000_000
"""Entries of a root file system that are looked at."""

_KERNEL_FOLDERS = frozenset(("proc", "sys", "dev"))
_NEVER_ENTERED = frozenset(("__pycache__", "node_modules", ".git"))
_PACKAGE_FOLDERS = ("site-packages", "dist-packages")
_METADATA = (".dist-info", ".egg-info", ".egg")
_SHALLOW = 2
_PROCESS_ROOT = lazy_pattern(r"(?P<process>/proc/(?:self|\d{1,10}))/root")
_ROOT_SIGNS = (
    "etc/os-release",
    "usr/lib/os-release",
    "var/lib/dpkg/status",
    "var/lib/dpkg/status.d",
    "lib/apk/db/installed",
    "usr/lib/apk/db/installed",
    "opt/conda/conda-meta",
)
_PYTHON_FOLDER = lazy_pattern(r"python3(?:\.\d{1,3}t?)?")
_ASKED_OF_PROCESS = ("PATH", "PYTHONPATH", "VIRTUAL_ENV", "CONDA_PREFIX", "PYTHON_VERSION", "LAMBDA_TASK_ROOT")
_ASKED_PREFIXES = ("CUDA_", "NV_", "CUDNN_", "NVIDIA_")


class LayoutFolder:
    """Blobs of an OCI layout, or of an unpacked `docker save` archive."""

    problem = None

    def __init__(self, folder: Path, kept: Kept = wanted) -> None:
        self._folder, self._kept = folder, kept

    def _path(self, name: str) -> Path:
        """A file below the folder, reached through no link. Raises Unreadable."""
        relative = clean(name)
        if not relative or name.startswith("/"):
            raise Unreadable("its name leads out of the layout")
        path = self._folder
        for part in relative.split("/"):
            path = path / part
            if paths.is_link(path):
                raise Unreadable("it is a link, and links of a layout are not followed")
        if not paths.is_file(path):
            raise Unreadable("it is not in the layout")
        return path

    def holds(self, name: str) -> bool:
        """Whether there is a blob of this name."""
        try:
            return bool(self._path(name))
        except Unreadable:
            return False

    def json(self, name: str) -> bytes:
        """A small blob. Raises Unreadable."""
        with open_regular(self._path(name), follow=False) as stream:
            data = stream.read(JSON_LIMIT + 1)
        if len(data) > JSON_LIMIT:
            raise Unreadable(f"`{name[:100]}` has more than the {JSON_LIMIT} bytes that a manifest may have")
        return data

    def layer(self, name: str) -> ImageLayer:
        """What a layer holds. Raises Unreadable if there is none of this name."""
        with open_regular(self._path(name), follow=False) as stream:
            return scan(byte_reader.of_file(stream, 0, os.fstat(stream.fileno()).st_size), name, self._kept)


def is_layout(folder: Path) -> bool:
    """Whether a folder is an OCI layout or an unpacked `docker save` archive."""
    manifest = paths.is_file(folder / "manifest.json")
    if paths.is_folder(folder / "blobs") or paths.is_file(folder / "oci-layout"):
        return manifest or paths.is_file(folder / "index.json")
    return manifest and _holds_layers(folder)


def _holds_layers(folder: Path) -> bool:
    """Whether some folder below holds a `layer.tar`, as `docker save` wrote it before OCI layouts."""
    try:
        return any(paths.lexists(folder / entry.name / "layer.tar") for entry in paths.entries(folder))
    except Unreadable:
        return False


def is_root(folder: Path) -> bool:
    """Whether a folder is a root file system, a conda prefix, or the root of a process."""
    if _PROCESS_ROOT.fullmatch(os.path.normpath(folder.absolute())) or paths.is_folder(folder / "conda-meta"):
        return True
    return any(paths.lexists(folder / sign) for sign in _ROOT_SIGNS) or any(_system_pythons(folder))


def _system_pythons(folder: Path) -> Iterator[str]:
    for library in ("usr/local/lib", "usr/lib"):
        try:
            yield from (entry.name for entry in paths.entries(folder / library) if _PYTHON_FOLDER.fullmatch(entry.name))
        except Unreadable:
            continue


class _ImageFolderWalk:
    """One walk through a root file system."""

    def __init__(self, folder: Path, kept: Kept) -> None:
        self._folder, self._kept = str(folder), kept
        self.layer = ImageLayer()

    def run(self) -> None:
        waiting = [""]
        while waiting:
            relative = waiting.pop()
            try:
                entries = paths.entries(f"{self._folder}/{relative}")
                waiting.extend(folder for entry in entries if (folder := self._entry(relative, entry)))
            except Unreadable as error:
                self._lose(relative, f"it cannot be looked into: {error.why}")
            if self.layer.entries > MAX_ENTRIES or len(self.layer.files) > MAX_HELD:
                self._lose("", f"more than {MAX_ENTRIES} entries, or too many metadata files; the rest is not read")
                return

    def _lose(self, path: str, why: str) -> None:
        self.layer.lost = True
        self.layer.gap(path, why)

    def _entry(self, relative: str, entry: FolderEntry) -> str | None:
        """A folder to look into; files are kept."""
        self.layer.entries += 1
        path = f"{relative}/{entry.name}" if relative else entry.name
        if paths.entry_is_folder(entry):
            return path if _entered(relative, entry.name) else None
        limit = self._kept(path)
        if limit is None and entry.is_symlink() and path.count("/") <= _SHALLOW:
            limit = EXISTS
        if limit is not None:
            shown = path.encode("utf-8", "backslashreplace").decode()
            self.layer.files[shown] = self._layer_file(path, entry, limit)
        return None

    def _layer_file(self, path: str, entry: FolderEntry, limit: int) -> LayerFile:
        try:
            if entry.is_symlink():
                return LayerFile(form=Form.LINK, link=paths.link_target(entry.path)[:4096])
            if not paths.entry_is_file(entry):
                return LayerFile(form=Form.OTHER)
            size = paths.status(entry.path, follow=False).st_size
            if limit == EXISTS:
                return LayerFile(size=size)
            with open_regular(entry.path, follow=False) as stream:
                return condensed(path, LayerFile(content=stream.read(limit), size=size))
        except OSError as error:
            return LayerFile(problem=paths.refusal(error))
        except Unreadable as error:
            return LayerFile(problem=error.why)


def _entered(folder: str, name: str) -> bool:
    """Whether a folder may hold what is wanted; of packages only their metadata is."""
    if name in _NEVER_ENTERED or (not folder and name in _KERNEL_FOLDERS):
        return False
    inside = folder.endswith(_PACKAGE_FOLDERS)
    return not inside or name.endswith(_METADATA)


def scan_folder(folder: Path, kept: Kept = wanted) -> ImageLayer:
    """What a root file system or conda prefix holds."""
    walk = _ImageFolderWalk(folder, kept)
    walk.run()
    return walk.layer


def process_setup(folder: Path) -> Setup:
    """For `/proc/PID/root`, what the process was started with; of its environment only what chooses versions."""
    match = _PROCESS_ROOT.fullmatch(os.path.normpath(folder.absolute()))
    if match is None:
        return Setup()
    pairs = (text.partition("=") for text in _words(Path(match["process"], "environ")))
    env = {name: value for name, _, value in pairs if name in _ASKED_OF_PROCESS or name.startswith(_ASKED_PREFIXES)}
    command = _words(Path(match["process"], "cmdline"))[:1]
    return Setup(env=env, command=command, source="the environment of the process")


def _words(path: Path) -> tuple[str, ...]:
    try:
        with path.open("rb") as stream:
            data = stream.read(256 * 1024)
    except OSError:
        return ()
    return tuple(word.decode("utf-8", "backslashreplace") for word in data.split(b"\0") if word)
