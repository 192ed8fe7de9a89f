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
CODE = "import tensorflow\nimport tf2onnx\nimport torch\n\n\ndef export(net, rows, opset):\n    {}\n"
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
