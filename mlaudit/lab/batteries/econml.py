"""econml: fitted estimators of treatment effects, pickled."""

import importlib
import pickle
from functools import partial

import numpy as np
from sklearn.linear_model import LinearRegression, LogisticRegression

REQUIRES = []
KINDS = {".pickle": "econml.pickle"}
TOLERANCE = 1e-6

draw = np.random.RandomState(0)
X = draw.rand(200, 2)
T = (draw.rand(200) > 0.5).astype(int)
y = X[:, 0] * T + X[:, 1] + draw.rand(200) * 0.1

outcome = {"model_y": LinearRegression(), "model_t": LogisticRegression(), "discrete_treatment": True}
robust = {"model_regression": LinearRegression(), "model_propensity": LogisticRegression()}
CLASSES = {
    "dml.LinearDML": {**outcome, "random_state": 0},
    "dml.CausalForestDML": {**outcome, "n_estimators": 8, "random_state": 0},
    "dml.SparseLinearDML": {**outcome, "random_state": 0},
    "dml.NonParamDML": {**outcome, "model_final": LinearRegression(), "random_state": 0},
    "dr.DRLearner": {**robust, "random_state": 0},
    "dr.LinearDRLearner": {**robust, "random_state": 0},
    "dr.ForestDRLearner": {**robust, "n_estimators": 8, "random_state": 0},
    "metalearners.TLearner": {"models": LinearRegression()},
    "metalearners.SLearner": {"overall_model": LinearRegression()},
    "metalearners.XLearner": {"models": LinearRegression(), "propensity_model": LogisticRegression()},
    "grf.CausalForest": {"n_estimators": 8, "random_state": 0},
    "grf.RegressionForest": {"n_estimators": 8, "random_state": 0},
}


def write(name, path):
    module, _, own = name.partition(".")
    made = getattr(importlib.import_module("econml." + module), own)(**CLASSES[name])
    if own == "RegressionForest":
        made.fit(X, y)
    elif module == "grf":
        made.fit(X, T, y)
    else:
        made.fit(y, T, X=X)
    with open(path, "wb") as file:
        pickle.dump(made, file, 4)


def artifacts():
    for name in CLASSES:
        yield name.partition(".")[2] + ".pickle", partial(write, name)


def probe(path):
    with open(path, "rb") as file:
        model = pickle.load(file)
    if hasattr(model, "effect"):
        more = model.effect_interval(X[:3]) if any(name in path for name in ("Linear", "Forest")) else []
        return [model.effect(X[:10]), list(more)]
    return model.predict(X[:10])
