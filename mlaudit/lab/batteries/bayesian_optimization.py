"""bayesian-optimization: optimizers, pickled."""

import pickle

from bayes_opt import BayesianOptimization

REQUIRES = []
KINDS = {".pickle": "bayesian-optimization.pickle"}
TOLERANCE = 1e-4


def target(a, b):
    return -((a - 0.3) ** 2) - (b - 0.7) ** 2


def run(path):
    optimizer = BayesianOptimization(target, {"a": (0, 1), "b": (0, 1)}, random_state=1, verbose=0)
    optimizer.maximize(init_points=3, n_iter=2)
    with open(path, "wb") as file:
        pickle.dump(optimizer, file, 4)


def artifacts():
    yield "optimizer.pickle", run


def probe(path):
    with open(path, "rb") as file:
        optimizer = pickle.load(file)
    best = [optimizer.max["target"], optimizer.max["params"], len(optimizer.res)]
    optimizer.maximize(init_points=0, n_iter=1)
    return [*best, len(optimizer.res)]
