"""umap-learn: fitted reducers, pickled and by joblib, asked to transform new rows."""

import pickle
from functools import partial
from pathlib import Path

import joblib
import numpy as np
import umap

REQUIRES = ["numpy<2", "scikit-learn==1.6.1", "scipy<1.14", "setuptools<80"]
KINDS = {".pickle": "umap.pickle", ".joblib": "umap.pickle"}
TOLERANCE = 1e-3

X = np.random.RandomState(0).rand(80, 5).astype("float32")


def fitted(**settings):
    return umap.UMAP(n_neighbors=5, n_epochs=20, random_state=0, n_jobs=1, **settings).fit(X)


MODELS = {
    "dense": fitted,
    "cosine": lambda: fitted(metric="cosine"),
    "supervised": lambda: umap.UMAP(n_neighbors=5, n_epochs=20, random_state=0).fit(X, (X[:, 0] > 0.5).astype(int)),
    "exact": lambda: fitted(force_approximation_algorithm=False),
    "approximate": lambda: fitted(force_approximation_algorithm=True),
}


def write(make, path):
    model = make()
    if path.endswith(".joblib"):
        joblib.dump(model, path)
        return
    with open(path, "wb") as file:
        pickle.dump(model, file, 4)


def artifacts():
    for name, make in MODELS.items():
        yield name + ".pickle", partial(write, make)
    yield "dense.joblib", partial(write, fitted)


def probe(path):
    if path.endswith(".joblib"):
        model = joblib.load(path)
    else:
        with open(path, "rb") as file:
            model = pickle.load(file)
    return [Path(path).name, model.embedding_, model.transform(X[:5])]
