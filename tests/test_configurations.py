"""Configurations of models against the code of their reader: `fixtures/configurations.toml`."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
import tomli

from mlaudit.api import compare
from mlaudit.document.document import Document
from mlaudit.grammars.model_file.layer_configurations import configured_objects
from mlaudit.model.report import Finding
from mlaudit.request.options import Options
from tests.parser_cases import FIXTURES
from tests.test_missing_names import write

ROWS = tomli.loads((FIXTURES / "configurations.toml").read_text(encoding="utf-8"))
PACKAGES = "serving/lib/python3.11/site-packages"


def keras_file(path: Path, layers: object, version: str = "9.0.0", *, whole: bool = False) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    config = layers if whole else {"module": "keras", "class_name": "Sequential", "config": {"layers": layers}}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("metadata.json", json.dumps({"keras_version": version}))
        archive.writestr("config.json", json.dumps(config))


def installed(folder: Path, package: str, changed: dict[str, list[str]] | None = None, version: str = "1.0") -> None:
    files = dict(ROWS["base"][package])
    for name, (old, new) in (changed or {}).items():
        assert old in files[name]
        files[name] = files[name].replace(old, new)
    metadata = f"Metadata-Version: 2.1\nName: {package}\nVersion: {version}\n"
    name = package.replace("-", "_")
    write(folder / PACKAGES, {**files, f"{name}-{version}.dist-info/METADATA": metadata})


def findings(folder: Path) -> list[Finding]:
    report = compare(["model", "serving"], Options(root=folder), folder=folder)
    return [one for one in report.findings if one.code == "MLA413"]


@pytest.mark.parametrize("case", ROWS["case"], ids=lambda case: case["name"])
def test_says_what_the_code_of_a_reader_refuses(case: dict[str, Any], tmp_path: Path) -> None:
    # In the version that the model records, so that nothing measured counts for more.
    installed(tmp_path, case["package"], case.get("changed"), case.get("version", "1.0"))
    if "layers" in case:
        keras_file(tmp_path / "model" / case["file"], case["layers"])
    else:
        write(tmp_path / "model", {case["file"]: case["text"], **case.get("others", {})})
    found = findings(tmp_path)
    expected = [case[key] for key in ("says", "also") if key in case]
    assert len(found) == len(expected), [one.message for one in found]
    assert all(any(text in one.message for one in found) for text in expected)
    if "at" in case:
        assert str(found[0].at) == case["at"]
    assert all(str(location.place).startswith(PACKAGES) for one in found for location in one.related)


@pytest.mark.parametrize("case", ROWS["broken"], ids=lambda case: case["name"])
def test_says_which_configuration_cannot_be_read(case: dict[str, Any], tmp_path: Path) -> None:
    if "whole" in case:
        keras_file(tmp_path / "model" / case["file"], case["whole"], whole=True)
    else:
        write(tmp_path / "model", {case["file"]: case["text"], **case.get("others", {})})
    write(tmp_path, {"serving.txt": "acme==1.0\n"})
    report = compare(["model", "serving.txt"], Options(root=tmp_path), folder=tmp_path)
    said = [(str(one.at), one.message) for one in report.findings if one.code == "MLA901"]
    assert any(at == case["at"] and message.startswith(f"Not read: {case['why']}") for at, message in said), said


def test_a_configuration_that_the_reading_of_the_model_could_not_read_is_said_once(tmp_path: Path) -> None:
    write(tmp_path / "model", {"config.json": '{"architectures": ["X"], "model_type": '})
    write(tmp_path, {"serving.txt": "acme==1.0\n"})
    report = compare(["model", "serving.txt"], Options(root=tmp_path), folder=tmp_path)
    unread = [one for one in report.findings if one.code == "MLA901"]
    assert [one.at.path for one in unread] == ["model/config.json"]


HOSTILE = {
    "half a character": '{"peft_type": "LORA", "\\ud800": 1}',
    "half a character as a kind": '{"peft_type": "\\ud800"}',
    "no JSON": "{",
    "no table": "[]",
    "another type": '{"peft_type": ["LORA"], "r": 8}',
    "deep": '{"peft_type": "LORA", "r": ' + "[" * 5_000 + "]" * 5_000 + "}",
    "many keys": json.dumps({"peft_type": "LORA", **{f"k{number}": 0 for number in range(50_000)}}),
    "a key that is no name": '{"peft_type": "LORA", "a b": 1, "\\u0000": 2}',
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_hostile_configurations_end(text: str, tmp_path: Path) -> None:
    installed(tmp_path, "peft")
    write(tmp_path / "model", {"adapter_config.json": text, "config.json": '{"transformers_version": "4.40.0"}'})
    known = ("does not accept `k0`", "which peft of serving does not know")
    assert all(any(words in one.message for words in known) for one in findings(tmp_path))


def test_nested_layers_are_followed_as_far_as_the_limit(tmp_path: Path) -> None:
    layer = {"module": "keras.layers", "class_name": "Dense", "config": {}}
    keras_file(tmp_path / "wide.keras", [layer] * 20_100)
    wide = Document("wide.keras", (tmp_path / "wide.keras").read_bytes())
    assert len(list(configured_objects(wide, "keras.layers"))) == 20_101
    nested: dict[str, Any] = layer
    for _ in range(300):
        nested = {**layer, "config": {"layer": nested}}
    keras_file(tmp_path / "deep.keras", [nested])
    deep = Document("deep.keras", (tmp_path / "deep.keras").read_bytes())
    assert len(list(configured_objects(deep, "keras.layers"))) == 302


CIRCLES = {
    "a circle of bases": "class Dense(Gate): pass\nclass Gate(Dense): pass\nclass Odd: pass\nclass Open: pass\n",
    "itself": "from keras.src.layers import Dense, Gate, Odd, Open\n",
    "nothing": "\0",
    "a long line": "class Layer:\n    def __init__(self, **kwargs):\n        " + "a." * 50_000 + "b\n",
}


@pytest.mark.parametrize("text", CIRCLES.values(), ids=CIRCLES)
def test_hostile_constructors_end(text: str, tmp_path: Path) -> None:
    installed(tmp_path, "keras")
    (tmp_path / PACKAGES / "keras" / "src" / "layers.py").write_text(text, encoding="utf-8")
    keras_file(
        tmp_path / "model" / "model.keras", [{"module": "keras.layers", "class_name": "Dense", "config": {"u": 1}}]
    )
    assert findings(tmp_path) == []


def test_what_is_measured_and_what_the_code_shows_is_one_finding(tmp_path: Path) -> None:
    installed(tmp_path, "keras", version="3.14.0")
    layer = {"module": "keras.layers", "class_name": "Dense", "config": {"units": 3, "quantization_config": None}}
    keras_file(tmp_path / "model" / "model.keras", [layer], version="3.15.1")
    report = compare(["model", "serving"], Options(root=tmp_path), folder=tmp_path)
    found = [one for one in report.findings if one.package == "keras"]
    assert [one.code for one in found] == ["MLA401"]
    code = [text for text in found[0].details if text.startswith("code: ")]
    refused = "`keras.layers.Dense` of the reader does not accept `quantization_config`"
    assert [refused in text for text in code] == [True]


def test_an_error_of_the_code_is_not_lost_beside_a_milder_fact(tmp_path: Path) -> None:
    installed(tmp_path, "transformers", version="4.46.3")
    write(
        tmp_path / "model",
        {"config.json": '{"model_type": "unheard", "architectures": ["X"], "transformers_version": "5.23.0"}'},
    )
    report = compare(["model", "serving"], Options(root=tmp_path), folder=tmp_path)
    found = {one.code: one.severity.value for one in report.findings if one.package == "transformers"}
    assert found == {"MLA401": "warning", "MLA413": "error"}
