"""What `uv sync` takes of a workspace where no lock is beside the project: the workspace's lock, or its members.

https://docs.astral.sh/uv/concepts/projects/workspaces/: one lock for all members, in the folder of the workspace.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator

from mlaudit.document.document import Document
from mlaudit.document.node import Malformed
from mlaudit.grammars.pypi import pyproject_text
from mlaudit.grammars.pypi.local_projects import MAX_PARENTS, member_folder
from mlaudit.grammars.shell.recipe import Call
from mlaudit.model.errors import Unreadable
from mlaudit.model.lazy_dataclass import replace
from mlaudit.model.names import normalized
from mlaudit.model.nouns import InstallSelection, Place, Unread

EVERY = "*"
"""The name that stands for all members (`--all-packages`)."""

Part = tuple[str, InstallSelection]


def workspace_parts(
    call: Call, folder: str, manifest: str, chosen: InstallSelection, at: Place
) -> Iterator[Part | Unread]:
    """The documents that a command takes, each with the part of it, where a folder of the recipe has no lock."""
    lock = _lock_above(call, folder, manifest, chosen)
    if lock is not None:
        yield lock
        return
    names = [name for word, name in chosen.parts if word == "package"]
    if not names:
        yield manifest, chosen
    for name in names:
        if name == EVERY:
            yield manifest, chosen
            yield call.doc.unread("no lock states what all members of the workspace require", at, what=call.shown())
        else:
            yield _of_member(call, manifest, name, chosen, at)


def _of_member(call: Call, manifest: str, name: str, chosen: InstallSelection, at: Place) -> Part | Unread:
    root = call.doc.beside(manifest)
    folder = member_folder(root, name) if root is not None else None
    if folder is None:
        why = f"no member `{name[:80]}` of the workspace can be read"
        return call.doc.unread(why, at, what=call.shown())
    path = posixpath.normpath(posixpath.join(posixpath.dirname(manifest), folder, "pyproject.toml"))
    return path, chosen


def _lock_above(call: Call, folder: str, manifest: str, chosen: InstallSelection) -> Part | None:
    """The lock of the workspace that the project in a folder is a member of."""
    own = call.doc.beside(manifest)
    name = _name(own) if own is not None else None
    above = posixpath.dirname(call.recipe.path(posixpath.join(folder, "uv.lock")))
    for _ in range(MAX_PARENTS):
        above = posixpath.normpath(posixpath.join(above, ".."))
        path = call.recipe.locate(posixpath.join(above, "uv.lock"))
        lock = call.doc.beside(path) if path is not None else None
        if path is not None and lock is not None and name is not None and name in _members(lock):
            names_part = any(word == "package" for word, _ in chosen.parts)
            return path, chosen if names_part else replace(chosen, parts=(*chosen.parts, ("package", name)))
    return None


def _name(doc: Document) -> str | None:
    try:
        return pyproject_text.name(doc)
    except (Malformed, Unreadable):
        return None


def _members(lock: Document) -> frozenset[str]:
    try:
        return frozenset(map(normalized, lock.lock_toml.dig("manifest", "members").texts()))
    except (Malformed, Unreadable):
        return frozenset()
