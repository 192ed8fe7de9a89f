"""Which files are worth parsing: a scan of bytes for calls of the table whose libraries the file names."""

from __future__ import annotations

import re
from functools import lru_cache

from mlaudit.code.call_table import entry_words, last_word
from mlaudit.knowledge.artifact_calls import artifact_calls

MAX_BYTES = 16 * 1024 * 1024
"""Bytes of a file that are scanned."""


def scan(data: bytes) -> bool:
    """Whether a source may hold a call that writes or reads an artifact, or that makes it an entry point."""
    libraries, words = _words_by_library()
    present = frozenset(_libraries_expression().findall(data, 0, MAX_BYTES))
    if not present:
        return _entry_expression().search(data, 0, MAX_BYTES) is not None
    wanted = frozenset(number for word in present for number in libraries.get(word, ()))
    if _calls_expression(wanted).search(data, 0, MAX_BYTES) is not None:
        return True
    return _entry_expression().search(data, 0, MAX_BYTES) is not None


@lru_cache(maxsize=1)
def _words_by_library() -> tuple[dict[bytes, tuple[int, ...]], tuple[frozenset[str], ...]]:
    """Libraries by the word that imports them, and the last words of each library's calls."""
    libraries: dict[bytes, list[int]] = {}
    words: list[frozenset[str]] = []
    by_imports: dict[tuple[str, ...], set[str]] = {}
    for row in artifact_calls().rows:
        if row.does == "names" or not row.imports:
            continue
        by_imports.setdefault(row.imports, set()).update(map(_searched_word, row.calls))
    for imports, calls in by_imports.items():
        for name in imports:
            libraries.setdefault(name.encode(), []).append(len(words))
        words.append(frozenset(calls))
    return {name: tuple(numbers) for name, numbers in libraries.items()}, tuple(words)


def _searched_word(call: str) -> str:
    """The last word of a call, of one with `*` its longest part."""
    return max(last_word(call).split("*"), key=len)


@lru_cache(maxsize=1)
def _libraries_expression() -> re.Pattern[bytes]:
    names = sorted(_words_by_library()[0], key=len, reverse=True)
    return re.compile(rb"(?<![\w.])(?:" + b"|".join(re.escape(name) for name in names) + rb")(?!\w)")


@lru_cache(maxsize=1024)
def _calls_expression(libraries: frozenset[int]) -> re.Pattern[bytes]:
    words = frozenset().union(*(_words_by_library()[1][number] for number in libraries))
    joined = b"|".join(re.escape(word.encode()) for word in sorted(words, key=lambda word: (-len(word), word)))
    return re.compile(rb"(?:" + (joined or rb"(?!)") + rb")\s{0,20}\(")


@lru_cache(maxsize=1)
def _entry_expression() -> re.Pattern[bytes]:
    joined = b"|".join(re.escape(word.encode()) for word in sorted(entry_words()))
    return re.compile(rb"(?<!\w)(?:" + (joined or rb"(?!)") + rb")(?!\w)")
