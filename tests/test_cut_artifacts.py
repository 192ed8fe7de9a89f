"""A file that is cut short is never read as a whole one, wherever its facts stand; which formats cannot tell is listed.

Files: those of the fixtures, and those of real libraries below `MLAUDIT_ARTIFACTS`, where that is present.
"""

from __future__ import annotations

import gzip
import os
import pickle
import struct
import zlib
from pathlib import Path

import pytest

from mlaudit.document.document import Document
from mlaudit.model.errors import Unreadable
from mlaudit.model.nouns import Reading
from mlaudit.parsers._read import read
from mlaudit.parsers._registry import parsers
from tests.artifact_bytes import onnx, reading, reasons, safetensors, torch_archive, ubj_model, versions, zipped
from tests.checkout import ROOT
from tests.image_bytes import config, dist, docker_legacy, docker_oci, saved, seen, tar
from tests.parser_cases import FIXTURES

SAMPLES = Path(os.environ.get("MLAUDIT_ARTIFACTS", ROOT.parent / "shared" / "artifact-samples"))
LARGEST = 3_000_000
TAIL = (1, 2, 8, 16, 22)

CANNOT_TELL = {
    "faiss-index": "the lists and graphs of an index that is not flat",
    "gguf": "the data of the last tensor, whose size follows from a table of types",
    "lightgbm-model": "behind the end of the parameters",
    "onnx": "a field of the message that is missing as a whole, where the opsets are there",
    "polars-plan": "behind the version of the plan",
    "tensorrt": "behind the header",
    "tf-savedmodel": "a meta graph that is missing as a whole",
    "tflite": "tables of the last operator, and padding",
    "torch-legacy": "raw storages behind their keys",
    "xgboost-model": "the old binary format behind its header",
}
"""Formats that state no length of their own, with what may be missing unnoticed."""
WITHOUT_END = frozenset({"mlmodel", "triton-config"})
"""Text formats whose every line may be the last."""
ALL_FACTS_LIE_BEFORE = {
    "faiss-index",
    "gguf",
    "lightgbm-model",
    "polars-plan",
    "tensorrt",
    "tflite",
    "torch-legacy",
    "tf-savedmodel",
}


def _files() -> dict[str, Path]:
    formats = {name for name, parser in parsers().items() if parser.artifact}
    fixtures = (path for name in formats for path in (FIXTURES / "parsers" / name).rglob("*"))
    named = {
        f"{path.parent.parent.name}/{path.parent.name}/{path.name}": path
        for path in fixtures
        if path.is_file() and path.name != "expected.json"
    }
    samples = {path.relative_to(SAMPLES).as_posix(): path for path in SAMPLES.rglob("*") if path.is_file()}
    return {name: path for name, path in sorted({**named, **samples}.items()) if path.stat().st_size < LARGEST}


FILES = _files()


def _said(found: Reading) -> tuple[object, ...]:
    return (found.format, tuple((pin.package, pin.version, pin.specifier) for pin in found.pins), reasons(found))


def _points(size: int) -> list[int]:
    parts = {size * part // 13 for part in range(1, 13)}
    return sorted({1, 2, 8, 64, *parts, *(size - tail for tail in TAIL)} & set(range(1, size)))


@pytest.mark.parametrize("name", FILES)
def test_a_cut_file_is_not_read_as_a_whole_one(name: str) -> None:
    data = FILES[name].read_bytes()
    whole = read(Document(FILES[name].name, data))
    if not parsers()[whole.format].artifact if whole.format in parsers() else True:
        pytest.skip("it is no model file")
    if whole.unread:
        return
    for size in _points(len(data)):
        found = read(Document(FILES[name].name, data[:size]), whole.format)
        blank = not data[size:].strip()
        assert found.unread or blank or whole.format in CANNOT_TELL.keys() | WITHOUT_END, size
        if not found.unread and not blank and whole.format in ALL_FACTS_LIE_BEFORE:
            assert _said(found) == _said(whole), size


ARRAY = b"{'descr': '<f8', 'fortran_order': False, 'shape': (3, 2), }\n"
CATBOOST = b'{"model_info":{"catboost_version_info":"1"},'
CUT = {
    "gguf inside nested lists": (
        b"GGUF" + struct.pack("<IQQQ", 3, 0, 1, 1) + b"k" + struct.pack("<I", 9) + struct.pack("<IQ", 9, 1) * 50_000,
        "model.gguf",
        "it is cut or corrupt",
    ),
    "gguf before its tensors": (
        b"GGUF" + struct.pack("<IQQQ", 3, 2, 1, 1) + b"k" + struct.pack("<II", 4, 7),
        "model.gguf",
        "it is cut or corrupt",
    ),
    "safetensors in its data": (
        safetensors(b'{"a":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}}', bytes(15)),
        "model.safetensors",
        "its tensors' data needs 16 bytes, of which 15 are there",
    ),
    "safetensors whose tensors overlap": (
        safetensors(b'{"a":{"data_offsets":[0,4]},"b":{"data_offsets":[2,6]}}', bytes(6)),
        "model.safetensors",
        "the data of the tensor `b` is stated to be at bytes 2 to 6; that before it ends at 4",
    ),
    "safetensors that end before they begin": (
        safetensors(b'{"a":{"data_offsets":[4,0]}}', bytes(4)),
        "model.safetensors",
        "the data of the tensor `a` is stated to be at bytes 4 to 0",
    ),
    "safetensors before the data": (
        safetensors(b'{"a":{"data_offsets":[-4,0]}}', bytes(4)),
        "model.safetensors",
        "where the data of the tensor `a` stands is not two numbers from 0 on",
    ),
    "safetensors of less than the data": (
        safetensors(b'{"a":{"data_offsets":[0,4]}}', bytes(6)),
        "model.safetensors",
        "2 bytes behind the last tensor belong to none",
    ),
    "tflite of its mark alone": (b"\0\0\0\0TFL3", "model.tflite", "a table's fields are claimed in 0 bytes"),
    "footer of a parquet file": (
        b"PAR1" + b"\x15\x02parquet-cpp-arrow version 14.0.2" + struct.pack("<I", 34) + b"PAR1",
        "t.parquet",
        "its footer of 34 bytes is not what a Parquet file has there",
    ),
    "npy in its data": (
        b"\x93NUMPY\x01\x00" + struct.pack("<H", len(ARRAY)) + ARRAY + bytes(47),
        "data.npy",
        "its array needs 48 bytes after the header",
    ),
    "ubj before its end": (ubj_model((2, 1, 3))[:-1], "model.ubj", "its last object does not end"),
    "zip": (torch_archive()[:-10], "model.pt", "cut"),
    "onnx": (onnx(opsets=())[:-3], "model.onnx", ""),
    "pickle": (pickle.dumps({"a": [1, 2, 3]})[:-2], "model.pkl", "it ends at byte"),
    "gzip of a pickle": (gzip.compress(pickle.dumps(list(range(500))))[:-9], "model.pkl.gz", "cut"),
    "gzip without its checksum": (gzip.compress(pickle.dumps([1]))[:-4], "model.pkl.gz", "cut"),
    "old binary of xgboost": (b"binf" + bytes(40), "model.bin", "its header needs 140 bytes, of which 44 are there"),
    "trees of lightgbm": (b"tree\nversion=v4\ntree_sizes=10\n\nTree=0\nnum_l", "model.txt", "its trees do not end"),
    "json of one text": (CATBOOST + b'"trees":"' + b'\\"' * 400_000 + b"}", "m.json", "end"),
    "json of quotation marks": (CATBOOST + b'"\\' * 400_000 + b"}", "m.json", "end"),
    "json of catboost": (b'{"model_info":{"catboost_version_info":"tags/v1.2.5"},"trees":[{}', "m.json", "end"),
}  # fmt: skip


@pytest.mark.parametrize("kind", CUT)
def test_a_cut_model_says_so(kind: str) -> None:
    data, name, why = CUT[kind]
    formats = {"model.txt": "lightgbm-model", "model.bin": "xgboost-model", "m.json": "catboost-model"}
    found = reading(data, name, formats.get(name))
    assert found.unread
    assert why in reasons(found)


def _damaged(data: bytes, part: bytes) -> bytes:
    """A zip archive with one bit of a stored member turned."""
    at = data.index(part)
    return data[:at] + bytes((data[at] ^ 1,)) + data[at + 1 :]


def test_a_wrong_checksum_of_a_torch_archive_is_told() -> None:
    sound = reading(torch_archive(), "model.pt")
    assert not sound.unread
    damaged = reading(_damaged(torch_archive(), b"2.4.0"), "model.pt")
    assert "the checksum of `m/data.pkl` is wrong" in reasons(damaged)
    assert versions(damaged)["pytorch-lightning"] == "3.4.0"
    crc = struct.pack("<I", zlib.crc32(pickle.dumps({"pytorch-lightning_version": "2.4.0"}, 2)))
    forged = torch_archive().replace(crc, b"\0\0\0\0")
    assert "the checksum of `m/data.pkl` is wrong" in reasons(reading(forged, "model.pt"))


def test_a_wrong_checksum_of_other_archives_is_told() -> None:
    header = b"{'descr': '<i4', 'fortran_order': False, 'shape': (2,), }".ljust(117) + b"\n"
    array = b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + b"\1\2\3\4\5\6\7\x08"
    for name, members, part in (
        ("data.npz", {"a.npy": array}, b"\1\2\3\4\5\6\7\x08"),
        ("model.keras", {"metadata.json": b'{"keras_version": "3.1.0"}', "config.json": b"{}"}, b"3.1.0"),
        ("model.skops", {"schema.json": b'{"_skops_version": "0.10", "protocol": 1}'}, b"0.10"),
    ):
        assert not reading(zipped(members), name).unread, name
        assert "is wrong" in reasons(reading(_damaged(zipped(members), part), name)), name


@pytest.mark.parametrize("name", ["image.tar", "image.tar.gz"])
@pytest.mark.parametrize("make", [docker_legacy, docker_oci])
def test_a_cut_image_is_not_read_as_a_whole_one(name: str, make: object, tmp_path: Path) -> None:
    layers = [tar(dist("numpy", "1.26.4")), gzip.compress(tar(dist("scipy", "1.11.4")))]
    files = make(layers, config())  # type: ignore[operator]
    path = saved(tmp_path, files, name)
    data = path.read_bytes()
    assert not seen(path).reasons
    for part in range(1, 13):
        path.write_bytes(data[: len(data) * part // 13])
        # Zeros at the end are padding.
        assert _seen_or_refused(path) or not data[len(data) * part // 13 :].strip(b"\0"), part


def _seen_or_refused(path: Path) -> list[str]:
    """Why something of an image is not read."""
    try:
        return seen(path).reasons
    except Unreadable as error:
        return [error.why]


def test_a_cut_layer_is_told(tmp_path: Path) -> None:
    inner = tar({**dist("numpy", "1.26.4"), "a": bytes(4000), **dist("scipy", "1.11.4")})
    packed = gzip.compress(inner)
    for layer in (inner[:3000], packed[: len(packed) // 2], packed[:-6]):
        found = seen(saved(tmp_path, docker_legacy([layer], config())))
        assert found.reasons, len(layer)
        assert not found.reading.complete
