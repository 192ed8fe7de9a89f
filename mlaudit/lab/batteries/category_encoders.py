"""category-encoders: fitted encoders, pickled."""

import pickle
from pathlib import Path

import category_encoders as ce
import pandas as pd

X = pd.DataFrame({"a": ["x", "y", "z"] * 20})
y = pd.Series([0, 1, 1] * 20)

REQUIRES = ["numpy<2", "scipy<1.14", "pandas<2.2", "scikit-learn<1.6"]
KINDS = {".pickle": "category-encoders.pickle"}

MODELS = {
    "TargetEncoder.pickle": (lambda: ce.TargetEncoder().fit(X, y), lambda model: model.transform(X).values),
    "OrdinalEncoder.pickle": (lambda: ce.OrdinalEncoder().fit(X), lambda model: model.transform(X).values),
    "OneHotEncoder.pickle": (lambda: ce.OneHotEncoder().fit(X), lambda model: model.transform(X).values),
    "CatBoostEncoder.pickle": (lambda: ce.CatBoostEncoder().fit(X, y), lambda model: model.transform(X).values),
}


def save(model, path):
    pickle.dump(model, open(path, "wb"), 4)


def load(path):
    return pickle.load(open(path, "rb"))


def artifacts():
    for name, (make, _) in MODELS.items():
        yield name, lambda path, make=make: save(make(), path)


def probe(path):
    _, use = MODELS[Path(path).name]
    return use(load(path))
