"""onnx: models of several operator sets, written by onnx and run by the onnxruntime beside it."""

from functools import partial

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

REQUIRES = []
KINDS = {".onnx": "onnx"}

x = np.linspace(-1, 1, 8, dtype="float32").reshape(2, 4)


def model(nodes, weights=(), opset=None):
    value = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["rows", name]) for name in ("x", "y")]
    initial = [numpy_helper.from_array(array, name) for name, array in weights]
    graph = helper.make_graph(nodes, "g", value[:1], value[1:], initial)
    versions = [helper.make_opsetid("", opset)] if opset else None
    return helper.make_model(graph, opset_imports=versions)


WEIGHT = [("w", np.arange(8, dtype="float32").reshape(4, 2))]
GRAPHS = {
    "relu_default": lambda: model([helper.make_node("Relu", ["x"], ["y"])]),
    "relu_opset_13": lambda: model([helper.make_node("Relu", ["x"], ["y"])], opset=13),
    "gemm_default": lambda: model([helper.make_node("MatMul", ["x", "w"], ["y"])], WEIGHT),
    "gemm_opset_9": lambda: model([helper.make_node("MatMul", ["x", "w"], ["y"])], WEIGHT, opset=9),
    "softmax_opset_11": lambda: model([helper.make_node("Softmax", ["x"], ["y"])], opset=11),
    "softmax_opset_13": lambda: model([helper.make_node("Softmax", ["x"], ["y"])], opset=13),
    "gelu_opset_20": lambda: model([helper.make_node("Gelu", ["x"], ["y"])], opset=20),
}


def write(make, path):
    onnx.save(make(), path)


def artifacts():
    for name, make in GRAPHS.items():
        yield name + ".onnx", partial(write, make)


def probe(path):
    loaded = onnx.load(path)
    onnx.checker.check_model(loaded)
    from onnx.reference import ReferenceEvaluator

    return ReferenceEvaluator(loaded).run(None, {"x": x})[0]
