"""xgboost: boosters and estimators, pickled and in xgboost's own formats."""

import pickle
from pathlib import Path

import numpy as np
import xgboost as xgb
from sklearn.base import clone

X = np.random.RandomState(0).rand(200, 4)
y = (X[:, 0] + X[:, 1] ** 2 > 0.8).astype(int)
Z = X[:, 0] * 9 + 5

REQUIRES = ["numpy<2", "scikit-learn<1.6", "scipy<1.14", "setuptools<80"]
KINDS = {".pickle": "xgboost.pickle", ".json": "xgboost.json", ".ubj": "xgboost.ubj", ".model": "xgboost.model"}

MODELS = {
    "Booster.pickle": (
        lambda: xgb.XGBClassifier(n_estimators=5).fit(X, y).get_booster(),
        lambda model: model.predict(xgb.DMatrix(X)),
    ),
    "XGBClassifier.pickle": (lambda: xgb.XGBClassifier(n_estimators=5).fit(X, y), lambda model: model.predict_proba(X)),
    "XGBRegressor.pickle": (lambda: xgb.XGBRegressor(n_estimators=5).fit(X, Z), lambda model: model.predict(X)),
    "XGBRanker.pickle": (
        lambda: xgb.XGBRanker(n_estimators=5).fit(X, y, group=[100, 100]),
        lambda model: model.predict(X),
    ),
    "XGBClassifier_get_params.pickle": (
        lambda: xgb.XGBClassifier(n_estimators=5).fit(X, y),
        lambda model: len(model.get_params()) > 0,
    ),
    "XGBClassifier_clone.pickle": (
        lambda: xgb.XGBClassifier(n_estimators=5).fit(X, y),
        lambda model: clone(model).fit(X, y).predict_proba(X),
    ),
    "json.json": (
        lambda: xgb.XGBRegressor(n_estimators=5).fit(X, Z).get_booster(),
        lambda model: model.predict(xgb.DMatrix(X)),
    ),
    "ubj.ubj": (
        lambda: xgb.XGBRegressor(n_estimators=5).fit(X, Z).get_booster(),
        lambda model: model.predict(xgb.DMatrix(X)),
    ),
    "dot_model.model": (
        lambda: xgb.XGBRegressor(n_estimators=5).fit(X, Z).get_booster(),
        lambda model: model.predict(xgb.DMatrix(X)),
    ),
}


def save(model, path):
    if path.endswith(".json"):
        model.save_model(path + ".json")
        return
    if path.endswith(".ubj"):
        model.save_model(path + ".ubj")
        return
    if path.endswith(".model"):
        model.save_model(path + ".model")
        return
    pickle.dump(model, open(path, "wb"), 4)


def load(path):
    if path.endswith(".json"):
        return xgb.Booster(model_file=path + ".json")
    if path.endswith(".ubj"):
        return xgb.Booster(model_file=path + ".ubj")
    if path.endswith(".model"):
        return xgb.Booster(model_file=path + ".model")
    return pickle.load(open(path, "rb"))


def artifacts():
    for name, (make, _) in MODELS.items():
        yield name, lambda path, make=make: save(make(), path)


def probe(path):
    _, use = MODELS[Path(path).name]
    return use(load(path))
