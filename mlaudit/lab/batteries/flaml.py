"""flaml: fitted AutoML objects, pickled."""

import pickle
from functools import partial

import numpy as np
import pandas as pd
from flaml import AutoML

REQUIRES = ["xgboost==1.7.6", "lightgbm==3.3.5"]
KINDS = {".pickle": "flaml.pickle"}

draw = np.random.RandomState(0)
X = pd.DataFrame({"a": draw.rand(120), "b": draw.rand(120), "c": pd.Categorical(list("xyz" * 40))})
y = X["a"] + X["b"] ** 2
SETTINGS = {"max_iter": 2, "time_budget": 20, "verbose": 0, "seed": 0, "n_jobs": 1, "eval_method": "holdout"}


def fitted(task, learner):
    made = AutoML()
    made.fit(
        X, (y > 0.8).astype(int) if task == "classification" else y, task=task, estimator_list=[learner], **SETTINGS
    )
    return made


def forecaster():
    import pandas

    frame = pandas.DataFrame({"t": pandas.date_range("2020-01-01", periods=60), "y": np.sin(np.arange(60) / 7)})
    made = AutoML()
    made.fit(dataframe=frame, label="y", period=5, task="ts_forecast", estimator_list=["lgbm"], **SETTINGS)
    return made


MODELS = {
    **{
        f"{task}_{learner}": partial(fitted, task, learner)
        for task in ("classification", "regression")
        for learner in ("lgbm", "xgboost", "rf", "extra_tree")
    },
    "classification_lrl1": partial(fitted, "classification", "lrl1"),
    "ts_forecast": forecaster,
}


def write(make, path):
    with open(path, "wb") as file:
        pickle.dump(make(), file, 4)


def artifacts():
    for name, make in MODELS.items():
        yield name + ".pickle", partial(write, make)
    yield "estimator.pickle", lambda path: write(lambda: fitted("regression", "lgbm").model, path)


def probe(path):
    with open(path, "rb") as file:
        model = pickle.load(file)
    if "ts_forecast" in path:
        return np.asarray(model.predict(pd.DataFrame({"t": pd.date_range("2020-03-01", periods=5)})), float)
    if "estimator" in path:
        return model.predict(X[:10])
    return [model.predict(X[:10]), model.predict_proba(X[:10]) if "classification" in path else []]
