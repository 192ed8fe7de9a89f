"""ydf: decision forests, saved as folders."""

from functools import partial

import numpy as np
import ydf

REQUIRES = []
KINDS = {".ydf": "ydf.folder"}
TOLERANCE = 1e-6

draw = np.random.RandomState(0)
DATA = {"a": draw.rand(120), "b": draw.rand(120), "c": np.array(list("xyz" * 40))}
NUMBER = DATA["a"] + (DATA["c"] == "x") * DATA["b"]
CLASS = np.where(NUMBER > 0.8, "yes", "no")


def trained(learner, regression=False, **settings):
    if regression:
        settings["task"] = ydf.Task.REGRESSION
    made = getattr(ydf, learner)(label="y", **settings)
    return made.train({**DATA, "y": NUMBER if regression else CLASS})


MODELS = {
    "GradientBoostedTrees": lambda: trained("GradientBoostedTreesLearner", num_trees=5),
    "GradientBoostedTrees_regression": lambda: trained("GradientBoostedTreesLearner", regression=True, num_trees=5),
    "RandomForest": lambda: trained("RandomForestLearner", num_trees=5),
    "RandomForest_regression": lambda: trained("RandomForestLearner", regression=True, num_trees=5),
    "Cart": lambda: trained("CartLearner"),
    "oblique": lambda: trained("RandomForestLearner", num_trees=5, split_axis="SPARSE_OBLIQUE"),
    "IsolationForest": lambda: ydf.IsolationForestLearner(num_trees=5).train(DATA),
}


def write(make, path):
    make().save(path)


def artifacts():
    ydf.verbose(0)
    for name, make in MODELS.items():
        yield name + ".ydf", partial(write, make)


def probe(path):
    return ydf.load_model(path).predict({name: values[:20] for name, values in DATA.items()})
