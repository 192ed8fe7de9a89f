"""numba: compiled functions, pickled."""

import pickle
from pathlib import Path

import numba

REQUIRES = []
KINDS = {".pickle": "numba.dispatcher"}

MODELS = {
    "njit.pickle": (lambda: numba.njit(lambda x: x * 2 + 1), lambda model: model(5)),
    "njit_compiled.pickle": (lambda: (lambda f: (f(3), f)[1])(numba.njit(lambda x: x * 2 + 1)), lambda model: model(5)),
    "vectorize.pickle": (lambda: numba.vectorize(["float64(float64)"])(lambda x: x * 2), lambda model: model(5.0)),
}


def save(model, path):
    pickle.dump(model, open(path, "wb"), 4)


def load(path):
    return pickle.load(open(path, "rb"))


def artifacts():
    for name, (make, _) in MODELS.items():
        yield name, lambda path, make=make: save(make(), path)


def probe(path):
    _, use = MODELS[Path(path).name]
    return use(load(path))
