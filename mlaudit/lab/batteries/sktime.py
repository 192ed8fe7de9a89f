"""sktime: fitted forecasters, classifiers and transformers, pickled and saved."""

import importlib
import pickle
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

REQUIRES = ["statsmodels==0.14.4"]
KINDS = {".pickle": "sktime.pickle", ".zip": "sktime.zip"}
TOLERANCE = 1e-6

steps = np.arange(60)
SERIES = pd.Series(
    steps * 0.1 + np.sin(steps / 12 * 6.283) + np.random.RandomState(0).rand(60) + 5,
    index=pd.period_range("2015-01", periods=60, freq="M"),
)
X = np.random.RandomState(0).rand(16, 1, 24).cumsum(axis=2)
label = np.arange(16) % 2

FORECASTERS = {
    "naive.NaiveForecaster": {"strategy": "last", "sp": 12},
    "trend.PolynomialTrendForecaster": {"degree": 2},
    "trend.TrendForecaster": {},
    "trend.STLForecaster": {"sp": 12},
    "theta.ThetaForecaster": {"sp": 12},
    "exp_smoothing.ExponentialSmoothing": {"trend": "add"},
    "ets.AutoETS": {"sp": 12},
    "sarimax.SARIMAX": {"order": (1, 0, 0)},
    "croston.Croston": {},
}
CLASSIFIERS = {
    "distance_based.KNeighborsTimeSeriesClassifier": {"n_neighbors": 1, "distance": "euclidean"},
    "interval_based.TimeSeriesForestClassifier": {"n_estimators": 4, "random_state": 0},
    "dictionary_based.IndividualBOSS": {"random_state": 0, "window_size": 8},
    "feature_based.SummaryClassifier": {"random_state": 0},
    "dummy.DummyClassifier": {},
}
TRANSFORMERS = {
    "series.detrend.Detrender": {},
    "series.detrend.Deseasonalizer": {"sp": 12},
    "series.boxcox.BoxCoxTransformer": {},
    "series.boxcox.LogTransformer": {},
    "series.difference.Differencer": {},
    "series.impute.Imputer": {"method": "mean"},
    "series.lag.Lag": {"lags": [1, 2]},
    "series.summarize.WindowSummarizer": {},
    "series.date.DateTimeFeatures": {},
    "series.exponent.ExponentTransformer": {},
}


def made(family, name, settings):
    module, _, own = name.rpartition(".")
    return getattr(importlib.import_module(f"sktime.{family}.{module}"), own)(**settings)


def forecaster(name, settings):
    return made("forecasting", name, settings).fit(SERIES, fh=[1, 2, 3])


def classifier(name, settings):
    return made("classification", name, settings).fit(X, label)


def transformer(name, settings):
    return made("transformations", name, settings).fit(SERIES)


def reduced():
    from sklearn.linear_model import LinearRegression
    from sktime.forecasting.compose import make_reduction

    return make_reduction(LinearRegression(), window_length=5, strategy="recursive").fit(SERIES, fh=[1, 2, 3])


def piped():
    from sktime.forecasting.compose import TransformedTargetForecaster

    parts = [made("transformations", "series.detrend.Deseasonalizer", {"sp": 12})]
    parts.append(made("forecasting", "naive.NaiveForecaster", {}))
    return TransformedTargetForecaster([(f"step{at}", part) for at, part in enumerate(parts)]).fit(SERIES, fh=[1, 2, 3])


def searched():
    from sktime.forecasting.model_selection import ForecastingGridSearchCV
    from sktime.split import ExpandingWindowSplitter

    inner = made("forecasting", "naive.NaiveForecaster", {})
    splits = ExpandingWindowSplitter(fh=[1, 2, 3], initial_window=40, step_length=10)
    return ForecastingGridSearchCV(inner, splits, {"strategy": ["last", "mean"]}).fit(SERIES, fh=[1, 2, 3])


MODELS = {
    **{name: partial(forecaster, name, settings) for name, settings in FORECASTERS.items()},
    **{name: partial(classifier, name, settings) for name, settings in CLASSIFIERS.items()},
    **{name: partial(transformer, name, settings) for name, settings in TRANSFORMERS.items()},
    "make_reduction": reduced,
    "TransformedTargetForecaster": piped,
    "ForecastingGridSearchCV": searched,
}


def write(make, path):
    if path.endswith(".zip"):
        make().save(path[: -len(".zip")])
        return
    with open(path, "wb") as file:
        pickle.dump(make(), file, 4)


def artifacts():
    for name, make in MODELS.items():
        yield name.rpartition(".")[2] + ".pickle", partial(write, make)
    for name in ("naive.NaiveForecaster", "dummy.DummyClassifier"):
        yield name.rpartition(".")[2] + ".zip", partial(write, MODELS[name])


def probe(path):
    if path.endswith(".zip"):
        from sktime.base import load

        model = load(Path(path))
    else:
        with open(path, "rb") as file:
            model = pickle.load(file)
    if type(model).__name__.endswith(("Classifier", "BOSS")):
        return [list(map(str, model.predict(X))), model.predict_proba(X)]
    if hasattr(model, "predict"):
        return model.predict().values
    got = model.transform(SERIES)
    return got.astype(float).fillna(-1).values
