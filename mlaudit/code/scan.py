"""Which files are worth parsing: a scan of bytes for calls of the table whose libraries the file imports."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache

from mlaudit.code.call_table import last_word
from mlaudit.knowledge.artifact_calls import artifact_calls
from mlaudit.model.lazy_pattern import lazy_pattern

MAX_BYTES = 16 * 1024 * 1024
"""Bytes of a file that are scanned."""
MAX_IMPORTS = 2_000
MAX_LINE = 400
"""Bytes of a line with an import that are looked at."""

_WORD = lazy_pattern(rb"\w{1,80}")


def scan(data: bytes, more: frozenset[bytes] = frozenset()) -> bool:
    """Whether a source may hold a call that writes or reads an artifact, or that makes it an entry point.

    Args:
        data: the bytes of the source.
        more: libraries of modules that it imports: it may get their objects.
    """
    libraries = libraries_of(imported_words(data)) | more
    if libraries and _calls_expression(libraries).search(data, 0, MAX_BYTES) is not None:
        return True
    return _distinct_expression().search(data, 0, MAX_BYTES) is not None


def libraries_of(words: Iterable[bytes]) -> frozenset[bytes]:
    """Those of some words that are imports of the table."""
    known = _words_by_import()
    return frozenset(word for word in words if word in known)


def imported_words(data: bytes) -> Iterator[bytes]:
    """The words of every line with `import`."""
    position = 0
    for _ in range(MAX_IMPORTS):
        position = data.find(b"import", position, MAX_BYTES)
        if position < 0:
            return
        start = max(data.rfind(b"\n", 0, position) + 1, position - MAX_LINE)
        end = data.find(b"\n", position)
        end = min(end if end != -1 else len(data), position + MAX_LINE)
        yield from _WORD.findall(data, start, end)
        position = end


@lru_cache(maxsize=1)
def _words_by_import() -> dict[bytes, frozenset[str]]:
    """The last words of the calls that count where a file imports a package."""
    by_import: dict[bytes, set[str]] = {}
    for imports, calls in _calls_by_imports():
        for name in imports:
            by_import.setdefault(name.encode(), set()).update(map(_searched_word, calls))
    return {name: frozenset(words) for name, words in by_import.items()}


def _calls_by_imports() -> Iterator[tuple[Iterable[str], Iterable[str]]]:
    table = artifact_calls()
    for row in table.rows:
        if row.does != "names":
            yield row.imports, row.calls
    for sign in table.entries:
        for call in (*sign.calls, *sign.decorators):
            yield (call.partition(".")[0],), (call,)


def _searched_word(call: str) -> str:
    """The last word of a call, of one with `*` its longest part."""
    return max(last_word(call).split("*"), key=len) or last_word(call.rpartition(".")[0])


@lru_cache(maxsize=1024)
def _calls_expression(libraries: frozenset[bytes]) -> re.Pattern[bytes]:
    return _any_of(word for library in libraries for word in _words_by_import()[library])


@lru_cache(maxsize=1)
def _distinct_expression() -> re.Pattern[bytes]:
    """Methods that only one library has: they need no import beside them."""
    return _any_of(last_word(call) for row in artifact_calls().rows if row.distinct for call in row.calls)


def _any_of(words: Iterable[str]) -> re.Pattern[bytes]:
    joined = b"|".join(re.escape(word.encode()) for word in sorted(set(words)) if word)
    return re.compile(rb"(?:" + (joined or rb"(?!)") + rb")(?!\w)")
