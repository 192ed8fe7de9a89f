"""Which of the protocol buffer model formats a document is: their files have no magic number, only fields."""

from __future__ import annotations

from mlaudit.document.document import Document
from mlaudit.grammars.model_file.protobuf import Field, fields
from mlaudit.grammars.model_file.window import Window, whole
from mlaudit.model.errors import Unreadable

ONNX, SAVED_MODEL, CORE_ML = "onnx", "saved-model", "core-ml"

_FIRST = 0x08
_ONNX_FIELDS = frozenset({1, 2, 3, 4, 5, 6, 7, 8, 14, 20, 25, 26})
_ONNX_GRAPH, _ONNX_OPSETS = 7, 8
_CORE_ML_TYPES = range(200, 10_000)


def message_format(doc: Document) -> str | None:
    """The format that the top-level fields show; None for any other document.

    Fields: onnx/onnx.proto ModelProto, tensorflow/core/protobuf/saved_model.proto, and coremltools'
    mlmodel/format/Model.proto.
    """
    # All three begin with a small number in field 1.
    if len(doc.head) < 4 or doc.head[0] != _FIRST:
        return None
    try:
        with doc.stream() as stream:
            return _format(whole(stream))
    except Unreadable:
        return None


def _format(message: Window) -> str | None:
    seen: dict[int, Field] = {}
    for field in fields(message):
        seen.setdefault(field.number, field)
    if any(number in _CORE_ML_TYPES for number in seen):
        return CORE_ML
    if seen.keys() <= {1, 2} and _is_message(seen.get(2)):
        return SAVED_MODEL
    if seen.keys() <= _ONNX_FIELDS and (_is_message(seen.get(_ONNX_OPSETS)) or _is_message(seen.get(_ONNX_GRAPH))):
        return ONNX
    return None


def _is_message(field: Field | None) -> bool:
    """Whether a field holds a message, by walking one level of it."""
    if field is None or field.part is None:
        return False
    try:
        return field.part.size == 0 or next(fields(field.part), None) is not None
    except Unreadable:
        return False
