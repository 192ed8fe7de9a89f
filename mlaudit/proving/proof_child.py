"""Runs inside an environment that is proven: loads one model, predicts, and leaves what it gave as JSON.

`python proof_child.py REQUEST`: the request is a JSON file in a folder that is this process's own. Only the standard
library of Python 3.8 is available. What it may do is limited before anything of the model is touched.
"""

from __future__ import annotations

import ctypes
import errno
import importlib
import json
import os
import random
import socket
import sys
import warnings
from typing import Any, Callable  # noqa: UP035 - Python 3.8 reads this too

MOST_VALUES = 20000
"""Values of one answer that are compared."""
SEED = 0
CLONE_NEWUSER, CLONE_NEWNET = 0x10000000, 0x40000000
PR_SET_PDEATHSIG = 1
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
FULL = {errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)}
ANSWER_LOST = 74
"""The exit code where no answer could be written; that of BSD for input and output errors."""
CHANGES = {"os.remove", "os.rename", "os.rmdir", "os.mkdir", "os.link", "os.symlink", "os.truncate", "os.chmod"}
STARTS = {"os.system", "os.exec", "os.posix_spawn", "os.spawn", "os.startfile"}


class RefusedImport(Exception):
    """The model asked for something that no model needs."""


def cut_network() -> str:
    """Take the network away: a name space without one where the kernel gives it, else Python's sockets."""

    def refuse(*_: object, **__: object) -> None:
        raise OSError("a proof has no network")

    for name in ("connect", "connect_ex"):
        setattr(socket.socket, name, refuse)
    for name in ("create_connection", "getaddrinfo"):
        setattr(socket, name, refuse)
    if sys.platform.startswith("linux"):
        unshare = getattr(ctypes.CDLL(None, use_errno=True), "unshare", None)
        if unshare is not None and (unshare(CLONE_NEWNET) == 0 or unshare(CLONE_NEWUSER | CLONE_NEWNET) == 0):
            return "kernel"
    return "sockets"


def die_with_parent() -> None:
    """End with the process that started this one, however that ends, where the system offers it."""
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, 9)


def limit(seconds: int, memory: int) -> None:
    """Bound the memory, the processor time and the size of files, where the platform can."""
    try:
        import resource
    except ImportError:
        return
    for name, value in (("RLIMIT_AS", memory), ("RLIMIT_CPU", seconds), ("RLIMIT_CORE", 0), ("RLIMIT_FSIZE", 2**31)):
        kind = getattr(resource, name, None)
        if kind is not None:
            try:
                resource.setrlimit(kind, (value, value))
            except (ValueError, OSError):
                continue


class Guard:
    """Refuses what no model needs: names that start programs, and changes of files outside of the own folder."""

    def __init__(self, folder: str, refused: set[tuple[str, str]]) -> None:
        self.own = os.path.realpath(folder) + os.sep
        self.refused = refused

    def __call__(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Look at one event of the interpreter."""
        if event == "pickle.find_class":
            self.find(str(arguments[0]), str(arguments[1]))
        elif event == "open":
            self.opened(*arguments)
        elif event in CHANGES and any(self.outside(one) for one in arguments[:2]):
            raise PermissionError("a proof changes nothing outside of its folder")
        elif event in STARTS:
            raise PermissionError("a proof starts no program")

    def find(self, module: str, name: str) -> None:
        """Refuse a name that a pickle imports."""
        parents = [module.rsplit(".", cut)[0] for cut in range(module.count(".") + 1)]
        if (module, name) in self.refused or any((parent, "*") in self.refused for parent in parents):
            raise RefusedImport(f"it imports {module}.{name}, which starts programs or runs code")

    def opened(self, path: object, mode: object, flags: object) -> None:
        """Refuse to open a file for writing that is elsewhere."""
        by_mode = isinstance(mode, str) and any(sign in mode for sign in "wax+")
        by_flags = mode is None and isinstance(flags, int) and bool(flags & WRITING)
        if (by_mode or by_flags) and self.outside(path):
            raise PermissionError("a proof writes nothing outside of its folder")

    def outside(self, path: object) -> bool:
        """Whether a path is neither in the own folder nor among devices."""
        if not isinstance(path, (str, bytes)):
            return False
        text = os.path.realpath(os.fsdecode(path))
        return not (text + os.sep).startswith(self.own) and not text.startswith(("/dev/", "/proc/self/"))


def _by_pickle(path: str) -> object:
    import pickle

    if path.endswith((".joblib", ".jl", ".gz", ".bz2", ".xz")):
        try:
            return importlib.import_module("joblib").load(path)
        except ImportError:
            pass
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
    try:
        return importlib.import_module("keras").models.load_model(path)
    except ImportError:
        return importlib.import_module("tensorflow").keras.models.load_model(path)


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


def predicted(model: Any, rows: Any) -> list[tuple[str, Any]]:
    """What a model gives on rows, by the name of the call."""
    kind = type(model).__module__.partition(".")[0]
    if kind == "onnxruntime":
        (one, *_) = model.get_inputs()
        dtype = "float64" if "double" in one.type else "float32"
        outputs = model.run(None, {one.name: rows.astype(dtype)})
        return [(f"output {number}", value) for number, value in enumerate(outputs)]
    if kind == "xgboost" and type(model).__name__ == "Booster":
        xgboost = importlib.import_module("xgboost")
        return [("predict", model.predict(xgboost.DMatrix(rows), validate_features=False))]
    if hasattr(rows, "columns") and not hasattr(model, "feature_names_in_") and kind not in ("mlflow", "catboost"):
        rows = rows.to_numpy() if not hasattr(model, "steps") else rows
    names = ("predict_proba", "predict", "decision_function", "transform")
    given = [(name, getattr(model, name)(rows)) for name in names if callable(getattr(model, name, None))][:2]
    if not given and callable(model):
        given = [("call", model(rows))]
    return given


def _listed(rows: Any) -> Any:
    return rows.tolist() if hasattr(rows, "tolist") else rows


def is_data(model: Any) -> bool:
    """Whether what was loaded is a value to compare and nothing that predicts."""
    return hasattr(model, "tolist") or isinstance(model, (dict, list, tuple, str, int, float))


def described(value: Any) -> dict[str, Any]:
    """A result with its shape, type and values, for two interpreters to compare."""
    if hasattr(value, "toarray"):
        value = value.toarray()
    if hasattr(value, "detach"):
        value = value.detach().numpy()
    if hasattr(value, "to_numpy"):
        value = value.to_numpy()
    shape, dtype = getattr(value, "shape", None), getattr(value, "dtype", None)
    leaves: list[Any] = []
    _flatten(value, leaves)
    return {
        "shape": [int(size) for size in shape] if shape is not None else None,
        "dtype": str(dtype) if dtype is not None else type(value).__name__,
        "values": leaves[:MOST_VALUES],
        "left_out": max(0, len(leaves) - MOST_VALUES),
    }


def _flatten(value: Any, leaves: list[Any]) -> None:
    listed = getattr(value, "tolist", None)
    if callable(listed):
        value = listed()
    if isinstance(value, dict):
        value = [part for pair in sorted(value.items(), key=str) for part in pair]
    if isinstance(value, (list, tuple, set, frozenset)):
        for member in value:
            if len(leaves) <= 10 * MOST_VALUES:
                _flatten(member, leaves)
    elif isinstance(value, bool) or not isinstance(value, (int, float)):
        leaves.append(value if isinstance(value, bool) or value is None else plain(value))
    else:
        leaves.append(number_of(float(value)))


def number_of(value: float) -> Any:
    """A number as JSON has it."""
    return value if value == value and abs(value) != float("inf") else str(value)


def plain(value: Any) -> str:
    """A text that tells values apart and no addresses in memory."""
    return value if isinstance(value, str) else type(value).__name__


def is_full_disk(error: BaseException | None) -> bool:
    """Whether an error, or what led to it, is a disk without room."""
    for _ in range(20):
        if error is None:
            return False
        if isinstance(error, OSError) and error.errno in FULL:
            return True
        error = error.__cause__ or error.__context__
    return False


def _text_of(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"[:2000]


def proven(request: dict[str, Any], rows_of: Callable[..., Any]) -> dict[str, Any]:
    """Load, predict, describe; what fails is reported with the step at which it did."""
    found: dict[str, Any] = {"step": "load"}
    try:
        model = LOADERS[request["loader"]](request["model"])
        found["class"] = f"{type(model).__module__}.{type(model).__qualname__}"
        found["step"] = "rows"
        rows, found["rows"] = rows_of(request["rows"], model)
        if request.get("keep_rows") and rows is not None:
            found["kept"] = rows.to_dict("records") if hasattr(rows, "to_dict") else _listed(rows)
        found["step"] = "predict"
        calls = predicted(model, rows) if rows is not None else []
        if request["loader"] in ("numpy", "safetensors") or (not calls and is_data(model)):
            calls, found["rows"] = [("content", model)], "its own content"
        found["answers"] = [{"call": name, **described(value)} for name, value in calls]
        found["step"] = "done"
    except MemoryError as error:
        found.update(error=_text_of(error), memory=True)
    except RefusedImport as error:
        found.update(error=str(error), refused=True)
    except BaseException as error:
        found["error"] = _text_of(error)
        if is_full_disk(error):
            found["full"] = True
    return found


def versions(names: list[str]) -> dict[str, str]:
    """The versions that are really installed, of some packages."""
    from importlib.metadata import PackageNotFoundError, version

    found = {}
    for name in names:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def main() -> None:
    """Take the request, limit the process, load and predict, answer."""
    with open(sys.argv[1], encoding="utf-8") as file:  # noqa: PTH123
        request = json.load(file)
    # The file beside this one, while its folder is where Python looks first.
    rows_of = importlib.import_module("proof_rows").rows_of
    sys.path.pop(0)
    die_with_parent()
    found: dict[str, Any] = {"network": cut_network(), "python": sys.version.split()[0]}
    found["versions"] = versions(request["packages"])
    limit(request["seconds"], request["memory"])
    sys.addaudithook(Guard(request["own"], {(module, name) for module, name in request["refused"]}))
    random.seed(SEED)
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        found.update(proven(request, rows_of))
    texts = (f"{one.category.__name__}: {one.message}".splitlines()[0][:300] for one in heard)
    found["warnings"] = list(dict.fromkeys(texts))[:20]
    try:
        with open(request["answer"] + ".new", "w", encoding="utf-8") as file:  # noqa: PTH123
            json.dump(found, file)
        os.replace(request["answer"] + ".new", request["answer"])  # noqa: PTH105
    except OSError:
        os._exit(ANSWER_LOST)
    # Threads and destructors of libraries are no part of a proof.
    os._exit(0)


if __name__ == "__main__":
    main()
