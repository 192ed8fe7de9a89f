"""statsforecast: fitted forecasters and single models, pickled and saved."""

import pickle
from functools import partial

import numpy as np
import pandas as pd
import statsforecast
import statsforecast.models as models

REQUIRES = ["setuptools<81"]
KINDS = {".pickle": "statsforecast.pickle", ".saved": "statsforecast.pickle"}
TOLERANCE = 1e-6

steps = np.arange(60)
SERIES = steps * 0.1 + np.sin(steps / 12 * 6.283) + np.random.RandomState(0).rand(60) + 5
FRAME = pd.DataFrame({"unique_id": "s", "ds": pd.date_range("2020-01-01", periods=60, freq="MS"), "y": SERIES})

CLASSES = {
    "AutoARIMA": {"season_length": 12, "approximation": True, "max_p": 2, "max_q": 2, "max_P": 1, "max_Q": 1},
    "AutoETS": {"season_length": 12},
    "ARIMA": {"order": (1, 1, 1)},
    "Theta": {"season_length": 12},
    "Holt": {},
    "HoltWinters": {"season_length": 12},
    "SimpleExponentialSmoothing": {"alpha": 0.3},
    "SeasonalNaive": {"season_length": 12},
    "Naive": {},
    "RandomWalkWithDrift": {},
    "HistoricAverage": {},
    "WindowAverage": {"window_size": 4},
    "CrostonClassic": {},
    "TSB": {"alpha_d": 0.3, "alpha_p": 0.3},
    "GARCH": {},
    "SklearnModel": {},
}


def model(name):
    settings = CLASSES[name]
    if name == "SklearnModel":
        from sklearn.linear_model import Ridge

        settings = {"model": Ridge()}
    return getattr(models, name)(**settings)


def together():
    forecaster = statsforecast.StatsForecast(models=[model("AutoETS"), model("SeasonalNaive")], freq="MS")
    try:
        return forecaster.fit(FRAME)
    except Exception:
        return statsforecast.StatsForecast(FRAME, models=[model("AutoETS")], freq="MS").fit()


def write(name, path):
    if name == "StatsForecast":
        made = together()
    else:
        made = model(name).fit(SERIES, **({"X": steps[:, None] * 1.0} if name == "SklearnModel" else {}))
    if path.endswith(".saved"):
        made.save(path)
        return
    with open(path, "wb") as file:
        pickle.dump(made, file, 4)


def artifacts():
    for name in [*CLASSES, "StatsForecast"]:
        yield name + ".pickle", partial(write, name)
    yield "StatsForecast.saved", partial(write, "StatsForecast")


def probe(path):
    if path.endswith(".saved"):
        made = statsforecast.StatsForecast.load(path)
    else:
        with open(path, "rb") as file:
            made = pickle.load(file)
    if "StatsForecast" in path:
        return made.predict(h=4).select_dtypes("number").values
    more = {"X": np.arange(60, 64)[:, None] * 1.0} if "SklearnModel" in path else {}
    return {name: np.asarray(values, float) for name, values in made.predict(h=4, **more).items()}
