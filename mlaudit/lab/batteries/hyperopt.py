"""hyperopt: trials and spaces, pickled, and gone on with."""

import pickle

import numpy as np
from hyperopt import Trials, fmin, hp, space_eval, tpe

REQUIRES = ["setuptools<81"]
KINDS = {".pickle": "hyperopt.pickle"}
TOLERANCE = 1e-6

SPACE = {"a": hp.uniform("a", 0, 1), "b": hp.choice("b", ["p", "q"]), "c": hp.quniform("c", 1, 5, 1)}


def loss(point):
    return (point["a"] - 0.3) ** 2 + (point["b"] == "p") + point["c"]


def search(trials, most):
    state = np.random.RandomState(0)
    try:
        return fmin(loss, SPACE, tpe.suggest, most, trials=trials, rstate=state, show_progressbar=False)
    except (AttributeError, TypeError):
        state = np.random.default_rng(0)
        return fmin(loss, SPACE, tpe.suggest, most, trials=trials, rstate=state, show_progressbar=False)


def write_trials(path):
    trials = Trials()
    search(trials, 12)
    with open(path, "wb") as file:
        pickle.dump(trials, file, 4)


def write_space(path):
    with open(path, "wb") as file:
        pickle.dump(SPACE, file, 4)


def artifacts():
    yield "trials.pickle", write_trials
    yield "space.pickle", write_space


def probe(path):
    with open(path, "rb") as file:
        made = pickle.load(file)
    if "space" in path:
        return space_eval(made, {"a": 0.5, "b": 1, "c": 2.0})
    best = [made.argmin, made.best_trial["result"]["loss"], len(made.trials)]
    search(made, 14)
    return [*best, len(made.trials)]
