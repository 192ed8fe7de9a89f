"""mlxtend: fitted ensembles, selectors and transformers, pickled."""

import pickle
from functools import partial

import mlxtend.classifier
import mlxtend.cluster
import mlxtend.feature_extraction
import mlxtend.feature_selection
import mlxtend.preprocessing
import mlxtend.regressor
import numpy as np
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.tree import DecisionTreeClassifier

REQUIRES = []
KINDS = {".pickle": "mlxtend.pickle"}

X = np.random.RandomState(0).rand(60, 4)
y = (X[:, 0] + X[:, 1] > 1).astype(int)
BASKETS = [["a", "b"], ["b", "c"], ["a"]]
few = {"classifiers": [LogisticRegression(), DecisionTreeClassifier(max_depth=2)]}
classifier, regressor, selection = mlxtend.classifier, mlxtend.regressor, mlxtend.feature_selection

MODELS = {
    "StackingClassifier": lambda: classifier.StackingClassifier(meta_classifier=LogisticRegression(), **few).fit(X, y),
    "StackingCVClassifier": lambda: classifier.StackingCVClassifier(
        meta_classifier=LogisticRegression(), random_state=0, **few
    ).fit(X, y),
    "EnsembleVoteClassifier": lambda: classifier.EnsembleVoteClassifier(few["classifiers"]).fit(X, y),
    "LogisticRegression": lambda: classifier.LogisticRegression(epochs=5, random_seed=0).fit(X, y),
    "SoftmaxRegression": lambda: classifier.SoftmaxRegression(epochs=5, random_seed=0).fit(X, y),
    "MultiLayerPerceptron": lambda: classifier.MultiLayerPerceptron(epochs=5, random_seed=0).fit(X, y),
    "OneRClassifier": lambda: classifier.OneRClassifier().fit(np.round(X * 3).astype(int), y),
    "StackingRegressor": lambda: regressor.StackingRegressor([LinearRegression()], LinearRegression()).fit(X, y),
    "StackingCVRegressor": lambda: regressor.StackingCVRegressor(
        [LinearRegression()], LinearRegression(), random_state=0
    ).fit(X, y),
    "LinearRegression": lambda: regressor.LinearRegression().fit(X, y.astype(float)),
    "Kmeans": lambda: mlxtend.cluster.Kmeans(2, random_seed=0).fit(X),
    "SequentialFeatureSelector": lambda: selection.SequentialFeatureSelector(LogisticRegression(), 2).fit(X, y),
    "ExhaustiveFeatureSelector": lambda: selection.ExhaustiveFeatureSelector(
        LogisticRegression(), 1, 2, print_progress=False
    ).fit(X, y),
    "ColumnSelector": lambda: selection.ColumnSelector([0, 2]).fit(X),
    "TransactionEncoder": lambda: mlxtend.preprocessing.TransactionEncoder().fit(BASKETS),
    "PrincipalComponentAnalysis": lambda: mlxtend.feature_extraction.PrincipalComponentAnalysis(2).fit(X),
    "LinearDiscriminantAnalysis": lambda: mlxtend.feature_extraction.LinearDiscriminantAnalysis(2).fit(X, y),
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
    if "TransactionEncoder" in path:
        return model.transform(BASKETS)
    rows = np.round(X * 3).astype(int) if "OneR" in path else X
    uses = [getattr(model, name, None) for name in ("predict_proba", "predict", "transform")]
    return [use(rows) for use in uses if use and not ("Stacking" in path and use.__name__ == "transform")]
