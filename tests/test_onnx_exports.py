"""What code exports as ONNX, from the call to the verdict on the runtime that loads it."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlaudit.api import check
from mlaudit.model.nouns import Severity
from mlaudit.request.options import Options
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
    found = [one.severity for one in check([str(tmp_path)], Options(root=tmp_path)).findings if one.code == "MLA105"]
    assert found == ([severity] if severity is not None else [])
