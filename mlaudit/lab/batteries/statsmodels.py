"""statsmodels: fitted results, pickled by their own `save`."""

from pathlib import Path

import numpy as np
import pandas as pd
import statsmodels.api as sm

X = pd.DataFrame(np.random.RandomState(0).rand(200, 2), columns=["a", "b"])
y = pd.Series(X["a"] * 2 + 1)

REQUIRES = ["numpy<2", "pandas<2.2", "scipy<1.14"]
KINDS = {".pickle": "statsmodels.pickle"}

MODELS = {
    "OLS.pickle": (lambda: sm.OLS(y, sm.add_constant(X)).fit(), lambda model: model.predict(sm.add_constant(X))),
    "Logit.pickle": (lambda: sm.Logit((y + X["b"] > 2.3).astype(int), X).fit(disp=0), lambda model: model.predict(X)),
    "GLM.pickle": (lambda: sm.GLM(y, X).fit(), lambda model: model.predict(X)),
    "ARIMA.pickle": (lambda: sm.tsa.ARIMA(y[:40], order=(1, 0, 0)).fit(), lambda model: model.forecast(3)),
    "SimpleExpSmoothing.pickle": (lambda: sm.tsa.SimpleExpSmoothing(y[:40]).fit(), lambda model: model.forecast(3)),
    "summary.pickle": (lambda: sm.OLS(y, X).fit(), lambda model: len(model.summary().as_text()) > 0),
}


def save(model, path):
    model.save(path)


def load(path):
    return sm.load(path)


def artifacts():
    for name, (make, _) in MODELS.items():
        yield name, lambda path, make=make: save(make(), path)


def probe(path):
    _, use = MODELS[Path(path).name]
    return use(load(path))
