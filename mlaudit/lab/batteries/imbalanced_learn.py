"""imbalanced-learn: pipelines and ensembles that sample, pickled."""

import pickle
from pathlib import Path

import numpy as np
from imblearn.ensemble import BalancedRandomForestClassifier
from imblearn.over_sampling import SMOTE
from imblearn.pipeline import make_pipeline
from sklearn.linear_model import LogisticRegression

X = np.random.RandomState(0).rand(200, 4)
y = (X[:, 0] + X[:, 1] ** 2 > 0.8).astype(int)

REQUIRES = ["numpy<2", "scipy<1.14"]
KINDS = {".pickle": "imblearn.pickle"}

MODELS = {
    "Pipeline_SMOTE.pickle": (
        lambda: make_pipeline(SMOTE(random_state=0), LogisticRegression()).fit(X, y),
        lambda model: model.predict_proba(X),
    ),
    "BalancedRandomForestClassifier.pickle": (
        lambda: BalancedRandomForestClassifier(5, random_state=0).fit(X, y),
        lambda model: model.predict_proba(X),
    ),
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
