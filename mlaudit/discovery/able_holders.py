"""Which of several environments with the same code can run a call of it: those that name the library of the call."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from mlaudit.code.nouns import ArtifactUse
from mlaudit.discovery.candidates import Candidate
from mlaudit.discovery.code_scopes import CodeScope
from mlaudit.discovery.recipes import AuditedTree, stated
from mlaudit.knowledge.family import demands_of
from mlaudit.model.nouns import Include, Kind, Pin, Unread


class NamedLibraries:
    """What environments name, looked up when it is first needed.

    Args:
        tree: that their documents are in.
    """

    def __init__(self, tree: AuditedTree) -> None:
        self._tree = tree
        self._of_document: dict[str, frozenset[str] | None] = {}

    def of(self, candidate: Candidate) -> frozenset[str] | None:
        """The packages that an environment names; None if something of it is not read."""
        part = candidate.group.part
        if part is not None and part.unresolved:
            return None
        paths = part.installs if part is not None else [one.path for one in candidate.group.documents]
        found = [self._named_in(path) for path in paths]
        known = [one for one in found if one is not None]
        own = part.packages if part is not None else frozenset()
        return own.union(*known) if len(known) == len(found) else None

    def _named_in(self, path: str) -> frozenset[str] | None:
        if path not in self._of_document:
            self._of_document[path] = self._read(path)
        return self._of_document[path]

    def _read(self, path: str) -> frozenset[str] | None:
        document = self._tree.document(path)
        found = stated(document) if document is not None else None
        if found is None or any(isinstance(one, (Include, Unread)) for one in found.statements):
            return None
        return frozenset(one.package for one in found.statements if isinstance(one, Pin) and one.kind is Kind.PACKAGE)


def able_holders(
    holders: Mapping[ArtifactUse, list[Candidate]], scopes: Mapping[Candidate, CodeScope], libraries: NamedLibraries
) -> dict[ArtifactUse, list[Candidate]]:
    """Each use without images that only hold a copy of its code, and name nothing that brings its library.

    If none of them names it, none is left out.
    """
    return {use: _able(use, found, scopes, libraries) for use, found in holders.items()}


def _able(
    use: ArtifactUse, found: list[Candidate], scopes: Mapping[Candidate, CodeScope], libraries: NamedLibraries
) -> list[Candidate]:
    doubtful = [one for one in found if one.group.part is not None and not scopes[one].is_exact and not use.is_placed]
    if len(found) < 2 or not doubtful or use.library in ("", "python"):
        return found
    if not any(use.library in (libraries.of(one) or ()) for one in found):
        return found
    unable = [one for one in doubtful if _lacks(use.library, libraries.of(one))]
    return [one for one in found if one not in unable]


def _lacks(library: str, named: Iterable[str] | None) -> bool:
    bringing: Sequence[str] = [library, *(one.subject for one in demands_of(library))]
    return named is not None and not set(bringing).intersection(named)
