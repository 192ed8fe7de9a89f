"""pmdarima: fitted models and transformers, pickled."""

import pickle
from functools import partial

import numpy as np
import pmdarima
from pmdarima import pipeline, preprocessing

REQUIRES = ["setuptools<81"]
KINDS = {".pickle": "pmdarima.pickle"}
TOLERANCE = 1e-6

steps = np.arange(60)
SERIES = steps * 0.1 + np.sin(steps / 12 * 6.283) + np.random.RandomState(0).rand(60) + 5

MODELS = {
    "ARIMA": lambda: pmdarima.ARIMA((1, 1, 1)).fit(SERIES),
    "ARIMA_seasonal": lambda: pmdarima.ARIMA((1, 0, 0), seasonal_order=(1, 0, 0, 12)).fit(SERIES),
    "ARIMA_exogenous": lambda: pmdarima.ARIMA((1, 0, 0)).fit(SERIES, X=steps[:, None] * 1.0),
    "auto_arima": lambda: pmdarima.auto_arima(SERIES, max_p=2, max_q=2, seasonal=False),
    "AutoARIMA": lambda: pmdarima.AutoARIMA(max_p=2, max_q=2, seasonal=False).fit(SERIES),
    "Pipeline": lambda: pipeline.Pipeline(
        [("box", preprocessing.BoxCoxEndogTransformer()), ("arima", pmdarima.ARIMA((1, 0, 0)))]
    ).fit(SERIES),
    "Pipeline_fourier": lambda: pipeline.Pipeline(
        [("fourier", preprocessing.FourierFeaturizer(m=12, k=2)), ("arima", pmdarima.ARIMA((1, 0, 0)))]
    ).fit(SERIES),
    "updated": lambda: pmdarima.ARIMA((1, 0, 0)).fit(SERIES[:50]).update(SERIES[50:]),
}


def write(make, path):
    with open(path, "wb") as file:
        pickle.dump(make(), file, 4)


def artifacts():
    for name, make in MODELS.items():
        yield name + ".pickle", partial(write, make)


def probe(path):
    with open(path, "rb") as file:
        model = pickle.load(file)
    more = {"X": np.arange(60, 64)[:, None] * 1.0} if "exogenous" in path else {}
    before = np.asarray(model.predict(4, **more))
    if more or "Pipeline" in path:
        return before
    return [before, np.asarray(model.update([9.0, 9.5]).predict(2))]
