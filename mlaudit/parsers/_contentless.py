"""What is reported about a document that states nothing: a file without content must not count as compared."""

from __future__ import annotations

from mlaudit.document.document import Document
from mlaudit.document.node import Node
from mlaudit.model.errors import Unreadable
from mlaudit.model.nouns import Fact, Statement
from mlaudit.parsers._registry import Parser

_BLANKS = b" \t\r\n\f\v\0\xef\xbb\xbf"
_COMMENTS = ("#", ";", "//")
_PARSED = ("toml", "lock_toml", "json", "yaml")


def remark(doc: Document, parser: Parser, *, is_remarked: bool, complete: bool) -> Statement | None:
    """A note, or an Unread, on a document in which its parser met no pin; None if there is nothing to explain.

    A format that has no file name of its own was chosen for the content or by the user, so content that states nothing
    is not of that format; files with a name of their own, such as workflows, may well say nothing about versions.

    Args:
        doc: the document.
        parser: that read it.
        is_remarked: it names a project, a stage or an environment, or its parser has reported why it states nothing.
        complete: it names everything that is installed.
    """
    if doc.tree is not None:
        return None
    if not doc.head.strip(_BLANKS):
        return _note(doc, "it is empty")
    value = next((doc.__dict__[language].value for language in _PARSED if _is_parsed(doc, language)), doc)
    if value is None or value == [] or value == {}:
        return _note(doc, "it contains only comments and empty values")
    if value is not doc and not isinstance(value, (dict, list)):
        return doc.unread("expected a table, found a single value")
    if _only_comments(doc):
        return _note(doc, "it contains only comments")
    if complete:
        return _note(doc, "it lists no package at all")
    return None if parser.files or is_remarked else doc.unread(f"nothing in it is of the format {parser.format}")


def _is_parsed(doc: Document, language: str) -> bool:
    return isinstance(doc.__dict__.get(language), Node)


def _only_comments(doc: Document) -> bool:
    try:
        lines = doc.text.splitlines()
    except Unreadable:
        return False
    return all(not line.strip() or line.lstrip().startswith(_COMMENTS) for line in lines)


def _note(doc: Document, sentence: str) -> Fact:
    return Fact(key="note", value=sentence, at=doc.place())
