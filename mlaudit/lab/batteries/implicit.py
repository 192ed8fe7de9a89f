"""implicit: fitted recommenders, pickled and saved."""

import importlib
import pickle
from functools import partial

import numpy as np
import scipy.sparse as sparse

REQUIRES = []
KINDS = {".pickle": "implicit.pickle", ".npz": "implicit.npz"}
TOLERANCE = 1e-4

USERS = sparse.csr_matrix(np.random.RandomState(0).poisson(0.4, (20, 12)).astype(np.float32))
few = {"factors": 4, "iterations": 3, "random_state": 0, "num_threads": 1}
CLASSES = {
    "als.AlternatingLeastSquares": few,
    "bpr.BayesianPersonalizedRanking": few,
    "lmf.LogisticMatrixFactorization": few,
    "nearest_neighbours.CosineRecommender": {"K": 4},
    "nearest_neighbours.BM25Recommender": {"K": 4},
    "nearest_neighbours.TFIDFRecommender": {"K": 4},
}


def write(name, settings, path):
    module, _, own = name.partition(".")
    made = getattr(importlib.import_module("implicit." + module), own)(**settings)
    made.fit(USERS, show_progress=False)
    if path.endswith(".npz"):
        made.save(path)
        return
    with open(path, "wb") as file:
        pickle.dump(made, file, 4)


def artifacts():
    for name, settings in CLASSES.items():
        for ending in KINDS:
            yield name + ending, partial(write, name, settings)


def probe(path):
    if path.endswith(".npz"):
        module, own, _ = path.replace("\\", "/").rpartition("/")[2].split(".")
        holder = importlib.import_module(
            "implicit.cpu." + module if module in ("als", "bpr", "lmf") else "implicit." + module
        )
        model = getattr(holder, own).load(path)
    else:
        with open(path, "rb") as file:
            model = pickle.load(file)
    items, scores = model.recommend(1, USERS[1], N=4)
    return [scores, model.similar_items(2, N=3)[1], items]
