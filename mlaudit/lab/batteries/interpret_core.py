"""interpret-core: explainable boosting machines and linear glass boxes, pickled."""

import pickle
from functools import partial

import interpret.glassbox as glassbox
import numpy as np
import pandas as pd

REQUIRES = ["interpret-core[required]"]
KINDS = {".pickle": "interpret-core.pickle"}
TOLERANCE = 1e-6

draw = np.random.RandomState(0)
X = pd.DataFrame({"a": draw.rand(120), "b": draw.rand(120), "c": list("xyz" * 40)})
y = X["a"] + (X["c"] == "x") * X["b"]
few = {"max_rounds": 20, "outer_bags": 2, "n_jobs": 1, "random_state": 0}

MODELS = {
    "ExplainableBoostingClassifier": lambda: glassbox.ExplainableBoostingClassifier(**few).fit(X, (y > 0.8) * 1),
    "ExplainableBoostingRegressor": lambda: glassbox.ExplainableBoostingRegressor(**few).fit(X, y),
    "multiclass": lambda: glassbox.ExplainableBoostingClassifier(interactions=0, **few).fit(
        X, np.digitize(y, [0.5, 1.0])
    ),
    "no_interactions": lambda: glassbox.ExplainableBoostingRegressor(interactions=0, **few).fit(X, y),
    "DPExplainableBoostingRegressor": lambda: glassbox.DPExplainableBoostingRegressor(
        max_rounds=5, n_jobs=1, random_state=0
    ).fit(X, y),
    "LinearRegression": lambda: glassbox.LinearRegression().fit(X[["a", "b"]], y),
    "LogisticRegression": lambda: glassbox.LogisticRegression().fit(X[["a", "b"]], (y > 0.8) * 1),
    "ClassificationTree": lambda: glassbox.ClassificationTree(max_depth=2).fit(X[["a", "b"]], (y > 0.8) * 1),
    "explanation": lambda: glassbox.ExplainableBoostingRegressor(**few).fit(X, y).explain_local(X[:3], y[:3]),
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
    if "explanation" in path:
        return model.data(0)["scores"]
    rows = X[:10] if "Boosting" in type(model).__name__ else X[["a", "b"]][:10]
    return (model.predict_proba if hasattr(model, "predict_proba") else model.predict)(rows)
