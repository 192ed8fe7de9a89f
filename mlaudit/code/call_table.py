"""The calls of `artifact_calls.toml` as an index: from the full name of a call to the rows that it matches."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from mlaudit.knowledge.artifact_calls import ArtifactCall, EntrySign, artifact_calls

MAX_NAME = 400
"""Characters of a full name; longer chains of calls are not looked up."""


@dataclass(frozen=True, slots=True)
class _Pattern:
    expression: re.Pattern[str]
    row: ArtifactCall


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchedRow:
    """A row that a call matches; `certain` is False where only the method's name and the imports speak for it."""

    row: ArtifactCall
    certain: bool


@lru_cache(maxsize=1)
def _by_last_word() -> dict[str, tuple[_Pattern, ...]]:
    table: dict[str, list[_Pattern]] = {}
    for row in artifact_calls().rows:
        for call in row.calls:
            table.setdefault(last_word(call), []).append(_Pattern(name_pattern(call), row))
    return {word: tuple(patterns) for word, patterns in table.items()}


def last_word(name: str) -> str:
    """`save_model` of `xgboost.*().save_model`; of `*.Artifact()` it is `Artifact`."""
    return name.removesuffix("()").rpartition(".")[2]


def name_pattern(call: str) -> re.Pattern[str]:
    """A full name with `*` for any words as a pattern."""
    return re.compile("".join(r"[\w.()?]*" if part == "*" else re.escape(part) for part in re.split(r"(\*)", call)))


def is_listed(word: str) -> bool:
    """Whether some row has a call with this last word."""
    return word in _by_last_word()


def match_rows(name: str, imported: frozenset[str], does: Iterable[str]) -> MatchedRow | None:
    """The row of a call by its full name; by its method alone only where the module imports the library."""
    patterns = [one for one in _by_last_word().get(last_word(name), ()) if one.row.does in does]
    if len(name) > MAX_NAME:
        return None
    for pattern in patterns:
        if pattern.expression.fullmatch(name):
            return MatchedRow(row=pattern.row, certain=True)
    if "." not in name or not _has_unknown_type(name):
        return None
    for pattern in patterns:
        if pattern.row.loose and imported.intersection(pattern.row.imports):
            return MatchedRow(row=pattern.row, certain=False)
    return None


@lru_cache(maxsize=1)
def _known_roots() -> frozenset[str]:
    return frozenset(word for row in artifact_calls().rows for word in row.imports)


def _has_unknown_type(name: str) -> bool:
    """Whether a receiver's class is not that of another listed library; functions of modules are known."""
    root = re.split(r"[.(]", name, maxsplit=1)[0]
    return root == "?" or "()" in name


@lru_cache(maxsize=4096)
def canonical_name(name: str) -> str:
    """A full name with the aliases of its libraries resolved (`tensorflow.keras.models` is `keras.models`)."""
    for old, new in artifact_calls().aliases:
        if name == old or name.startswith((old + ".", old + "(")):
            return canonical_name(new + name[len(old) :])
    return name


@lru_cache(maxsize=1)
def _entry_patterns() -> tuple[tuple[re.Pattern[str], bool, EntrySign], ...]:
    return tuple(
        (name_pattern(call), decorates, sign)
        for sign in artifact_calls().entries
        for decorates, calls in ((False, sign.calls), (True, sign.decorators))
        for call in calls
    )


@lru_cache(maxsize=4096)
def match_entry(name: str, *, decorates: bool) -> EntrySign | None:
    """What a call or decorator makes a module."""
    if len(name) > MAX_NAME:
        return None
    matches = (sign for pattern, kind, sign in _entry_patterns() if kind == decorates and pattern.fullmatch(name))
    return next(matches, None)


@lru_cache(maxsize=1)
def entry_words() -> frozenset[str]:
    """The last words of calls and decorators that make a module an entry point."""
    signs = artifact_calls().entries
    return frozenset(last_word(call) for sign in signs for call in (*sign.calls, *sign.decorators))
