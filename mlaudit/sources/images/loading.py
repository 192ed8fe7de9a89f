"""From a path to the files of the image or root file system that is there."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from mlaudit.document.node import Malformed
from mlaudit.model.errors import Unreadable
from mlaudit.sources import paths
from mlaudit.sources.images import archive, byte_reader, folder, layers, layout, tar_walk
from mlaudit.sources.images.archive_names import ARCHIVE_NAMES
from mlaudit.sources.images.file_system import FileSystem, Gap, Setup, wanted
from mlaudit.sources.images.layers import Kept
from mlaudit.sources.paths import open_regular


def file_system(path: Path, shown: str, platform: str | None, kept: Kept = wanted) -> FileSystem | None:
    """What an archive or folder holds; None if it is neither an image nor a root file system. Raises Unreadable.

    `kept` gives how many bytes of a file are kept; of packages in a folder that is a root file system only metadata is.
    """
    return _of_folder(path, shown, platform, kept) if paths.is_folder(path) else _of_file(path, shown, platform, kept)


def _of_folder(path: Path, shown: str, platform: str | None, kept: Kept) -> FileSystem | None:
    if folder.is_layout(path):
        return _image(f"{shown}!/", folder.LayoutFolder(path, kept), platform)
    if not folder.is_root(path):
        return None
    layer = folder.scan_folder(path, kept)
    prefix = "" if shown == "." else f"{shown.rstrip('/')}/"
    return FileSystem(prefix, layer.files, folder.process_setup(path), gaps=layer.gaps, lost=layer.lost)


def _of_file(path: Path, shown: str, platform: str | None, kept: Kept) -> FileSystem | None:
    opened = partial(open_regular, path)
    try:
        if not tar_walk.looks_like_tar(archive.head_of(opened)):
            return None
        compressed = archive.is_compressed(opened)
    except Unreadable:
        if path.name.lower().endswith(ARCHIVE_NAMES):
            raise
        return None
    size = paths.status(path).st_size
    read = _streamed if compressed else _sought
    system = read(opened, size, shown, platform, kept)
    if system is None and path.name.lower().endswith(ARCHIVE_NAMES):
        raise Unreadable("it is no image (no `manifest.json`, no `index.json`) and no root file system")
    return system


def _sought(opened: archive.Open, size: int, shown: str, platform: str | None, kept: Kept) -> FileSystem | None:
    blobs = archive.SeekableArchive(opened, size, kept)
    if _is_image(blobs):
        return _image(f"{shown}!/", blobs, platform)
    with opened() as stream:
        return _plain(layers.scan(byte_reader.of_file(stream, 0, size), "", kept), f"{shown}!/")


def _streamed(opened: archive.Open, size: int, shown: str, platform: str | None, kept: Kept) -> FileSystem | None:
    with opened() as stream:
        blobs = archive.StreamedArchive(byte_reader.unfolded(byte_reader.of_file(stream, 0, size)), kept)
    return _image(f"{shown}!/", blobs, platform) if _is_image(blobs) else _plain(blobs.root, f"{shown}!/")


def _is_image(blobs: layout.Blobs) -> bool:
    return blobs.holds("manifest.json") or blobs.holds("index.json")


def _plain(layer: layers.ImageLayer, shown: str) -> FileSystem | None:
    """A root file system in an archive, as `docker export` and conda-pack write it."""
    if not layer.files and layer.lost:
        raise Unreadable(layer.gaps[0].why)
    if not layer.files:
        return None
    merged = layers.Merged()
    merged.lay(layer)
    return FileSystem(shown, merged.files, Setup(), gaps=merged.gaps, lost=merged.lost)


def _image(shown: str, blobs: layout.Blobs, platform: str | None) -> FileSystem:
    image, note = layout.chosen(layout.images(blobs), platform)
    merged = layers.Merged()
    setup = _setup(blobs, image.config, merged)
    for name in image.layers:
        try:
            merged.lay(blobs.layer(name))
        except Unreadable as error:
            merged.lost = True
            merged.gaps.append(Gap(path="", why=f"a layer of the image is not read: {error.why} ({name[:100]})"))
    if blobs.problem is not None:
        merged.gaps.append(Gap(path="", why=f"the archive cannot be read to its end: {blobs.problem}"))
    notes = [note] if note else []
    return FileSystem(shown, merged.files, setup, gaps=merged.gaps, notes=notes, lost=merged.lost)


def _setup(blobs: layout.Blobs, name: str, merged: layers.Merged) -> Setup:
    """The configuration; an image without one still has its files."""
    try:
        return layout.setup_of(layout.parsed(blobs.json(name), name))
    except (Unreadable, Malformed) as error:
        merged.gaps.append(Gap(path="", why=f"its configuration cannot be read: {error}", what=name))
        return Setup()
