"""joblib: arrays and what holds them, plain and compressed."""

import joblib
import numpy as np

REQUIRES = ["numpy<2"]
KINDS = {".joblib": "joblib"}


def artifacts():
    yield "array.joblib", lambda path: joblib.dump(np.arange(9.0), path)
    yield "array_compressed.joblib", lambda path: joblib.dump(np.arange(9.0), path, compress=3)
    yield "object_array.joblib", lambda path: joblib.dump(np.array([1, "a"], dtype=object), path)
    yield "dict.joblib", lambda path: joblib.dump({"a": np.arange(3)}, path)
    yield "fortran.joblib", lambda path: joblib.dump(np.asfortranarray(np.arange(6.0).reshape(2, 3)), path)


def probe(path):
    return joblib.load(path)
