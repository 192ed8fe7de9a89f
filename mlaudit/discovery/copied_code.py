"""Preprocessing code that a writer and its reader each have a copy of."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping, Sequence

from mlaudit.code.copies import parted_definitions
from mlaudit.code.linking import Program
from mlaudit.discovery.candidates import Candidate
from mlaudit.discovery.code_scopes import CodeScope
from mlaudit.knowledge.roles import tokens, words
from mlaudit.model.pairs import PartedDefinition

MAX_MODULES = 300
"""Modules of one side that are compared with those of the other."""
MAX_PARTED = 20
"""Functions of one pair that are reported."""


def find_parted_code(candidates: Sequence[Candidate], scopes: Mapping[Candidate, CodeScope], program: Program) -> None:
    """Give each reader the functions that it has in common with a writer, and that are no longer the same."""
    for reader in candidates:
        for writer in reader.crosses:
            definitions = _parted(scopes[writer].files, scopes[reader].files, program)
            reader.parted[writer] = [definition for definition, _ in zip(definitions, range(MAX_PARTED), strict=False)]


def _parted(written: frozenset[str], read: frozenset[str], program: Program) -> Iterator[PartedDefinition]:
    """Of modules that both sides run there are no two copies."""
    ours, theirs = sorted(written - read)[:MAX_MODULES], sorted(read - written)[:MAX_MODULES]
    by_name: dict[str, list[str]] = {}
    for path in theirs:
        by_name.setdefault(posixpath.basename(path), []).append(path)
    for path in ours:
        for other in by_name.get(posixpath.basename(path), ()):
            reading, two = program.module(path), program.module(other)
            if reading is not None and two is not None:
                yield from (
                    parted_definition
                    for parted_definition in parted_definitions(reading, two)
                    if _prepares(parted_definition, path)
                )


def _prepares(definition: PartedDefinition, path: str) -> bool:
    """Whether a function makes features, as its name or its module's says: others may differ on purpose."""
    asked = words().preparing
    return bool(asked.intersection((*tokens(posixpath.basename(path)), *tokens(definition.name))))
