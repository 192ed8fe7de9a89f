"""hmmlearn: fitted models, pickled."""

import pickle
from functools import partial

import hmmlearn.hmm
import numpy as np

REQUIRES = []
KINDS = {".pickle": "hmmlearn.pickle"}

draw = np.random.RandomState(0)
X = np.vstack([draw.normal(place, 0.5, (40, 2)) for place in (0, 3)])
COUNTS = draw.randint(0, 4, (80, 3))
SYMBOLS = draw.randint(0, 3, (80, 1))
DATA = {"GaussianHMM": X, "GMMHMM": X, "MultinomialHMM": SYMBOLS, "CategoricalHMM": SYMBOLS, "PoissonHMM": COUNTS}
DATA.update(VariationalGaussianHMM=X, VariationalCategoricalHMM=SYMBOLS)
SETTINGS = {"GMMHMM": {"n_mix": 2}}


def write(name, path):
    owner = hmmlearn.hmm
    if name.startswith("Variational"):
        import hmmlearn.vhmm as owner
    made = getattr(owner, name)(2, random_state=0, **SETTINGS.get(name, {}))
    with open(path, "wb") as file:
        pickle.dump(made.fit(DATA[name]), file, 4)


def artifacts():
    for name in DATA:
        yield name + ".pickle", partial(write, name)


def probe(path):
    with open(path, "rb") as file:
        model = pickle.load(file)
    rows = DATA[type(model).__name__][:20]
    return [model.score(rows), model.predict(rows), model.predict_proba(rows)]
