"""What the parsers of zip-based model files share: recognition by members, and members read as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator
from weakref import WeakKeyDictionary

from mlaudit.document.document import Document
from mlaudit.document.node import Node
from mlaudit.grammars.model_file.window import whole
from mlaudit.grammars.model_file.zip_directory import SIGNATURE, Archive, Member
from mlaudit.model.errors import Unreadable
from mlaudit.model.nouns import Place, Unread

JSON_LIMIT = 16 * 1024 * 1024
JSON_VALUES = 1_000_000
JSON_CONTAINERS = 300_000
"""Lists and objects, counted before they are made: `[],` expands to thirty times its bytes."""

_NAMES: WeakKeyDictionary[Document, tuple[str, ...]] = WeakKeyDictionary()


def member_names(doc: Document) -> tuple[str, ...]:
    """The names in a document that starts as a zip archive does; none for any other document or a broken archive."""
    if not doc.head.startswith((SIGNATURE, b"PK\x05\x06")):
        return ()
    if doc not in _NAMES:
        try:
            with doc.stream() as stream:
                _NAMES[doc] = tuple(Archive(whole(stream)).members)
        except Unreadable:
            _NAMES[doc] = ()
    return _NAMES[doc]


def check_archive(doc: Document) -> None:
    """Raises Unreadable where a document begins as a zip archive does and has no whole directory."""
    if doc.head.startswith(SIGNATURE):
        with doc.stream() as stream:
            Archive(whole(stream))


def inside(doc: Document, member: Member) -> Place:
    """The place of a member."""
    return Place(path=f"{doc.path}!/{member.name}")


def member_json(archive: Archive, member: Member) -> Node:
    """A member as JSON. Raises Unreadable."""
    return json_node(archive.read(member, JSON_LIMIT), f"the member `{member.name[:80]}`")


def json_node(data: bytes, what: str) -> Node:
    """Bytes as JSON; of a repeated key the last value counts. Raises Unreadable."""
    if data.count(b",") > JSON_VALUES or data.count(b"[") + data.count(b"{") > JSON_CONTAINERS:
        raise Unreadable(f"{what} has more values than are read ({JSON_VALUES}, {JSON_CONTAINERS} lists and objects)")
    try:
        return Node(json.loads(data.decode("utf-8")))
    except RecursionError:
        raise Unreadable(f"{what} is nested too deeply for JSON") from None
    except ValueError as error:
        raise Unreadable(f"{what} is not valid JSON: {error}") from None


def remarks(doc: Document, archive: Archive) -> Iterator[Unread]:
    """What was odd about the archive."""
    return (doc.unread(note) for note in archive.notes)
