"""hdbscan: fitted clusterers, pickled, asked for the cluster of new rows."""

import pickle
from functools import partial

import hdbscan
import numpy as np

REQUIRES = []
KINDS = {".pickle": "hdbscan.pickle"}

draw = np.random.RandomState(0)
X = np.vstack([draw.normal(place, 0.3, (40, 2)) for place in (0, 3, 6)])
NEW = draw.uniform(-1, 7, (20, 2))


def fitted(**settings):
    return hdbscan.HDBSCAN(min_cluster_size=8, **settings).fit(X)


MODELS = {
    "plain": fitted,
    "prediction_data": lambda: fitted(prediction_data=True),
    "leaf": lambda: fitted(prediction_data=True, cluster_selection_method="leaf"),
    "epsilon": lambda: fitted(prediction_data=True, cluster_selection_epsilon=0.5),
    "boruvka_balltree": lambda: fitted(prediction_data=True, algorithm="boruvka_balltree"),
    "generic": lambda: fitted(algorithm="generic"),
    "min_spanning_tree": lambda: fitted(gen_min_span_tree=True),
    "RobustSingleLinkage": lambda: hdbscan.RobustSingleLinkage(k=5).fit(X),
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
    if "Robust" in path:
        return model.labels_
    if getattr(model, "_prediction_data", None) is None:
        extra = [model.relative_validity_] if model.gen_min_span_tree else []
        return [model.labels_, model.probabilities_, model.condensed_tree_.to_numpy()["lambda_val"], *extra]
    return [*hdbscan.approximate_predict(model, NEW), hdbscan.membership_vector(model, NEW), model.outlier_scores_]
