"""How many bytes a raw array has that joblib wrote behind its wrapper."""

from __future__ import annotations

from mlaudit.grammars.model_file.pickle_values import Dict, Instance, Seq
from mlaudit.model.errors import Unreadable
from mlaudit.model.lazy_pattern import lazy_pattern

LARGEST = 1 << 50
"""Bytes; an array that claims more is refused."""

_HAS_OBJECTS = 1
_CODE = lazy_pattern(r"([a-zA-Z?])(\d{0,9})")
_WIDTHS = {"U": 4}


def array_bytes(wrapper: Dict) -> int | None:
    """The size of the array, None if it holds Python objects and a pickle follows. Raises Unreadable."""
    shape, dtype = wrapper.entries.get("shape"), wrapper.entries.get("dtype")
    if not isinstance(dtype, Instance) or not isinstance(shape, Seq) or shape.length != len(shape.items):
        raise Unreadable("an array's shape or dtype is computed, so that its end is not known")
    item = _item_bytes(dtype)
    if item is None:
        return None
    total = item
    for length in shape.items:
        if not isinstance(length, int) or length < 0:
            raise Unreadable("an array's shape is not made of numbers")
        total *= length
        if total > LARGEST:
            raise Unreadable("an array claims an absurd size")
    return total


def _item_bytes(dtype: Instance) -> int | None:
    """Bytes of one item by the arguments and state that numpy pickles of a dtype; None for Python objects."""
    code = dtype.arguments.items[0] if dtype.arguments and dtype.arguments.items else None
    match = _CODE.fullmatch(code) if isinstance(code, str) else None
    if match is None or not match.group(2):
        raise Unreadable("an array's dtype is not one that numpy writes")
    kind, width = match.group(1), int(match.group(2))
    # The state is (version, order, subarray, names, fields, itemsize, alignment, flags, ...): numpy's descriptor.c.
    state = dtype.state.items if isinstance(dtype.state, Seq) else ()
    flags = state[7] if len(state) > 7 else 0
    if kind == "O" or (isinstance(flags, int) and flags & _HAS_OBJECTS):
        return None
    return width * _WIDTHS.get(kind, 1)
