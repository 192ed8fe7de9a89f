"""Readings by the content of everything that they were made of: a blob that comes back is not read again."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping

from mlaudit.document.document import Document
from mlaudit.model.lazy_dataclass import dataclass
from mlaudit.model.nouns import Reading
from mlaudit.parsers._read import read
from mlaudit.revisions.lock_core import Core, LockCores
from mlaudit.sources.commit_tree import CommitTree

KEPT = 6
"""Readings of one document that are kept: what was merged or reverted comes back soon, or not at all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kept:
    """One reading, the content of every other path that was requested to make it, and what of it counts."""

    token: str
    beside: Mapping[str, str | None]
    core: Core | None
    reading: Reading


class RevisionReadings:
    """Reads documents of one commit after another; what is outside of the commit is read again each time.

    Attributes:
        cores: of the locks that the present commit's state was made of, by path.
    """

    def __init__(self, cores: LockCores) -> None:
        self.cores: dict[str, Core] = {}
        self._of = cores
        self._tree: CommitTree | None = None
        self._kept: dict[tuple[str, str | None], deque[_Kept]] = {}

    def enter(self, tree: CommitTree) -> None:
        """From here on documents are those of a commit."""
        self._tree, self.cores = tree, {}

    def read(self, document: Document, as_format: str | None) -> Reading:
        """What a document says; of a lock that differs in packages that do not count, what an earlier one said."""
        tree = self._tree
        token = tree.token(document.path) if tree is not None else None
        if tree is None or token is None or token == "folder":  # noqa: S105  no secret
            return read(document, as_format)
        core = self._of.core(document)
        if core is not None:
            self.cores[document.path] = core
        kept = self._kept.setdefault((document.path, as_format), deque(maxlen=KEPT))
        for entry in reversed(kept):
            is_same = entry.token == token or (core is not None and entry.core == core)
            if is_same and all(tree.token(path) == known for path, known in entry.beside.items()):
                tree.asked.update(entry.beside)
                return entry.reading
        reading, beside = self._read(document, as_format, tree)
        kept.append(_Kept(token=token, beside=beside, core=core, reading=reading))
        return reading

    def _read(
        self, document: Document, as_format: str | None, tree: CommitTree
    ) -> tuple[Reading, dict[str, str | None]]:
        """A reading, and what was requested to make it beside the document itself."""
        before, tree.asked = tree.asked, {}
        try:
            reading = read(document, as_format)
        finally:
            asked, tree.asked = tree.asked, {**before, **tree.asked}
        return reading, {path: token for path, token in asked.items() if path != document.path}
