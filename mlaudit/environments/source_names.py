"""What a reading is called among the sources of an environment: its part, and the files that the part installs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from mlaudit.environments.target import chosen_roots
from mlaudit.model.nouns import Reading
from mlaudit.parsers._registry import kind_of

_INSTALLING = ("recipe", "aside")
"""Kinds of formats whose commands install other files."""
_PARTS = ("stage", "environment")


def source_names(reading: Reading, parts: Mapping[str, str]) -> Iterator[str]:
    """The path of a document with the part that was chosen (`Dockerfile#train`), then what that part installs."""
    chosen = chosen_roots(reading, parts)
    named = {root.name for root in chosen}
    asked = next((root.name for root in chosen if root.kind in _PARTS and root.kind in parts), "")
    is_only = all(root.name in named and root.default for root in reading.roots)
    is_default = named == {root.name for root in reading.roots if root.default} and len(named) < len(reading.roots)
    yield f"{reading.path}#{asked}" if asked and not is_only and not is_default else reading.path
    if kind_of(reading.format) in _INSTALLING:
        yield from _installed(reading, named)


def _installed(reading: Reading, named: set[str]) -> Iterator[str]:
    files: dict[str, None] = {}
    for pin in reading.pins:
        if not pin.parts or not named or not named.isdisjoint(pin.parts):
            files.setdefault(pin.at.path)
    for include, attached in reading.attached:
        if not include.parts or not named or not named.isdisjoint(include.parts):
            files.setdefault(attached.path)
    files.pop(reading.path, None)
    yield from files
