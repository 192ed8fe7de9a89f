"""Chroma's database (`chroma.sqlite3`): the migrations that made its tables imply a range of versions."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from mlaudit.document.document import Document
from mlaudit.grammars.model_file.endings import CUT
from mlaudit.grammars.model_file.formats import formats
from mlaudit.grammars.model_file.recorded import artifact, ranged
from mlaudit.grammars.model_file.window import Window, whole
from mlaudit.model.errors import Unreadable
from mlaudit.model.lazy_pattern import lazy_pattern
from mlaudit.model.nouns import Statement
from mlaudit.parsers._registry import parser

MAGIC = b"SQLite format 3\x00"
SCHEMA = 64 * 1024
"""Bytes at the beginning in which the tables are declared: the first page, and those that continue it."""
SEARCHED = 8 * 1024 * 1024
"""Bytes in which the names of migrations are looked for: they are written when the database is made."""
TABLES = (b"embeddings_queue", b"embedding_metadata", b"migrations")

_MIGRATION = lazy_pattern(rb"([0-9]{5}-[a-z][a-z-]{2,60})\.sqlite\.sql")


def _is_chroma(doc: Document) -> bool:
    if not doc.head.startswith(MAGIC):
        return False
    with doc.stream() as stream:
        schema = whole(stream).upto(0, SCHEMA)
    return all(table in schema for table in TABLES)


@parser(kind="artifact", files=["chroma.sqlite3"], access="binary", content=_is_chroma, starts=[MAGIC])
def read(doc: Document) -> Iterator[Statement]:
    """The header of the database, and the names of the migrations that made its tables."""
    if not _is_chroma(doc):
        raise Unreadable("it is no database of Chroma: the tables of one are not declared in it")
    with doc.stream() as stream:
        window = whole(stream)
        names = sorted({match.group(1).decode() for match in _MIGRATION.finditer(window.upto(0, SEARCHED))})
        needed = _bytes_stated(window)
        size = window.size
    says = (f"{len(names)} migrations, the last of them {names[-1]}",) if names else ()
    yield artifact(doc, "chromadb.sqlite", says=says)
    yield ranged(
        doc, "chromadb", _opened_by(names, size), "chromadb.sqlite", detail="known from the names of its migrations"
    )
    if size < needed:
        yield doc.unread(f"{CUT}: its pages need {needed} bytes, of which {size} are there", package="chromadb")


def _opened_by(names: Collection[str], size: int) -> str | None:
    """The releases that can have opened the database last, by its newest migration; None if it names none of them."""
    specifiers = (specifier for name, specifier in formats().table("chroma").items() if name in names)
    specifier = next(specifiers, None)
    # A migration of a newer release may stand behind what was searched.
    return specifier.partition(",")[0] if specifier and size > SEARCHED else specifier


def _bytes_stated(window: Window) -> int:
    """Size of a page times their number (https://www.sqlite.org/fileformat.html); 0 where it is not stated."""
    page = int.from_bytes(window.read(16, 2), "big")
    return (65536 if page == 1 else page) * int.from_bytes(window.read(28, 4), "big")
