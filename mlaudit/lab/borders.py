"""Versions at the borders of the rows of knowledge, where a wrong sentence or bound shows first."""

from __future__ import annotations

import re
from collections.abc import Iterator

from mlaudit.knowledge.load import Known
from mlaudit.model.versions import admits, distance, parsed

_BOUND = re.compile(r"(>=|<=|==|<|>|!=)\s*([0-9][0-9a-z.]*)(?![0-9a-z.]*\*)")
_SERIES = re.compile(r"==\s*([0-9][0-9.]*)\.\*")
_ANY_VERSIONS = ("1.5.2", "1.5.3", "1.6.0", "2.0.0")
"""Versions for a specifier without bounds."""


def borders(specifier: str) -> list[str]:
    """Versions at and beside the bounds of a specifier that it admits."""
    near = [version for _, bound in _BOUND.findall(specifier) for version in (bound, below(bound), above(bound))]
    near += [version for series in _SERIES.findall(specifier) for version in (f"{series}.0", f"{series}.1")]
    near += [above(version) for version in near] + [below(version.rpartition(".")[0] or version) for version in near]
    every = dict.fromkeys(near or _ANY_VERSIONS)
    return [version for version in every if parsed(version) is not None and admits(specifier, version)]


def below(bound: str) -> str:
    """A version that is a little older than a bound."""
    parts = [int(part) for part in re.findall(r"\d+", bound)] + [0, 0]
    at = next((index for index in reversed(range(3)) if parts[index]), 0)
    return ".".join(str(part) for part in (*parts[:at], parts[at] - 1, 99))


def above(bound: str) -> str:
    """The next minor release."""
    major, minor = [*re.findall(r"\d+", bound), "0"][:2]
    return f"{major}.{int(minor) + 1}"


def border_pairs(row: Known) -> Iterator[tuple[str, str]]:
    """Pairs of a writing and a reading version at the borders of a row."""
    for writer in borders(row.writer):
        for reader in borders(row.reader):
            if _is_of(row, writer, reader):
                yield writer, reader


def _is_of(row: Known, writer: str, reader: str) -> bool:
    left, right = parsed(writer), parsed(reader)
    if left is None or right is None or left == right:
        return False
    if row.distances and distance(writer, reader) not in row.distances:
        return False
    return not row.direction or row.direction == ("newer" if left < right else "older")
