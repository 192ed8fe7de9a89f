"""fairlearn: mitigated models and thresholds, pickled."""

import pickle
from functools import partial

import numpy as np
from fairlearn.postprocessing import ThresholdOptimizer
from fairlearn.preprocessing import CorrelationRemover
from fairlearn.reductions import DemographicParity, EqualizedOdds, ExponentiatedGradient, GridSearch
from sklearn.linear_model import LogisticRegression

REQUIRES = []
KINDS = {".pickle": "fairlearn.pickle"}
TOLERANCE = 1e-6

draw = np.random.RandomState(0)
X = draw.rand(120, 3)
group = (X[:, 2] > 0.5).astype(int)
y = (X[:, 0] + 0.3 * group > 0.7).astype(int)

MODELS = {
    "ExponentiatedGradient": lambda: ExponentiatedGradient(LogisticRegression(), DemographicParity(), max_iter=4).fit(
        X, y, sensitive_features=group
    ),
    "ExponentiatedGradient_odds": lambda: ExponentiatedGradient(LogisticRegression(), EqualizedOdds(), max_iter=4).fit(
        X, y, sensitive_features=group
    ),
    "GridSearch": lambda: GridSearch(LogisticRegression(), DemographicParity(), grid_size=4).fit(
        X, y, sensitive_features=group
    ),
    "ThresholdOptimizer": lambda: ThresholdOptimizer(
        estimator=LogisticRegression(), constraints="demographic_parity", predict_method="predict_proba"
    ).fit(X, y, sensitive_features=group),
    "CorrelationRemover": lambda: CorrelationRemover(sensitive_feature_ids=[2]).fit(X),
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
    if "CorrelationRemover" in path:
        return model.transform(X[:10])
    if "ThresholdOptimizer" in path:
        return model.predict(X[:20], sensitive_features=group[:20], random_state=0)
    return model.predict(X[:20], random_state=0) if "Exponentiated" in path else model.predict(X[:20])
