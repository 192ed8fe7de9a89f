"""ONNX models: IR version and opsets imply a range of onnx releases, the producer records its own version."""

from __future__ import annotations

from collections.abc import Iterator

from mlaudit.document.document import Document
from mlaudit.grammars.model_file.formats import onnx_reader, onnx_writer
from mlaudit.grammars.model_file.messages import ONNX, message_format
from mlaudit.grammars.model_file.protobuf import Field, fields
from mlaudit.grammars.model_file.recorded import artifact, exact, ranged, version_text
from mlaudit.grammars.model_file.window import Window, whole
from mlaudit.model.errors import Unreadable
from mlaudit.model.lazy_dataclass import dataclass, field
from mlaudit.model.nouns import Statement
from mlaudit.parsers._registry import parser

OPSETS = 1000
PRODUCERS = {
    "pytorch": "torch",
    "skl2onnx": "skl2onnx",
    "tf2onnx": "tf2onnx",
    "keras2onnx": "keras2onnx",
    "onnxmltools": "onnxmltools",
    "paddlepaddle": "paddlepaddle",
    "onnx.quantize": "onnxruntime",
    "onnxruntime.quantization": "onnxruntime",
}
"""Producers that write the version of the package they are named after (each exporter's source)."""


@dataclass(slots=True)
class _Model:
    """Fields of onnx/onnx.proto's ModelProto."""

    ir: int = 0
    producer: str = ""
    producer_version: str = ""
    opsets: dict[str, int] = field(default_factory=dict)

    def take(self, member: Field) -> None:
        """Keep a field."""
        if member.number == 1:
            self.ir = member.value
        elif member.number == 2:
            self.producer = member.text[:200]
        elif member.number == 3:
            self.producer_version = member.text[:200]
        elif member.number == 8 and member.part is not None:
            domain, version = _opset(member.part)
            if len(self.opsets) < OPSETS:
                self.opsets[domain] = version


def _opset(message: Window) -> tuple[str, int]:
    domain, version = "", 0
    for member in fields(message):
        if member.number == 1:
            domain = member.text[:200]
        elif member.number == 2:
            version = member.value
    return domain or "ai.onnx", version


def _is_onnx(doc: Document) -> bool:
    return message_format(doc) == ONNX


@parser(kind="artifact", files=["*.onnx"], access="binary", content=_is_onnx, starts=[b"\x08"])
def read(doc: Document) -> Iterator[Statement]:
    """Everything but the graph, which is passed over."""
    model = _Model()
    with doc.stream() as stream:
        for member in fields(whole(stream)):
            model.take(member)
    if not model.ir and not model.opsets:
        raise Unreadable("it has neither an IR version nor an opset; an ONNX model has both")
    numbers = {"ir": model.ir, **dict(sorted(model.opsets.items()))}
    opset = model.opsets.get("ai.onnx", 0)
    says = (f"IR {model.ir}", f"opset {opset}", *_readers(model.ir, opset))
    yield artifact(doc, "onnx", says=says)
    specifier = onnx_writer(model.ir, opset)
    yield ranged(doc, "onnx", specifier, "onnx", detail=f"IR {model.ir}, opset {opset}", numbers=numbers)
    if "ai.onnx" not in model.opsets:
        yield doc.unread("it has no opset of the domain ai.onnx; it is cut, or of other operators only", package="onnx")
    if specifier is None:
        yield doc.unread(f"IR {model.ir} and opset {opset} are newer than the known releases of onnx", package="onnx")
    yield from _producer(doc, model)


def _readers(ir: int, opset: int) -> Iterator[str]:
    release = onnx_reader(ir, opset)
    if release:
        yield f"onnxruntime {release} and newer load it"


def _producer(doc: Document, model: _Model) -> Iterator[Statement]:
    package = PRODUCERS.get(model.producer.lower())
    if package is not None and version_text(model.producer_version):
        yield exact(doc, package, model.producer_version, "onnx", detail="the exporter")
    elif package is not None:
        yield ranged(doc, package, None, "onnx", detail="the exporter, without a version")
