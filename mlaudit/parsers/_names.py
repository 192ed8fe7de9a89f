"""Which formats a path's name shows: literal names and endings are looked up, patterns are for the rest."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from fnmatch import translate
from functools import lru_cache
from typing import Any, NamedTuple

from mlaudit.model.lazy_dataclass import dataclass
from mlaudit.model.lazy_pattern import lazy_pattern

_WILDCARDS = frozenset("*?[")
_NOT_SPELLED = _WILDCARDS.union("]")
_ABOUT_OTHERS = (".dockerignore", ".gitignore")
"""Endings of files that only state which others are passed over (`Dockerfile.dockerignore`)."""
_OF_CODE_AND_PROSE = (
    ".py",
    ".pyi",
    ".ipynb",
    ".go",
    ".js",
    ".ts",
    ".rs",
    ".java",
    ".md",
    ".rst",
    ".html",
    ".png",
    ".svg",
)
"""Endings that say what a file is, whatever its name begins with (`dockerfile.py`, `Dockerfile.md`)."""
_WILDCARD = lazy_pattern(r"\[!?\]?[^\]]*\]|[*?]")
_TEMPLATE_ENDINGS = (".tmpl", ".template", ".tpl", ".j2", ".jinja", ".jinja2")
_TEMPLATE = lazy_pattern(r"\.(?:tmpl|template|tpl|j2|jinja2?)$")
"""Endings of templates; what is left is the name of the file that they make."""


SNIFFED = 256 * 1024
"""Bytes in which 64 Ki characters are, which is as much of a text as a format looks at to know it."""


def is_template(path: str) -> bool:
    """Whether a path is that of a template, by its ending."""
    return path.lower().endswith(_TEMPLATE_ENDINGS)


class IndexedFormat(NamedTuple):
    """What the index keeps of a format, so that its parser need not be imported for it.

    Starts and marks are bytes, one a character; marks are in lower case. A tuple, because every run makes a hundred.
    """

    kind: str
    access: str
    artifact: bool
    has_content: bool = False
    starts: Sequence[str] = ()
    marks: Sequence[str] = ()
    sniffed: int = SNIFFED
    suggested: bool = False

    def data(self) -> dict[str, Any]:
        """What the index holds of it: nothing that goes without saying."""
        every = {
            "kind": self.kind,
            "access": self.access,
            "artifact": self.artifact,
            "has_content": self.has_content,
            "starts": self.starts,
            "marks": self.marks,
            "suggested": self.suggested,
        }
        stated = {name: value for name, value in every.items() if value or name == "artifact"}
        return stated if self.sniffed == SNIFFED else {**stated, "sniffed": self.sniffed}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class NameIndex:
    """Formats by what their patterns spell out; everything is in lower case.

    Attributes:
        literal: complete names (`uv.lock`).
        endings: endings that begin with a dot, behind anything (`*.pkl`).
        patterns: other patterns of names, by the first character and the ending that they spell out (`_key`).
        paths: patterns with folders, by the ending that they spell out.
    """

    formats: Mapping[str, IndexedFormat]
    literal: Mapping[str, tuple[str, ...]]
    endings: Mapping[str, tuple[str, ...]]
    patterns: Mapping[str, Mapping[str, tuple[str, ...]]]
    paths: Mapping[str, Mapping[str, tuple[str, ...]]]

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> NameIndex:
        """The index in the data that `index_data` makes."""
        return cls(
            formats={name: IndexedFormat(**entry) for name, entry in data["formats"].items()},
            literal=data["literal"],
            endings=data["endings"],
            patterns=data["patterns"],
            paths=data["paths"],
        )

    def names(self, path: str) -> list[str]:
        """The formats whose patterns a path fits, in order."""
        lowered = path.lower()
        if lowered.endswith(_ABOUT_OTHERS):
            return []
        if lowered.endswith(_TEMPLATE_ENDINGS):
            lowered = _TEMPLATE.sub("", lowered)
        formats = set(_of_name(self, lowered.rpartition("/")[2]))
        for ending in {_plain_ending(lowered), ""}:
            if ending in self.paths:
                formats.update(_fitting(self.paths[ending], lowered))
        return sorted(formats)


@lru_cache(maxsize=65536)
def _of_name(index: NameIndex, name: str) -> tuple[str, ...]:
    formats = {*index.literal.get(name, ())}
    start = name.find(".")
    while start >= 0:
        formats.update(index.endings.get(name[start:], ()))
        start = name.find(".", start + 1)
    ending = _plain_ending(name)
    for key in {name[:1] + ending, name[:1], ending, ""}:
        if key in index.patterns:
            formats.update(_fitting(index.patterns[key], name))
    return tuple(formats)


def _fitting(patterns: Mapping[str, Iterable[str]], path: str) -> list[str]:
    """The formats whose patterns a path fits."""
    names: list[str] = []
    for pattern, formats in patterns.items():
        literals = _literals(pattern)
        if (not literals or literals[0] in path) and matches(pattern, path):
            names += formats
    return names


def _key(pattern: str) -> str:
    """What a name must begin with and end in to fit, as far as the pattern spells it out."""
    first = "" if pattern[0] in _WILDCARDS else pattern[0]
    return first + _plain_ending(pattern)


def _plain_ending(text: str) -> str:
    """The last dot and what follows it; empty if there is none, or a pattern does not spell it out."""
    _, dot, ending = text.rpartition(".")
    return "" if not _NOT_SPELLED.isdisjoint(ending) else dot + ending if dot else ""


def matches(pattern: str, path: str) -> bool:
    """Whether a path fits a pattern, in whatever case; one without `/` is compared with the file's name alone."""
    if pattern.endswith("*") and path.lower().endswith(_OF_CODE_AND_PROSE):
        return False
    whole, text = ("*/" + pattern, "/" + path) if "/" in pattern else (pattern, path.rpartition("/")[2])
    return _has_literals(whole, text) and _glob(whole).match(text) is not None


def _has_literals(pattern: str, text: str) -> bool:
    """Whether the text holds what the pattern spells out: nearly every pattern is ruled out without compiling it."""
    lowered = text.lower()
    return all(piece in lowered for piece in _literals(pattern))


@lru_cache(maxsize=4096)
def _literals(pattern: str) -> tuple[str, ...]:
    """The pieces that a pattern spells out, in lower case; the longest first, which shows most."""
    return tuple(sorted(filter(None, _WILDCARD.split(pattern.lower())), key=len, reverse=True))


@lru_cache(maxsize=4096)
def _glob(pattern: str) -> re.Pattern[str]:
    return re.compile(translate(pattern), re.IGNORECASE)


def index_data(formats: Mapping[str, IndexedFormat], files: Mapping[str, Iterable[str]]) -> dict[str, Any]:
    """What `_index.json` holds, from what the decorators say: the names of formats, and the patterns of each."""
    data: dict[str, Any] = {"formats": {}, "literal": {}, "endings": {}, "patterns": {}, "paths": {}}
    for name, entry in formats.items():
        data["formats"][name] = entry.data()
        for pattern in files[name]:
            _add(data, pattern.lower(), name)
    return data


def _add(data: dict[str, Any], pattern: str, format_name: str) -> None:
    if "/" in pattern:
        table, key = data["paths"].setdefault(_plain_ending(pattern), {}), pattern
    elif not _WILDCARDS.intersection(pattern):
        table, key = data["literal"], pattern
    elif pattern.startswith("*.") and not _WILDCARDS.intersection(pattern[1:]):
        table, key = data["endings"], pattern[1:]
    else:
        table, key = data["patterns"].setdefault(_key(pattern), {}), pattern
    if format_name not in table.setdefault(key, []):
        table[key].append(format_name)


def hook_pattern(patterns: Iterable[str]) -> Iterator[str]:
    """Regular expressions of paths that fit glob patterns, each once and in order, as pre-commit's `files` wants."""
    yield from sorted({_expression(pattern.lower()) for pattern in patterns})


_PIECE = lazy_pattern(r"\*|\?|\[[^\]]+\]|[^*?\[]+|\[")


def _expression(pattern: str) -> str:
    anything = ".*" if "/" in pattern else "[^/]*"
    pieces = {"*": anything, "?": "[^/]"}
    return "".join(
        pieces.get(piece)
        or (piece.replace("[!", "[^", 1) if piece.startswith("[") and len(piece) > 1 else re.escape(piece))
        for piece in _PIECE.findall(pattern)
    )
