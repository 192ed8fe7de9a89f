"""shap: explainers and explanations, pickled and saved."""

import pickle
from functools import partial

import numpy as np
import shap
from sklearn.ensemble import GradientBoostingClassifier, IsolationForest, RandomForestClassifier, RandomForestRegressor
from sklearn.linear_model import LinearRegression

REQUIRES = []
KINDS = {".pickle": "shap.pickle", ".saved": "shap.pickle"}
TOLERANCE = 1e-6

X = np.random.RandomState(0).rand(60, 3)
y = X[:, 0] * X[:, 1] + X[:, 2]
label = (y > 0.8).astype(int)


def forest():
    return RandomForestRegressor(4, max_depth=3, random_state=0).fit(X, y)


def linear():
    return LinearRegression().fit(X, y)


MODELS = {
    "TreeExplainer_regressor": lambda: shap.TreeExplainer(forest()),
    "TreeExplainer_interventional": lambda: shap.TreeExplainer(forest(), X[:20]),
    "TreeExplainer_classifier": lambda: shap.TreeExplainer(
        RandomForestClassifier(4, max_depth=3, random_state=0).fit(X, label)
    ),
    "TreeExplainer_boosting": lambda: shap.TreeExplainer(GradientBoostingClassifier(n_estimators=4).fit(X, label)),
    "TreeExplainer_isolation": lambda: shap.TreeExplainer(IsolationForest(n_estimators=4, random_state=0).fit(X)),
    "LinearExplainer": lambda: shap.LinearExplainer(linear(), X),
    "KernelExplainer": lambda: shap.KernelExplainer(linear().predict, X[:10]),
    "Permutation": lambda: shap.explainers.Permutation(linear().predict, X[:10], seed=0),
    "Exact": lambda: shap.explainers.Exact(linear().predict, X[:10]),
    "Additive": lambda: shap.Explainer(linear().predict, shap.maskers.Independent(X, 10), algorithm="permutation"),
    "Explanation": lambda: shap.Explainer(linear(), X)(X[:5]),
    "Independent": lambda: shap.maskers.Independent(X, 10),
    "Partition": lambda: shap.maskers.Partition(X),
}


def write(make, path):
    with open(path, "wb") as file:
        if path.endswith(".saved"):
            make().save(file)
        else:
            pickle.dump(make(), file, 4)


def artifacts():
    for name, make in MODELS.items():
        yield name + ".pickle", partial(write, make)
    for name in ("TreeExplainer_regressor", "LinearExplainer", "Permutation", "Exact"):
        yield name + ".saved", partial(write, MODELS[name])


def probe(path):
    with open(path, "rb") as file:
        if path.endswith(".saved"):
            own = {"Tree": shap.TreeExplainer, "Linear": shap.LinearExplainer}
            model = next((kind for name, kind in own.items() if name in path), shap.Explainer).load(file)
        else:
            model = pickle.load(file)
    if "Explanation" in path:
        return [model.values, model.base_values, model[:2].values, model.abs.mean(0).values]
    if "Independent" in path or "Partition" in path:
        return model(np.array([True, False, True]), X[0])[0]
    if "Explainer" in path and ".saved" not in path:
        return [model.shap_values(X[:5]), model.expected_value]
    return model(X[:5]).values
