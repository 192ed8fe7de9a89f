"""formulaic: formulas and model specs, pickled, as lifelines, linearmodels and pyfixest keep them."""

import pickle
from functools import partial

import formulaic
import numpy as np
import pandas as pd

REQUIRES = []
KINDS = {".pickle": "formulaic.pickle"}

X = pd.DataFrame({"a": [1.0, 2.0, 3.0, 4.0], "b": [2.0, 1.0, 0.5, 3.0], "c": list("xyxz")})


def spec(text):
    return formulaic.model_matrix(text, X).model_spec


MODELS = {
    "Formula": lambda: formulaic.Formula("a + b"),
    "Formula_sides": lambda: formulaic.Formula("a ~ b + c"),
    "ModelSpec": lambda: spec("a + b"),
    "ModelSpec_categorical": lambda: spec("C(c) + a"),
    "ModelSpec_interaction": lambda: spec("a:b + a*c"),
    "ModelSpec_transform": lambda: spec("center(a) + scale(b)"),
    "ModelSpec_poly": lambda: spec("poly(a, 2)"),
    "ModelSpec_spline": lambda: spec("bs(a, df=4)"),
    "ModelMatrix": lambda: formulaic.model_matrix("a + c", X),
}


def write(make, path):
    with open(path, "wb") as file:
        pickle.dump(make(), file, 4)


def artifacts():
    for name, make in MODELS.items():
        yield name + ".pickle", partial(write, make)


def probe(path):
    with open(path, "rb") as file:
        made = pickle.load(file)
    if "ModelMatrix" in path:
        return [np.asarray(made), list(made.columns)]
    matrix = made.get_model_matrix(X)
    return [np.asarray(matrix.rhs if "sides" in path else matrix)]
