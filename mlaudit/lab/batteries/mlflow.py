"""mlflow: model folders of scikit-learn, pyfunc and other flavors, loaded and asked to predict."""

import os

import mlflow
import numpy as np
import pandas as pd
from sklearn.linear_model import LinearRegression

REQUIRES = ["setuptools<81", "lightgbm==4.3.0", "xgboost==2.0.3"]
KINDS = {".sklearn": "mlflow.pyfunc", ".pyfunc": "mlflow.pyfunc", ".flavor": "mlflow.pyfunc"}
TOLERANCE = 1e-6

os.environ["MLFLOW_TRACKING_URI"] = "file:runs"
X = pd.DataFrame({"a": np.arange(12.0), "b": np.arange(12.0) % 3})
y = X["a"] * 2 + X["b"]


class Doubler(mlflow.pyfunc.PythonModel):
    def predict(self, context, model_input, params=None):  # noqa: ARG002 - MLflow passes them
        return model_input["a"] * 2


def linear():
    return LinearRegression().fit(X, y)


def signed():
    from mlflow.models import infer_signature

    return infer_signature(X, y.values)


def typed():
    from mlflow.models import infer_signature

    return infer_signature({"texts": ["a"], "numbers": [1.0]}, ["a"])


def booster(path):
    from lightgbm import LGBMRegressor

    mlflow.lightgbm.save_model(LGBMRegressor(n_estimators=2, verbosity=-1).fit(X, y), path)


def trees(path):
    from xgboost import XGBRegressor

    mlflow.xgboost.save_model(XGBRegressor(n_estimators=2).fit(X, y), path)


def with_params(path):
    from mlflow.models import infer_signature

    mlflow.pyfunc.save_model(path, python_model=Doubler(), signature=infer_signature(X, y, params={"t": 0.5}))


def function(path):
    mlflow.pyfunc.save_model(path, python_model=lambda model_input: [2.0 for _ in range(len(model_input))])


def from_code(path):
    code = os.path.abspath("code_model.py")
    with open(code, "w") as file:
        file.write(
            "import mlflow\n"
            "class Model(mlflow.pyfunc.PythonModel):\n"
            "    def predict(self, context, model_input, params=None):\n"
            "        return model_input['a'] * 3\n"
            "mlflow.models.set_model(Model())\n"
        )
    mlflow.pyfunc.save_model(path, python_model=code)


WRITERS = {
    "plain.sklearn": lambda path: mlflow.sklearn.save_model(linear(), path),
    "signature.sklearn": lambda path: mlflow.sklearn.save_model(
        linear(), path, signature=signed(), input_example=X[:2]
    ),
    "pickled.sklearn": lambda path: mlflow.sklearn.save_model(linear(), path, serialization_format="pickle"),
    "model.pyfunc": lambda path: mlflow.pyfunc.save_model(path, python_model=Doubler()),
    "signature.pyfunc": lambda path: mlflow.pyfunc.save_model(path, python_model=Doubler(), signature=signed()),
    "typed.pyfunc": lambda path: mlflow.pyfunc.save_model(path, python_model=Doubler(), signature=typed()),
    "params.pyfunc": with_params,
    "function.pyfunc": function,
    "code.pyfunc": from_code,
    "lightgbm.flavor": booster,
    "xgboost.flavor": trees,
}


def artifacts():
    yield from WRITERS.items()


def probe(path):
    model = mlflow.pyfunc.load_model(path)
    rows = X[:4]
    got = [] if "typed" in path else [np.asarray(model.predict(rows), float)]
    if path.endswith(".sklearn"):
        got.append(mlflow.sklearn.load_model(path).predict(rows))
    signature = model.metadata.signature
    return [
        *got,
        sorted(signature.to_dict()) if signature and "params" not in path else [],
        "typed" in path and str(signature.inputs),
    ]
