"""tensorflow: modules and Keras models as SavedModels, checkpoints and TFLite files."""

from functools import partial
from pathlib import Path

import numpy as np
import tensorflow as tf

REQUIRES = []
KINDS = {
    ".saved_model": "tensorflow.saved_model",
    ".keras_saved_model": "keras.saved_model",
    ".checkpoint": "tensorflow.checkpoint",
    ".tflite": "tflite",
}
TOLERANCE = 1e-6

ROWS = np.linspace(-1, 1, 30, dtype="float32").reshape(5, 6)


class TableModule(tf.Module):
    def __init__(self):
        super().__init__()
        self.weights = tf.Variable(tf.reshape(tf.range(12, dtype=tf.float32), (6, 2)) / 7)
        start = tf.lookup.KeyValueTensorInitializer(["a", "b"], [1.0, 2.0])
        self.table = tf.lookup.StaticHashTable(start, -1.0)

    @tf.function(input_signature=[tf.TensorSpec([None, 6], tf.float32)])
    def served(self, rows):
        return tf.nn.softmax(tf.matmul(rows, self.weights)) + self.table.lookup(tf.constant("b"))


def dense():
    tf.keras.utils.set_random_seed(0)
    layers = tf.keras.layers
    return tf.keras.Sequential([tf.keras.Input((6,)), layers.Dense(8, activation="relu"), layers.Dense(2)])


def compiled():
    model = dense()
    model.compile(optimizer="adam", loss=tf.keras.losses.MeanSquaredError())
    model.fit(ROWS, ROWS[:, :2], verbose=0)
    return model


def write_module(path):
    tf.saved_model.save(TableModule(), path)


def write_keras(make, path):
    model = make()
    model.export(path) if hasattr(model, "export") else tf.saved_model.save(model, path)


def write_checkpoint(path):
    tf.train.Checkpoint(module=TableModule()).write(path + "/part")


def write_tflite(path):
    Path(path).write_bytes(tf.lite.TFLiteConverter.from_keras_model(dense()).convert())


def artifacts():
    yield "module.saved_model", write_module
    yield "dense.keras_saved_model", partial(write_keras, dense)
    yield "compiled.keras_saved_model", partial(write_keras, compiled)
    yield "module.checkpoint", write_checkpoint
    yield "dense.tflite", write_tflite


def run_tflite(path):
    interpreter = tf.lite.Interpreter(model_path=path)
    start, end = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
    interpreter.resize_tensor_input(start["index"], ROWS.shape)
    interpreter.allocate_tensors()
    interpreter.set_tensor(start["index"], ROWS)
    interpreter.invoke()
    return interpreter.get_tensor(end["index"])


def probe(path):
    if path.endswith(".tflite"):
        return run_tflite(path)
    if path.endswith(".checkpoint"):
        module = TableModule()
        module.weights.assign(tf.zeros_like(module.weights))
        tf.train.Checkpoint(module=module).read(path + "/part").assert_existing_objects_matched()
        return module.served(tf.constant(ROWS)).numpy()
    loaded = tf.saved_model.load(path)
    if hasattr(loaded, "served"):
        return loaded.served(tf.constant(ROWS)).numpy()
    name, function = next(iter(loaded.signatures.items()))
    argument = next(iter(function.structured_input_signature[1]))
    return [name, next(iter(function(**{argument: tf.constant(ROWS)}).values())).numpy()]
