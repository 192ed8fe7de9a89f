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
        paths = part.installs if part is not None else [document.path for document in candidate.group.documents]
        named = [self._named_in(path) for path in paths]
        known = [packages for packages in named if packages is not None]
        own = part.packages if part is not None else frozenset()
        return own.union(*known) if len(known) == len(named) else None

    def _named_in(self, path: str) -> frozenset[str] | None:
        if path not in self._of_document:
            self._of_document[path] = self._read(path)
        return self._of_document[path]

    def _read(self, path: str) -> frozenset[str] | None:
        document = self._tree.document(path)
        stated_document = stated(document) if document is not None else None
        if stated_document is None or any(
            isinstance(statement, (Include, Unread)) for statement in stated_document.statements
        ):
            return None
        return frozenset(
            statement.package
            for statement in stated_document.statements
            if isinstance(statement, Pin) and statement.kind is Kind.PACKAGE
        )


def able_holders(
    holders: Mapping[ArtifactUse, list[Candidate]], scopes: Mapping[Candidate, CodeScope], libraries: NamedLibraries
) -> dict[ArtifactUse, list[Candidate]]:
    """Each use without images that only hold a copy of its code, and name nothing that brings its library.

    If none of them names it, none is left out.
    """
    return {use: _able(use, holder, scopes, libraries) for use, holder in holders.items()}


def _able(
    use: ArtifactUse, candidates: list[Candidate], scopes: Mapping[Candidate, CodeScope], libraries: NamedLibraries
) -> list[Candidate]:
    doubtful = [
        candidate
        for candidate in candidates
        if candidate.group.part is not None and not scopes[candidate].is_exact and not use.is_placed
    ]
    if not doubtful or not any(use.library in (libraries.of(candidate) or ()) for candidate in candidates):
        return candidates
    unable = [candidate for candidate in doubtful if _lacks(use.library, libraries.of(candidate))]
    return [candidate for candidate in candidates if candidate not in unable]


def _lacks(library: str, named: Iterable[str] | None) -> bool:
    bringing: Sequence[str] = [library, *(demand.subject for demand in demands_of(library))]
    return named is not None and not set(bringing).intersection(named)
