"""river: online models, pickled, asked to predict and to learn on."""

import importlib
import pickle
from functools import partial

REQUIRES = []
KINDS = {".pickle": "river.pickle"}
TOLERANCE = 1e-6

ROWS = [({"a": (step * 7 % 10) / 10, "b": (step * 3 % 10) / 10}, step * 7 % 10 > 4) for step in range(200)]
CLASSIFIERS = {
    "linear_model.LogisticRegression": {},
    "linear_model.PAClassifier": {},
    "linear_model.Perceptron": {},
    "tree.HoeffdingTreeClassifier": {"grace_period": 20},
    "tree.HoeffdingAdaptiveTreeClassifier": {"grace_period": 20, "seed": 0},
    "tree.ExtremelyFastDecisionTreeClassifier": {"grace_period": 20},
    "forest.ARFClassifier": {"n_models": 2, "seed": 0},
    "forest.AMFClassifier": {"n_estimators": 2, "seed": 0},
    "ensemble.AdaptiveRandomForestClassifier": {"n_models": 2, "seed": 0},
    "naive_bayes.GaussianNB": {},
    "neighbors.KNNClassifier": {},
    "facto.FMClassifier": {"seed": 0},
}
REGRESSORS = {
    "linear_model.LinearRegression": {},
    "linear_model.BayesianLinearRegression": {},
    "tree.HoeffdingTreeRegressor": {"grace_period": 20},
    "tree.SGTRegressor": {},
    "forest.ARFRegressor": {"n_models": 2, "seed": 0},
    "neighbors.KNNRegressor": {},
}
OTHERS = {
    "preprocessing.StandardScaler": {},
    "preprocessing.MinMaxScaler": {},
    "anomaly.HalfSpaceTrees": {"seed": 0, "n_trees": 3, "height": 3, "window_size": 20},
    "cluster.KMeans": {"n_clusters": 2, "seed": 0},
    "drift.ADWIN": {},
    "drift.PageHinkley": {},
    "metrics.ROCAUC": {},
    "metrics.Accuracy": {},
    "stats.Quantile": {},
}


def made(name, settings):
    module, _, own = name.partition(".")
    return getattr(importlib.import_module("river." + module), own)(**settings)


def pipeline(name, settings):
    from river import compose, preprocessing

    return compose.Pipeline(preprocessing.StandardScaler(), made(name, settings))


def bagging():
    from river import ensemble, tree

    return ensemble.BaggingClassifier(tree.HoeffdingTreeClassifier(grace_period=20), n_models=2, seed=0)


def learned(model, rows, how):
    for x, y in rows:
        if how == "classifiers" or how == "regressors":
            model.learn_one(x, y if how == "classifiers" else x["a"] + x["b"])
        elif hasattr(model, "forecast"):
            model.learn_one(x["a"])
        elif hasattr(model, "learn_one"):
            model.learn_one(x)
        elif type(model).__name__ in ("ROCAUC", "Accuracy"):
            model.update(y, x["a"] if type(model).__name__ == "ROCAUC" else x["a"] > 0.5)
        else:
            model.update(x["a"])
    return model


MODELS = {
    **{"classifiers." + name: partial(made, name, settings) for name, settings in CLASSIFIERS.items()},
    **{"regressors." + name: partial(made, name, settings) for name, settings in REGRESSORS.items()},
    **{"others." + name: partial(made, name, settings) for name, settings in OTHERS.items()},
    "classifiers.pipeline": partial(pipeline, "linear_model.LogisticRegression", {}),
    "regressors.pipeline": partial(pipeline, "linear_model.LinearRegression", {}),
    "classifiers.bagging": bagging,
}


def write(name, path):
    with open(path, "wb") as file:
        pickle.dump(learned(MODELS[name](), ROWS[:150], name.partition(".")[0]), file, 4)


def artifacts():
    for name in MODELS:
        yield name + ".pickle", partial(write, name)


def used(model, how):
    if how == "classifiers":
        return [model.predict_one(x) for x, _ in ROWS[:10]]
    if how == "regressors":
        return [float(model.predict_one(x)) for x, _ in ROWS[:10]]
    if hasattr(model, "forecast"):
        return model.forecast(3)
    for name in ("transform_one", "score_one", "predict_one"):
        if hasattr(model, name):
            return [getattr(model, name)(x) for x, _ in ROWS[:10]]
    return model.get() if hasattr(model, "get") else bool(getattr(model, "drift_detected", False))


def probe(path):
    with open(path, "rb") as file:
        model = pickle.load(file)
    how = path.replace("\\", "/").rpartition("/")[2].partition(".")[0]
    before = used(model, how)
    return [before, used(learned(model, ROWS[150:], how), how)]
