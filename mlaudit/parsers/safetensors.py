"""safetensors files: the header names the framework, no version; element types imply a range of safetensors."""

from __future__ import annotations

import math
from collections.abc import Iterator

from mlaudit.document.document import Document
from mlaudit.document.node import Node
from mlaudit.grammars.model_file.archives import json_node
from mlaudit.grammars.model_file.endings import missing
from mlaudit.grammars.model_file.formats import formats
from mlaudit.grammars.model_file.recorded import artifact, ranged
from mlaudit.grammars.model_file.window import whole
from mlaudit.model.errors import Unreadable
from mlaudit.model.nouns import Statement
from mlaudit.parsers._registry import parser

HEADER_LIMIT = 16 * 1024 * 1024
FRAMEWORKS = {"pt": "torch", "tf": "tensorflow", "np": "numpy", "flax": "flax", "mlx": "mlx"}
"""Values of `__metadata__.format` (safetensors/bindings/python/py_src/safetensors)."""
_ELEMENT_BYTES = {
    **dict.fromkeys(("BOOL", "U8", "I8", "F8_E4M3", "F8_E5M2", "F8_E8M0"), 1),
    **dict.fromkeys(("U16", "I16", "F16", "BF16"), 2),
    **dict.fromkeys(("U32", "I32", "F32"), 4),
    **dict.fromkeys(("U64", "I64", "F64", "C64"), 8),
}
"""Bytes of one element, of the types that take whole bytes (safetensors/src/tensor.rs)."""
_DIMENSIONS = 64


def _is_safetensors(doc: Document) -> bool:
    head = doc.head[:10]
    size = int.from_bytes(head[:8], "little")
    return len(head) == 10 and head[8:9] == b"{" and head[9:10] in (b'"', b"}") and 2 <= size <= doc.size - 8


@parser(kind="artifact", files=["*.safetensors"], access="binary", content=_is_safetensors, marks=[b"{"])
def read(doc: Document) -> Iterator[Statement]:
    """The header only: eight bytes of length and a JSON object."""
    with doc.stream() as stream:
        window = whole(stream)
        size = window.number(0, 8)
        if window.size - 8 < size <= HEADER_LIMIT:
            raise Unreadable(missing("its header", window.size - 8, size))
        if size > HEADER_LIMIT:
            raise Unreadable(f"a header of {size} bytes is claimed; at most {HEADER_LIMIT} are read")
        header = json_node(window.read(8, size), "its header")
        there = window.size - 8 - size
    framework = header.dig("__metadata__", "format").value
    package = FRAMEWORKS.get(framework) if isinstance(framework, str) else None
    yield artifact(doc, "safetensors", says=(f"format {framework}",) if package else ())
    types = dict.fromkeys(_types(header))
    known = formats().table("safetensors")
    specifiers = [known[name] for name in types if name in known]
    yield ranged(
        doc, "safetensors", ",".join(dict.fromkeys(specifiers)) or None, "safetensors", detail="by element types"
    )
    if package:
        yield ranged(doc, package, None, "safetensors", detail="no version is recorded")
    problem = _problem_behind(header, there)
    if problem:
        yield doc.unread(problem)


def _problem_behind(header: Node, there: int) -> str | None:
    """Why the data behind the header is not what it states, None if it is: the tensors fill it without gaps."""
    stated: list[tuple[int, int, str]] = []
    for name, tensor in header.items():
        match tensor.get("data_offsets").value if name != "__metadata__" else [0, 0]:
            case [int(start), int(end)] if start >= 0:
                stated.append((start, end, name))
            case _:
                return f"it is damaged: where the data of the tensor `{name[:80]}` stands is not two numbers from 0 on"
    needed = max((end for _, end, _ in stated), default=0)
    if needed > there:
        return missing("its tensors' data", there, needed)
    before = 0
    for start, end, name in sorted(stated):
        shaped = _bytes_of_shape(header.get(name))
        if shaped is not None and shaped != end - start:
            return (
                f"it is damaged: the tensor `{name[:80]}` takes {shaped} bytes by its shape and type, and its data is "
                f"stated to be {end - start}"
            )
        if start != before or end < start:
            return (
                f"it is damaged: the data of the tensor `{name[:80]}` is stated to be at bytes {start} to {end}; "
                f"that before it ends at {before}"
            )
        before = end
    return f"it is damaged: {there - before} bytes behind the last tensor belong to none" if before < there else None


def _bytes_of_shape(tensor: Node) -> int | None:
    """How many bytes a tensor takes by its shape and the type of its elements, None where that is not known."""
    size = _ELEMENT_BYTES.get(str(tensor.get("dtype").value))
    shape = tensor.get("shape").value
    if size is None or not isinstance(shape, list) or len(shape) > _DIMENSIONS:
        return None
    if not all(isinstance(length, int) and 0 <= length < 1 << 48 for length in shape):
        return None
    return math.prod(shape, start=size)


def _types(header: Node) -> Iterator[str]:
    for name, tensor in header.items():
        if name != "__metadata__" and isinstance(tensor.get("dtype").value, str):
            yield tensor.get("dtype").text()
