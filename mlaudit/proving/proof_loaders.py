"""Part of `proof_child.py`: the call by which each kind of model is loaded.

Only the standard library of Python 3.8 is at hand.
"""

from __future__ import annotations

import importlib
import sys
from typing import Any, Callable  # noqa: UP035 - Python 3.8 reads this too


def _imported(name: str) -> Any:
    """A module, None where it is not installed; what a model fails to import is no reason to try another way."""
    try:
        return importlib.import_module(name)
    except ImportError:
        return None


def _by_pickle(path: str) -> object:
    import pickle

    if path.endswith((".joblib", ".jl", ".gz", ".bz2", ".xz")):
        joblib = _imported("joblib")
        if joblib is not None:
            return joblib.load(path)
    with open(path, "rb") as file:  # noqa: PTH123
        try:
            return pickle.load(file)  # noqa: S301 - what this process is for
        except (pickle.UnpicklingError, UnicodeDecodeError, EOFError):
            if "joblib" not in sys.modules:
                raise
    return sys.modules["joblib"].load(path)


def _by_xgboost(path: str) -> object:
    module: Any = importlib.import_module("xgboost")
    booster = module.Booster()
    booster.load_model(path)
    return booster


def _by_lightgbm(path: str) -> object:
    return importlib.import_module("lightgbm").Booster(model_file=path)


def _by_catboost(path: str) -> object:
    model: Any = importlib.import_module("catboost").CatBoost()
    model.load_model(path, format="json" if path.endswith(".json") else "cbm")
    return model


def _by_onnx(path: str) -> object:
    return importlib.import_module("onnxruntime").InferenceSession(path, providers=["CPUExecutionProvider"])


def _by_torch(path: str) -> object:
    torch: Any = importlib.import_module("torch")
    return torch.load(path, map_location="cpu")


def _by_torchscript(path: str) -> object:
    return importlib.import_module("torch").jit.load(path, map_location="cpu")


def _by_keras(path: str) -> object:
    keras = _imported("keras") or importlib.import_module("tensorflow").keras
    return keras.models.load_model(path)


def _by_saved_model(path: str) -> object:
    return importlib.import_module("tensorflow").saved_model.load(path)


def _by_numpy(path: str) -> object:
    return importlib.import_module("numpy").load(path, allow_pickle=True)


def _by_safetensors(path: str) -> object:
    return importlib.import_module("safetensors.numpy").load_file(path)


def _by_skops(path: str) -> object:
    module: Any = importlib.import_module("skops.io")
    return module.load(path, trusted=module.get_untrusted_types(file=path))


def _by_mlflow(path: str) -> object:
    return importlib.import_module("mlflow.pyfunc").load_model(path)


def _by_transformers(path: str) -> object:
    return importlib.import_module("transformers").AutoModel.from_pretrained(path, local_files_only=True)


LOADERS: dict[str, Callable[[str], object]] = {
    "pickle": _by_pickle,
    "xgboost": _by_xgboost,
    "lightgbm": _by_lightgbm,
    "catboost": _by_catboost,
    "onnx": _by_onnx,
    "torch": _by_torch,
    "torchscript": _by_torchscript,
    "keras": _by_keras,
    "saved-model": _by_saved_model,
    "numpy": _by_numpy,
    "safetensors": _by_safetensors,
    "skops": _by_skops,
    "mlflow": _by_mlflow,
    "transformers": _by_transformers,
}


LIBRARIES = {
    "pickle": ("joblib",),
    "xgboost": ("xgboost",),
    "lightgbm": ("lightgbm",),
    "catboost": ("catboost",),
    "onnx": ("onnxruntime",),
    "torch": ("torch",),
    "torchscript": ("torch",),
    "keras": ("keras",),
    "saved-model": ("tensorflow",),
    "numpy": ("numpy",),
    "safetensors": ("safetensors.numpy",),
    "skops": ("skops.io",),
    "mlflow": ("mlflow.pyfunc",),
    "transformers": ("torch", "transformers.modeling_utils", "transformers.models.auto.modeling_auto"),
}
"""What each loader imports."""
