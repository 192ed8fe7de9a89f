"""mlforecast: fitted forecasters, pickled and saved."""

import pickle
from functools import partial

import numpy as np
import pandas as pd
from mlforecast import MLForecast
from sklearn.linear_model import LinearRegression

REQUIRES = ["lightgbm==4.3.0"]
KINDS = {".pickle": "mlforecast.pickle", ".saved": "mlforecast.folder"}
TOLERANCE = 1e-6

steps = np.arange(80)
FRAME = pd.concat(
    pd.DataFrame(
        {"unique_id": name, "ds": pd.date_range("2020-01-01", periods=80), "y": np.sin(steps / 7) + steps * slope + 2}
    )
    for name, slope in (("a", 0.1), ("b", 0.2))
).reset_index(drop=True)


def fitted(**settings):
    return MLForecast(models=[LinearRegression()], freq="D", **settings).fit(FRAME)


def differenced():
    from mlforecast.target_transforms import Differences

    return fitted(lags=[1, 7], target_transforms=[Differences([1])])


def scaled(name):
    import mlforecast.target_transforms as transforms

    return fitted(lags=[1, 7], target_transforms=[getattr(transforms, name)()])


def rolling():
    try:
        from mlforecast.lag_transforms import ExpandingMean, RollingMean
    except ImportError:
        from window_ops.rolling import rolling_mean

        return fitted(lags=[1], lag_transforms={1: [(rolling_mean, 3)]})
    return fitted(lags=[1], lag_transforms={1: [RollingMean(3), ExpandingMean()]})


def intervals():
    from mlforecast.utils import PredictionIntervals

    made = MLForecast(models=[LinearRegression()], freq="D", lags=[1, 2])
    return made.fit(FRAME, prediction_intervals=PredictionIntervals(n_windows=2, h=4))


def boosted():
    from lightgbm import LGBMRegressor

    return MLForecast(models=[LGBMRegressor(n_estimators=4, n_jobs=1, verbosity=-1)], freq="D", lags=[1, 7]).fit(FRAME)


MODELS = {
    "lags": lambda: fitted(lags=[1, 7]),
    "dates": lambda: fitted(lags=[1], date_features=["dayofweek", "month"]),
    "differences": differenced,
    "standard_scaler": partial(scaled, "LocalStandardScaler"),
    "min_max_scaler": partial(scaled, "LocalMinMaxScaler"),
    "lag_transforms": rolling,
    "intervals": intervals,
    "lightgbm": boosted,
}


def write(make, path):
    if path.endswith(".saved"):
        make().save(path)
        return
    with open(path, "wb") as file:
        pickle.dump(make(), file, 4)


def artifacts():
    for name, make in MODELS.items():
        yield name + ".pickle", partial(write, make)
        yield name + ".saved", partial(write, make)


def probe(path):
    if path.endswith(".saved"):
        made = MLForecast.load(path)
    else:
        with open(path, "rb") as file:
            made = pickle.load(file)
    got = [made.predict(4).select_dtypes("number").values]
    if "intervals" in path:
        got.append(made.predict(4, level=[80]).select_dtypes("number").values)
    return got
