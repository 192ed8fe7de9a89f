"""imodels: fitted rule models, pickled."""

import pickle
from functools import partial

import imodels
import numpy as np
import pandas as pd

REQUIRES = []
KINDS = {".pickle": "imodels.pickle"}
TOLERANCE = 1e-6

draw = np.random.RandomState(0)
X = pd.DataFrame(draw.rand(100, 3), columns=list("abc"))
y = (X["a"] + X["b"] > 1).astype(int).values
CLASSES = {
    "RuleFitClassifier": {"random_state": 0, "n_estimators": 4},
    "RuleFitRegressor": {"random_state": 0, "n_estimators": 4},
    "SkopeRulesClassifier": {"random_state": 0, "n_estimators": 4},
    "BoostedRulesClassifier": {"random_state": 0, "n_estimators": 4},
    "FIGSClassifier": {"max_rules": 4},
    "FIGSRegressor": {"max_rules": 4},
    "HSTreeClassifier": {},
    "HSTreeRegressor": {},
    "GreedyRuleListClassifier": {},
    "OneRClassifier": {},
    "GreedyTreeClassifier": {"random_state": 0},
    "C45TreeClassifier": {},
    "TreeGAMClassifier": {"random_state": 0, "n_boosting_rounds": 3},
}


def write(name, path):
    made = getattr(imodels, name)(**CLASSES[name]).fit(X.values, y)
    with open(path, "wb") as file:
        pickle.dump(made, file, 4)


def artifacts():
    for name in CLASSES:
        yield name + ".pickle", partial(write, name)


def probe(path):
    with open(path, "rb") as file:
        model = pickle.load(file)
    return [model.predict(X.values[:20]), model.predict_proba(X.values[:20]) if "Classifier" in path else []]
