"""TFLite models: the schema number, the smallest runtime that has every operator, and the converter's TensorFlow."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO

from mlaudit.document.document import Document
from mlaudit.grammars.model_file.flatbuffer import Table, root
from mlaudit.grammars.model_file.recorded import artifact, exact, ranged, version_text
from mlaudit.grammars.model_file.window import whole
from mlaudit.model.errors import Unreadable
from mlaudit.model.nouns import Statement
from mlaudit.parsers._registry import parser

MAGIC = b"TFL3"
_OPERATOR_CODES, _SUBGRAPHS, _BUFFERS, _METADATA = 1, 2, 4, 6


def _is_tflite(doc: Document) -> bool:
    return doc.head[4:8] == MAGIC


@parser(kind="artifact", files=["*.tflite", "*.lite"], access="binary", content=_is_tflite, marks=[MAGIC])
def read(doc: Document) -> Iterator[Statement]:
    """Model.version and Model.metadata (tensorflow/compiler/mlir/lite/schema/schema.fbs)."""
    with doc.stream() as stream:
        window = whole(stream)
        if window.upto(4, 4) != MAGIC:
            raise Unreadable("it does not have the mark of a TFLite model")
        model = root(window)
        schema = model.unsigned(0)
        metadata = dict(_metadata(model))
        problem = _problem_behind(model)
    runtime = metadata.get("min_runtime_version", b"").split(b"\0")[0].decode("ascii", "replace")
    numbers = {"schema": schema, **({"min_runtime": runtime} if version_text(runtime) else {})}
    says = (f"schema {schema}", *((f"runtime {runtime} at least",) if version_text(runtime) else ()))
    yield artifact(doc, "tflite", says=says)
    converter = _converter(metadata.get("CONVERSION_METADATA", b""))
    specifier = f">={runtime}" if version_text(runtime) else None
    if converter:
        yield exact(doc, "tensorflow", converter, "tflite", detail="the converter", numbers=numbers)
    else:
        yield ranged(doc, "tensorflow", specifier, "tflite", detail="by the operators used", numbers=numbers)
    if problem:
        yield doc.unread(problem)


def _problem_behind(model: Table) -> str | None:
    """Why operators, tensors or buffers of the model are not all there, None if they are."""
    try:
        for code in model.tables(_OPERATOR_CODES):
            code.data(1)
        for graph in model.tables(_SUBGRAPHS):
            for tensor in graph.tables(0):
                tensor.data(3)
            for operator in graph.tables(3):
                operator.numbers(1)
                operator.numbers(2)
        for buffer in model.tables(_BUFFERS):
            buffer.data(0)
    except Unreadable as error:
        return error.why
    return None


def _metadata(model: Table) -> Iterator[tuple[str, bytes]]:
    for entry in model.tables(_METADATA):
        name = entry.text(0)
        if name in ("min_runtime_version", "CONVERSION_METADATA"):
            yield name, model.item(_BUFFERS, entry.unsigned(1)).data(0)


def _converter(data: bytes) -> str:
    """TensorFlow's version by mlir/lite/schema/conversion_metadata.fbs; empty if there is none."""
    if not data:
        return ""
    try:
        environments = root(whole(BytesIO(data))).table(0)
        return version_text(environments.text(0)) or "" if environments else ""
    except Unreadable:
        return ""
