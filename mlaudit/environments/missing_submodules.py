"""git submodules of an audited folder that are not checked out, in which nothing could be read."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator

from mlaudit.discovery.model_files import shown_names
from mlaudit.discovery.recipes import AuditedTree, stated
from mlaudit.environments.found_tree import SUBMODULES, FoundTree
from mlaudit.model.nouns import Pin

_NAMED = "submodule:"


def sentences_on_submodules(looked: FoundTree) -> Iterator[str]:
    """That nothing was read in submodules whose folders are empty, since git leaves them so until it is asked."""
    tree = AuditedTree(folder=looked.base, root=looked.root, paths=dict.fromkeys(looked.walked.paths))
    missing = [path for path in _submodules(tree) if not any(True for _ in tree.list(path))]
    if missing:
        submodules, them = ("submodule is", "it") if len(missing) == 1 else ("submodules are", "them")
        says = f"{len(missing):,} git {submodules} not checked out, so nothing in {them} was read"
        yield f"{says}: {shown_names(missing)}. Fetch: git submodule update --init"


def _submodules(tree: AuditedTree) -> Iterator[str]:
    """The folders that the tree's `.gitmodules` name, relative to the audited folder."""
    document = tree.document(SUBMODULES)
    read = stated(document) if document is not None else None
    for statement in read.statements if read is not None else ():
        if isinstance(statement, Pin) and statement.name.startswith(_NAMED):
            path = posixpath.normpath(statement.name.removeprefix(_NAMED))
            if not path.startswith(("/", "..")):
                yield path
