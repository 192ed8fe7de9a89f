"""Fields of the records in a pickled array, against the structs of the compiled module that takes them.

A compiled class that keeps an array of records, as the nodes of a tree, checks on loading that the array has the fields
of its own struct. Cython's declarations (`.pxd`, `.pyx`) say these, where the package ships them.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator

from mlaudit.code.package.symbols import PackageSymbols
from mlaudit.grammars.model_file.pickle_states import PickledObject, StateDict
from mlaudit.grammars.model_file.pickle_values import Seq
from mlaudit.model.lazy_dataclass import dataclass
from mlaudit.model.lazy_pattern import lazy_pattern

MAX_FILES = 60
"""Declarations that are read for one module."""
MAX_LINES = 400
"""Lines of one struct."""

_STRUCT = lazy_pattern(
    r"\s{0,40}(?:cdef|ctypedef)\s{1,9}(?:packed\s{1,9})?struct\s{1,9}(\w{1,200})\s{0,9}:?\s{0,9}(?:#.*)?"
)
_FIELD = lazy_pattern(r"\s{1,40}(?:[\w.]{1,100}\s{1,40}){1,4}\*?(\w{1,200})\s{0,200}(?:#.*)?")


@dataclass(frozen=True, slots=True, eq=False)
class Struct:
    """A struct of a declaration."""

    name: str
    fields: tuple[str, ...]
    path: str
    line: int


def fields_of(value: object) -> tuple[str, ...] | None:
    """The names of the fields of a pickled array of records, None for any other value."""
    if not isinstance(value, PickledObject):
        return None
    dtype: object = None
    if isinstance(value.state, Seq) and value.state.length == 5:
        dtype = value.state.items[2]
    elif isinstance(value.state, StateDict):
        dtype = value.state.entries.get("dtype")
    state = dtype.state if isinstance(dtype, PickledObject) else None
    names = state.items[3] if isinstance(state, Seq) and len(state.items) > 3 else None
    if not isinstance(names, Seq):
        return None
    texts = tuple(name for name in names.items if isinstance(name, str))
    return texts if len(texts) == names.length else None


def differing_struct(fields: tuple[str, ...], structs: list[Struct]) -> Struct | None:
    """The struct that surely is the one of an array and has other fields; None if one fits, or none is near."""
    near = [struct for struct in structs if len(set(struct.fields) & set(fields)) * 2 >= len(fields)]
    if not near or any(set(struct.fields) == set(fields) for struct in near):
        return None
    return max(near, key=lambda struct: len(set(struct.fields) & set(fields)))


class DeclaredStructs:
    """The structs that a reader's compiled modules declare."""

    def __init__(self, symbols: PackageSymbols) -> None:
        self._symbols = symbols
        self._known: dict[str, list[Struct]] = {}

    def of(self, module: str) -> list[Struct]:
        """The structs in the declarations beside a compiled module, and in the utilities of its package."""
        if module not in self._known:
            self._known[module] = list(self._read(module))
        return self._known[module]

    def _read(self, module: str) -> Iterator[Struct]:
        code = self._symbols.modules.code
        folder = posixpath.dirname(self._symbols.modules.locate(module).path)
        stem = module.rpartition(".")[2]
        utilities = posixpath.join(posixpath.dirname(folder), "utils")
        paths = [
            posixpath.join(place, name)
            for place in (folder, utilities)
            for name in sorted(code.names(place) or ())
            if name.endswith(".pxd") or name == f"{stem}.pyx"
        ]
        for path in paths[:MAX_FILES]:
            data = code.read(path)
            if data is not None:
                yield from structs(data.decode("utf-8", "replace"), path)


def structs(text: str, path: str) -> Iterator[Struct]:
    """The structs of a declaration."""
    lines = text.split("\n")
    at = 0
    while at < len(lines):
        match = _STRUCT.fullmatch(lines[at].rstrip())
        at += 1
        if match is None:
            continue
        start, fields = at, []
        while at < len(lines) and at - start < MAX_LINES:
            field = _FIELD.fullmatch(lines[at].rstrip())
            if field is None and lines[at].strip() and not lines[at].strip().startswith("#"):
                break
            fields.extend([field.group(1)] if field is not None else [])
            at += 1
        if fields:
            yield Struct(match.group(1), tuple(fields), path, start)
