"""Values that static reading knows: texts with unknown parts, objects by their type, tables, functions, modules."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from typing import Protocol

from mlaudit.code.nouns import ArtifactName
from mlaudit.code.source import ModuleSource, NameScope, Point
from mlaudit.model.lazy_dataclass import dataclass, field, replace

MAX_PIECES = 60
MAX_CHARACTERS = 2_000
MAX_HANDLES = 6

Pieces = tuple["str | None", ...]
Open = frozenset[NameScope]
NOTHING_OPEN: Open = frozenset()


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One call of a function: its arguments belong to `env`."""

    call: ast.Call
    env: Env
    receiver: ObjectValue | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Env:
    """Where an expression is evaluated: scope, position, and the known calls of the functions around it."""

    scope: NameScope
    point: Point
    frames: Mapping[NameScope, Frame] = field(default_factory=dict)

    def at(self, scope: NameScope, point: Point) -> Env:
        """The same calls seen from another scope and position."""
        return Env(scope, point, self.frames)

    def calling(self, scope: NameScope, frame: Frame) -> Env:
        """The body of a function in one call of it."""
        return Env(scope, END, {**self.frames, scope: frame})


END = Point(1 << 60)
"""Behind every statement of a scope."""


@dataclass(frozen=True, slots=True, eq=False)
class Thunk:
    """An expression that is evaluated when it is requested, or a value that is known already."""

    node: ast.expr | None
    env: Env | None
    values: tuple[Value, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TextValue:
    """A text; `open` are functions on whose calls it depends.

    `origins` are names of what unknown parts come from, `handles` objects that may have such names.
    """

    pieces: Pieces
    node: ast.expr | None = None
    source: ModuleSource | None = None
    variable: str = ""
    open: Open = NOTHING_OPEN
    origins: tuple[ArtifactName, ...] = ()
    handles: tuple[Value, ...] = ()
    certain: bool = True

    @property
    def is_pattern(self) -> bool:
        """Whether it stands for several paths: what a folder holds, what a shell's pattern matches."""
        return any(piece is None or "*" in piece for piece in self.pieces) and self.pieces != (None,)

    @property
    def known(self) -> str | None:
        """The text, None if a part of it is not known."""
        return None if None in self.pieces else "".join(piece for piece in self.pieces if piece is not None)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class UnknownValue:
    """What only running the code would give."""

    open: Open = NOTHING_OPEN
    origins: tuple[ArtifactName, ...] = ()
    variable: str = ""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class NamedValue:
    """Something of another package by its full name (`joblib.dump`, `xgboost.XGBClassifier().save_model`)."""

    name: str
    receiver: Value | None = None
    open: Open = NOTHING_OPEN
    origins: tuple[ArtifactName, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ObjectValue:
    """The result of a call: `name` ends with `()`; `made_by` is its class in the repository, if it has one.

    `call` is None for a `self` of which no constructing call is known.
    """

    name: str
    env: Env
    call: ast.Call | None = None
    made_by: NameScope | None = None
    open: Open = NOTHING_OPEN
    origins: tuple[ArtifactName, ...] = ()
    receiver: Value | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CodeValue:
    """A function or class of the repository; `receiver` is the object whose method it is."""

    scope: NameScope
    receiver: ObjectValue | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ModuleValue:
    """A module of the repository."""

    source: ModuleSource


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ListValue:
    """A list or tuple."""

    items: tuple[Thunk, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TableValue:
    """A dictionary with known keys; `open` are functions on whose calls it depends which keys there are."""

    items: Mapping[str, Thunk]
    open: Open = NOTHING_OPEN


Value = TextValue | UnknownValue | NamedValue | ObjectValue | CodeValue | ModuleValue | ListValue | TableValue
Values = tuple[Value, ...]
UNKNOWN: Values = (UnknownValue(),)


class ValueReader(Protocol):
    """What evaluates expressions, as far as the readers of single calls need it."""

    def values(self, node: ast.expr, env: Env) -> Values:
        """The alternatives of an expression."""
        ...

    def texts(self, node: ast.expr, env: Env) -> tuple[TextValue, ...]:
        """The alternatives of an expression as texts."""
        ...

    def forced(self, thunk: Thunk) -> Values:
        """The alternatives of a member of a list or table."""
        ...

    def annotated(self, node: ast.expr, env: Env) -> Values:
        """An object of the class that an annotation names."""
        ...

    def loaded_data(self, path: str, env: Env) -> Value | None:
        """The data of a configuration file of the repository."""
        ...

    def returned(self, scope: NameScope, frame: Frame, env: Env) -> Values:
        """What a function gives in one call."""
        ...


def open_of(value: Value) -> Open:
    """The functions on whose calls a value depends."""
    return value.open if isinstance(value, (TextValue, UnknownValue, ObjectValue, NamedValue)) else NOTHING_OPEN


def origins_of(value: Value) -> tuple[ArtifactName, ...]:
    """What its unknown parts come from."""
    return value.origins if isinstance(value, (TextValue, UnknownValue, ObjectValue, NamedValue)) else ()


def as_text(value: Value) -> TextValue:
    """A value as a text, of one unknown part where it is not one."""
    if isinstance(value, TextValue):
        return value
    variable = value.variable if isinstance(value, UnknownValue) else ""
    handles = (value,) if isinstance(value, (ObjectValue, NamedValue)) else ()
    return TextValue(pieces=(None,), open=open_of(value), origins=origins_of(value), variable=variable, handles=handles)


def concatenated(parts: Sequence[TextValue]) -> TextValue:
    """Texts one behind the other."""
    pieces: list[str | None] = []
    for part in parts:
        for piece in part.pieces:
            _append(pieces, piece)
    return _merged(parts, tuple(pieces))


def _append(pieces: list[str | None], piece: str | None) -> None:
    if piece == "" or (piece is None and pieces and pieces[-1] is None):
        return
    last = pieces[-1] if pieces else None
    if piece is not None and last is not None:
        pieces[-1] = last + piece
    else:
        pieces.append(piece)


def _merged(parts: Sequence[TextValue], pieces: Pieces) -> TextValue:
    named = next((part for part in reversed(parts) if part.node is not None and part.pieces != (None,)), parts[0])
    if len(pieces) > MAX_PIECES or sum(len(piece or "") for piece in pieces) > MAX_CHARACTERS:
        pieces = (None,)
    return TextValue(
        pieces=pieces,
        node=named.node,
        source=named.source,
        variable=next((part.variable for part in parts if part.variable), ""),
        open=frozenset().union(*(part.open for part in parts)),
        origins=tuple(dict.fromkeys(name for part in parts for name in part.origins)),
        handles=tuple(handle for part in parts for handle in part.handles)[:MAX_HANDLES],
        certain=all(part.certain for part in parts),
    )


def joined_paths(parts: Sequence[TextValue]) -> TextValue:
    """Parts of a path with `/` between them; an absolute part begins again."""
    result: TextValue | None = None
    for part in parts:
        first = part.pieces[0] if part.pieces else ""
        if result is None or (first is not None and first.startswith("/")):
            result = part if result is None else replace(part, open=part.open | result.open)
        elif part.pieces:
            slash = "" if _ends_with_slash(result.pieces) or not result.pieces else "/"
            result = concatenated((result, replace(part, pieces=(slash,), open=NOTHING_OPEN, origins=()), part))
    return result if result is not None else TextValue(pieces=())


def _ends_with_slash(pieces: Pieces) -> bool:
    return bool(pieces) and (pieces[-1] or "").endswith("/")


def split_path(pieces: Pieces) -> tuple[Pieces, Pieces]:
    """Folder and last part of a path; an unknown part counts as the beginning of what follows it."""
    trimmed = list(pieces)
    while trimmed and trimmed[-1] is not None and trimmed[-1].endswith("/") and len(trimmed[-1]) > 1:
        trimmed[-1] = trimmed[-1].rstrip("/")
    for number in range(len(trimmed) - 1, -1, -1):
        piece = trimmed[number]
        if piece is not None and "/" in piece:
            folder, _, name = piece.rpartition("/")
            return (*trimmed[:number], *((folder,) if folder else ())), (
                *((name,) if name else ()),
                *trimmed[number + 1 :],
            )
    return (), tuple(trimmed)


def named_behind(before: str, name: str, base: Value) -> NamedValue:
    """A member of something whose members are not known."""
    return NamedValue(name=f"{before}.{name}", receiver=base, open=open_of(base), origins=origins_of(base))


def opened(value: Value, scope: NameScope) -> Value:
    """The value as one that depends on the calls of a function."""
    if isinstance(value, (TextValue, UnknownValue, ObjectValue, NamedValue)):
        return replace(value, open=value.open | {scope})
    return value


def uncertain(values: Values) -> Values:
    """The values as alternatives of which none is sure."""
    return tuple(replace(value, certain=False) if isinstance(value, TextValue) else value for value in values)
