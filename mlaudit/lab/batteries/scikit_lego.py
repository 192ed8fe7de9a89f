"""scikit-lego: fitted meta estimators and transformers, pickled."""

import importlib
import pickle
from functools import partial

import numpy as np
import pandas as pd
from sklearn.linear_model import LinearRegression, LogisticRegression

REQUIRES = []
KINDS = {".pickle": "scikit-lego.pickle"}
TOLERANCE = 1e-6

draw = np.random.RandomState(0)
X = pd.DataFrame({"g": np.arange(80) % 2, "a": draw.rand(80), "b": draw.rand(80)})
y = X["a"] + X["b"] * (X["g"] + 1) + 0.1
label = (y > 1).astype(int)


def fitted(name, *settings, target=y, **named):
    module, _, own = name.partition(".")
    return getattr(importlib.import_module("sklego." + module), own)(*settings, **named).fit(X, target)


MODELS = {
    "GroupedPredictor": lambda: fitted("meta.GroupedPredictor", LinearRegression(), groups=["g"]),
    "GroupedTransformer": lambda: fitted("meta.GroupedTransformer", scaler(), groups=["g"]),
    "EstimatorTransformer": lambda: fitted("meta.EstimatorTransformer", LinearRegression()),
    "ZeroInflatedRegressor": lambda: fitted(
        "meta.ZeroInflatedRegressor", LogisticRegression(), LinearRegression(), target=np.where(y > 1, y, 0.0)
    ),
    "DecayEstimator": lambda: fitted("meta.DecayEstimator", LinearRegression()),
    "Thresholder": lambda: fitted("meta.Thresholder", LogisticRegression(), threshold=0.4, target=label),
    "LADRegression": lambda: fitted("linear_model.LADRegression"),
    "LowessRegression": lambda: fitted("linear_model.LowessRegression"),
    "ColumnSelector": lambda: fitted("preprocessing.ColumnSelector", ["a"]),
    "InformationFilter": lambda: fitted("preprocessing.InformationFilter", ["g"]),
    "IntervalEncoder": lambda: fitted("preprocessing.IntervalEncoder", n_chunks=4),
    "RandomAdder": lambda: fitted("preprocessing.RandomAdder", noise=0.0),
    "GMMClassifier": lambda: fitted("mixture.GMMClassifier", random_state=0, target=label),
    "GMMOutlierDetector": lambda: fitted("mixture.GMMOutlierDetector", random_state=0, threshold=0.9),
    "BayesianGMMClassifier": lambda: fitted("mixture.BayesianGMMClassifier", random_state=0, target=label),
    "GaussianMixtureNB": lambda: fitted("naive_bayes.GaussianMixtureNB", random_state=0, target=label),
    "NearestNeighborsClassifier": lambda: fitted("neighbors.BayesianKernelDensityClassifier", target=label),
    "RandomRegressor": lambda: fitted("dummy.RandomRegressor", random_state=0),
}


def scaler():
    from sklearn.preprocessing import StandardScaler

    return StandardScaler()


def write(make, path):
    with open(path, "wb") as file:
        pickle.dump(make(), file, 4)


def artifacts():
    for name, make in MODELS.items():
        yield name + ".pickle", partial(write, make)


def probe(path):
    with open(path, "rb") as file:
        model = pickle.load(file)
    got = (model.predict if hasattr(model, "predict") else model.transform)(X[:20])
    return np.asarray(got, float)
