"""pandas: frames and series of the usual types, pickled."""

import pickle
from pathlib import Path

import pandas as pd

REQUIRES = []
KINDS = {".pickle": "pandas.pickle", ".to_pickle": "pandas.to_pickle"}

MODELS = {
    "frame.pickle": (lambda: pd.DataFrame({"a": [1.0, 2.0], "b": ["x", "y"]}), lambda model: model.values),
    "frame_int_index.pickle": (lambda: pd.DataFrame({"a": [1.0, 2.0]}, index=[5, 7]), lambda model: model.values),
    "series.pickle": (lambda: pd.Series([1.0, 2.0]), lambda model: model.values),
    "nullable_int.pickle": (
        lambda: pd.DataFrame({"a": pd.array([1, None], dtype="Int64")}),
        lambda model: model.astype(object).values,
    ),
    "category.pickle": (
        lambda: pd.DataFrame({"a": pd.Categorical(["x", "y"])}),
        lambda model: model.astype(str).values,
    ),
    "sparse.pickle": (lambda: pd.DataFrame({"a": pd.arrays.SparseArray([0, 1])}), lambda model: model.values),
    "NaT.pickle": (lambda: pd.NaT, lambda model: str(model)),
    "to_pickle.to_pickle": (lambda: pd.DataFrame({"a": [1.0, 2.0]}, index=[5, 7]), lambda model: model.values),
}


def save(model, path):
    if path.endswith(".to_pickle"):
        model.to_pickle(path)
        return
    pickle.dump(model, open(path, "wb"), 4)


def load(path):
    if path.endswith(".to_pickle"):
        return pd.read_pickle(path)
    return pickle.load(open(path, "rb"))


def artifacts():
    for name, (make, _) in MODELS.items():
        yield name, lambda path, make=make: save(make(), path)


def probe(path):
    _, use = MODELS[Path(path).name]
    return use(load(path))
