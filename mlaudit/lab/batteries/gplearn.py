"""gplearn: evolved programs, pickled."""

import pickle
from functools import partial

import numpy as np
from gplearn.genetic import SymbolicClassifier, SymbolicRegressor, SymbolicTransformer

REQUIRES = []
KINDS = {".pickle": "gplearn.pickle"}
TOLERANCE = 1e-6

X = np.random.RandomState(0).rand(80, 3)
y = X[:, 0] * X[:, 1] + X[:, 2]
few = {"population_size": 40, "generations": 3, "random_state": 0}

MODELS = {
    "SymbolicRegressor": lambda: SymbolicRegressor(**few).fit(X, y),
    "SymbolicRegressor_functions": lambda: SymbolicRegressor(function_set=("add", "mul", "sqrt", "log"), **few).fit(
        X, y
    ),
    "SymbolicClassifier": lambda: SymbolicClassifier(**few).fit(X, (y > 0.8).astype(int)),
    "SymbolicTransformer": lambda: SymbolicTransformer(n_components=3, hall_of_fame=10, **few).fit(X, y),
}


def write(make, path):
    with open(path, "wb") as file:
        pickle.dump(make(), file, 4)


def artifacts():
    for name, make in MODELS.items():
        yield name + ".pickle", partial(write, make)


def probe(path):
    with open(path, "rb") as file:
        model = pickle.load(file)
    return (model.predict if hasattr(model, "predict") else model.transform)(X[:10])
