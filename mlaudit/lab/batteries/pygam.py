"""pygam: fitted additive models, pickled."""

import pickle
from functools import partial

import numpy as np
import pygam
from pygam import f, l, s, te

REQUIRES = []
KINDS = {".pickle": "pygam.pickle"}
TOLERANCE = 1e-6

draw = np.random.RandomState(0)
X = np.column_stack([draw.rand(80), draw.rand(80), np.arange(80) % 3])
y = np.sin(X[:, 0] * 3) + X[:, 1] + 0.1 * X[:, 2] + 1

MODELS = {
    "LinearGAM": lambda: pygam.LinearGAM(s(0, n_splines=6) + l(1) + f(2)).fit(X, y),
    "LinearGAM_te": lambda: pygam.LinearGAM(te(0, 1, n_splines=4)).fit(X, y),
    "LogisticGAM": lambda: pygam.LogisticGAM(s(0, n_splines=6)).fit(X, (y > 2).astype(int)),
    "PoissonGAM": lambda: pygam.PoissonGAM(s(0, n_splines=6)).fit(X, np.round(y)),
    "GammaGAM": lambda: pygam.GammaGAM(s(0, n_splines=6)).fit(X, y),
    "InvGaussGAM": lambda: pygam.InvGaussGAM(s(0, n_splines=6)).fit(X, y),
    "ExpectileGAM": lambda: pygam.ExpectileGAM(s(0, n_splines=6), expectile=0.7).fit(X, y),
    "GAM_monotonic": lambda: pygam.GAM(s(0, n_splines=6, constraints="monotonic_inc")).fit(X, y),
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
    return [
        model.predict(X[:10]),
        model.confidence_intervals(X[:5]),
        model.partial_dependence(term=0, X=X[:5]) if "_te" not in path else [],
        model.predict_proba(X[:5]) if "Logistic" in path else [],
    ]
