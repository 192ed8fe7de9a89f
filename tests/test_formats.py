"""The tables of formats: every row has its evidence, every range can be read, and no package disagrees with itself."""

from __future__ import annotations

import pytest

from mlaudit.document.node import Node
from mlaudit.grammars.model_file.formats import formats, onnx_reader, onnx_writer
from mlaudit.knowledge.kinds import artifact_kinds
from mlaudit.knowledge.schema import evidence, parse
from mlaudit.model.versions import specifiers

ROOT = parse("formats.toml")
TABLES = [(name, table) for name, table in ROOT.items() if name != "module"]
MODULES = list(ROOT.get("module").each())


@pytest.mark.parametrize("row", [*MODULES, *(table for _, table in TABLES)], ids=lambda row: str(row.route))
def test_every_row_has_a_source_and_a_day(row: Node) -> None:
    assert all(one.source and one.checked for one in evidence(row))


@pytest.mark.parametrize("row", MODULES, ids=lambda row: str(row.route))
def test_every_range_is_one(row: Node) -> None:
    specifier = row.get("specifier").maybe_text()
    assert specifier is None or specifiers(specifier) is not None
    assert row.get("kind").text() in artifact_kinds()


@pytest.mark.parametrize("name", ["protocol", "code", "resume", "lightgbm", "safetensors"])
def test_every_number_maps_to_a_range(name: str) -> None:
    assert formats().table(name)
    assert all(specifiers(specifier) is not None for specifier in formats().table(name).values())


@pytest.mark.parametrize(
    ("ir", "opset", "writer", "reader"),
    [(8, 17, ">=1.12.0", "1.12"), (10, 20, ">=1.16.0", "1.18"), (3, 9, ">=1.4.1", "1.5"), (99, 99, None, None)],
)
def test_onnx_numbers_tell_who_wrote_and_who_reads(ir: int, opset: int, writer: str | None, reader: str | None) -> None:
    assert onnx_writer(ir, opset) == writer
    assert onnx_reader(ir, opset) == reader
