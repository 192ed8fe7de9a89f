"""sklearn-crfsuite: trained taggers, pickled."""

import pickle
from functools import partial

import sklearn_crfsuite

REQUIRES = []
KINDS = {".pickle": "sklearn-crfsuite.pickle"}
TOLERANCE = 1e-6

WORDS = ["Anna saw Berlin", "Ben left Rome", "Rome saw Ben", "Anna left Ben"]
X = [[{"word": word, "upper": word[0].isupper(), "length": len(word)} for word in text.split()] for text in WORDS]
y = [["P", "O", "L"], ["P", "O", "L"], ["L", "O", "P"], ["P", "O", "P"]]


def fitted(**settings):
    return sklearn_crfsuite.CRF(max_iterations=20, **settings).fit(X, y)


MODELS = {
    "lbfgs": partial(fitted, algorithm="lbfgs", c1=0.1, c2=0.1),
    "l2sgd": partial(fitted, algorithm="l2sgd"),
    "ap": partial(fitted, algorithm="ap"),
    "all_transitions": partial(fitted, all_possible_transitions=True),
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
    return [model.predict(X), model.predict_marginals(X), list(model.classes_)]
