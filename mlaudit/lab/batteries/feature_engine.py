"""feature-engine: fitted transformers, pickled."""

import importlib
import pickle
from functools import partial

import numpy as np
import pandas as pd

REQUIRES = []
KINDS = {".pickle": "feature-engine.pickle"}

draw = np.random.RandomState(0)
X = pd.DataFrame({"n": draw.rand(60) + 0.1, "m": draw.rand(60) + 0.1, "c": list("xyzx" * 15), "d": list("pq" * 30)})
X["t"] = pd.date_range("2020-01-01", periods=60)
y = ((X["n"] > 0.5) ^ (np.arange(60) % 7 == 0)).astype(int)
NUMBERS, WORDS = ["n", "m"], ["c", "d"]
HOLES = X.mask(pd.DataFrame({name: np.arange(60) % 9 == 1 for name in X}))

CLASSES = {
    "encoding.OneHotEncoder": {"variables": WORDS},
    "encoding.OrdinalEncoder": {"variables": WORDS},
    "encoding.CountFrequencyEncoder": {"variables": WORDS},
    "encoding.MeanEncoder": {"variables": WORDS},
    "encoding.WoEEncoder": {"variables": WORDS},
    "encoding.RareLabelEncoder": {"variables": WORDS, "tol": 0.3, "n_categories": 1},
    "encoding.DecisionTreeEncoder": {"variables": WORDS, "regression": False, "random_state": 0},
    "encoding.StringSimilarityEncoder": {"variables": WORDS},
    "imputation.MeanMedianImputer": {"variables": NUMBERS},
    "imputation.CategoricalImputer": {"variables": WORDS},
    "imputation.EndTailImputer": {"variables": NUMBERS},
    "imputation.AddMissingIndicator": {},
    "imputation.DropMissingData": {},
    "discretisation.EqualFrequencyDiscretiser": {"variables": NUMBERS, "q": 4},
    "discretisation.EqualWidthDiscretiser": {"variables": NUMBERS, "bins": 4},
    "discretisation.DecisionTreeDiscretiser": {"variables": NUMBERS, "regression": False, "random_state": 0},
    "outliers.Winsorizer": {"variables": NUMBERS},
    "outliers.OutlierTrimmer": {"variables": NUMBERS},
    "transformation.LogTransformer": {"variables": NUMBERS},
    "transformation.YeoJohnsonTransformer": {"variables": NUMBERS},
    "transformation.BoxCoxTransformer": {"variables": NUMBERS},
    "transformation.PowerTransformer": {"variables": NUMBERS},
    "creation.CyclicalFeatures": {"variables": NUMBERS},
    "creation.MathFeatures": {"variables": NUMBERS, "func": ["sum", "mean"]},
    "creation.RelativeFeatures": {"variables": ["n"], "reference": ["m"], "func": ["sub"]},
    "datetime.DatetimeFeatures": {"variables": ["t"]},
    "selection.DropConstantFeatures": {},
    "selection.DropCorrelatedFeatures": {"variables": NUMBERS},
    "selection.SmartCorrelatedSelection": {"variables": NUMBERS},
    "selection.DropFeatures": {"features_to_drop": ["m"]},
}


def write(name, settings, path):
    module, _, own = name.partition(".")
    made = getattr(importlib.import_module("feature_engine." + module), own)(**settings)
    with open(path, "wb") as file:
        pickle.dump(made.fit(HOLES if module == "imputation" else X, y), file, 4)


def artifacts():
    for name, settings in CLASSES.items():
        yield name + ".pickle", partial(write, name, settings)


def probe(path):
    with open(path, "rb") as file:
        model = pickle.load(file)
    got = model.transform((HOLES if "imputation." in path else X).copy())
    return [list(got.columns), got.astype(str).where(got.isna(), got).fillna("none").values]
