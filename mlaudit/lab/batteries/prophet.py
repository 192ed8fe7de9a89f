"""prophet: fitted models as JSON and pickled."""

import logging
import pickle
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from prophet import Prophet
from prophet.serialize import model_from_json, model_to_json

REQUIRES = ["cmdstanpy==1.2.5", "numpy<2", "pandas<2.4"]
KINDS = {".json": "prophet.json", ".pickle": "prophet.pickle"}
TOLERANCE = 1e-6

logging.disable(logging.INFO)
days = np.arange(120)
HISTORY = pd.DataFrame(
    {"ds": pd.date_range("2020-01-01", periods=120), "y": days * 0.1 + np.sin(days / 7 * 6.283), "x": days % 5 / 5}
)
AHEAD = pd.DataFrame({"ds": pd.date_range("2020-05-01", periods=10), "x": np.linspace(0, 1, 10)})
HOLIDAYS = pd.DataFrame({"holiday": "h", "ds": pd.to_datetime(["2020-02-01", "2020-05-03"])})


def fitted(regressor=False, **settings):
    model = Prophet(uncertainty_samples=0, **settings)
    if regressor:
        model.add_regressor("x")
    return model.fit(HISTORY, seed=1)


MODELS = {
    "default": fitted,
    "regressor": lambda: fitted(regressor=True),
    "holidays": lambda: fitted(holidays=HOLIDAYS),
    "multiplicative": lambda: fitted(seasonality_mode="multiplicative"),
    "flat": lambda: fitted(growth="flat"),
}


def write(make, path):
    if path.endswith(".json"):
        Path(path).write_text(model_to_json(make()), encoding="utf-8")
        return
    with open(path, "wb") as file:
        pickle.dump(make(), file, 4)


def artifacts():
    for name, make in MODELS.items():
        for ending in KINDS:
            yield name + ending, partial(write, make)


def probe(path):
    if path.endswith(".json"):
        model = model_from_json(Path(path).read_text(encoding="utf-8"))
    else:
        with open(path, "rb") as file:
            model = pickle.load(file)
    return np.asarray(model.predict(AHEAD)["yhat"])
