"""safetensors: arrays of each type."""

from pathlib import Path

import numpy as np
from safetensors.numpy import load_file, save_file

REQUIRES = ["numpy<2"]
KINDS = {".safetensors": "safetensors"}

MODELS = {
    "float32.safetensors": (lambda: {"a": np.ones(3, dtype="float32")}, lambda model: model),
    "bool.safetensors": (lambda: {"a": np.ones(3, dtype=bool)}, lambda model: model),
    "uint16.safetensors": (lambda: {"a": np.ones(3, dtype="uint16")}, lambda model: model),
    "complex64.safetensors": (lambda: {"a": np.ones(3, dtype="complex64")}, lambda model: {"a": model["a"].real}),
}


def save(model, path):
    save_file(model, path)


def load(path):
    return load_file(path)


def artifacts():
    for name, (make, _) in MODELS.items():
        yield name, lambda path, make=make: save(make(), path)


def probe(path):
    _, use = MODELS[Path(path).name]
    return use(load(path))
