"""What the walk of a pickle keeps of its values: names, shapes and a few keys; everything else is `OPAQUE`."""

from __future__ import annotations

from mlaudit.model.lazy_dataclass import dataclass, field


class Opaque:
    """A value that nobody asks for."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "OPAQUE"


OPAQUE = Opaque()
LONG = Opaque()
"""A text or bytes too long to keep."""

KEPT_KEYS = frozenset(
    {
        "_sklearn_version",
        "fitted_",
        "pytorch-lightning_version",
        "version",
        "date",
        "license",
        "docs",
        "train_args",
        "state_dict",
        "shape",
        "dtype",
        "allow_mmap",
        "numpy_array_alignment_bytes",
    }
)
"""Keys of dictionaries whose values are kept; the rest of a dictionary is dropped as it is read."""

KEPT_ITEMS = 24
"""Items of a tuple that are kept (a code object has 18)."""
NESTED = 6
"""Tuples deeper than this are opaque."""


@dataclass(frozen=True, slots=True)
class Global:
    """A name that the pickle imports."""

    module: str
    name: str

    def __str__(self) -> str:
        return f"{self.module}.{self.name}"


@dataclass(frozen=True, slots=True)
class Seq:
    """A tuple: its first items and its true length."""

    items: tuple[object, ...]
    length: int
    depth: int


@dataclass(slots=True)
class Dict:
    """A dictionary: the kept keys only."""

    entries: dict[str, object] = field(default_factory=dict)


@dataclass(slots=True)
class Instance:
    """An object: its class or maker, the arguments it was made with, the state that was given to it."""

    made_by: Global
    arguments: Seq | None = None
    state: object = None


@dataclass(frozen=True, slots=True)
class Payload:
    """A long run of bytes or text that looks like a model of its own: its ends, and where it is.

    `whole` is set where `head` is all of it; `offset` counts in the walked bytes.
    """

    kind: str
    offset: int
    size: int
    head: bytes
    tail: bytes

    @property
    def whole(self) -> bool:
        """Whether `head` holds every byte."""
        return len(self.head) == self.size


def sequence(items: list[object]) -> object:
    """A tuple of items, opaque where it is nested too deeply."""
    depth = 1 + max((item.depth for item in items[:KEPT_ITEMS] if type(item) is Seq), default=0)
    if depth > NESTED:
        return OPAQUE
    return Seq(tuple(items[:KEPT_ITEMS]), len(items), depth)
