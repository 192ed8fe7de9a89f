"""TOML from strangers: a guarded parser, and a quick one for lock files whose lists of files nobody asks for."""

from __future__ import annotations

import tomli

from mlaudit.document.budget import BudgetExceeded, Limit
from mlaudit.document.lines import line_at
from mlaudit.model.lazy_pattern import lazy_pattern

CHARACTERS = Limit(name="characters of TOML", most=20_000_000)
LINES = Limit(name="lines and commas of TOML", most=500_000)
TABLES = Limit(name="tables and dotted keys of TOML", most=100_000)
"""A table takes about a kilobyte of memory, a value a third of it."""

# tomli's time and memory grow with the square of the parts of a dotted key; real files stay below ten
_MAX_KEY_PARTS = 50
_PART = r"""(?:[A-Za-z0-9_-]+|"[^"\\\n]*(?:\\.[^"\\\n]*)*"|'[^'\n]*')"""
_DOTTED = lazy_pattern(
    rf"\n[ \t]*(?:\[\[?[ \t]*)?{_PART}(?:[ \t]*\.[ \t]*{_PART}){{0,{_MAX_KEY_PARTS}}}(?=[ \t]*[=\].])"
)
_LONG_KEY = lazy_pattern(rf"\n[ \t]*(?:\[\[?[ \t]*)?(?:{_PART}[ \t]*\.[ \t]*){{{_MAX_KEY_PARTS}}}[^\n]*[=\]]")

# Python reads a number of thousands of hexadecimal digits, and raises an error wherever it is to write it out.
_LONG_NUMBER = lazy_pattern(r"0[xob][0-9a-fA-F_]{3000}")
_MAX_BITS = 64
"""Of a whole number, as TOML has them."""

# Every text that this grammar matches is a valid inline table of TOML: a broken file must stay broken when it is cut.
_STRING = r'"[^"\\\x00-\x08\x0a-\x1f\x7f]*"'
_DAY = "(?:(?:0[1-9]|1[0-2])-(?:0[1-9]|1[0-9]|2[0-8])|(?:0[13-9]|1[0-2])-(?:29|30)|(?:0[13578]|1[02])-31)"
_TIME = rf"[12][0-9]{{3}}-{_DAY}T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]{{1,6}})?Z"
_SIZE = "(?:, size = [1-9][0-9]{0,15})?"
_UV_TAIL = rf", hash = {_STRING}{_SIZE}(?:, upload-time = {_STRING})?"
_PYLOCK_TAIL = rf"(?:, upload-time = {_TIME})?{_SIZE}, hashes = \{{ sha256 = {_STRING} \}}"
_FILE = rf"\{{ ?(?:url|file|path|filename) = {_STRING}(?:{_UV_TAIL}|{_PYLOCK_TAIL}) ?\}}"
_FILES = lazy_pattern(rf"(\n(?:wheels|files) = \[)(?:(?:\n    {_FILE},){{1,2000}}\n|{_FILE})(?=\]\n)")
_SDIST = lazy_pattern(rf"(\nsdist = ){_FILE}(?=\n)")


def toml_loads(text: str) -> dict[str, object]:
    """Parse TOML; keys and nesting that only an attack has are refused.

    Raises:
        ValueError: the text is no TOML or refused; the message states where, as far as that is known.
        BudgetExceeded: it has more lines or tables than any real file.
    """
    _check_length(text)
    if long_key := _LONG_KEY.search(f"\n{text}"):
        line = line_at(text, long_key.start())
        raise ValueError(f"a dotted key has more than {_MAX_KEY_PARTS} parts (at line {line})")
    _check_size(text)
    try:
        document: dict[str, object] = tomli.loads(text)
    except RecursionError as error:
        raise ValueError("arrays or inline tables are nested too deep, or a dotted key is too long") from error
    # Such a word may stand in a string as well.
    if (long_number := _LONG_NUMBER.search(text)) and _has_long_number(document):
        line = line_at(text, long_number.start())
        raise ValueError(f"a whole number has more than {_MAX_BITS} bits (at line {line})")
    return document


def _has_long_number(document: object) -> bool:
    waiting = [document]
    while waiting:
        value = waiting.pop()
        if isinstance(value, (dict, list)):
            waiting.extend(value.values() if isinstance(value, dict) else value)
        elif isinstance(value, int) and value.bit_length() > _MAX_BITS:
            return True
    return False


def _check_length(text: str) -> None:
    if len(text) > CHARACTERS.most:
        raise BudgetExceeded(CHARACTERS)


def _check_size(text: str) -> None:
    if text.count("\n") + text.count(",") > LINES.most:
        raise BudgetExceeded(LINES)
    if text.count("[") + text.count(".") <= TABLES.most:
        return
    tables = 0
    for key in _DOTTED.finditer(f"\n{text}"):
        tables += key[0].count(".") + key[0].count("[")
        if tables > TABLES.most:
            raise BudgetExceeded(TABLES)


def loads_lock(text: str) -> dict[str, object]:
    """Parse a uv.lock, poetry.lock, pdm.lock or pylock.toml with `wheels`, `files` and `sdist` left empty.

    Only lists in the layout that the tools themselves write are emptied (`[]`, `{}`), any other comes complete. All
    else is as `toml_loads` gives it. For callers that ask neither for hashes nor for what a wheel is built for.

    Raises:
        ValueError, BudgetExceeded: as `toml_loads`, with the places of the text as it is.
    """
    _check_length(text)
    if '"""' in text or "'''" in text:  # only then can a line's begin are within a string
        return toml_loads(text)
    short = text.replace("\r\n", "\n") if "\r" in text else text
    short = _FILES.sub(r"\1", short)
    short = _SDIST.sub(r"\1{}", short)
    try:
        return toml_loads(short)
    except ValueError:
        return toml_loads(text)
