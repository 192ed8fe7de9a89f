"""A module's text without the bodies of its functions, which its import does not run, so that it is parsed quickly.

Where the cut leaves no Python, as with a body whose lines go back to the margin, the whole text is to be parsed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_STRINGS = re.compile(
    rb'"""(?:\\.|[^\\])*?"""|'
    rb"'''(?:\\.|[^\\])*?'''|"
    rb'"(?:\\.|[^"\\\n])*"|'
    rb"'(?:\\.|[^'\\\n])*'|"
    rb"\#[^\n]*",
    re.DOTALL,
)
_FUNCTION = re.compile(rb"(?P<indent>[ \t]*)(?:async[ \t]+)?def[ \t]")
_BRACKETS = re.compile(rb"[\[\](){}]")
_OPENING = frozenset((b"(", b"[", b"{"))


def outline(text: bytes) -> bytes:
    """The text with `pass` for the body of each function, and without long strings and comments."""
    return b"\n".join(_kept(_STRINGS.sub(_shortened, text.replace(b"\r\n", b"\n")).split(b"\n")))


def _shortened(match: re.Match[bytes]) -> bytes:
    """Nothing for a comment, and an empty string for one of several lines; the lines after it move up."""
    string = match.group()
    if string.startswith(b"#"):
        return b""
    return b'""' if b"\n" in string else string


def _kept(lines: list[bytes]) -> Iterator[bytes]:
    at = 0
    while at < len(lines):
        line = lines[at]
        at += 1
        function = _FUNCTION.match(line)
        if function is None:
            yield line
            continue
        signature = [line]
        depth = _depth(line)
        while depth > 0 and at < len(lines):
            signature.append(lines[at])
            depth += _depth(lines[at])
            at += 1
        yield from signature
        if not signature[-1].rstrip().endswith(b":"):
            continue
        indent = len(function["indent"])
        yield b" " * (indent + 1) + b"pass" if b"\t" not in function["indent"] else function["indent"] + b"\tpass"
        while at < len(lines) and (not lines[at].strip() or _indent(lines[at]) > indent):
            at += 1


def _depth(line: bytes) -> int:
    """How many brackets a line opens more than it closes."""
    return sum(1 if bracket in _OPENING else -1 for bracket in _BRACKETS.findall(line))


def _indent(line: bytes) -> int:
    return len(line) - len(line.lstrip())
