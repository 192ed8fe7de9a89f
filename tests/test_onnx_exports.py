"""What code exports as ONNX, from the call to the verdict on the runtime that loads it."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlaudit.api import check
from mlaudit.document.document import Document
from mlaudit.model.nouns import Severity
from mlaudit.request.config_file import load
from mlaudit.request.options import Options
from mlaudit.request.settings import Settings
from tests.artifact_bytes import onnx
from tests.checkout import write

FILES = {
    "training/requirements.txt": "onnx==1.17.0\ntorch==2.5.1\ntf2onnx==1.16.1\n",
    "serving/requirements.txt": "onnxruntime==1.16.3\n",
    "serving/app.py": (
        "import onnxruntime\nfrom fastapi import FastAPI\n\napp = FastAPI()\n"
        'session = onnxruntime.InferenceSession("net.onnx")\n'
    ),
}
CODE = (
    "import onnx\nimport onnxmltools\nimport skl2onnx\nimport tensorflow\nimport tf2onnx\nimport torch\n\n\n"
    "def export(net, rows, opset):\n    {}\n"
)
CONFIG = """
[environments.training]
sources = ["training/requirements.txt"]
{}

[environments.serving]
sources = ["serving/requirements.txt"]
follows = ["training"]
crosses = {{ training = ["onnx"] }}
"""


def severities(folder: Path, config: str = "") -> list[Severity]:
    settings = load(Document("mlaudit.toml", config.encode())) if config else Settings()
    found = check([str(folder)], Options(root=folder, settings=settings)).findings
    return [one.severity for one in found if one.code == "MLA105"]


@pytest.mark.parametrize(
    ("export", "severity"),
    [
        ('torch.onnx.export(net, rows, "net.onnx")', Severity.WARNING),
        ('torch.onnx.export(net, rows, "net.onnx", opset_version=opset)', Severity.WARNING),
        ('torch.onnx.export(net, rows, "net.onnx", opset_version=17)', None),
        ('torch.onnx.export(net, rows, "net.onnx", opset_version=20)', Severity.ERROR),
        ('tf2onnx.convert.from_keras(net, output_path="net.onnx", opset=15)', None),
        ('tf2onnx.convert.from_keras(net, output_path="net.onnx", opset=21)', Severity.ERROR),
        ('tf2onnx.convert.from_keras(net, None, 21, output_path="net.onnx")', Severity.ERROR),
        ('torch.onnx.export(net, rows, "net.onnx", True, False, None, None, None, None, 20)', Severity.ERROR),
        ('torch.onnx.export(net, rows, "net.onnx", True, False, None, None, None, None, 17)', None),
        # The highest opset that a graph may have, with the IR version that it has in any case.
        ('onnx.save(skl2onnx.convert_sklearn(net, initial_types=rows, target_opset=15), "net.onnx")', None),
        ('onnx.save(skl2onnx.convert_sklearn(net, initial_types=rows, target_opset=20), "net.onnx")', Severity.WARNING),
        ('onnx.save(skl2onnx.convert_sklearn(net, initial_types=rows, target_opset=21), "net.onnx")', Severity.ERROR),
        ('onnx.save(skl2onnx.to_onnx(net, rows, None, None, 15), "net.onnx")', None),
        ("onnx.save(skl2onnx.to_onnx(net, rows, target_opset={'': 21, 'ai.onnx.ml': 3}), 'net.onnx')", Severity.ERROR),
        ("onnx.save(skl2onnx.to_onnx(net, rows, target_opset={'ai.onnx.ml': 3}), 'net.onnx')", Severity.WARNING),
        ('onnx.save(onnxmltools.convert_lightgbm(net, target_opset=21), "net.onnx")', Severity.WARNING),
        (
            "graph = skl2onnx.to_onnx(net, rows, target_opset=15)\n"
            '    with open("net.onnx", "wb") as file:\n'
            "        file.write(graph.SerializeToString())",
            None,
        ),
    ],
)
def test_an_export_is_judged_by_the_opset_that_its_call_states(
    export: str, severity: Severity | None, tmp_path: Path
) -> None:
    write(tmp_path, {**FILES, "training/fit.py": CODE.format(export)})
    assert severities(tmp_path) == ([severity] if severity is not None else [])


@pytest.mark.parametrize(("opset", "expected"), [(15, []), (None, [Severity.WARNING])], ids=["at hand", "not at hand"])
@pytest.mark.parametrize("config", ["", CONFIG], ids=["found", "declared"])
def test_an_export_whose_file_is_at_hand_is_judged_by_the_file(
    config: str, opset: int | None, expected: list[Severity], tmp_path: Path
) -> None:
    write(tmp_path, {**FILES, "training/fit.py": CODE.format('torch.onnx.export(net, rows, "net.onnx")')})
    writes = ""
    if opset is not None:
        (tmp_path / "net.onnx").write_bytes(onnx(ir=8, opsets=[("", opset)]))
        writes = 'writes = ["net.onnx"]'
    assert severities(tmp_path, config.format(writes)) == expected


@pytest.mark.parametrize(
    ("recipe", "text"),
    [
        ("export.sh", "#!/bin/sh\npip install -r training/requirements.txt\n{}\n"),
        (
            "training/Dockerfile",
            "FROM python:3.11\nCOPY training/requirements.txt .\nRUN pip install -r requirements.txt && {}\n",
        ),
        ("Makefile", "export:\n\tpip install -r training/requirements.txt\n\t{}\n"),
    ],
)
@pytest.mark.parametrize(
    ("command", "severity"),
    [
        ("python3 -m tf2onnx.convert --saved-model net --output net.onnx --opset 17", None),
        ("python -m tf2onnx.convert --saved-model net --opset=21 --output net.onnx", Severity.ERROR),
        ("python -m tf2onnx.convert --saved-model net --output net.onnx", Severity.WARNING),
    ],
)
def test_a_command_that_exports_is_judged_by_its_opset(
    recipe: str, text: str, command: str, severity: Severity | None, tmp_path: Path
) -> None:
    write(tmp_path, {**FILES, recipe: text.format(command)})
    assert severities(tmp_path) == ([severity] if severity is not None else [])


@pytest.mark.parametrize(
    "export",
    [
        "made = skl2onnx.to_onnx(net, rows)\nwith open('net.onnx', 'wb') as f:\n    f.write(made.SerializeToString())",
        "import pathlib\npathlib.Path('net.onnx').write_bytes(skl2onnx.to_onnx(net, rows).SerializeToString())",
    ],
)
def test_a_graph_that_no_other_call_of_its_library_writes_is_seen(export: str, tmp_path: Path) -> None:
    write(tmp_path, {**FILES, "training/fit.py": f"import skl2onnx\n\n{export}\n"})
    assert severities(tmp_path) == [Severity.WARNING]
