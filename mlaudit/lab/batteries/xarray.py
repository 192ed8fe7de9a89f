"""xarray: arrays and data sets, pickled."""

import pickle
from functools import partial

import numpy as np
import pandas as pd
import xarray as xr

REQUIRES = []
KINDS = {".pickle": "xarray.pickle"}

array = xr.DataArray(
    np.arange(24.0).reshape(4, 6),
    dims=("x", "t"),
    coords={"x": list("abcd"), "t": pd.date_range("2020-01-01", periods=6), "z": ("x", [1, 2, 3, 4])},
    name="v",
)
stacked = pd.MultiIndex.from_product([["a", "b"], [1, 2]], names=["p", "q"])

MODELS = {
    "DataArray": lambda: array,
    "plain": lambda: xr.DataArray([1.0, 2.0], dims="n"),
    "Dataset": lambda: xr.Dataset({"v": array, "w": ("x", [1, 2, 3, 4])}, attrs={"note": "n"}),
    "stacked": lambda: array.stack(s=("x", "t")),
    "multi_index": lambda: xr.DataArray(np.arange(4.0), dims="s").assign_coords(s=range(4)).to_series(),
    "Variable": lambda: xr.Variable("n", [1.0, 2.0]),
    "resampled": lambda: array.resample(t="2D").mean(),
    "rolling": lambda: array.rolling(t=2).mean(),
    "groupby_mean": lambda: array.groupby("z").mean(),
    "no_index": lambda: array.drop_vars("x"),
    "nested": lambda: {"mean": array.mean("t"), "std": array.std("t")},
}


def write(make, path):
    with open(path, "wb") as file:
        pickle.dump(make(), file, 4)


def artifacts():
    for name, make in MODELS.items():
        yield name + ".pickle", partial(write, make)


def probe(path):
    with open(path, "rb") as file:
        made = pickle.load(file)
    if isinstance(made, dict):
        return [((array - made["mean"]) / made["std"]).values]
    if isinstance(made, xr.Dataset):
        return [made["v"].sel(x="b").values, made.mean("x")["v"].values, made.attrs]
    if isinstance(made, xr.DataArray):
        got = made + 1
        return [got.values, {str(name): got.coords[name].values.astype(str) for name in got.coords if name != "s"}]
    return np.asarray(made.values)
