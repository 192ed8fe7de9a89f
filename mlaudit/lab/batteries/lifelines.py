"""lifelines: fitted survival models, pickled."""

import pickle
from functools import partial

import lifelines
import numpy as np
import pandas as pd

REQUIRES = []
KINDS = {".pickle": "lifelines.pickle"}
TOLERANCE = 1e-6

draw = np.random.RandomState(0)
X = pd.DataFrame({"a": draw.rand(80), "b": draw.rand(80)})
X["T"] = draw.exponential(5, 80) * np.exp(-X["a"]) + 0.1
X["E"] = draw.rand(80) > 0.3
X["s"] = np.where(X["a"] > 0.5, "x", "y")
TIMES = [1.0, 3.0]

ALONE = "KaplanMeierFitter NelsonAalenFitter WeibullFitter LogNormalFitter LogLogisticFitter ExponentialFitter"
WITH_COLUMNS = "CoxPHFitter WeibullAFTFitter LogNormalAFTFitter LogLogisticAFTFitter AalenAdditiveFitter"


def alone(name):
    return getattr(lifelines, name)().fit(X["T"], X["E"])


def with_columns(name, **settings):
    return getattr(lifelines, name)(**settings).fit(X[["a", "b", "T", "E"]], "T", "E")


MODELS = {
    **{name: partial(alone, name) for name in ALONE.split()},
    **{name: partial(with_columns, name) for name in WITH_COLUMNS.split()},
    "CoxPHFitter_penalized": lambda: with_columns("CoxPHFitter", penalizer=0.1, l1_ratio=0.5),
    "CoxPHFitter_spline": lambda: with_columns("CoxPHFitter", baseline_estimation_method="spline", n_baseline_knots=2),
    "CoxPHFitter_strata": lambda: lifelines.CoxPHFitter().fit(X, "T", "E", strata=["s"]),
    "CoxPHFitter_formula": lambda: lifelines.CoxPHFitter().fit(X, "T", "E", formula="a + b"),
    "PiecewiseExponentialFitter": lambda: lifelines.PiecewiseExponentialFitter([2.0]).fit(X["T"], X["E"]),
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
    if hasattr(model, "predict_expectation"):
        return [model.predict_survival_function(X, times=TIMES).values[:, :9], model.predict_expectation(X).values[:9]]
    names = ("survival_function_at_times", "cumulative_hazard_at_times", "predict")
    return next(getattr(model, name)(TIMES).values for name in names if works(model, name))


def works(model, name):
    try:
        getattr(model, name)(TIMES)
    except (AttributeError, NotImplementedError):
        return False
    return True
