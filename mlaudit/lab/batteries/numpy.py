"""numpy: arrays and generators of random numbers, pickled and as .npy."""

import pickle
from pathlib import Path

import numpy as np

REQUIRES = []
KINDS = {".pickle": "numpy.pickle", ".pickle5": "numpy.pickle5", ".random": "numpy.random", ".npy": "numpy.npy"}

MODELS = {
    "ndarray.pickle": (lambda: np.arange(6.0), lambda model: model),
    "ndarray_protocol5.pickle5": (lambda: np.arange(6.0), lambda model: model),
    "scalar.pickle": (lambda: np.float64(1.5), lambda model: model),
    "object_array.pickle": (lambda: np.array([1, "a", None], dtype=object), lambda model: model),
    "recarray.pickle": (lambda: np.rec.array([(1, 2.0)], dtype=[("a", "i8"), ("b", "f8")]), lambda model: model.b),
    "RandomState.random": (lambda: np.random.RandomState(0), lambda model: model.rand(3)),
    "Generator.random": (lambda: np.random.default_rng(0), lambda model: model.random(3)),
    "npy.npy": (lambda: np.arange(6.0), lambda model: model),
}


def save(model, path):
    if path.endswith(".pickle5"):
        pickle.dump(model, open(path, "wb"), 5)
        return
    if path.endswith(".npy"):
        np.save(open(path, "wb"), model)
        return
    pickle.dump(model, open(path, "wb"), 4)


def load(path):
    if path.endswith(".npy"):
        return np.load(open(path, "rb"))
    return pickle.load(open(path, "rb"))


def artifacts():
    for name, (make, _) in MODELS.items():
        yield name, lambda path, make=make: save(make(), path)


def probe(path):
    _, use = MODELS[Path(path).name]
    return use(load(path))
