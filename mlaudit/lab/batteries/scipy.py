"""scipy: sparse matrices and interpolators, pickled."""

import pickle
from pathlib import Path

import numpy as np
import scipy.interpolate as interpolate
import scipy.sparse as sparse

REQUIRES = ["numpy<2"]
KINDS = {".pickle": "scipy.pickle"}

MODELS = {
    "csr_matrix.pickle": (lambda: sparse.csr_matrix(np.eye(3)), lambda model: model.toarray()),
    "csr_array.pickle": (lambda: sparse.csr_array(np.eye(3)), lambda model: model.toarray()),
    "interp1d.pickle": (lambda: interpolate.interp1d([0, 1], [0, 2]), lambda model: model([0.5])),
    "CubicSpline.pickle": (lambda: interpolate.CubicSpline([0, 1, 2], [0, 2, 1]), lambda model: model([0.5])),
    "UnivariateSpline.pickle": (lambda: interpolate.UnivariateSpline(range(8), range(8)), lambda model: model([0.5])),
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
