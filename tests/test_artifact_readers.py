"""Artifacts are asked of every package that loads them, and what the file shows decides which rows count."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mlaudit import door
from mlaudit.model.report import Finding
from tests.artifact_bytes import onnx, reading
from tests.parser_cases import FIXTURES

# `dill.dumps` of a function stores its code as a call with the arguments of the constructor; dill 0.3.6 and newer put
# the line numbers in front of them.
_OLD = b"\x80\x04cdill._dill\n_create_code\n(%s%stR." % (b"K\x01" * 6, b"C\x02|\x00" + b"N" * 9)


def compared(folder: Path, model: Path, requirements: str) -> tuple[Finding, ...]:
    serving = folder / "serving.txt"
    serving.write_text(requirements, encoding="utf-8")
    return door.compare(f"model={model}", f"serving={serving}").findings


def said(found: tuple[Finding, ...], severity: str) -> list[str]:
    return [one.message for one in found if one.severity.value == severity]


@pytest.mark.parametrize("beside", ["", "onnx==1.23.2\n"], ids=["alone", "beside onnx"])
def test_a_graph_is_asked_of_the_runtime_also_beside_onnx(tmp_path: Path, beside: str) -> None:
    model = tmp_path / "m.onnx"
    model.write_bytes(onnx(ir=10, opsets=[("", 21)]))
    errors = said(compared(tmp_path, model, f"onnxruntime==1.16.3\n{beside}"), "error")
    assert any("IR version 10" in text for text in errors)


@pytest.mark.parametrize("exporter", ["skl2onnx", "pytorch"])
def test_what_exported_a_graph_is_not_needed_where_it_runs(tmp_path: Path, exporter: str) -> None:
    model = tmp_path / "m.onnx"
    model.write_bytes(onnx(ir=8, opsets=[("", 17)], producer=exporter, version="1.17.0"))
    serving = tmp_path / "serving.txt"
    serving.write_text("# pip freeze\nonnxruntime==1.20.0\nnumpy==2.1.3\n", encoding="utf-8")
    found = door.compare(f"model={model}", f"serving={serving}#format=pip-freeze").findings
    assert not [one.message for one in found if one.code == "MLA401"]


def config(folder: Path, **values: object) -> Path:
    path = folder / "config.json"
    path.write_text(json.dumps({"architectures": ["LlamaForCausalLM"], **values}), encoding="utf-8")
    return path


def test_rope_parameters_are_an_error_only_where_the_file_has_them(tmp_path: Path) -> None:
    shown = config(tmp_path, transformers_version="5.2.0", rope_parameters={"rope_theta": 500000.0})
    assert any("rope_theta" in text for text in said(compared(tmp_path, shown, "transformers==4.57.6\n"), "error"))
    plain = config(tmp_path, transformers_version="5.2.0")
    assert not said(compared(tmp_path, plain, "transformers==4.57.6\n"), "error")


@pytest.mark.parametrize(("dtype", "is_error"), [("float32", False), ("bfloat16", True)])
def test_a_dtype_is_an_error_only_where_it_is_kept_otherwise(tmp_path: Path, dtype: str, *, is_error: bool) -> None:
    shown = config(tmp_path, transformers_version="4.57.1", dtype=dtype)
    assert bool(said(compared(tmp_path, shown, "transformers==5.2.0\n"), "error")) is is_error


def test_a_model_that_is_not_whisper_has_no_error_about_whisper(tmp_path: Path) -> None:
    shown = config(tmp_path, transformers_version="4.54.1")
    assert not said(compared(tmp_path, shown, "transformers==4.42.4\n"), "error")
    lists = [tmp_path / "train.txt", tmp_path / "serve.txt"]
    for path, version in zip(lists, ("4.54.1", "4.42.4"), strict=True):
        path.write_text(f"transformers=={version}\n", encoding="utf-8")
    found = door.compare(f"training={lists[0]}", f"serving={lists[1]}").findings
    assert not said(found, "error")
    assert any("Whisper" in " ".join((one.message, *one.details)) for one in found)


def test_the_code_of_a_new_dill_is_counted_without_its_line_numbers() -> None:
    new = _OLD.replace(b"(K\x01", b"(C\x00K\x01", 1)
    assert [
        pin.specifier for data in (_OLD, new) for pin in reading(data, "m.dill").pins if pin.package == "python"
    ] == [
        ">=3.8,<3.11",
        ">=3.10,<3.11",
    ]
    assert [pin.specifier for pin in reading(new, "m.dill").pins if pin.package == "dill"] == [">=0.3.6"]


def test_a_polars_frame_whose_state_is_bytes_is_of_1_21_or_newer() -> None:
    frame = b"\x80\x04cpolars.dataframe.frame\nDataFrame\n)\x81%sb."
    new, old = frame % b"C\x04abcd", frame % b"]"
    assert {pin.specifier for pin in reading(new, "f.pkl").pins if pin.package == "polars"} == {">=1.21"}
    assert {pin.specifier for pin in reading(old, "f.pkl").pins if pin.package == "polars"} == {"<1.21"}


@pytest.mark.parametrize(
    ("module", "name", "package", "specifier"),
    [
        ("pandas", "DataFrame", "pandas", ">=3"),
        ("pandas.arrays", "ArrowStringArray", "pandas", ">=3"),
        ("pandas.core.frame", "DataFrame", "pandas", "<3"),
        ("pandas._libs.internals", "_unpickle_block", "pandas", ">=1.4"),
        ("pandas.core.internals.managers", "BlockManager", "pandas", None),
        ("scipy.sparse._csr", "csr_matrix", "scipy", ">=1.8"),
        ("scipy.sparse.csr", "csr_matrix", "scipy", "<1.8"),
        ("sklearn.metrics._dist_metrics", "EuclideanDistance", "scikit-learn", ">=1.0,<1.3"),
        ("sklearn.metrics._dist_metrics", "EuclideanDistance64", "scikit-learn", ">=1.3"),
    ],
)
def test_a_name_that_came_or_went_shows_the_writer(module: str, name: str, package: str, specifier: str | None) -> None:
    pickled = f"\x80\x04c{module}\n{name}\n.".encode("latin-1")
    assert {pin.specifier for pin in reading(pickled, "f.pkl").pins if pin.package == package} == {specifier}


def test_bounds_that_another_implies_are_left_out() -> None:
    pickled = b"\x80\x04cpandas._libs.internals\n_unpickle_block\ncpandas\nDataFrame\n\x86."
    assert {pin.specifier for pin in reading(pickled, "f.pkl").pins if pin.package == "pandas"} == {">=3"}


def test_the_code_of_a_function_that_numba_pickled_shows_the_python() -> None:
    name, code = b"numba.core.serialize\n_unpickle__CustomPickled\n", _OLD
    inside = b"B" + len(code).to_bytes(4, "little") + code
    umap = b"\x80\x04cnumba.core.serialize\ncustom_rebuild\nc" + name + inside + b"\x86R."
    assert [pin.specifier for pin in reading(umap, "u.pkl").pins if pin.package == "python"] == [">=3.8,<3.11"]
    alone = b"\x80\x04cnumba.core.serialize\ncustom_rebuild\n" + inside + b"\x85R."
    assert not [pin for pin in reading(alone, "u.pkl").pins if pin.package == "python"]


@pytest.mark.parametrize(
    ("tensor", "there", "why"),
    [
        ('{"dtype":"F32","shape":[2,2],"data_offsets":[0,16]}', 16, None),
        ('{"dtype":"BF16","shape":[],"data_offsets":[0,2]}', 2, None),
        ('{"dtype":"F4","shape":[3],"data_offsets":[0,2]}', 2, None),
        ('{"dtype":"F32","shape":[2,2],"data_offsets":[0,32]}', 32, "takes 16 bytes by its shape and type"),
        ('{"dtype":"I64","shape":[0,7],"data_offsets":[0,8]}', 8, "takes 0 bytes by its shape and type"),
    ],
)
def test_a_tensor_takes_what_its_shape_and_type_say(tensor: str, there: int, why: str | None) -> None:
    header = f'{{"w":{tensor}}}'.encode()
    found = reading(len(header).to_bytes(8, "little") + header + bytes(there), "w.safetensors").unread
    assert [entry.why for entry in found if why is None or why not in entry.why] == []
    assert len(found) == (why is not None)


def test_a_header_that_is_cut_is_said_to_be() -> None:
    (entry,) = reading(b"\x58" + bytes(7) + b'{"w":', "w.safetensors").unread
    assert entry.why == "it is cut: its header needs 88 bytes, of which 5 are there"


def test_what_joblib_compressed_by_lz4_needs_lz4() -> None:
    data = b"\x80\x04cnumpy\nndarray\n."
    frame = b"\x04\x22\x4d\x18\x60\x40\x82" + (len(data) | 1 << 31).to_bytes(4, "little") + data + bytes(4)
    assert "lz4" in {pin.package for pin in reading(frame, "m.joblib").pins}


def test_a_generation_config_says_nothing_of_the_architecture(tmp_path: Path) -> None:
    path = tmp_path / "generation_config.json"
    path.write_text('{"_from_model_config": true, "transformers_version": "5.2.0"}', encoding="utf-8")
    found = compared(tmp_path, path, "transformers==4.40.2\n")
    assert not said(found, "error")
    assert not any("Whisper" in one.message or "chat_template" in one.message for one in found)


@pytest.mark.parametrize(
    ("kind", "theta", "is_error"),
    [("qwen2", 10000.0, False), ("qwen2", 1000000.0, True), ("mixtral", 1000000.0, False), ("unheard", 10000.0, True)],
)
def test_a_rope_theta_that_is_the_default_of_the_reader_is_no_error(
    tmp_path: Path, kind: str, theta: float, *, is_error: bool
) -> None:
    rope = {"rope_theta": theta, "rope_type": "default"}
    shown = config(tmp_path, transformers_version="5.2.0", model_type=kind, rope_parameters=rope)
    assert (
        any("rope" in text for text in said(compared(tmp_path, shown, "transformers==4.57.6\n"), "error")) is is_error
    )


@pytest.mark.parametrize(
    ("kind", "reader", "is_error"),
    [
        ("qwen3", "transformers==4.40.2\n", True),
        ("qwen3", "transformers==4.51.3\n", False),
        ("qwen3", "transformers==4.40.2\nvllm==0.8.5\n", False),
        ("transfo-xl", "transformers==5.2.0\n", True),
        ("transfo-xl", "transformers==4.57.6\n", False),
        ("unheard", "transformers==4.40.2\n", False),
    ],
)
def test_a_type_of_models_that_the_reader_does_not_know_is_an_error(
    tmp_path: Path, kind: str, reader: str, *, is_error: bool
) -> None:
    shown = config(tmp_path, model_type=kind)
    assert (
        any(f"is of model type {kind}" in text for text in said(compared(tmp_path, shown, reader), "error")) is is_error
    )
    remote = config(tmp_path, model_type=kind, auto_map={"AutoConfig": "configuration.Own"})
    assert not any("model type" in text for text in said(compared(tmp_path, remote, reader), "error"))


@pytest.mark.parametrize(
    ("beside", "warns"),
    [
        ({}, True),
        ({"model.safetensors": ""}, False),
        ({"tokenizer_config.json": '{"tokenizer_class": "GPT2Tokenizer"}', "model.safetensors": ""}, True),
        ({"tokenizer_config.json": '{"tokenizer_class": "PreTrainedTokenizerFast"}'}, False),
        ({"tokenizer_config.json": '{"tokenizer_class": "BertTokenizer"}'}, False),
    ],
    ids=["alone", "weights", "GPT2", "fast", "BERT"],
)
def test_a_tokenizer_that_is_not_there_is_not_encoded_otherwise(
    tmp_path: Path, beside: dict[str, str], *, warns: bool
) -> None:
    for name, text in beside.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    shown = config(tmp_path, transformers_version="4.57.6", model_type="bert")
    found = said(compared(tmp_path, shown, "transformers==5.2.0\n"), "warning")
    assert any("token ids" in text for text in found) is warns


def test_a_chat_template_is_lost_only_where_there_is_one(tmp_path: Path) -> None:
    (tmp_path / "tokenizer.json").write_text("{}", encoding="utf-8")
    shown = config(tmp_path, transformers_version="4.57.6", model_type="llama")
    assert not any("chat_template" in one.message for one in compared(tmp_path, shown, "transformers==4.40.2\n"))
    assert any(
        "no chat template beside it" in one.message for one in compared(tmp_path, shown, "transformers==4.40.2\n")
    )
    (tmp_path / "chat_template.jinja").write_text("", encoding="utf-8")
    assert any("chat_template" in one.message for one in compared(tmp_path, shown, "transformers==4.40.2\n"))


def test_an_old_binary_model_records_a_series_of_releases(tmp_path: Path) -> None:
    model = tmp_path / "m.bin"
    model.write_bytes(b"binf" + bytes(20) + (1).to_bytes(4, "little") + (4).to_bytes(4, "little") + bytes(200))
    errors = said(compared(tmp_path, model, "xgboost==3.2.0\n"), "error")
    assert any("removed in 3.1" in text for text in errors)
    assert not [one.message for one in compared(tmp_path, model, "xgboost==2.1.4\n") if ".ubj" in one.message]
    named = model.rename(tmp_path / "m.ubj")
    (warning,) = said(compared(tmp_path, named, "xgboost==2.1.4\n"), "warning")
    assert "2.1.4 refuses under that name" in warning


_ARRAY = b"\x80\x04cnumpy._core.multiarray\n_reconstruct\n%s."


@pytest.mark.parametrize(
    ("inside", "warns"),
    [(b"cnumpy\nndarray\n\x86", False), (b"cnumpy.rec\nrecarray\n\x86", True)],
    ids=["plain", "rec"],
)
def test_the_shim_of_numpy_reads_plain_arrays(tmp_path: Path, inside: bytes, *, warns: bool) -> None:
    model = tmp_path / "m.pkl"
    model.write_bytes(_ARRAY % inside)
    found = compared(tmp_path, model, "numpy==1.26.4\n")
    assert bool([one for one in found if one.code == "MLA401" and one.severity.value == "warning"]) is warns


def test_a_frame_that_read_pickle_reads_is_no_error(tmp_path: Path) -> None:
    model = tmp_path / "f.pkl"
    index = b"cpandas.core.indexes.numeric\nInt64Index\n)\x81"
    model.write_bytes(b"\x80\x04cpandas.core.frame\nDataFrame\n)\x81" + index + b"b.")
    found = compared(tmp_path, model, "pandas==2.2.3\n")
    assert not said(found, "error")
    assert any("may not be read" in text and "read_pickle" in text for text in said(found, "warning"))
    held = tmp_path / "m.pkl"
    held.write_bytes(b"\x80\x04cstatsmodels.base.model\nResults\n)\x81" + index + b"b.")
    assert any("indexes.numeric" in text for text in said(compared(tmp_path, held, "pandas==2.2.3\n"), "error"))


@pytest.mark.parametrize(
    ("name", "head"),
    [
        ("m.pkl", b"\n<!DOCTYPE html><html>"),
        ("m.h5", b"<html lang='en'>"),
        ("m.onnx", b'<?xml version="1.0"?>\n<Error>'),
    ],
)
def test_a_page_instead_of_a_model_is_said_to_be_one(name: str, head: bytes) -> None:
    (entry,) = reading(head + b" 403 ", name).unread
    assert "a page that a server answered" in entry.why


def test_what_a_pickle_runs_is_said() -> None:
    found = reading(b"\x80\x04cposix\nsystem\n\x8c\x02id\x85R.", "m.pkl")
    assert any("loading it runs posix.system" in fact.value for fact in found.facts)


def test_a_part_of_a_checkpoint_that_is_missing_is_said_to_be(tmp_path: Path) -> None:
    shown = config(tmp_path, transformers_version="4.57.6", model_type="llama")
    parts = [tmp_path / f"model-0000{number}-of-00002.safetensors" for number in (1, 2)]
    parts[0].write_bytes(b"\x02" + bytes(7) + b"{}")
    assert any("only 1 of the 2 parts" in one.message for one in compared(tmp_path, shown, "transformers==4.57.6\n"))
    parts[1].write_bytes(b"\x02" + bytes(7) + b"{}")
    assert not any("parts" in one.message for one in compared(tmp_path, shown, "transformers==4.57.6\n"))


def test_what_a_model_is_quantized_by_is_needed(tmp_path: Path) -> None:
    shown = config(tmp_path, transformers_version="4.57.6", quantization_config={"quant_method": "bitsandbytes"})
    serving = tmp_path / "serving.txt"
    serving.write_text("transformers==4.57.6\n", encoding="utf-8")
    found = door.compare(f"model={shown}", f"serving={serving}#format=pip-freeze").findings
    assert any("needs bitsandbytes" in one.message for one in found)


def test_an_hdf5_file_named_keras_is_not_read_by_keras_3(tmp_path: Path) -> None:
    model = FIXTURES / "parsers" / "keras-h5" / "named-keras" / "model.keras"
    assert any("as a zip archive" in text for text in said(compared(tmp_path, model, "keras==3.15.1\n"), "error"))
    assert not said(compared(tmp_path, model, "keras==2.15.0\n"), "error")


def test_tensorflow_has_a_keras_inside(tmp_path: Path) -> None:
    model = FIXTURES / "parsers" / "keras-h5" / "one" / "model.h5"
    for serving, is_absent in (("tensorflow==2.5.0\n", False), ("torch==2.5.1\n", True)):
        path = tmp_path / "serving.txt"
        path.write_text(serving, encoding="utf-8")
        found = door.compare(f"model={model}", f"serving={path}#format=pip-freeze").findings
        assert any("needs keras" in one.message for one in found) is is_absent
