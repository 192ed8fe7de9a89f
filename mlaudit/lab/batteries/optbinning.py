"""optbinning: fitted binnings and scorecards, pickled and saved."""

import pickle
from functools import partial

import numpy as np
import optbinning
import pandas as pd
from sklearn.linear_model import LinearRegression, LogisticRegression

REQUIRES = []
KINDS = {".pickle": "optbinning.pickle", ".saved": "optbinning.pickle"}
TOLERANCE = 1e-6

draw = np.random.RandomState(0)
X = pd.DataFrame({"a": draw.rand(300), "b": draw.rand(300), "c": list("xyz" * 100)})
target = ((X["a"] + 0.3 * (X["c"] == "x") + 0.4 * draw.rand(300)) > 0.8).astype(int)
amount = X["a"] * 2 + draw.rand(300) * 0.1


def process():
    return optbinning.BinningProcess(["a", "b", "c"], categorical_variables=["c"])


MODELS = {
    "OptimalBinning": lambda: optbinning.OptimalBinning("a").fit(X["a"].values, target.values),
    "OptimalBinning_categorical": lambda: optbinning.OptimalBinning("c", dtype="categorical").fit(
        X["c"].values, target.values
    ),
    "ContinuousOptimalBinning": lambda: optbinning.ContinuousOptimalBinning("a").fit(X["a"].values, amount.values),
    "MulticlassOptimalBinning": lambda: optbinning.MulticlassOptimalBinning("a").fit(
        X["a"].values, np.digitize(X["a"], [0.3, 0.7])
    ),
    "BinningProcess": lambda: process().fit(X, target.values),
    "Scorecard": lambda: optbinning.Scorecard(
        process(), LogisticRegression(), scaling_method="min_max", scaling_method_params={"min": 300, "max": 850}
    ).fit(X, target.values),
    "Scorecard_continuous": lambda: optbinning.Scorecard(process(), LinearRegression()).fit(X, amount.values),
}


def write(make, path):
    if path.endswith(".saved"):
        make().save(path)
        return
    with open(path, "wb") as file:
        pickle.dump(make(), file, 4)


def artifacts():
    for name, make in MODELS.items():
        yield name + ".pickle", partial(write, make)
    for name in ("BinningProcess", "Scorecard"):
        yield name + ".saved", partial(write, MODELS[name])


def probe(path):
    if path.endswith(".saved"):
        owner = optbinning.Scorecard if "Scorecard" in path else optbinning.BinningProcess
        model = owner.load(path)
    else:
        with open(path, "rb") as file:
            model = pickle.load(file)
    if "Scorecard" in path:
        return [model.score(X[:10]), model.predict(X[:10])]
    if "Process" in path:
        return model.transform(X[:10]).values
    return model.transform(X["c" if "categorical" in path else "a"].values[:10])
