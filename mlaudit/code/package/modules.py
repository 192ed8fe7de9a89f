"""The modules of a reader's code, by dotted name: where each is, and what it binds."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from enum import Enum

from mlaudit.code.package.code import PackageCode
from mlaudit.code.package.source import ParsedSource, parsed_source
from mlaudit.model.lazy_dataclass import dataclass

MAX_PARTS = 20
"""Words of a dotted name that are followed."""

MAX_FOLDERS = 3_000
"""Folders that are searched for compiled modules."""

_COMPILED = ("so", "pyd", "dylib", "dll", "sl")


class ModuleKind(Enum):
    """What a module name leads to."""

    SOURCE = "source"
    EXTENSION = "extension"
    FOLDER = "folder without __init__.py"
    GONE = "gone"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class LocatedModule:
    """Where a module is.

    Attributes:
        path: its file, for a folder without `__init__.py` that folder.
        gone: the word of its name that leads to nothing.
    """

    kind: ModuleKind
    path: str = ""
    gone: str = ""
    is_package: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class PackageModule:
    """A module that is a Python source, under the name by which it is imported."""

    name: str
    path: str
    is_package: bool
    source: ParsedSource

    def absolute(self, module: str, level: int) -> str:
        """The name of a module that an import in this one has; empty if it leads above the top."""
        if not level:
            return module
        parts = self.name.split(".")
        kept = len(parts) - level + (1 if self.is_package else 0)
        if kept < 1:
            return ""
        return ".".join([*parts[:kept], module] if module else parts[:kept])


_UNKNOWN = LocatedModule(kind=ModuleKind.UNKNOWN)


class PackageModules:
    """The modules below one entry of an import path; each is read when it is first asked for."""

    def __init__(self, code: PackageCode) -> None:
        self.code = code
        self._located: dict[str, LocatedModule] = {}
        self._modules: dict[str, PackageModule | None] = {}
        self.parsed = 0

    def locate(self, name: str) -> LocatedModule:
        """Where a module is. A name that is no chain of identifiers leads nowhere that is known."""
        if name not in self._located:
            parts = name.split(".")
            is_plain = len(parts) <= MAX_PARTS and all(part.isidentifier() for part in parts)
            self._located[name] = self._found(parts) if is_plain else _UNKNOWN
        return self._located[name]

    def module(self, name: str) -> PackageModule | None:
        """A module that is a readable Python source."""
        if name not in self._modules:
            self._modules[name] = self._read(name)
        return self._modules[name]

    def exists(self, name: str) -> bool:
        """Whether there is a module of a name, of whatever kind."""
        return self.locate(name).kind not in (ModuleKind.GONE, ModuleKind.UNKNOWN)

    def extensions(self) -> Iterator[str]:
        """The compiled modules inside packages, of the first few thousand folders."""
        waiting = [""]
        for _ in range(MAX_FOLDERS):
            if not waiting:
                return
            folder = waiting.pop()
            for entry in sorted(self.code.names(folder) or ()):
                inner = posixpath.join(folder, entry)
                stem, dot, rest = entry.partition(".")
                if folder and rest.rpartition(".")[2] in _COMPILED:
                    yield posixpath.join(folder, stem).replace("/", ".")
                elif not dot and entry.isidentifier() and entry not in ("tests", "__pycache__"):
                    waiting.append(inner)

    def _read(self, name: str) -> PackageModule | None:
        where = self.locate(name)
        data = self.code.read(where.path) if where.kind is ModuleKind.SOURCE else None
        source = parsed_source(data) if data is not None else None
        if source is None:
            return None
        self.parsed += 1
        return PackageModule(name, where.path, where.is_package, source)

    def _found(self, parts: list[str]) -> LocatedModule:
        folder = ""
        for part in parts[:-1]:
            entries = self.code.names(folder)
            if entries is None:
                return _UNKNOWN
            inner = posixpath.join(folder, part)
            if part not in entries or self.code.names(inner) is None:
                return self._not_there(entries, folder, part)
            folder = inner
        entries = self.code.names(folder)
        return _UNKNOWN if entries is None else self._last(entries, folder, parts[-1])

    def _not_there(self, entries: frozenset[str], folder: str, part: str) -> LocatedModule:
        """A name that no folder has; what another entry of the import path may have is not known."""
        is_file = part in entries or any(entry.partition(".")[0] == part for entry in entries)
        is_regular = folder and "__init__.py" in entries
        return LocatedModule(kind=ModuleKind.GONE, gone=part) if is_regular and not is_file else _UNKNOWN

    def _last(self, entries: frozenset[str], folder: str, part: str) -> LocatedModule:
        inner = posixpath.join(folder, part)
        inside = self.code.names(inner) if part in entries else None
        if inside is not None and "__init__.py" in inside:
            return LocatedModule(kind=ModuleKind.SOURCE, path=f"{inner}/__init__.py", is_package=True)
        for entry in sorted(entries):
            if is_compiled(entry, part):
                return LocatedModule(kind=ModuleKind.EXTENSION, path=posixpath.join(folder, entry))
        if f"{part}.py" in entries:
            return LocatedModule(kind=ModuleKind.SOURCE, path=f"{inner}.py")
        if inside is not None:
            return LocatedModule(kind=ModuleKind.FOLDER, path=inner)
        return self._not_there(entries, folder, part)


def is_compiled(entry: str, module: str) -> bool:
    """Whether a file is a module compiled to machine code, which is imported before a source of its name."""
    stem, _, rest = entry.partition(".")
    return stem == module and rest.rpartition(".")[2] in _COMPILED
