"""The opcodes of pickle protocols 0 to 5, each as one step of the walk."""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping

from mlaudit.grammars.model_file.pickle_values import OPAQUE, Dict, Payload, Seq
from mlaudit.grammars.model_file.pickle_walk import OPERATIONS, TEXT, PickleContents, Walk
from mlaudit.grammars.model_file.source import Source, from_stream
from mlaudit.model.errors import Unreadable

Step = Callable[[Walk], None]

HIGHEST_PROTOCOL = 5
FUNCTION = 65_536
"""Bytes of a pickled function that are walked, and the opcodes in them."""
_LINE = 512
_U16, _U32, _I32, _U64 = struct.Struct("<H"), struct.Struct("<I"), struct.Struct("<i"), struct.Struct("<Q")
_EMPTY = Seq((), 0, 0)


def walk(source: Source, *, operations: int = OPERATIONS, strict: bool = False) -> PickleContents:
    """Walk one pickle, from where the source stands to behind its STOP."""
    return Walk(source, operations=operations, strict=strict).run(_TABLE)


def _number(shape: struct.Struct, walk: Walk) -> int:
    value: int = shape.unpack(walk.source.take(shape.size))[0]
    return value


def _unknown(walk: Walk) -> None:
    offset = walk.source.offset - 1
    raise Unreadable(f"the byte at {offset} is no opcode of pickle protocols 0 to {HIGHEST_PROTOCOL}")


def _push(value: object) -> Step:
    return lambda walk: walk.stack.append(value)


def _skip_and_push(size: int) -> Step:
    def step(walk: Walk) -> None:
        walk.source.skip(size)
        walk.stack.append(OPAQUE)

    return step


def _push_number(shape: struct.Struct) -> Step:
    return lambda walk: walk.stack.append(_number(shape, walk))


def _sized(shape: struct.Struct | None, then: Callable[[Walk, int], None]) -> Step:
    """A step for a length of one byte (no shape) or more, followed by that many bytes."""
    if shape is None:
        return lambda walk: then(walk, walk.source.byte())
    return lambda walk: then(walk, _number(shape, walk))


def _skipped(walk: Walk, size: int) -> None:
    if size < 0:
        raise Unreadable(f"there is a negative length at byte {walk.source.offset}")
    walk.source.skip(size)
    walk.stack.append(OPAQUE)


def _data(walk: Walk, size: int) -> None:
    """Push bytes; those that numba pickles a function to are walked too, for the code in them."""
    if not walk.awaits_function() or size > FUNCTION:
        walk.data(size)
        return
    from io import BytesIO

    inner = Walk(from_stream(BytesIO(walk.source.take(size))), operations=FUNCTION, is_inner=True).run(_TABLE)
    walk.take_code(inner)


# Lines of protocol 0


def _line(walk: Walk) -> str:
    return walk.source.line(_LINE).decode("utf-8", "replace")


def _number_line(walk: Walk) -> None:
    text = _line(walk).rstrip("L")
    try:
        # Numbers longer than this are no shape, size or index.
        walk.stack.append(int(text) if len(text) < 20 else OPAQUE)
    except ValueError:
        raise Unreadable(f"a line before byte {walk.source.offset} is no number: it is no pickle, or corrupt") from None


def _float_line(walk: Walk) -> None:
    try:
        float(_line(walk))
    except ValueError:
        raise Unreadable(f"a line before byte {walk.source.offset} is no number: it is no pickle, or corrupt") from None
    walk.stack.append(OPAQUE)


def _text_line(walk: Walk) -> None:
    text = _line(walk)
    if text.startswith("tree\\u000aversion="):
        head = text.replace("\\u000a", "\n").encode()
        walk.contents.payloads.append(Payload("lightgbm", walk.source.offset, len(head), head, head))
    walk.stack.append(text if len(text) <= TEXT else OPAQUE)


def _quoted_line(walk: Walk) -> None:
    text = _line(walk)
    if len(text) < 2 or text[0] not in "'\"" or (text[-1] != text[0] and len(text) < _LINE):
        raise Unreadable(f"a line before byte {walk.source.offset} is no quoted text: it is no pickle, or corrupt")
    walk.stack.append(text[1:-1] if len(text) <= TEXT else OPAQUE)


def _index_line(walk: Walk) -> int:
    text = _line(walk)
    if not text.isdecimal() or len(text) > 10:
        raise Unreadable(f"a line before byte {walk.source.offset} is no memo index: it is no pickle, or corrupt")
    return int(text)


def _global_line(walk: Walk) -> None:
    module = walk.source.line(_LINE)
    name = walk.source.line(_LINE)
    if max(len(module), len(name)) >= _LINE:
        raise Unreadable(f"a name before byte {walk.source.offset} is longer than any module's")
    walk.imported(module.decode("utf-8", "replace"), name.decode("utf-8", "replace"))


# Stack, memo, containers


def _mark(walk: Walk) -> None:
    walk.marks.append(len(walk.stack))


def _pop(walk: Walk) -> None:
    if walk.marks and walk.marks[-1] == len(walk.stack):
        walk.marks.pop()
    else:
        walk.stack.pop()


def _since_mark(walk: Walk) -> None:
    walk.since_mark()


def _put(walk: Walk, index: int) -> None:
    walk.put = True
    if walk.memoized:
        walk.contents.note("it mixes two ways of numbering its memo, so that its references cannot be trusted")
    walk.remember(index, walk.stack[-1])


def _memoize(walk: Walk) -> None:
    if walk.put:
        walk.contents.note("it mixes two ways of numbering its memo, so that its references cannot be trusted")
    walk.remember(walk.memoized, walk.stack[-1])
    walk.memoized += 1


def _append(walk: Walk) -> None:
    walk.stack.pop()


def _collected(walk: Walk) -> None:
    walk.since_mark()
    walk.stack.append(OPAQUE)


def _tuple(walk: Walk) -> None:
    items = walk.since_mark()
    walk.stack.extend(items)
    walk.tuple_of(len(items)) if items else walk.stack.append(_EMPTY)


def _dict(walk: Walk) -> None:
    items = walk.since_mark()
    walk.stack.append(Dict())
    walk.put_items(items)


def _set_item(walk: Walk) -> None:
    value, key = walk.stack.pop(), walk.stack.pop()
    walk.put_items([key, value])


def _set_items(walk: Walk) -> None:
    items = walk.since_mark()
    if not walk.stack:
        raise IndexError
    walk.put_items(items)


# Names and objects


def _stack_global(walk: Walk) -> None:
    name, module = walk.stack.pop(), walk.stack.pop()
    walk.imported(module, name)


def _reduce(walk: Walk) -> None:
    arguments, maker = walk.stack.pop(), walk.stack.pop()
    walk.called(maker, arguments)


def _new_object(walk: Walk) -> None:
    arguments, cls = walk.stack.pop(), walk.stack.pop()
    walk.push_made(cls, arguments)


def _object_since_mark(walk: Walk) -> None:
    items = walk.since_mark()
    walk.push_made(items[0], OPAQUE)


def _instance_line(walk: Walk) -> None:
    walk.since_mark()
    _global_line(walk)
    walk.push_made(walk.stack.pop(), OPAQUE)


def _extension(size: int) -> Step:
    def step(walk: Walk) -> None:
        walk.source.skip(size)
        walk.contents.note(
            "it names an object by a number of copyreg's extension registry, which only loading resolves"
        )
        walk.stack.append(OPAQUE)

    return step


def _next_buffer(walk: Walk) -> None:
    walk.contents.note("it reads bytes from a buffer that is kept outside of it")
    walk.stack.append(OPAQUE)


def _read_only(walk: Walk) -> None:
    """The buffer on top becomes read-only: nothing to keep."""


def _persistent(walk: Walk) -> None:
    walk.contents.persistent = True
    walk.stack[-1] = OPAQUE


def _persistent_line(walk: Walk) -> None:
    walk.source.line(_LINE)
    walk.contents.persistent = True
    walk.stack.append(OPAQUE)


def _protocol(walk: Walk) -> None:
    protocol = walk.source.byte()
    if protocol > HIGHEST_PROTOCOL:
        raise Unreadable(f"it is of pickle protocol {protocol}; 0 to {HIGHEST_PROTOCOL} are known")
    walk.contents.protocol = max(protocol, walk.contents.protocol or 0)


def _frame(walk: Walk) -> None:
    # The frame's length only helps to read ahead, and joblib's raw arrays break it.
    walk.source.skip(8)


_STEPS: dict[bytes, Step] = {
    b"(": _mark,
    b".": Walk.stop,
    b"0": _pop,
    b"1": _since_mark,
    b"2": lambda walk: walk.stack.append(walk.stack[-1]),
    b"F": _float_line,
    b"I": _number_line,
    b"J": _push_number(_I32),
    b"K": lambda walk: walk.stack.append(walk.source.byte()),
    b"L": _number_line,
    b"M": _push_number(_U16),
    b"N": _push(None),
    b"P": _persistent_line,
    b"Q": _persistent,
    b"R": _reduce,
    b"S": _quoted_line,
    b"T": _sized(_I32, lambda walk, size: walk.text(size) if size >= 0 else _skipped(walk, size)),
    b"U": _sized(None, Walk.text),
    b"V": _text_line,
    b"X": _sized(_U32, Walk.text),
    b"a": _append,
    b"b": Walk.built,
    b"c": _global_line,
    b"d": _dict,
    b"}": lambda walk: walk.stack.append(Dict()),
    b"e": _since_mark,
    b"g": lambda walk: walk.recall(_index_line(walk)),
    b"h": lambda walk: walk.recall(walk.source.byte()),
    b"i": _instance_line,
    b"j": lambda walk: walk.recall(_number(_U32, walk)),
    b"l": _collected,
    b"]": _push(OPAQUE),
    b"o": _object_since_mark,
    b"p": lambda walk: _put(walk, _index_line(walk)),
    b"q": lambda walk: _put(walk, walk.source.byte()),
    b"r": lambda walk: _put(walk, _number(_U32, walk)),
    b"s": _set_item,
    b"t": _tuple,
    b")": _push(_EMPTY),
    b"u": _set_items,
    b"G": _skip_and_push(8),
    b"\x80": _protocol,
    b"\x81": _new_object,
    b"\x82": _extension(1),
    b"\x83": _extension(2),
    b"\x84": _extension(4),
    b"\x85": lambda walk: walk.tuple_of(1),
    b"\x86": lambda walk: walk.tuple_of(2),
    b"\x87": lambda walk: walk.tuple_of(3),
    b"\x88": _push(True),
    b"\x89": _push(False),
    b"\x8a": _sized(None, _skipped),
    b"\x8b": _sized(_I32, _skipped),
    b"B": _sized(_U32, _data),
    b"C": _sized(None, _data),
    b"\x8c": _sized(None, Walk.text),
    b"\x8d": _sized(_U64, Walk.text),
    b"\x8e": _sized(_U64, Walk.data),
    b"\x8f": _push(OPAQUE),
    b"\x90": _since_mark,
    b"\x91": _collected,
    b"\x92": Walk.push_made_with_keywords,
    b"\x93": _stack_global,
    b"\x94": _memoize,
    b"\x95": _frame,
    b"\x96": _sized(_U64, Walk.data),
    b"\x97": _next_buffer,
    b"\x98": _read_only,
}


def steps(others: Mapping[bytes, Step]) -> list[Step]:
    """The step of each byte, with other steps for some."""
    table = {**_STEPS, **others}
    return [table.get(bytes((code,)), _unknown) for code in range(256)]


_TABLE = steps({})
