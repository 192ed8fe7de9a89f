"""TensorRT engines: the header of 8.6 and newer records the version, older ones a serialization number."""

from __future__ import annotations

from collections.abc import Iterator

from mlaudit.document.document import Document
from mlaudit.grammars.model_file.recorded import artifact, exact, ranged
from mlaudit.grammars.model_file.window import whole
from mlaudit.model.errors import Unreadable
from mlaudit.model.nouns import Statement
from mlaudit.parsers._registry import parser

MAGIC = b"ftrt"
HEADER = 28
_SERIALIZATION_AT, _VERSION_AT = 8, 24
# https://github.com/NVIDIA/TensorRT/issues/3073
_SERIALIZATIONS = {205: "8.2.1.8", 213: "8.4.3.1", 232: "8.5.3.1"}


def _is_engine(doc: Document) -> bool:
    return doc.head.startswith(MAGIC)


@parser(kind="artifact", files=["*.plan", "*.engine", "*.trt"], access="binary", content=_is_engine, starts=[MAGIC])
def read(doc: Document) -> Iterator[Statement]:
    """Bytes 24 to 27 are major, minor, patch and build (NVIDIA/TensorRT samples/trtexec, `--getPlanVersionOnly`)."""
    with doc.stream() as stream:
        header = whole(stream).upto(0, HEADER)
    if len(header) < HEADER or not header.startswith(MAGIC):
        raise Unreadable(f"it has {len(header)} bytes of a header that has {HEADER}, or not its mark")
    yield artifact(doc, "tensorrt.plan")
    number = int.from_bytes(header[_SERIALIZATION_AT : _SERIALIZATION_AT + 4], "little")
    if number in _SERIALIZATIONS:
        yield exact(doc, "tensorrt", _SERIALIZATIONS[number], "tensorrt.plan", detail=f"serialization {number}")
        return
    version = header[_VERSION_AT:HEADER]
    if 8 <= version[0] < 30:
        yield exact(doc, "tensorrt", ".".join(str(part) for part in version), "tensorrt.plan")
        return
    yield ranged(doc, "tensorrt", None, "tensorrt.plan")
    yield doc.unread("its header is that of an engine before 8.6, which records no version", package="tensorrt")
