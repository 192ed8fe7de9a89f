"""Artifacts asked for again by the paths under which they are reported, wherever they are."""

from __future__ import annotations

from collections.abc import Mapping

from mlaudit.document.document import WHOLE_LIMIT, Document
from mlaudit.grammars.model_file.archives import member_names
from mlaudit.grammars.model_file.window import whole
from mlaudit.grammars.model_file.zip_directory import Archive
from mlaudit.model.errors import Unreadable
from mlaudit.sources.paths import is_file
from mlaudit.sources.working_tree import WorkingTree

_INSIDE = "!/"
_PICKLE = "/data.pkl"
"""Where torch puts the pickle of an archive."""


class ArtifactFiles:
    """The artifacts of an audit.

    Args:
        tree: those in the working tree.
        opened: documents that are elsewhere, in revisions and images, by the paths under which they are reported.
    """

    def __init__(self, tree: WorkingTree, opened: Mapping[str, Document] | None = None) -> None:
        self._tree, self._opened = tree, opened or {}

    def document(self, path: str) -> Document:
        """The document that is reported under a path. Raises Unreadable."""
        if path in self._opened:
            return self._opened[path]
        outer, _, member = path.partition(_INSIDE)
        if member and is_file(self._tree.folder / path):
            # A folder may be called so too.
            return self._tree.document(self._tree.folder / path)
        around = self._opened.get(outer) or self._tree.document(self._tree.folder / outer)
        return _member(around, member, path) if member else around

    def pickle(self, path: str) -> Document:
        """The pickle that is reported under a path, or is in the archive of torch there. Raises Unreadable."""
        doc = self.document(path)
        inside = next((name for name in member_names(doc) if f"/{name}".endswith(_PICKLE)), None)
        return _member(doc, inside, f"{path}{_INSIDE}{inside}") if inside is not None else doc


def _member(doc: Document, name: str, path: str) -> Document:
    """A member of a zip archive. Raises Unreadable."""
    with doc.stream() as stream:
        archive = Archive(whole(stream))
        member = archive.members.get(name)
        if member is None:
            raise Unreadable(f"the archive has no {name[:80]}")
        return Document(path, archive.read(member, WHOLE_LIMIT))
