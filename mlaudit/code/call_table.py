"""The calls of `artifact_calls.toml` as an index: from the full name of a call to the rows that it matches."""

from __future__ import annotations

import re
from functools import lru_cache

from mlaudit.knowledge.artifact_calls import ArtifactCall, EntrySign, artifact_calls
from mlaudit.model.lazy_dataclass import dataclass
from mlaudit.model.lazy_pattern import lazy_pattern

# What is loaded may be of any library.
_LOADED = lazy_pattern(r"\b(?:load\w{0,40}|get)\(\)\.")
MAX_NAME = 400
"""Characters of a full name; longer chains of calls are not looked up."""


@dataclass(frozen=True, slots=True)
class _Pattern:
    expression: re.Pattern[str]
    row: ArtifactCall
    any_receiver: bool
    weight: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchedRow:
    """A row that a call matches; `certain` is False if only the method's name and the imports speak for it."""

    row: ArtifactCall
    certain: bool


@lru_cache(maxsize=1)
def _by_last_word() -> dict[str, tuple[_Pattern, ...]]:
    """The patterns by the last word of a call, the longest first; under `*` those whose last word has a `*`."""
    table: dict[str, list[_Pattern]] = {}
    for row in artifact_calls().rows:
        for call in row.calls:
            word = last_word(call)
            pattern = _Pattern(name_pattern(call), row, call.startswith("*."), len(call))
            table.setdefault("*" if "*" in word else word, []).append(pattern)
    return {word: tuple(sorted(patterns, key=lambda pattern: -pattern.weight)) for word, patterns in table.items()}


@lru_cache(maxsize=1)
def _open_words() -> re.Pattern[str]:
    """The last words that have a `*`, as one pattern."""
    words = {last_word(call) for row in artifact_calls().rows for call in row.calls}
    return re.compile("|".join(name_pattern(word).pattern for word in sorted(words) if "*" in word and word != "*"))


def last_word(name: str) -> str:
    """`save_model` of `xgboost.*().save_model`; of `*.Artifact()` it is `Artifact`."""
    return name.removesuffix("()").rpartition(".")[2]


def name_pattern(call: str) -> re.Pattern[str]:
    """A full name with `*` for any words as a pattern."""
    return re.compile("".join(r"[\w.()?\[\]]*" if part == "*" else re.escape(part) for part in re.split(r"(\*)", call)))


@lru_cache(maxsize=8192)
def is_open_word(word: str) -> bool:
    """Whether a call with this last word may match a pattern whose last word has a `*`."""
    return _open_words().fullmatch(word) is not None


@lru_cache(maxsize=1024)
def words_of_libraries(imported: frozenset[str], does: tuple[str, ...]) -> frozenset[str]:
    """The last words of calls that may count in a module with these imports."""
    return frozenset(
        last_word(call)
        for row in artifact_calls().rows
        if row.does in does and (row.distinct or not row.imports or imported.intersection(row.imports))
        for call in row.calls
    )


def known_imports(imported: frozenset[str]) -> frozenset[str]:
    """Those of some imports that the table has."""
    return imported & frozenset(word for row in artifact_calls().rows for word in row.imports)


@lru_cache(maxsize=8192)
def match_rows(name: str, imported: frozenset[str], does: tuple[str, ...]) -> MatchedRow | None:
    """The row of a call by its full name; by its method alone only where the module imports the library."""
    if len(name) > MAX_NAME:
        return None
    table = _by_last_word()
    patterns = [
        pattern for pattern in (*table.get(last_word(name), ()), *table.get("*", ())) if pattern.row.does in does
    ]
    root = "?" if _LOADED.search(name) else re.split(r"[.(]", name, maxsplit=1)[0]
    for pattern in patterns:
        if pattern.expression.fullmatch(name) and (not pattern.any_receiver or _may_be(pattern.row, root, imported)):
            return MatchedRow(row=pattern.row, certain=not pattern.any_receiver or root != "?")
    if "." not in name or (root != "?" and "()" not in name):
        return None
    for pattern in patterns:
        if pattern.row.loose and "*" not in last_word_of(pattern) and _may_be(pattern.row, root, imported):
            return MatchedRow(row=pattern.row, certain=False)
    return None


def last_word_of(pattern: _Pattern) -> str:
    """The end of a pattern as it is written."""
    return pattern.expression.pattern.rpartition("\\.")[2]


def _may_be(row: ArtifactCall, root: str, imported: frozenset[str]) -> bool:
    """Whether an object of a package, or of an unknown one, may be one that a library treats."""
    if not row.imports or root in row.imports:
        return True
    if root in _known_roots():
        return False
    return row.distinct or bool(imported.intersection(row.imports))


@lru_cache(maxsize=1)
def _known_roots() -> frozenset[str]:
    return frozenset(word for row in artifact_calls().rows for word in row.imports) - {"google", "azure"}


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
