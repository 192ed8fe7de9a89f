"""Shell patterns (`*`, `?`, `[a-z]`) matched in linear time: no pattern makes a text expensive."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache

MAX_PATTERN = 1024
"""Characters of a pattern; a longer one is not understood."""

Test = Callable[[str], bool]


class Glob:
    """A pattern as an automaton whose states are bits: every character of a text is looked at once.

    Args:
        pattern: at most `MAX_PATTERN` characters.
        reverse: read pattern and texts from their ends.
    """

    __slots__ = ("_accepted", "_loops", "_start", "_tests")

    def __init__(self, pattern: str, *, reverse: bool = False) -> None:
        pieces = list(_pieces(pattern))
        if reverse:
            pieces.reverse()
        self._tests: list[tuple[Test, int]] = []
        self._loops = 0
        bit = 1
        for piece in pieces:
            if piece is None:
                self._loops |= bit
            else:
                self._tests.append((piece, bit))
                bit <<= 1
        self._start = 1
        self._accepted = bit

    def ends(self, text: str) -> Iterator[int]:
        """The lengths of the prefixes of a text that the pattern matches, ascending."""
        states = self._start
        steps: dict[str, int] = {}
        for length, character in enumerate(text):
            if states & self._accepted:
                yield length
            if not states:
                return
            if character not in steps:
                steps[character] = sum(bit for test, bit in self._tests if test(character))
            states = (states & self._loops) | ((states & steps[character]) << 1)
        if states & self._accepted:
            yield len(text)

    def matches(self, text: str) -> bool:
        """Whether the pattern matches the whole of a text."""
        return any(length == len(text) for length in self.ends(text))


@lru_cache(maxsize=256)
def glob(pattern: str, *, reverse: bool = False) -> Glob | None:
    """The automaton of a pattern, None if it is too long."""
    return Glob(pattern, reverse=reverse) if len(pattern) <= MAX_PATTERN else None


def _pieces(pattern: str) -> Iterator[Test | None]:
    """A test for each character that the pattern asks for; None for `*`."""
    at = 0
    while at < len(pattern):
        character = pattern[at]
        at += 1
        if character == "*":
            yield None
        elif character == "?":
            yield lambda _: True
        elif character == "[" and (end := _end_of_class(pattern, at)) >= 0:
            yield _class(pattern[at:end])
            at = end + 1
        else:
            yield character.__eq__


def _end_of_class(pattern: str, at: int) -> int:
    """Where the bracket closes; one that is first, or behind `!`, is a member."""
    start = at + 1 if pattern[at : at + 1] in ("!", "^") else at
    return pattern.find("]", start + 1)


def _class(text: str) -> Test:
    negated = text[:1] in ("!", "^")
    members = text[1:] if negated else text
    ranges: list[tuple[str, str]] = []
    at = 0
    while at < len(members):
        width = 3 if members[at + 1 : at + 2] == "-" and at + 2 < len(members) else 1
        ranges.append((members[at], members[at + width - 1]))
        at += width
    return lambda character: any(low <= character <= high for low, high in ranges) is not negated


def wildcards(pattern: str, path: str) -> tuple[str, ...] | None:
    """What the `*` of a pattern stand for in a path, each as long as it can be; None if the pattern does not match.

    A wildcard stays inside one part of the path. The work is the product of both lengths at most.
    """
    first, *literals = pattern.split("*")
    if not path.startswith(first) or not (literals or path == first):
        return None
    starts = _starts(literals, path)
    taken: list[str] = []
    at = len(first)
    for literal, possible in zip(literals, starts, strict=True):
        end = _last_within(possible, path, at)
        if end < at:
            return None
        taken.append(path[at:end])
        at = end + len(literal)
    return tuple(taken)


def _starts(literals: list[str], path: str) -> list[list[bool]]:
    """For each literal whether it may be at a position, so that those behind it find theirs."""
    length = len(path)
    starts: list[list[bool]] = []
    for literal in reversed(literals):
        if not starts:
            row = [False] * (length + 1)
            if path.endswith(literal):
                row[length - len(literal)] = True
        else:
            open_ends = _reaching(starts[-1], path)
            row = [
                at + len(literal) <= length and path.startswith(literal, at) and open_ends[at + len(literal)]
                for at in range(length + 1)
            ]
        starts.append(row)
    return starts[::-1]


def _reaching(possible: list[bool], path: str) -> list[bool]:
    """For each position whether a possible one follows it without a `/` between them."""
    reached = possible[-1]
    row = [reached] * len(possible)
    for at in range(len(possible) - 2, -1, -1):
        reached = possible[at] or (reached and path[at] != "/")
        row[at] = reached
    return row


def _last_within(possible: list[bool], path: str, at: int) -> int:
    """The last possible position from `at` on inside the same part of the path, -1 if there is none."""
    slash = path.find("/", at)
    end = slash if slash >= 0 else len(path)
    return next((position for position in range(end, at - 1, -1) if possible[position]), -1)
