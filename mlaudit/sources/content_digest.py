"""The SHA-256 of a file, or of a folder as a whole."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from mlaudit.sources import paths

MAX_FILES = 10_000
"""Files of a folder; a model has fewer."""
MAX_DEPTH = 40


def content_digest(path: Path) -> str:
    """The SHA-256 of a file, or of all files of a folder with their names and sizes. Raises OSError and Unreadable.

    Links to files are followed, links to folders are not. Empty if a folder has more files than any model.
    """
    sha256 = hashlib.sha256()
    if not paths.is_folder(path):
        with paths.open_regular(path) as stream:
            _feed(sha256, stream)
        return sha256.hexdigest()
    files = sorted(_files(path, ()))
    if len(files) > MAX_FILES:
        return ""
    for names in files:
        file = path.joinpath(*names)
        sha256.update(f"{'/'.join(names)}\0{paths.status(file).st_size}\0".encode())
        with paths.open_regular(file) as stream:
            _feed(sha256, stream)
    return sha256.hexdigest()


def _files(folder: Path, names: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    for entry in paths.entries(folder):
        inner = (*names, entry.name)
        if paths.is_folder(folder / entry.name, follow=False):
            if len(inner) < MAX_DEPTH:
                yield from _files(folder / entry.name, inner)
        elif paths.is_file(folder / entry.name):
            yield inner


def _feed(digest: hashlib._Hash, stream: BinaryIO) -> None:
    while part := stream.read(1024 * 1024):
        digest.update(part)
