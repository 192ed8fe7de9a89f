"""The objects of a pickle with what they are made of: class, how it is called, keys of the state, byte offset.

The walk is that of `pickle_opcodes`, which keeps little; this one keeps the keys and small values of states, within
bounds of their own. Nothing is imported or called. `is_cut` says that a bound left something out, and a state
that is not kept in full says so itself: what is missing in either may be there all the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from enum import Enum

from mlaudit.document.document import Document
from mlaudit.grammars.model_file.pickle_opcodes import steps
from mlaudit.grammars.model_file.pickle_values import LONG, OPAQUE, Dict, Global, Instance, Opaque, Seq
from mlaudit.grammars.model_file.pickle_walk import MEMO, RECONSTRUCTORS, Walk
from mlaudit.grammars.model_file.source import Source, from_window
from mlaudit.grammars.model_file.streams import compression, unfolded
from mlaudit.grammars.model_file.window import whole
from mlaudit.model.lazy_dataclass import dataclass

OPERATIONS = 3_000_000
"""Opcodes that are walked; a model of a million words has its classes before its words."""
MAX_OBJECTS = 20_000
"""Objects that are kept, alike ones once."""
MAX_KEYS = 2_000
"""Keys of one dictionary; an object's state has fewer."""
MAX_ENTRIES = 400_000
"""Entries of all dictionaries."""

ARRAY_WRAPPER = "NumpyArrayWrapper"
"""The class of joblib that stands for an array; loading puts the array in its place."""
NEVER_BUILT = Opaque()
"""The state of an object that is given none."""


class Making(Enum):
    """How an object is made."""

    CALL = "called"
    NEW = "__new__"
    KEYWORDS = "__new__ with keywords"
    OTHER = "other"


@dataclass(slots=True, eq=False)
class PickledObject(Instance):
    """An object with how it is made and where.

    Attributes:
        cls: its class, where the pickle shows it; for a call of a function the function.
        at: the byte at which it is made, in the decompressed pickle.
        built_at: the byte at which it is given its state, 0 without one.
        owner: the object in whose state it is made, None outside of all.
    """

    cls: Global | None = None
    making: Making = Making.OTHER
    at: int = 0
    built_at: int = 0
    owner: PickledObject | None = None

    @property
    def attributes(self) -> dict[str, object] | None:
        """The names and values that a plain state gives; None if it is of another kind, or not known in full."""
        state = self.state
        if isinstance(state, Seq) and state.length == 2 and len(state.items) == 2:
            parts = [part for part in state.items if part is not None]
            if parts and all(isinstance(part, StateDict) for part in parts):
                return _joined([part for part in parts if isinstance(part, StateDict)])
        return _joined([state]) if isinstance(state, StateDict) else None


@dataclass(slots=True, eq=False)
class StateDict(Dict):
    """A dictionary with all of its keys, while there are not too many."""

    is_cut: bool = False


@dataclass(slots=True)
class PickledStates:
    """What a walk saw of objects.

    Attributes:
        objects: those that differ in class, making and keys, in the order of the file.
        root: what loading would give.
        is_cut: whether there is more than was kept, or the walk ended early.
    """

    objects: list[PickledObject]
    root: object
    is_cut: bool


def walk_states(source: Source, *, operations: int = OPERATIONS) -> PickledStates:
    """The objects of one pickle, from where the source is."""
    walk = _StateWalk(source, operations=operations)
    contents = walk.run(_TABLE)
    _give_owners(walk.objects)
    return PickledStates(list(_differing(walk.objects)), contents.root, walk.is_cut or contents.problem is not None)


def states_of(doc: Document) -> PickledStates:
    """The objects of a document that is a pickle, plain or compressed. Raises Unreadable."""
    with doc.stream() as stream:
        window = whole(stream)
        name = compression(window.upto(0, 16))
        return walk_states(unfolded(window, name) if name else from_window(window))


def _joined(parts: list[StateDict]) -> dict[str, object] | None:
    if any(part.is_cut for part in parts):
        return None
    return {key: value for part in parts for key, value in part.entries.items()}


def _give_owners(objects: list[PickledObject]) -> None:
    """Set for each object the one in whose state it is made; objects are in the order in which they are made."""
    around: list[PickledObject] = []
    for pickled_object in objects:
        while around and around[-1].built_at < pickled_object.at:
            around.pop()
        pickled_object.owner = around[-1] if around else None
        around.append(pickled_object)


def _differing(objects: list[PickledObject]) -> Iterator[PickledObject]:
    """Objects alike in everything that is asked of them are given once: a forest has a thousand trees."""
    seen = set()
    for pickled_object in objects:
        shape = _shape(pickled_object)
        if shape not in seen:
            seen.add(shape)
            yield pickled_object


def _shape(pickled_object: PickledObject) -> tuple[object, ...]:
    attributes = pickled_object.attributes
    state = None if attributes is None else tuple((key, _small(value)) for key, value in attributes.items())
    length = pickled_object.state.length if isinstance(pickled_object.state, Seq) else None
    arguments = tuple(map(_small, pickled_object.arguments.items)) if pickled_object.arguments is not None else None
    owner = pickled_object.owner.cls if pickled_object.owner is not None else None
    return (
        pickled_object.made_by,
        pickled_object.cls,
        pickled_object.making,
        arguments,
        pickled_object.state is NEVER_BUILT,
        length,
        state,
        owner,
    )


def _small(value: object) -> object:
    """What tells two values apart: scalars by themselves, objects by their class."""
    if isinstance(value, PickledObject):
        return value.cls
    if type(value) is int:
        # Seeds and counts tell nothing apart; signs and small numbers may decide a condition.
        return max(-2, min(value, 3))
    return value if isinstance(value, (str, int, bool, bytes, Global, type(None))) else type(value)


class _StateWalk(Walk):
    """The walk of a pickle that keeps objects and the keys of their states."""

    def __init__(self, source: Source, *, operations: int) -> None:
        super().__init__(source, operations=operations)
        self.objects: list[PickledObject] = []
        self.is_cut = False
        self._entries = 0

    def remember(self, index: int, value: object) -> None:
        """Keep a value under a memo index."""
        if value is OPAQUE or value is LONG:
            self.memo.pop(index, None)
        elif len(self.memo) < MEMO:
            self.memo[index] = value
        else:
            self.is_cut = True

    def push_made(self, cls: object, arguments: object) -> None:
        """Push an object of a class."""
        self._push(cls, arguments, Making.NEW)

    def called(self, maker: object, arguments: object) -> None:
        """Push what a call gives."""
        self._push(maker, arguments, Making.CALL)

    def push_made_with_keywords(self) -> None:
        """Push an object of a class that is made with keywords too."""
        self.stack.pop()
        arguments, cls = self.stack.pop(), self.stack.pop()
        self._push(cls, arguments, Making.KEYWORDS)

    def _push(self, maker: object, arguments: object, making: Making) -> None:
        if not isinstance(maker, Global):
            self.stack.append(OPAQUE)
            return
        kept = arguments if isinstance(arguments, Seq) and arguments.length == len(arguments.items) else None
        cls = maker
        if (maker.module, maker.name) in RECONSTRUCTORS and isinstance(arguments, Seq):
            first = arguments.items[0] if arguments.items else None
            cls, making, kept = (first if isinstance(first, Global) else maker), Making.OTHER, None
        pickled_object = PickledObject(maker, kept, NEVER_BUILT, cls=cls, making=making, at=self.source.offset - 1)
        if len(self.objects) < MAX_OBJECTS:
            self.objects.append(pickled_object)
        else:
            self.is_cut = True
        self.stack.append(pickled_object)

    def built(self) -> None:
        """Give the topmost value as state to the object below it."""
        state = self.stack.pop()
        target = self.stack[-1]
        if isinstance(target, PickledObject):
            target.state = state
            target.built_at = self.source.offset
            if target.made_by.name == ARRAY_WRAPPER and isinstance(state, Dict):
                self.pass_array(state)

    def put_items(self, items: list[object]) -> None:
        """Give keys and values, in turn, to the dictionary on top."""
        target = self.stack[-1]
        if not isinstance(target, StateDict) or target.is_cut:
            return
        if len(target.entries) + len(items) // 2 > MAX_KEYS or self._entries > MAX_ENTRIES:
            target.is_cut = True
            target.entries.clear()
            return
        for at in range(0, len(items) - 1, 2):
            key = items[at]
            if isinstance(key, str):
                target.entries[key] = items[at + 1]
            elif key is OPAQUE or key is LONG:
                # It may be any name.
                target.is_cut = True
        self._entries += len(items) // 2


def _new_dict(walk: Walk) -> None:
    walk.stack.append(StateDict())


def _dict(walk: Walk) -> None:
    items = walk.since_mark()
    walk.stack.append(StateDict())
    walk.put_items(items)


_TABLE: list[Callable[[Walk], None]] = steps(
    {
        b"}": _new_dict,
        b"d": _dict,
        b"b": lambda walk: walk.built(),
        b"\x92": lambda walk: walk.push_made_with_keywords(),
    }
)
