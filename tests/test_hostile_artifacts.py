"""Hostile model files: every one ends within the budgets, in flat memory, as an Unread or the right answer."""

from __future__ import annotations

import bz2
import io
import json
import lzma
import os
import pickle
import struct
import tracemalloc
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlaudit.grammars.model_file import lz4_frame, pickle_walk, streams
from mlaudit.grammars.model_file.window import whole
from mlaudit.model.errors import Unreadable
from mlaudit.model.nouns import Reading
from mlaudit.parsers._read import read
from mlaudit.parsers._registry import parsers
from mlaudit.sources.working_tree import WorkingTree
from tests.artifact_bytes import (
    core_ml,
    field,
    gguf,
    onnx,
    reading,
    reasons,
    safetensors,
    saved_model,
    tensorrt,
    torch_archive,
    ubj_key,
    ubj_model,
    varint,
    versions,
    zipped,
)

MEMORY = 64 * 1024 * 1024
FORMATS = sorted(name for name, parser in parsers().items() if parser.artifact)


class Model:
    """Pickles as an estimator does."""

    def __init__(self, version: object = "1.5.2") -> None:
        self.version = version

    def __getstate__(self) -> dict[str, object]:
        return {"_sklearn_version": self.version}


class Evil:
    def __reduce__(self) -> tuple[Callable[[str], int], tuple[str]]:
        return os.system, ("echo run >&2",)


@pytest.fixture
def _flat_memory() -> Iterator[None]:
    """Fails a test that takes more memory than any file may cost."""
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    yield
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak - before < MEMORY + 16 * 1024 * 1024


def pickled(data: bytes) -> Reading:
    return reading(data, "model.pkl", "pickle")


def wrapped_array(shape: tuple[int, ...], code: str = "f8") -> bytes:
    """A joblib wrapper of an array, by hand, without the array."""
    big = b"(" + b"".join(b"J" + struct.pack("<i", length) for length in shape) + b"t"
    return (
        b"\x80\x04cjoblib.numpy_pickle\nNumpyArrayWrapper\n)\x81}(\x8c\x05shape"
        + big
        + b"\x8c\x05dtypecnumpy\ndtype\n\x8c"
        + bytes((len(code),))
        + code.encode()
        + b"\x89\x88\x87Rub"
    )


# Pickle and joblib: data, and a part of what is said about it

PICKLES: dict[str, tuple[Callable[[], bytes], str]] = {
    "text-past-the-end": (lambda: b"\x80\x04\x8d" + struct.pack("<Q", 2**62), "it ends at byte"),
    "bytes-past-the-end": (lambda: b"\x80\x04B\xff\xff\xff\xffN.", "it ends at byte"),
    "negative-long": (lambda: b"\x80\x04\x8b\xff\xff\xff\xffN.", "a negative length"),
    "no-stop": (lambda: b"\x80\x04" + b"N0" * 500_000, "before its end mark"),
    "marks": (lambda: b"\x80\x04" + b"(" * 3_000_000, "wait on the pickle's stack"),
    "nested-tuples": (lambda: b"\x80\x04N" + b"\x85" * 1_000_000, "before its end mark"),
    "memo": (lambda: b"\x80\x04}" + b"\x94" * 400_000 + b".", "memoizes more than"),
    "line-without-end": (lambda: b"\x80\x04cnumpy\n" + b"x" * 20_000_000, "in the middle of a line"),
    "long-name": (lambda: b"\x80\x04c" + b"x" * 5_000 + b"\nname\n.", "longer than any module's"),
    "garbage-behind": (lambda: pickle.dumps(Model()) + b"\0garbage", "there is more"),
    "version-of-a-megabyte": (
        lambda: pickle.dumps(Model("1." + "0" * 1_000_000)),
        "the recorded version of scikit-learn is not a version",
    ),
    "version-with-markup": (
        lambda: pickle.dumps(Model("1.0\x1b[2J\n::error::pwn")),
        "the recorded version of scikit-learn is not a version",
    ),
    "version-is-a-list": (
        lambda: pickle.dumps(Model(["1.0"])),
        "the recorded version of scikit-learn is not a version",
    ),
    "key-twice": (
        lambda: (
            b"\x80\x04csklearn.svm\nSVC\n)\x81}(\x8c\x10_sklearn_version\x8c\x031.0\x8c\x10_sklearn_version\x8c\x032.0ub."
        ),
        "appears twice",
    ),
    "memo-confusion": (lambda: b"\x80\x04\x8c\x02osq\x00\x94h\x00\x8c\x06system\x93.", "cannot be trusted"),
    "confusion-of-put": (lambda: b"\x80\x04\x8c\x02os\x94q\x00h\x00\x8c\x06system\x93.", "cannot be trusted"),
    "items-without-table": (lambda: b"\x80\x04cnumpy\nndarray\n0(u.", "values that are not there"),
    "array-of-no-shape": (lambda: wrapped_array((1,)).replace(b"(J\x01\0\0\0t", b"N"), "shape or dtype is computed"),
    "array-of-words": (lambda: wrapped_array((1,)).replace(b"J\x01\0\0\0", b"\x8c\x01a"), "not made of numbers"),
    "array-of-a-dtype": (lambda: wrapped_array((1,), "zz"), "not one that numpy writes"),
    "name-of-numbers": (lambda: b"\x80\x04cnumpy\nndarray\nK\x01K\x02\x93.", "computes a name"),
    "extension": (lambda: b"\x80\x04cnumpy\nndarray\n\x82\x01.", "extension registry"),
    "out-of-band": (lambda: b"\x80\x05cnumpy\nndarray\n\x97.", "kept outside"),
    "absurd-array": (lambda: wrapped_array((2**31 - 1, 2**31 - 1)), "absurd size"),
    "nested-arrays": (lambda: wrapped_array((1,), "O8") * 5_000, "pickles are nested"),
    "stack-underflow": (lambda: b"\x80\x04cnumpy\nndarray\nRRR.", "values that are not there"),
    "protocol-6": (lambda: b"\x80\x06N.", "pickle protocol 6"),
    "old-joblib": (lambda: b"ZF0x1234", "joblib before 0.10"),
    "empty": (lambda: b"", "it is empty"),
}


@pytest.mark.usefixtures("_flat_memory")
@pytest.mark.parametrize("name", PICKLES)
def test_a_hostile_pickle_is_told_as_such(name: str) -> None:
    make, why = PICKLES[name]
    assert why in reasons(pickled(make()))


def test_a_call_is_listed_and_never_made(capfd: pytest.CaptureFixture[str]) -> None:
    found = pickled(pickle.dumps([Model(), Evil()]))
    assert versions(found)["scikit-learn"] == "1.5.2"
    assert capfd.readouterr() == ("", "")


def test_a_frame_of_any_length_is_ignored() -> None:
    data = pickle.dumps(Model(), 4)
    assert versions(pickled(data[:3] + struct.pack("<Q", 2**60) + data[11:]))["scikit-learn"] == "1.5.2"


def test_a_far_memo_index_costs_nothing() -> None:
    assert pickled(b"\x80\x04cnumpy\nndarray\nr\xff\xff\xff\xffj\xff\xff\xff\xff0.").unread == ()


@pytest.mark.usefixtures("_flat_memory")
def test_a_line_of_megabytes_keeps_its_head_only() -> None:
    assert pickled(b"V" + b"x" * 20_000_000 + b"\n0cnumpy\nndarray\n.").unread == ()


def test_only_the_first_of_two_pickles_counts() -> None:
    found = pickled(pickle.dumps(Model("1.0.0")) + pickle.dumps(Model("2.0.0")))
    assert versions(found)["scikit-learn"] == "1.0.0"
    assert "there is another pickle" in reasons(found)


def test_many_opcodes_end_in_a_search_that_is_called_weak(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mlaudit.parsers.pickle.walk", lambda source: _walk(source, 20_000))
    found = pickled(b"\x80\x04csklearn.svm\nSVC\n0" + b"N0" * 50_000 + pickle.dumps(Model("1.3.2"))[2:])
    assert "seems to record 1.3.2; weak" in reasons(found)
    assert "scikit-learn" not in {pin.package for pin in found.pins if pin.version}


def _walk(source: object, operations: int) -> pickle_walk.PickleContents:
    from mlaudit.grammars.model_file.pickle_opcodes import walk
    from mlaudit.grammars.model_file.source import Source

    assert isinstance(source, Source)
    return walk(source, operations=operations)


BOMBS: dict[str, Callable[[bytes], bytes]] = {
    "zlib": lambda data: zlib.compress(data, 9),
    "gzip": lambda data: _gzip(data),
    "bz2": bz2.compress,
    "xz": lambda data: lzma.compress(data, preset=0),
    "lzma": lambda data: lzma.compress(data, format=lzma.FORMAT_ALONE, preset=0),
}


def _gzip(data: bytes) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    return packer.compress(data) + packer.flush()


@pytest.mark.usefixtures("_flat_memory")
@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_stops_at_the_ratio(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "BOUNDS", streams.BOUNDS._replace(ratio_from=4 * 1024 * 1024))
    size = 12 * 1024 * 1024
    data = BOMBS[name](b"\x80\x04cnumpy\nndarray\n\x8e" + struct.pack("<Q", 2**40) + b"\0" * size)
    assert "times its size" in reasons(pickled(data))


@pytest.mark.parametrize("name", BOMBS)
def test_a_cut_stream_is_told(name: str) -> None:
    data = BOMBS[name](pickle.dumps([os.urandom(5_000), Model()]))
    found = pickled(data[: len(data) // 2])
    assert f"its {name} stream" in reasons(found)
    assert "scikit-learn" not in versions(found)


@pytest.mark.parametrize("name", ["gzip", "bz2", "xz"])
def test_a_second_member_goes_on_where_the_first_ended(name: str) -> None:
    data = pickle.dumps([os.urandom(5_000), Model()])
    assert versions(pickled(BOMBS[name](data[:2_000]) + BOMBS[name](data[2_000:])))["scikit-learn"] == "1.5.2"


@pytest.mark.usefixtures("_flat_memory")
def test_an_lzma_header_cannot_ask_for_memory() -> None:
    data = bytearray(lzma.compress(pickle.dumps(Model()), format=lzma.FORMAT_ALONE, preset=0))
    data[1:5] = struct.pack("<I", 2**31)
    assert "cannot be read" in reasons(pickled(bytes(data)))


def test_zstd_is_told_and_not_taken_for_empty() -> None:
    assert pickled(b"\x28\xb5\x2f\xfd" + b"\0" * 20).unread


# Headers, JSON, protocol buffers, HDF5, XML

MARKED = b"\x89HDF\r\n\x1a\n"


def hdf5_loop() -> bytes:
    """A root header whose continuation is the header itself."""
    start = (
        MARKED
        + bytes((0, 0, 0, 0, 0, 8, 8, 0))
        + struct.pack("<HHI", 4, 16, 0)
        + struct.pack("<4Q", 0, 2**64 - 1, 4096, 2**64 - 1)
    )
    entry = struct.pack("<QQ", 0, 96) + b"\0" * 24
    header = struct.pack("<BBHII4x", 1, 0, 1, 1, 24) + struct.pack("<HHB3xQQ", 0x10, 16, 0, 112, 24)
    return (start + entry + header).ljust(4096, b"\0")


REFUSED: dict[str, tuple[str, Callable[[], bytes], str]] = {
    "safetensors-length": ("safetensors", lambda: b"\xff" * 8 + b'{"', "is claimed"),
    "safetensors-depth": (
        "safetensors",
        lambda: safetensors(b'{"a":' + b"[" * 80_000 + b"]" * 80_000 + b"}"),
        "nested",
    ),
    "safetensors-values": ("safetensors", lambda: safetensors(b'{"a":[' + b"[]," * 5_000_000 + b"0]}"), "more values"),
    "json-depth": ("hf-config", lambda: b'{"peft_type":' + b"[" * 900_000, "nested too deeply"),
    "tokenizer-cut": ("hf-tokenizer", lambda: b"[" * 1_000_000, "no JSON object"),
    "onnx-length": ("onnx", lambda: field(1, 8) + varint(7 << 3 | 2) + varint(2**40), "referred to"),
    "onnx-varint": ("onnx", lambda: b"\x08" + b"\xff" * 50, "corrupt"),
    "onnx-fields": ("onnx", lambda: onnx() + field(8, field(2, 1)) * 200_000, "more than"),
    "saved-model-empty": ("tf-savedmodel", lambda: field(1, 1), "no meta graph"),
    "gguf-keys": ("gguf", lambda: b"GGUF" + struct.pack("<IQQ", 3, 0, 2**60), "claims"),
    "gguf-list": (
        "gguf",
        lambda: b"GGUF" + struct.pack("<IQQQ", 3, 0, 1, 1) + b"k" + struct.pack("<IIQ", 9, 8, 2**62),
        "is claimed",
    ),
    "gguf-text": ("gguf", lambda: b"GGUF" + struct.pack("<IQQQ", 3, 0, 1, 2**63), "referred to"),
    "gguf-kind-of-list": (
        "gguf",
        lambda: gguf_of(struct.pack("<IIQ", 9, 77, 1)),
        "a list in it is of an unknown type",
    ),
    "gguf-tensors": ("gguf", lambda: b"GGUF" + struct.pack("<IQQ", 3, 2**40, 0), "are looked at"),
    "gguf-numbers": ("gguf", lambda: gguf_of(struct.pack("<IIQ", 9, 4, 2) + b"\0" * 7), "referred to"),
    "gguf-lists": (
        "gguf",
        lambda: gguf_of(struct.pack("<IIQ", 9, 9, 200_000) + struct.pack("<IQ", 9, 0) * 20_000),
        "lists inside lists",
    ),
    "hdf5-version": ("keras-h5", lambda: MARKED + b"\x09" * 100, "superblock is of version 9; 0 to 3 are known"),
    "hdf5-sizes": ("keras-h5", lambda: MARKED + bytes((2, 3, 3, 0)) + b"\0" * 100, "superblock is corrupt"),
    "hdf5-header": (
        "keras-h5",
        lambda: hdf5_loop()[:96] + b"\x07" + hdf5_loop()[97:],
        "the root group's header is of an unknown version",
    ),
    "ubjson-negative": (
        "xgboost-model",
        lambda: b"{" + ubj_key(b"learner") + b"[#i\xff",
        "a length in it is negative",
    ),
    "parquet-footer": (
        "parquet",
        lambda: b"PAR1" + struct.pack("<I", 9_999) + b"PAR1",
        "its footer states a length of 9999 bytes, more than the file has",
    ),
    "hdf5-loop": ("keras-h5", hdf5_loop, "refers to itself"),
    "hdf5-cut": ("keras-h5", lambda: MARKED, "referred to"),
    "flatbuffer-table": ("tflite", lambda: struct.pack("<I4sIi", 12, b"TFL3", 0, -(2**31)), "referred to"),
    "catboost-table": ("catboost-model", lambda: b"CBM1" + struct.pack("<IIi", 8, 4, -(2**31)), "referred to"),
    "ubjson-depth": ("xgboost-model", lambda: b"{" + ubj_key(b"learner") + b"[" * 200_000, "nested more than"),
    "ubjson-count": (
        "xgboost-model",
        lambda: b"{" + ubj_key(b"learner") + b"[$d#L" + struct.pack(">q", 2**60),
        "referred to",
    ),
    "ubjson-endless": ("xgboost-model", lambda: b"{" + ubj_key(b"learner") + b"[$Z", "states a type and no length"),
    "ubjson-nothings": (
        "xgboost-model",
        lambda: b"{" + ubj_key(b"learner") + b"[$[#L" + struct.pack(">q", 2**60) + b"#i\0" * 10,
        "referred to",
    ),
    "xml-entities": (
        "openvino",
        lambda: b'<!DOCTYPE net [<!ENTITY a "ha">]><net name="n" version="11"><layers>&a;</layers></net>',
        "document type",
    ),
    "xml-external": (
        "openvino",
        lambda: b'<!DOCTYPE net SYSTEM "file:///etc/passwd"><net name="n" version="11"><layers/></net>',
        "document type",
    ),
    "xml-attribute": (
        "openvino",
        lambda: b'<net name="n" version="11"><layers a="' + b"x" * 4_000_000 + b'"/></net>',
        "has more than",
    ),
    "xml-depth": ("openvino", lambda: b'<net name="n" version="11"><layers>' + b"<a>" * 100_000, "nested more than"),
    "faiss-dimensions": (
        "faiss-index",
        lambda: b"IxF2" + struct.pack("<Iqqq?I", 2**32 - 1, 2**62, 1 << 20, 1 << 20, True, 1),
        "of which 37 are there",
    ),
    "faiss-short": ("faiss-index", lambda: b"IxF2" + struct.pack("<Iqqq", 4, 2, 1 << 20, 1 << 20), "referred to"),
    "sentencepiece-length": (
        "sentencepiece-model",
        lambda: b"\x0a\x08\x0a\x01a\x15\0\0\0\0" * 3 + b"\x0a\xff\xff\xff\xff\x0f",
        "in the middle of a piece",
    ),
    "sentencepiece-varint": (
        "sentencepiece-model",
        lambda: b"\x0a\x08\x0a\x01a\x15\0\0\0\0" * 3 + b"\x0a" + b"\xff" * 40,
        "in the middle of a piece",
    ),
    "sktime-elsewhere": ("sktime-zip", lambda: zipped({"_obj": b"N."}, zipfile.ZIP_STORED), "which sktime writes"),
    "chroma-pages": (
        "chroma-sqlite",
        lambda: (
            b"SQLite format 3\0" + struct.pack(">H10xI", 1, 2**31) + b"embeddings_queue embedding_metadata migrations"
        ),
        "its pages need",
    ),
    "tensorrt-short": ("tensorrt", lambda: b"ftrt\0\0", "of a header that has 28"),
    "npy-header": ("numpy-array", lambda: b"\x93NUMPY\x02\x00" + struct.pack("<I", 2**31), "at most"),
    "legacy-cut": ("torch-legacy", lambda: b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.", "it ends at byte"),
}


def gguf_of(value: bytes) -> bytes:
    """A file of one key."""
    return b"GGUF" + struct.pack("<IQQQ", 3, 0, 1, 1) + b"k" + value


LZ4 = b"\x04\x22\x4d\x18"
LZ4_CUT = "its lz4 stream is cut or corrupt"


@pytest.mark.parametrize(
    ("frame", "why"),
    [
        (b"\x20\x40", "its lz4 frame is of an unknown version or needs a dictionary"),
        (b"\x41\x40", "its lz4 frame is of an unknown version or needs a dictionary"),
        (b"\x40\x00", LZ4_CUT),
        (b"\x40\x40\0" + struct.pack("<I", 70_000), LZ4_CUT),
        (b"\x40\x40\0" + struct.pack("<I", 1) + b"\xf0", LZ4_CUT),
        (b"\x40\x40\0" + struct.pack("<I", 2) + b"\x50a", LZ4_CUT),
        (b"\x40\x40\0" + struct.pack("<I", 4) + b"\x10a\x05\0", LZ4_CUT),
        (b"\x40\x40\0" + struct.pack("<I", 4) + b"\x10a\0\0", LZ4_CUT),
    ],
    ids=["version", "dictionary", "size", "long-block", "no-length", "no-literals", "far-copy", "copy-of-itself"],
)
def test_a_broken_lz4_frame_is_told(frame: bytes, why: str) -> None:
    with pytest.raises(Unreadable, match=f"^{why}$"):
        list(lz4_frame.blocks(whole(io.BytesIO(LZ4 + frame + b"\0" * 4))))


def test_blocks_of_an_lz4_frame_may_look_back_or_not() -> None:
    first, second = struct.pack("<I", 2**31 | 4) + b"abcd", struct.pack("<I", 4) + b"\x00\x04\0\0"
    end = b"\0" * 4
    linked = whole(io.BytesIO(LZ4 + b"\x40\x40\0" + first + second[:4] + b"\x10e\x04\0" + end))
    assert list(lz4_frame.blocks(linked)) == [b"abcd", b"ebcde"]
    alone = whole(io.BytesIO(LZ4 + b"\x60\x40\0" + first + second + end))
    with pytest.raises(Unreadable, match=LZ4_CUT):
        list(lz4_frame.blocks(alone))


def test_sizes_of_64_bits_are_those_of_the_archive(monkeypatch: pytest.MonkeyPatch) -> None:
    plain = reading(torch_archive(), "m.pt")
    monkeypatch.setattr(zipfile, "ZIP64_LIMIT", 1)
    wide = torch_archive()
    assert b"\xff\xff\xff\xff" in wide
    assert versions(reading(wide, "m.pt")) == versions(plain) == {"pytorch-lightning": "2.4.0", "torch": None}


@pytest.mark.usefixtures("_flat_memory")
@pytest.mark.parametrize("name", REFUSED)
def test_a_hostile_header_is_told_as_such(name: str) -> None:
    format_name, make, why = REFUSED[name]
    assert why in reasons(reading(make(), "model.bin", format_name))


def test_of_a_repeated_key_the_last_counts_as_for_every_reader() -> None:
    data = b'{"learner":{},"version":[1,0,0],"version":[2,1,4]}'
    assert versions(reading(data, "m.json")) == {"xgboost": "2.1.4"}


def test_a_number_of_millions_of_digits_is_no_json() -> None:
    found = reading(b'{"spacy_version": ' + b"9" * 100_000 + b"}", "meta.json")
    assert found.unread


# Files


def test_pipes_devices_and_links_to_them_are_not_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "m.pkl")
    (tmp_path / "zero.pkl").symlink_to("/dev/zero")
    for name in ("m.pkl", "zero.pkl"):
        assert "not a regular file" in reasons(read(WorkingTree(tmp_path).document(tmp_path / name), "pickle"))


@pytest.mark.usefixtures("_flat_memory")
def test_a_sparse_terabyte_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "m.pkl"
    with path.open("wb") as out:
        out.write(b"\x80\x04csklearn.svm\nSVC\n\x8e" + struct.pack("<Q", 2**40))
        out.seek(2**40, os.SEEK_CUR)
        out.write(b"0.")
    found = read(WorkingTree(tmp_path).document(path))
    assert found.unread == ()
    assert "scikit-learn" in versions(found)


@pytest.mark.parametrize("format_name", FORMATS)
def test_an_empty_file_is_told(format_name: str) -> None:
    assert reading(b"", "model", format_name).unread


# Anything else


@pytest.mark.parametrize("format_name", FORMATS)
@given(data=st.binary(max_size=600))
@settings(deadline=None, max_examples=60)
def test_any_bytes_end_as_a_reading(format_name: str, data: bytes) -> None:
    found = reading(data, "model", format_name)
    assert found.pins or found.unread


SAMPLES: dict[str, bytes] = {
    "onnx": onnx(producer="pytorch", version="2.4.0"),
    "tf-savedmodel": saved_model("2.16.1"),
    "coreml": core_ml(
        {"com.github.apple.coremltools.version": "8.1", "com.github.apple.coremltools.source": "torch==2.4.1"}
    ),
    "gguf": gguf({"general.architecture": "llama", "general.file_type": 15}),
    "tensorrt": tensorrt((10, 3, 0, 26)),
    "safetensors": safetensors(json.dumps({"__metadata__": {"format": "pt"}}).encode()),
    "xgboost-model": ubj_model((3, 0, 2)),
    "lightgbm-model": b"tree\nversion=v4\nnum_class=1\nend of trees\n",
    "torch-zip": torch_archive(),
    "skops": zipped({"schema.json": b'{"_skops_version": "0.10.0", "protocol": 2}'}, zipfile.ZIP_DEFLATED),
    "pickle": pickle.dumps({"model": [Model(), b"x" * 300, "y" * 300]}, 4),
    "faiss-index": b"IxF2" + struct.pack("<Iqqq?IQ", 1, 2, 1 << 20, 1 << 20, True, 1, 2) + bytes(8),
    "sentencepiece-model": b"\x0a\x08\x0a\x01a\x15\0\0\0\0" * 4 + b"\x12\x02\x18\x02",
    "sktime-zip": zipped({"_metadata": pickle.dumps(Model), "_obj": pickle.dumps(Model())}, zipfile.ZIP_DEFLATED),
    "openvino": b'<net name="m" version="11"><layers/><rt_info><Runtime_version value="2024.3.0-1"/></rt_info></net>',
}


@pytest.mark.parametrize("format_name", SAMPLES)
def test_the_samples_themselves_are_understood(format_name: str) -> None:
    found = reading(SAMPLES[format_name])
    assert found.format == format_name
    assert not found.unread


@pytest.mark.parametrize("format_name", SAMPLES)
@given(data=st.data())
@settings(deadline=None, max_examples=100)
def test_damaged_samples_end_as_a_reading(format_name: str, data: st.DataObject) -> None:
    damaged = bytearray(SAMPLES[format_name])
    for _ in range(data.draw(st.integers(1, 5))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(damaged)))
    for document in (bytes(damaged), bytes(damaged[:cut])):
        for found in (reading(document, "model", format_name), reading(document)):
            assert found.pins or found.unread
