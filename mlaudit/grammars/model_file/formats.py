"""What format numbers, module paths and opcodes state about versions: `knowledge/formats.toml`, and the ONNX tables."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from mlaudit.document.node import Malformed, Node
from mlaudit.model.lazy_dataclass import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ModulePath:
    """What a name that a pickle imports states about its package; `specifier` None says only which kind of data it is.

    With `called_with_text` it says so only where it is called with a text in front, with `byte_state` only where its
    objects take their state from bytes, with `other_state` only where they take it from anything else. With `beside` it
    says so only where the pickle imports one of these names of the module too, with `without` only where it imports
    none of them; with `key` only where the state of one of its objects has that key, with `without_key` only where none
    has. `alone` leaves out what is below the module.
    """

    module: str
    name: str | None
    package: str
    specifier: str | None
    kind: str
    called_with_text: bool = False
    byte_state: bool = False
    other_state: bool = False
    beside: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    key: str | None = None
    without_key: str | None = None
    alone: bool = False

    def covers(self, module: str, name: str) -> bool:
        """Whether an imported name falls under the row."""
        inside = module == self.module or (not self.alone and module.startswith(self.module + "."))
        return inside and self.name in (None, name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """The package and artifact kind behind a top-level module."""

    package: str
    kind: str
    rank: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Formats:
    """The tables of `formats.toml`."""

    modules: tuple[ModulePath, ...]
    families: Mapping[str, Family]
    tables: Mapping[str, Mapping[str, str]]

    def table(self, name: str) -> Mapping[str, str]:
        """The specifiers of one format by its numbers, both as text."""
        return self.tables[name]


@lru_cache(maxsize=1)
def formats() -> Formats:
    """The tables, read once. Raises KnowledgeError where the file is broken."""
    from mlaudit.knowledge.schema import checked

    return checked("formats.toml", _formats)


def _formats(root: Node) -> Formats:
    return Formats(
        modules=tuple(_module(row) for row in root.get("module").each()),
        families=dict(_family(row, rank) for rank, row in enumerate(root.get("family").get("rows").each())),
        tables={name: _table(table) for name, table in root.items() if table.is_table and name != "family"},
    )


def _module(row: Node) -> ModulePath:
    return ModulePath(
        module=row.get("module").text(),
        name=row.get("name").maybe_text(),
        package=row.get("package").text(),
        specifier=row.get("specifier").maybe_text(),
        kind=row.get("kind").text(),
        called_with_text=row.get("called_with_text").flag(),
        byte_state=row.get("byte_state").flag(),
        other_state=row.get("other_state").flag(),
        beside=row.get("beside").texts(),
        without=row.get("without").texts(),
        key=row.get("key").maybe_text(),
        without_key=row.get("without_key").maybe_text(),
        alone=row.get("alone").flag(),
    )


def _family(row: Node, rank: int) -> tuple[str, Family]:
    match row.value:
        case [str(module), str(package), str(kind)]:
            return module, Family(package=package, kind=kind, rank=rank)
    raise Malformed("expected [module, package, kind]", row.route)


def _table(table: Node) -> Mapping[str, str]:
    rows = {str(row.value[0]): str(row.value[1]) for row in table.get("rows").each() if isinstance(row.value, list)}
    named = {name: str(value.value) for name, value in table.items() if name not in ("rows", "source", "checked")}
    return {**rows, **named}


def onnx_writer(ir: int, opset: int) -> str | None:
    """The range of onnx releases that can have written a model; None for numbers newer than the table."""
    release = _first_onnx("writes", ir, opset)
    return f">={release}" if release else None


def onnx_reader(ir: int, opset: int) -> str | None:
    """The first onnxruntime release of the table that loads a model; None for numbers newer than the table."""
    return _first_onnx("loads", ir, opset)


def _first_onnx(side: str, ir: int, opset: int) -> str | None:
    rows = (row.value for row in _onnx().get(side).get("rows").each())
    for row in rows:
        match row:
            case [str(release), int(highest_ir), int(highest_opset), *_] if highest_ir >= ir and highest_opset >= opset:
                return release
    return None


@lru_cache(maxsize=1)
def _onnx() -> Node:
    from mlaudit.knowledge.schema import parse

    return parse("onnx.toml")
