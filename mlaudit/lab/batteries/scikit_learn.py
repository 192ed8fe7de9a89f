"""scikit-learn: fitted estimators of every module, pickled, and asked to predict."""

import pickle
from contextlib import suppress
from pathlib import Path

import numpy as np

with suppress(ImportError):  # Before scikit-learn 1.0 the histogram boosters are imported by this alone.
    from sklearn.experimental import enable_hist_gradient_boosting  # noqa: F401
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import *
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.multiclass import OneVsRestClassifier
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier

X = np.random.RandomState(0).rand(200, 4)
y = (X[:, 0] + X[:, 1] ** 2 > 0.8).astype(int)
text = ["a b c", "b c d", "c d e e"]

REQUIRES = ["numpy<2", "scipy<1.14"]
KINDS = {".pickle": "sklearn.pickle"}

MODELS = {
    "LogisticRegression.pickle": (lambda: LogisticRegression().fit(X, y), lambda model: model.predict_proba(X)),
    "OneVsRestClassifier.pickle": (
        lambda: OneVsRestClassifier(LogisticRegression()).fit(X, y),
        lambda model: model.predict_proba(X),
    ),
    "Ridge.pickle": (lambda: Ridge().fit(X, y), lambda model: model.predict(X)),
    "DecisionTreeClassifier.pickle": (
        lambda: DecisionTreeClassifier(max_depth=3).fit(X, y),
        lambda model: model.predict_proba(X),
    ),
    "RandomForestClassifier.pickle": (
        lambda: RandomForestClassifier(5, max_depth=3, random_state=0).fit(X, y),
        lambda model: model.predict_proba(X),
    ),
    "AdaBoostClassifier.pickle": (
        lambda: AdaBoostClassifier(n_estimators=5, random_state=0).fit(X, y),
        lambda model: model.predict_proba(X),
    ),
    "GradientBoostingClassifier.pickle": (
        lambda: GradientBoostingClassifier(n_estimators=5).fit(X, y),
        lambda model: model.predict_proba(X),
    ),
    "HistGradientBoostingClassifier.pickle": (
        lambda: HistGradientBoostingClassifier(max_iter=5).fit(X, y),
        lambda model: model.predict_proba(X),
    ),
    "IsolationForest.pickle": (
        lambda: IsolationForest(n_estimators=5, random_state=0).fit(X),
        lambda model: model.score_samples(X),
    ),
    "KNeighborsClassifier.pickle": (lambda: KNeighborsClassifier().fit(X, y), lambda model: model.predict_proba(X)),
    "MLPClassifier.pickle": (lambda: MLPClassifier((4,), max_iter=5).fit(X, y), lambda model: model.predict_proba(X)),
    "SVC.pickle": (lambda: SVC().fit(X, y), lambda model: model.decision_function(X)),
    "SimpleImputer.pickle": (
        lambda: SimpleImputer().fit(X),
        lambda model: model.transform(np.where(X > 0.9, np.nan, X)),
    ),
    "OneHotEncoder.pickle": (
        lambda: OneHotEncoder().fit((X * 3).astype(int)),
        lambda model: model.transform((X * 3).astype(int)).toarray(),
    ),
    "OrdinalEncoder.pickle": (
        lambda: OrdinalEncoder().fit((X * 3).astype(int)),
        lambda model: model.transform((X * 3).astype(int)),
    ),
    "ColumnTransformer.pickle": (
        lambda: ColumnTransformer([("s", StandardScaler(), [0, 1])], remainder="passthrough").fit(X),
        lambda model: model.transform(X),
    ),
    "GridSearchCV.pickle": (
        lambda: GridSearchCV(LogisticRegression(), {"C": [1, 2]}).fit(X, y),
        lambda model: model.predict_proba(X),
    ),
    "Pipeline.pickle": (
        lambda: make_pipeline(StandardScaler(), LogisticRegression()).fit(X, y),
        lambda model: model.predict_proba(X),
    ),
    "TfidfVectorizer.pickle": (
        lambda: TfidfVectorizer(token_pattern=".").fit(text),
        lambda model: model.transform(text).toarray(),
    ),
}


def save(model, path):
    pickle.dump(model, open(path, "wb"), 4)


def load(path):
    return pickle.load(open(path, "rb"))


def artifacts():
    for name, (make, _) in MODELS.items():
        yield name, lambda path, make=make: save(make(), path)


def probe(path):
    _, use = MODELS[Path(path).name]
    return use(load(path))
