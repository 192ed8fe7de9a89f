"""keras: small models as .keras, .h5 and weights, loaded without being compiled."""

from functools import partial
from pathlib import Path

import keras
import numpy as np

layers = keras.layers

REQUIRES = ["tensorflow-cpu", "numpy<2"]
KINDS = {".keras": "keras.keras", ".weights.h5": "keras.weights", ".h5": "keras.h5"}
TOLERANCE = 1e-6

ROWS = np.linspace(-1, 1, 30, dtype="float32").reshape(5, 6)


def dense():
    return keras.Sequential(
        [keras.Input((6,)), layers.Dense(8, activation="relu"), layers.Dense(2, activation="softmax")]
    )


def functional():
    start = keras.Input((6,))
    middle = layers.Dense(4, activation="gelu")(start)
    end = layers.Concatenate()([middle, layers.LayerNormalization()(start)])
    return keras.Model(start, layers.Dense(1)(end))


def normalized():
    layer = layers.Normalization()
    layer.adapt(ROWS)
    return keras.Sequential([keras.Input((6,)), layer, layers.Dense(1)])


def sigmoid():
    return keras.Sequential([keras.Input((6,)), layers.Dense(2, activation="hard_sigmoid")])


def recurrent():
    return keras.Sequential([keras.Input((6,)), layers.Reshape((3, 2)), layers.LSTM(4), layers.Dense(1)])


def dropped():
    return keras.Sequential([keras.Input((6,)), layers.BatchNormalization(), layers.Dropout(0.5), layers.Dense(1)])


MODELS = {
    "dense": dense,
    "functional": functional,
    "normalization": normalized,
    "hard_sigmoid": sigmoid,
    "lstm": recurrent,
    "dropout": dropped,
}


def write(make, path):
    keras.utils.set_random_seed(0)
    model = make()
    model.save_weights(path) if path.endswith(".weights.h5") else model.save(path)


def artifacts():
    for name, make in MODELS.items():
        for ending in KINDS:
            yield name + ending, partial(write, make)


def probe(path):
    if path.endswith(".weights.h5"):
        model = MODELS[Path(path).name.split(".")[0]]()
        model.load_weights(path)
    else:
        model = keras.models.load_model(path, compile=False)
    return np.asarray(model(ROWS, training=False))
