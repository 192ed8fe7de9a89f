"""Documents that are odd: anchors that are keys, tables named twice, numbers that are too long."""

from __future__ import annotations

import io
from collections.abc import Iterator

import pytest

from mlaudit.document import document as documents
from mlaudit.document.document import Document
from mlaudit.document.node import Node
from mlaudit.document.positions import toml_locator
from mlaudit.model.errors import Unreadable
from mlaudit.model.nouns import Unread


def test_an_anchor_may_be_a_key_and_a_value() -> None:
    doc = Document("a.yaml", b"&name numpy: a\nother: *name\nagain: {*name : b}\nmerged: {<<: [1, {a: c}], b: d}\n")
    assert doc.yaml.value == {
        "numpy": "a",
        "other": "numpy",
        "again": {"numpy": "b"},
        "merged": {"a": "c", "b": "d"},
    }


def test_an_alias_of_a_list_is_no_key() -> None:
    doc = Document("a.yaml", b"a: &list [1]\nb: {*list : 2}\n")
    with pytest.raises(Unreadable, match=r"the alias `\*list` is a key and is not a scalar"):
        _ = doc.yaml


@pytest.mark.parametrize(
    ("text", "stated"),
    [
        ("a = 1\n[a]\nb = 2\n", "1"),
        ("a = 1\n[a.b]\nc = 2\n", "1"),
        ("[a]\nb = 1\n[[a]]\nb = 2\n", "[a]"),
        ("[[a]]\nb = 1\n[a]\nb = 2\n", "[[a]]"),
        ("a = 1\na.b = 2\nc = 3\n", "1"),
    ],
)
def test_a_table_that_cannot_be_one_has_no_place_and_those_before_it_have(text: str, stated: str) -> None:
    place = toml_locator(text).at("a")
    assert place is not None
    assert (place.line, text[place.start : place.end]) == (1, stated)
    with pytest.raises(Unreadable, match="not valid TOML"):
        _ = Document("a.toml", text.encode()).toml


def test_a_document_past_a_limit_is_not_read_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(documents, "WHOLE_LIMIT", 3)
    doc = Document("a.txt", opener=lambda: io.BytesIO(b"abcd"), size=4)
    with pytest.raises(Unreadable, match=r"^it has 4 bytes; formats read whole may have 3$"):
        _ = doc.data


def test_what_is_unread_among_nodes_stays_unread() -> None:
    doc = Document("a.json", b"[1]")
    unread = doc.unread("it is too large")

    def read(node: Node) -> Iterator[object]:
        yield node.value

    assert list(doc.guarded([unread, Node(1, (0,))], read)) == [unread, 1]
    assert isinstance(unread, Unread)
