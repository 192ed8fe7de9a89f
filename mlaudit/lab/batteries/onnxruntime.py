"""onnxruntime: models written by the onnx beside it, and its own .ort files, run on the CPU."""

from functools import partial

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

REQUIRES = ["onnx"]
KINDS = {".onnx": "onnx", ".ort": "onnxruntime.ort"}

x = np.linspace(-1, 1, 8, dtype="float32").reshape(2, 4)
WEIGHT = [("w", np.arange(8, dtype="float32").reshape(4, 2))]


def model(nodes, weights=(), opset=None):
    value = [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in ("x", "y")]
    initial = [numpy_helper.from_array(array, name) for name, array in weights]
    graph = helper.make_graph(nodes, "g", value[:1], value[1:], initial)
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)] if opset else None)
    if opset and hasattr(helper, "find_min_ir_version_for"):
        made.ir_version = helper.find_min_ir_version_for(made.opset_import)
    return made


GRAPHS = {
    "relu_default": lambda: model([helper.make_node("Relu", ["x"], ["y"])]),
    "gemm_default": lambda: model([helper.make_node("MatMul", ["x", "w"], ["y"])], WEIGHT),
    "gemm_opset_9": lambda: model([helper.make_node("MatMul", ["x", "w"], ["y"])], WEIGHT, opset=9),
    "softmax_opset_13": lambda: model([helper.make_node("Softmax", ["x"], ["y"])], opset=13),
    "gelu_opset_20": lambda: model([helper.make_node("Gelu", ["x"], ["y"])], opset=20),
}


def write(make, path):
    made = make()
    if path.endswith(".onnx"):
        onnx.save(made, path)
        return
    options = onnxruntime.SessionOptions()
    options.optimized_model_filepath = path
    options.add_session_config_entry("session.save_model_format", "ORT")
    onnxruntime.InferenceSession(made.SerializeToString(), options, providers=["CPUExecutionProvider"])


def artifacts():
    for name, make in GRAPHS.items():
        yield name + ".onnx", partial(write, make)
    for name in ("gemm_opset_9", "softmax_opset_13"):
        yield name + ".ort", partial(write, GRAPHS[name])


def probe(path):
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    return session.run(None, {"x": x})[0]
