"""ngboost: fitted models, pickled."""

import pickle
from functools import partial

import ngboost.distns as distributions
import numpy as np
from ngboost import NGBClassifier, NGBRegressor, NGBSurvival

REQUIRES = []
KINDS = {".pickle": "ngboost.pickle"}

X = np.random.RandomState(0).rand(60, 3)
y = X[:, 0] + X[:, 1] ** 2 + 0.1
few = {"n_estimators": 8, "random_state": 0, "verbose": False}


def regressor(name):
    return NGBRegressor(Dist=getattr(distributions, name), **few).fit(X, y)


MODELS = {
    **{name: partial(regressor, name) for name in ("Normal", "LogNormal", "Exponential", "Laplace", "T", "Gamma")},
    "NGBClassifier": lambda: NGBClassifier(**few).fit(X, (y > 0.8).astype(int)),
    "NGBClassifier_3": lambda: NGBClassifier(Dist=distributions.k_categorical(3), **few).fit(
        X, np.digitize(y, [0.5, 1.0])
    ),
    "NGBSurvival": lambda: NGBSurvival(Dist=distributions.LogNormal, **few).fit(X, y, np.arange(60) % 3 > 0),
    "early_stopping": lambda: NGBRegressor(**few).fit(X, y, X_val=X[:20], Y_val=y[:20], early_stopping_rounds=3),
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
    if "Classifier" in path:
        return [model.predict(X[:10]), model.predict_proba(X[:10])]
    return [model.predict(X[:10]), model.pred_dist(X[:10]).params]
