"""mapie: fitted conformal predictors, pickled."""

import importlib
import pickle
from functools import partial

import numpy as np
from sklearn.linear_model import LinearRegression, LogisticRegression

REQUIRES = []
KINDS = {".pickle": "mapie.pickle"}
TOLERANCE = 1e-6

draw = np.random.RandomState(0)
X = draw.rand(120, 2)
y = X[:, 0] + X[:, 1] ** 2 + draw.rand(120) * 0.1
label = (y > 0.8).astype(int)


def made(name, *settings, **named):
    module, _, own = name.partition(".")
    return getattr(importlib.import_module("mapie." + module), own)(*settings, **named)


MODELS = {
    "MapieRegressor": lambda: made("regression.MapieRegressor", LinearRegression(), random_state=0).fit(X, y),
    "MapieRegressor_base": lambda: made("regression.MapieRegressor", LinearRegression(), method="base", cv=3).fit(X, y),
    "MapieClassifier": lambda: made("classification.MapieClassifier", LogisticRegression(), random_state=0).fit(
        X, label
    ),
    "SplitConformalRegressor": lambda: made(
        "regression.SplitConformalRegressor", LinearRegression().fit(X[:60], y[:60]), prefit=True
    ).conformalize(X[60:], y[60:]),
    "CrossConformalRegressor": lambda: made("regression.CrossConformalRegressor", LinearRegression()).fit_conformalize(
        X, y
    ),
    "SplitConformalClassifier": lambda: made(
        "classification.SplitConformalClassifier", LogisticRegression().fit(X[:60], label[:60]), prefit=True
    ).conformalize(X[60:], label[60:]),
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
    if "Mapie" in path:
        return [np.asarray(part, float) for part in model.predict(X[:8], alpha=0.2)]
    use = getattr(model, "predict_interval", None) or model.predict_set
    return [np.asarray(part, float) for part in use(X[:8])]
