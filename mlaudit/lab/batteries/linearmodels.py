"""linearmodels: fitted panel, instrumental and system models, pickled."""

import pickle
from functools import partial

import numpy as np
import pandas as pd
from linearmodels.iv import IV2SLS, IVGMM, IVLIML
from linearmodels.panel import BetweenOLS, FamaMacBeth, PanelOLS, PooledOLS, RandomEffects

REQUIRES = []
KINDS = {".pickle": "linearmodels.pickle"}
TOLERANCE = 1e-6

draw = np.random.RandomState(0)
index = pd.MultiIndex.from_product([range(12), range(6)], names=["unit", "year"])
X = pd.DataFrame({"const": 1.0, "a": draw.rand(72), "z": draw.rand(72)}, index=index)
X["e"] = X["z"] + 0.1 * draw.rand(72)
y = pd.Series(1 + 2 * X["a"] - X["e"] + 0.1 * draw.rand(72), index=index, name="y")
FRAME = X.assign(y=y)

MODELS = {
    "PanelOLS": lambda: PanelOLS(y, X[["a"]], entity_effects=True).fit(),
    "PanelOLS_formula": lambda: PanelOLS.from_formula("y ~ 1 + a + EntityEffects", FRAME).fit(),
    "PooledOLS": lambda: PooledOLS(y, X[["const", "a"]]).fit(),
    "RandomEffects": lambda: RandomEffects(y, X[["const", "a"]]).fit(),
    "BetweenOLS": lambda: BetweenOLS(y, X[["const", "a"]]).fit(),
    "FamaMacBeth": lambda: FamaMacBeth(y, X[["const", "a"]]).fit(),
    "IV2SLS": lambda: IV2SLS(y, X[["const", "a"]], X[["e"]], X[["z"]]).fit(),
    "IV2SLS_formula": lambda: IV2SLS.from_formula("y ~ 1 + a + [e ~ z]", FRAME).fit(),
    "IVLIML": lambda: IVLIML(y, X[["const", "a"]], X[["e"]], X[["z"]]).fit(),
    "IVGMM": lambda: IVGMM(y, X[["const", "a"]], X[["e"]], X[["z"]]).fit(),
}


def write(make, path):
    with open(path, "wb") as file:
        pickle.dump(make(), file, 4)


def artifacts():
    for name, make in MODELS.items():
        yield name + ".pickle", partial(write, make)


def probe(path):
    with open(path, "rb") as file:
        result = pickle.load(file)
    more = {"data": FRAME[:5]} if "formula" in path else {"exog": X[["a"]] if "PanelOLS" in path else X[["const", "a"]]}
    if "IV" in path and "formula" not in path:
        more["endog"] = X[["e"]]
    return [result.params.values, result.std_errors.values, result.predict(**more).values[:5]]
