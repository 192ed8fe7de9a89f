"""skops: fitted estimators of scikit-learn."""

from functools import partial
from pathlib import Path

import numpy as np
import skops.io as sio
from sklearn.ensemble import GradientBoostingClassifier, HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

X = np.random.RandomState(0).rand(200, 4)
y = (X[:, 0] + X[:, 1] ** 2 > 0.8).astype(int)
text = ["a b cc", "cc dd ee", "dd ff"]

REQUIRES = ["numpy<2", "scikit-learn==1.5.2", "scipy<1.14"]
KINDS = {".skops": "skops"}

MODELS = {
    "LogisticRegression.skops": lambda: LogisticRegression().fit(X, y),
    "RandomForestClassifier.skops": lambda: RandomForestClassifier(5, random_state=0).fit(X, y),
    "GradientBoostingClassifier.skops": lambda: GradientBoostingClassifier(n_estimators=5).fit(X, y),
    "HistGradientBoostingClassifier.skops": lambda: HistGradientBoostingClassifier(max_iter=3).fit(X, y),
    "KNeighborsClassifier.skops": lambda: KNeighborsClassifier().fit(X, y),
    "Pipeline.skops": lambda: make_pipeline(SimpleImputer(), StandardScaler(), LogisticRegression()).fit(X, y),
    "FunctionTransformer.skops": lambda: make_pipeline(FunctionTransformer(np.log1p), LogisticRegression()).fit(X, y),
    "TfidfVectorizer.skops": lambda: TfidfVectorizer().fit(text),
}


def load(path):
    untrusted = sio.get_untrusted_types(file=path)
    try:
        return sio.load(path, trusted=untrusted)
    except TypeError:  # Before skops 0.10 a list of types may not be empty.
        return sio.load(path, trusted=True)


def write(make, path):
    sio.dump(make(), path)


def artifacts():
    for name, make in MODELS.items():
        yield name, partial(write, make)


def probe(path):
    model = load(path)
    if Path(path).name.startswith("Tfidf"):
        return model.transform(text).toarray()
    return model.predict_proba(X)
