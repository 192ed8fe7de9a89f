"""Runtimes and servers that read what another package of the training side writes."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlaudit import door
from mlaudit.knowledge.runtimes import runtimes, served_kinds
from mlaudit.knowledge.table import runtime_names
from mlaudit.model.report import Report
from tests.checkout import write


def compared(folder: Path, training: str, serving: str, name: str = "serving.txt") -> Report:
    write(folder, {"training.txt": f"{training}\n", name: f"{serving}\n"})
    return door.compare(f"training={folder / 'training.txt'}", f"serving={folder / name}")


def told(report: Report, code: str) -> list[tuple[str, str]]:
    return [(one.severity.value, one.message) for one in report.findings if one.code == code]


@pytest.mark.parametrize(
    ("training", "serving", "is_behind"),
    [
        ("tensorflow==2.16.1", "tflite-runtime==2.11.0", True),
        ("tensorflow==2.11.1", "tflite-runtime==2.11.0", False),
        ("tensorflow==2.9.0", "tflite-runtime==2.11.0", False),
        # Both sides have the writer, or the runtime: these are compared themselves.
        ("tensorflow==2.16.1", "tflite-runtime==2.11.0\ntensorflow==2.16.1", False),
        ("tensorflow==2.16.1\ntflite-runtime==2.11.0", "tflite-runtime==2.11.0", False),
    ],
)
def test_a_runtime_that_is_behind_its_writer_is_a_warning(
    training: str, serving: str, tmp_path: Path, *, is_behind: bool
) -> None:
    report = compared(tmp_path, training, serving)
    found = told(report, "MLA105")
    assert [severity for severity, _ in found] == (["warning"] if is_behind else [])
    assert all("Didn't find op for builtin opcode" in message for _, message in found)
    # What is judged was compared.
    assert not told(report, "MLA905")


@pytest.mark.parametrize(
    ("training", "serving", "unseen"),
    [
        ("tensorflow==2.16.1", "ai-edge-litert==1.0.1", "ai-edge-litert with what tensorflow exports"),
        ("keras==3.3.3", "tflite-runtime==2.11.0", "tflite-runtime with what keras exports"),
        ("skl2onnx==1.17.0", "onnxruntime==1.10.0", "onnxruntime with what skl2onnx exports"),
        ("onnx==1.17.0\nskl2onnx==1.17.0", "onnxruntime==1.10.0", None),
        ("torch==2.6.0", "openvino==2023.0.0", "openvino with what torch exports"),
        ("torch==2.6.0", "openvino==2023.0.0\ntorch==2.6.0", None),
        ("scikit-learn==1.5.2", "openvino==2023.0.0", None),
    ],
)
def test_the_summary_names_runtimes_that_were_not_judged(
    training: str, serving: str, unseen: str | None, tmp_path: Path
) -> None:
    report = compared(tmp_path, f"numpy==1.26.4\n{training}", f"numpy==1.26.4\n{serving}")
    said = [one for one in report.summary.unseen if " with what " in one]
    assert said == ([unseen] if unseen else [])


@pytest.mark.parametrize("image", ["tensorflow/serving", "bitnami/tensorflow-serving"])
@pytest.mark.parametrize(
    ("training", "tag", "severity"),
    [
        # Neither Keras nor the optimizer of a compiled model is anything that the server in C++ loads.
        ("tensorflow==2.16.1", "2.11.0", "warning"),
        ("tensorflow==2.9.1", "2.18.0", None),
    ],
)
def test_a_server_of_graphs_is_not_told_of_keras_files(
    image: str, training: str, tag: str, severity: str | None, tmp_path: Path
) -> None:
    report = compared(tmp_path, training, f"FROM {image}:{tag}", "Dockerfile")
    found = [one for one in report.findings if one.code.startswith("MLA1") and one.severity.value != "info"]
    assert [one.severity.value for one in found] == ([severity] if severity else [])
    assert all("Op type not registered" in one.message for one in found)


@pytest.mark.parametrize("row", runtimes(), ids=lambda row: row.id)
def test_a_row_names_both_versions_or_none(row: object) -> None:
    says = getattr(row, "says", "")
    assert not says or ("{writer}" in says and "{reader}" in says)


def test_the_table_lists_what_the_rows_are_about() -> None:
    servers = {server for of in served_kinds().values() for server in of}
    assert runtime_names() == {row.reader for row in runtimes()} | servers


@pytest.mark.parametrize(
    ("training", "serving", "severity"),
    [
        ("tensorflow==2.16.1", "tflite-runtime==2.11.0", "info"),
        ("torch==2.6.0", "openvino==2023.0.0", "info"),
        ("torch==2.6.0", "fastapi==0.115.0", "warning"),
        # What the reader names requires torch: it has one, of an open version.
        ("torch==2.6.0", "openvino==2023.0.0\naccelerate==1.0.0", "warning"),
    ],
)
def test_a_package_is_not_asked_of_a_reader_that_has_a_runtime_of_its_exports(
    training: str, serving: str, severity: str, tmp_path: Path
) -> None:
    report = compared(tmp_path, training, serving)
    package = training.partition("=")[0]
    (found,) = [one for one in report.findings if one.code == "MLA003" and one.package == package]
    assert found.severity.value == severity
    assert (found.fix is None) == (severity == "info")
