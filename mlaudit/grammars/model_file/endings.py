"""Whether a file whose facts are at its beginning is there to its end; a cut file must not pass for a whole one."""

from __future__ import annotations

import re
from collections.abc import Iterator

from mlaudit.grammars.model_file.window import Window
from mlaudit.model.lazy_pattern import lazy_pattern

SEARCHED = 256 * 1024 * 1024
"""Bytes that are searched for an end; of a longer file the last ones alone are asked."""
CUT = "it is cut"

_CHUNK = 1024 * 1024
_TAIL = 64
# A text without its end is what a chunk's border cuts in two, or what the file's end does.
# It matches either way, so that no place in it is searched again.
_TEXT = lazy_pattern(rb'"(?:[^"\\]|\\.)*("?)', re.DOTALL)
_OPENING, _CLOSING = b"{[", b"}]"
_BRACKETS = bytes(byte for byte in range(256) if byte not in _OPENING + _CLOSING)


def missing(what: str, there: int, needed: int) -> str:
    """Why a file is taken for cut, where its own sizes show that."""
    return f"{CUT}: {what} needs {needed} bytes, of which {there} are there"


def last_byte(window: Window) -> bytes:
    """The last byte that is no blank, empty if the last ones all are."""
    return window.upto(max(0, window.size - _TAIL), _TAIL).rstrip()[-1:]


def holds(window: Window, mark: bytes) -> bool:
    """Whether a mark stands somewhere in the first `SEARCHED` bytes."""
    before = b""
    for chunk in _chunks(window):
        if mark in before + chunk:
            return True
        before = chunk[-len(mark) :]
    return False


def json_is_whole(window: Window) -> bool:
    """Whether as many brackets close as open outside of texts; for long files whether the last byte closes one."""
    if last_byte(window) not in (b"}", b"]"):
        return False
    if window.size > SEARCHED:
        return True
    depth, text_begun = 0, b""
    for chunk in _chunks(window):
        outside = _TEXT.sub(_without_whole, text_begun + chunk)
        quote = outside.find(b'"')
        outside, text_begun = (outside, b"") if quote < 0 else (outside[:quote], outside[quote:])
        if len(text_begun) > _CHUNK:
            return False
        brackets = outside.translate(None, _BRACKETS)
        depth += sum(brackets.count(byte) for byte in _OPENING) - sum(brackets.count(byte) for byte in _CLOSING)
    return depth == 0 and not text_begun


def _without_whole(text: re.Match[bytes]) -> bytes:
    return b"" if text[1] else text[0]


def _chunks(window: Window) -> Iterator[bytes]:
    for at in range(0, min(window.size, SEARCHED), _CHUNK):
        yield window.upto(at, _CHUNK)
