"""kmodes: fitted clusterings of categories, pickled."""

import pickle
from functools import partial

import numpy as np
from kmodes.kmodes import KModes
from kmodes.kprototypes import KPrototypes

REQUIRES = []
KINDS = {".pickle": "kmodes.pickle"}

draw = np.random.RandomState(0)
WORDS = draw.choice(list("abc"), (60, 3))
MIXED = np.column_stack([draw.rand(60, 2).astype(object), WORDS])

MODELS = {
    "KModes_Huang": lambda: KModes(3, init="Huang", random_state=0, n_init=2).fit(WORDS),
    "KModes_Cao": lambda: KModes(3, init="Cao", random_state=0).fit(WORDS),
    "KPrototypes": lambda: KPrototypes(3, random_state=0, n_init=2).fit(MIXED, categorical=[2, 3, 4]),
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
    if "KPrototypes" in path:
        return [model.predict(MIXED[:20], categorical=[2, 3, 4]), model.cluster_centroids_.astype(str)]
    return [model.predict(WORDS[:20]), model.cluster_centroids_]
