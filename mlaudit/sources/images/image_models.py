"""The model files of an image, a root file system or an archive: read by a second look that keeps them alone."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path

from mlaudit.document.document import Document
from mlaudit.model.errors import Unreadable
from mlaudit.sources import paths
from mlaudit.sources.images.file_system import EXISTS, FileSystem, Form, wanted
from mlaudit.sources.images.loading import file_system
from mlaudit.sources.paths import open_regular

MAX_MODEL = 64 * 1024 * 1024
"""Bytes of one model file that is read."""
MAX_MODELS = 192 * 1024 * 1024
"""Bytes of all of them; a layer holds no more than a little above that."""
MAX_NUMBER = 50
"""Model files of one image that are read."""

_APART = ("/site-packages/", "/dist-packages/", "/usr/share/", "/usr/lib/", "/proc/", "/sys/", "/__pycache__/")
"""Folders of an image whose files are of packages or of the system."""


def kept_with_models(may_be_model: Callable[[str], bool]) -> Callable[[str], int | None]:
    """What a first look keeps: what an audit reads, and of model files that they are there."""

    def kept(path: str) -> int | None:
        limit = wanted(path)
        return EXISTS if limit is None and is_candidate(path, may_be_model) else limit

    return kept


def is_candidate(path: str, may_be_model: Callable[[str], bool]) -> bool:
    """Whether a file of an image may be a model by its path."""
    return wanted(path) is None and not any(part in f"/{path}" for part in _APART) and may_be_model(path)


def chosen_models(likely: Collection[str], system: FileSystem) -> dict[str, int]:
    """The sizes of the model files that are read, within bounds; links are not among them."""
    chosen: dict[str, int] = {}
    left = MAX_MODELS
    for path in likely:
        file = system.files[path]
        is_plain = file.form is Form.FILE and file.problem is None
        if is_plain and 0 < file.size <= min(MAX_MODEL, left) and len(chosen) < MAX_NUMBER:
            chosen[path] = file.size
            left -= file.size
    return chosen


def model_documents(
    path: Path, first: FileSystem, shown: str, platform: str | None, sizes: Mapping[str, int]
) -> Iterator[Document]:
    """The chosen model files of an image, an archive or a folder; those that cannot be had again are left out.

    Args:
        first: what the first look saw.
        shown: the path under which it is reported.
    """
    if not first.shown.endswith("!/"):
        yield from (
            document for inner, size in sizes.items() if (document := _in_folder(path, inner, first, size)) is not None
        )
        return
    system = file_system(path, shown, platform, sizes.get)
    for inner, size in sizes.items():
        file = system.files.get(inner) if system is not None else None
        if system is not None and file is not None and file.size == size and len(file.content) == size:
            yield Document(f"{system.shown}{inner}", file.content)


def _in_folder(root: Path, inner: str, first: FileSystem, size: int) -> Document | None:
    """A file of a folder, reached through no link; None where it is another one by now."""
    try:
        if paths.resolved(root / inner) != paths.resolved(root) / inner:
            return None
        with open_regular(root / inner, follow=False) as stream:
            data = stream.read(size + 1)
    except Unreadable:
        return None
    return Document(f"{first.shown}{inner}", data) if len(data) == size else None
