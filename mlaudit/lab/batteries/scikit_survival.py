"""scikit-survival: fitted models, pickled."""

import importlib
import pickle
from functools import partial

import numpy as np

REQUIRES = []
KINDS = {".pickle": "scikit-survival.pickle"}
TOLERANCE = 1e-6

draw = np.random.RandomState(0)
X = draw.rand(80, 3)
y = np.zeros(80, dtype=[("e", "?"), ("t", "f8")])
y["e"], y["t"] = draw.rand(80) > 0.3, draw.exponential(5, 80) * np.exp(-X[:, 0]) + 0.1
CLASSES = {
    "linear_model.CoxPHSurvivalAnalysis": {},
    "linear_model.CoxnetSurvivalAnalysis": {"fit_baseline_model": True, "n_alphas": 5},
    "linear_model.IPCRidge": {},
    "tree.SurvivalTree": {"max_depth": 3, "random_state": 0},
    "tree.ExtraSurvivalTree": {"max_depth": 3, "random_state": 0},
    "ensemble.RandomSurvivalForest": {"n_estimators": 4, "random_state": 0},
    "ensemble.ExtraSurvivalTrees": {"n_estimators": 4, "random_state": 0},
    "ensemble.GradientBoostingSurvivalAnalysis": {"n_estimators": 4, "random_state": 0},
    "ensemble.ComponentwiseGradientBoostingSurvivalAnalysis": {"n_estimators": 4, "random_state": 0},
    "svm.FastSurvivalSVM": {"random_state": 0},
    "svm.FastKernelSurvivalSVM": {"random_state": 0, "kernel": "rbf"},
    "svm.HingeLossSurvivalSVM": {},
    "svm.NaiveSurvivalSVM": {"random_state": 0},
    "svm.MinlipSurvivalAnalysis": {},
    "nonparametric.SurvivalFunctionEstimator": {},
    "nonparametric.CensoringDistributionEstimator": {},
}


def write(name, settings, path):
    module, _, own = name.partition(".")
    made = getattr(importlib.import_module("sksurv." + module), own)(**settings)
    made = made.fit(y) if module == "nonparametric" else made.fit(X, y)
    with open(path, "wb") as file:
        pickle.dump(made, file, 4)


def artifacts():
    for name, settings in CLASSES.items():
        yield name.partition(".")[2] + ".pickle", partial(write, name, settings)


def probe(path):
    with open(path, "rb") as file:
        model = pickle.load(file)
    if hasattr(model, "predict_proba"):
        return model.predict_proba(np.array([1.0, 3.0]))
    curves = getattr(model, "predict_survival_function", None)
    return [model.predict(X[:5]), [curve(1.0) for curve in curves(X[:5])] if curves else []]
