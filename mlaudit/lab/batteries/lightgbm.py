"""lightgbm: boosters and estimators, pickled and as text."""

import pickle
from pathlib import Path

import lightgbm as lgb
import numpy as np

X = np.random.RandomState(0).rand(200, 4)
y = (X[:, 0] + X[:, 1] ** 2 > 0.8).astype(int)

REQUIRES = ["numpy<2", "scikit-learn<1.6", "scipy<1.14"]
KINDS = {".pickle": "lightgbm.pickle", ".txt": "lightgbm.txt"}

MODELS = {
    "Booster.pickle": (lambda: lgb.LGBMClassifier(n_estimators=5).fit(X, y).booster_, lambda model: model.predict(X)),
    "LGBMClassifier.pickle": (
        lambda: lgb.LGBMClassifier(n_estimators=5).fit(X, y),
        lambda model: model.predict_proba(X),
    ),
    "LGBMRegressor.pickle": (lambda: lgb.LGBMRegressor(n_estimators=5).fit(X, y), lambda model: model.predict(X)),
    "LGBMRanker.pickle": (
        lambda: lgb.LGBMRanker(n_estimators=5).fit(X, y, group=[100, 100]),
        lambda model: model.predict(X),
    ),
    "txt.txt": (lambda: lgb.LGBMClassifier(n_estimators=5).fit(X, y).booster_, lambda model: model.predict(X)),
    "txt_linear.txt": (
        lambda: lgb.LGBMRegressor(n_estimators=5, linear_tree=True).fit(X, y).booster_,
        lambda model: model.predict(X),
    ),
}


def save(model, path):
    if path.endswith(".txt"):
        model.save_model(path)
        return
    pickle.dump(model, open(path, "wb"), 4)


def load(path):
    if path.endswith(".txt"):
        return lgb.Booster(model_file=path)
    return pickle.load(open(path, "rb"))


def artifacts():
    for name, (make, _) in MODELS.items():
        yield name, lambda path, make=make: save(make(), path)


def probe(path):
    _, use = MODELS[Path(path).name]
    return use(load(path))
