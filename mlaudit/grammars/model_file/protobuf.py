"""Fields of a protocol buffer message, by their tags; what nobody asks for is passed over by seek.

Format: https://protobuf.dev/programming-guides/encoding/.
"""

from __future__ import annotations

from collections.abc import Iterator

from mlaudit.grammars.model_file.window import Window
from mlaudit.model.errors import Unreadable
from mlaudit.model.lazy_dataclass import dataclass

FIELDS = 20_000
"""Fields of one message that are walked."""
TEXT_LIMIT = 65536

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_CORRUPT = "it is no protocol buffer message, or a corrupt one"


@dataclass(frozen=True, slots=True)
class Field:
    """One field: a number, or a part of the message that holds bytes, a text or another message."""

    number: int
    value: int
    part: Window | None

    @property
    def text(self) -> str:
        """The first `TEXT_LIMIT` bytes as text; empty for a number."""
        return self.part.upto(0, TEXT_LIMIT).decode("utf-8", "replace") if self.part else ""


def fields(message: Window) -> Iterator[Field]:
    """The fields of a message in their order. Raises Unreadable."""
    at = 0
    for _ in range(FIELDS):
        if at >= message.size:
            return
        tag, at = _varint(message, at)
        number, kind = tag >> 3, tag & 7
        if number == 0:
            raise Unreadable(_CORRUPT)
        if kind == _VARINT:
            value, at = _varint(message, at)
            yield Field(number, value, None)
        elif kind == _BYTES:
            size, at = _varint(message, at)
            yield Field(number, 0, message.part(at, size))
            at += size
        elif kind in (_FIXED32, _FIXED64):
            width = 4 if kind == _FIXED32 else 8
            yield Field(number, message.number(at, width), None)
            at += width
        else:
            raise Unreadable(_CORRUPT)
    raise Unreadable(f"a message has more than {FIELDS} fields")


def _varint(message: Window, at: int) -> tuple[int, int]:
    data = message.upto(at, 10)
    value = 0
    for index, byte in enumerate(data):
        value |= (byte & 0x7F) << (7 * index)
        if byte < 0x80:
            return value, at + index + 1
    raise Unreadable(_CORRUPT)
