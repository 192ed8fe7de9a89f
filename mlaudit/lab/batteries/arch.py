"""arch: fitted volatility models, pickled."""

import pickle
from functools import partial

import numpy as np
from arch import arch_model

REQUIRES = []
KINDS = {".pickle": "arch.pickle"}
TOLERANCE = 1e-6

SERIES = np.random.RandomState(0).standard_t(6, 300)
SETTINGS = {
    "GARCH": {},
    "EGARCH": {"vol": "EGARCH"},
    "GJR": {"o": 1},
    "ARCH": {"vol": "ARCH"},
    "HARCH": {"vol": "HARCH", "p": [1, 5]},
    "students_t": {"dist": "t"},
    "skewed": {"dist": "skewt"},
    "AR": {"mean": "AR", "lags": 1},
}


def write(name, path):
    made = arch_model(SERIES, **SETTINGS[name])
    with open(path, "wb") as file:
        pickle.dump(made.fit(disp="off") if not path.endswith("_model.pickle") else made, file, 4)


def artifacts():
    for name in SETTINGS:
        yield name + ".pickle", partial(write, name)
    yield "GARCH_model.pickle", lambda path: write("GARCH", path)


def probe(path):
    with open(path, "rb") as file:
        made = pickle.load(file)
    if path.endswith("_model.pickle"):
        return made.fit(disp="off").params.values
    ahead = made.forecast(horizon=1 if "EGARCH" in path else 2, reindex=False)
    return [made.params.values, ahead.variance.values, ahead.mean.values, made.aic]
