"""Images and root file systems as documents: archives, layouts and folders; no daemon and no registry is asked."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from mlaudit.document.document import Document
from mlaudit.model.errors import Unreadable
from mlaudit.sources import paths
from mlaudit.sources.images.archive_names import ARCHIVE_NAMES
from mlaudit.sources.paths import open_regular
from mlaudit.sources.working_tree import WorkingTree

_COMPRESSED = (b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"BZh", b"\xfd7zXZ\x00")
_MAGIC = b"ustar"
_MAGIC_AT = 257


def image_document(
    path: Path, root: WorkingTree, platform: str | None = None, may_be_model: Callable[[str], bool] | None = None
) -> Document | None:
    """The document of an image or root file system; None if a path is neither.

    Args:
        path: an archive or a folder.
        root: what paths are reported relative to.
        platform: which of several an image is read for (`linux-aarch64`).
        may_be_model: which other files are listed too, by their paths; nothing of them is read.

    Raises:
        Unreadable: it is one, and nothing of it can be read.
    """
    if not paths.is_folder(path) and not _may_be_archive(path):
        return None
    # What reads images is imported only where there may be one: most sources are text.
    from mlaudit.sources.images.loading import file_system

    if may_be_model is None:
        system = file_system(path, root.shown(path), platform)
    else:
        from mlaudit.sources.images.image_models import kept_with_models

        system = file_system(path, root.shown(path), platform, kept_with_models(may_be_model))
    return None if system is None else Document(root.shown(path), tree=system, defines=root.defines)


def _may_be_archive(path: Path) -> bool:
    if path.name.lower().endswith(ARCHIVE_NAMES):
        return True
    try:
        with open_regular(path) as stream:
            head = stream.read(_MAGIC_AT + len(_MAGIC))
    except Unreadable:
        return False
    return head.startswith(_COMPRESSED) or head[_MAGIC_AT:] == _MAGIC
