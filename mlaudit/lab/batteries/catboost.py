"""catboost: models as .cbm, as JSON and pickled."""

import pickle
from pathlib import Path

import catboost as cb
import numpy as np

X = np.random.RandomState(0).rand(200, 4)
y = (X[:, 0] + X[:, 1] ** 2 > 0.8).astype(int)
kw = {"iterations": 5, "verbose": False, "allow_writing_files": False}

REQUIRES = ["numpy<2", "scipy<1.14"]
KINDS = {".pickle": "catboost.pickle", ".cbm": "catboost.cbm", ".json": "catboost.json"}

MODELS = {
    "CatBoostClassifier.pickle": (lambda: cb.CatBoostClassifier(**kw).fit(X, y), lambda model: model.predict_proba(X)),
    "CatBoostRegressor.pickle": (lambda: cb.CatBoostRegressor(**kw).fit(X, y), lambda model: model.predict(X)),
    "get_params.pickle": (lambda: cb.CatBoostClassifier(**kw).fit(X, y), lambda model: len(model.get_params()) > 0),
    "cbm.cbm": (lambda: cb.CatBoostClassifier(**kw).fit(X, y), lambda model: model.predict_proba(X)),
    "json.json": (lambda: cb.CatBoostClassifier(**kw).fit(X, y), lambda model: model.predict_proba(X)),
}


def save(model, path):
    if path.endswith(".cbm"):
        model.save_model(path)
        return
    if path.endswith(".json"):
        model.save_model(path, format="json")
        return
    pickle.dump(model, open(path, "wb"), 4)


def load(path):
    if path.endswith(".cbm"):
        return cb.CatBoostClassifier().load_model(path)
    if path.endswith(".json"):
        return cb.CatBoostClassifier().load_model(path, format="json")
    return pickle.load(open(path, "rb"))


def artifacts():
    for name, (make, _) in MODELS.items():
        yield name, lambda path, make=make: save(make(), path)


def probe(path):
    _, use = MODELS[Path(path).name]
    return use(load(path))
