"""Runs inside an environment that is proven: loads one model, predicts, and leaves what it gave as JSON.

`python proof_child.py REQUEST`: the request is a JSON file in a folder that is this process's own. Only the standard
library of Python 3.8 is available. What it may do is limited before anything of the model is read.
"""

from __future__ import annotations

import contextlib
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
        self.compiles = False
        self.environment = os.path.realpath(sys.prefix) + os.sep

    def __call__(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Look at one event of the interpreter."""
        if event == "pickle.find_class":
            self.find(str(arguments[0]), str(arguments[1]))
        elif event == "open":
            self.opened(*arguments)
        elif event in CHANGES and any(self.outside(argument) for argument in arguments[:2]):
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
        if self.compiles and text.startswith(self.environment) and "__pycache__" in text[len(self.environment) :]:
            return False
        return not (text + os.sep).startswith(self.own) and not text.startswith(("/dev/", "/proc/self/"))


def predicted(model: Any, rows: Any) -> list[tuple[str, Any]]:
    """What a model gives on rows, by the name of the call."""
    kind = type(model).__module__.partition(".")[0]
    if kind == "onnxruntime":
        (first_input, *_) = model.get_inputs()
        dtype = "float64" if "double" in first_input.type else "float32"
        outputs = model.run(None, {first_input.name: rows.astype(dtype)})
        return [(f"output {number}", value) for number, value in enumerate(outputs)]
    if kind == "xgboost" and type(model).__name__ == "Booster":
        xgboost = importlib.import_module("xgboost")
        return [("predict", model.predict(xgboost.DMatrix(rows), validate_features=False))]
    if kind == "transformers":
        return of_tokens(model, rows)
    if hasattr(rows, "columns") and not hasattr(model, "feature_names_in_") and kind not in ("mlflow", "catboost"):
        rows = rows.to_numpy() if not hasattr(model, "steps") else rows
    names = ("predict_proba", "predict", "decision_function", "transform")
    given = [(name, getattr(model, name)(rows)) for name in names if callable(getattr(model, name, None))][:2]
    if not given and callable(model):
        given = [("call", model(rows))]
    return given


def of_tokens(model: Any, rows: Any) -> list[tuple[str, Any]]:
    """What a model of transformers gives on rows of tokens, without dropout and without gradients."""
    torch: Any = importlib.import_module("torch")
    torch.set_num_threads(1)
    model.eval()
    with torch.no_grad():
        given = model(input_ids=torch.tensor(_listed(rows)))
    tensors = [(name, value.float()) for name, value in given.items() if hasattr(value, "detach")]
    return tensors[:2]


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


def import_libraries(libraries: tuple[str, ...], names: list[tuple[str, str]], guard: Guard) -> None:
    """Import what the model will ask of the environment, and keep it compiled for the next run.

    This is before anything of the model is read, and of the environment's packages alone: what a model brings is
    never kept.
    """
    wanted = (*libraries, *wanted_modules(names, guard))
    guard.compiles, sys.dont_write_bytecode = True, False
    try:
        for name in wanted:
            # What fails is imported once more, and reported, when the model is loaded.
            with contextlib.suppress(Exception):
                importlib.import_module(name)
    finally:
        guard.compiles, sys.dont_write_bytecode = False, True


def wanted_modules(names: list[tuple[str, str]], guard: Guard) -> list[str]:
    """The modules of installed packages that a pickle names, each once; none where one of its names is refused."""
    from importlib.util import find_spec

    modules: dict[str, None] = {}
    for module, name in names:
        guard.find(module, name)
        try:
            spec = find_spec(module.partition(".")[0])
        except (ImportError, ValueError):
            continue
        if spec is not None and os.path.realpath(spec.origin or "").startswith(guard.environment):
            modules[module] = None
    return list(modules)


def proven(request: dict[str, Any], loaders: Any, rows_of: Callable[..., Any], guard: Guard) -> dict[str, Any]:
    """Load, predict, describe; what fails is reported with the step at which it did."""
    outcome: dict[str, Any] = {"step": "load"}
    try:
        import_libraries(loaders.LIBRARIES[request["loader"]], request["imports"], guard)
        model = loaders.LOADERS[request["loader"]](request["model"])
        outcome["class"] = f"{type(model).__module__}.{type(model).__qualname__}"
        outcome["step"] = "rows"
        rows, outcome["rows"] = rows_of(request["rows"], model)
        if request.get("keep_rows") and rows is not None:
            outcome["kept"] = rows.to_dict("records") if hasattr(rows, "to_dict") else _listed(rows)
        outcome["step"] = "predict"
        calls = predicted(model, rows) if rows is not None else []
        if request["loader"] in ("numpy", "safetensors") or (not calls and is_data(model)):
            calls, outcome["rows"] = [("content", model)], "its own content"
        outcome["answers"] = [{"call": name, **described(value)} for name, value in calls]
        outcome["step"] = "done"
    except MemoryError as error:
        outcome.update(error=_text_of(error), memory=True)
    except RefusedImport as error:
        outcome.update(error=str(error), refused=True)
    except BaseException as error:
        outcome["error"] = _text_of(error)
        if is_full_disk(error):
            outcome["full"] = True
    return outcome


def versions(names: list[str]) -> dict[str, str]:
    """The versions that are really installed, of some packages."""
    from importlib.metadata import PackageNotFoundError, version

    installed = {}
    for name in names:
        try:
            installed[name] = version(name)
        except PackageNotFoundError:
            continue
    return installed


def main() -> None:
    """Take the request, limit the process, load and predict, answer."""
    with open(sys.argv[1], encoding="utf-8") as file:  # noqa: PTH123
        request = json.load(file)
    # The files beside this one, while their folder is where Python looks first.
    loaders = importlib.import_module("proof_loaders")
    rows_of = importlib.import_module("proof_rows").rows_of
    sys.path.pop(0)
    die_with_parent()
    outcome: dict[str, Any] = {"network": cut_network(), "python": sys.version.split()[0]}
    outcome["versions"] = versions(request["packages"])
    limit(request["seconds"], request["memory"])
    guard = Guard(request["own"], {(module, name) for module, name in request["refused"]})
    sys.addaudithook(guard)
    random.seed(SEED)
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        outcome.update(proven(request, loaders, rows_of, guard))
    texts = (f"{warning.category.__name__}: {warning.message}".splitlines()[0][:300] for warning in heard)
    outcome["warnings"] = list(dict.fromkeys(texts))[:20]
    try:
        with open(request["answer"] + ".new", "w", encoding="utf-8") as file:  # noqa: PTH123
            json.dump(outcome, file)
        os.replace(request["answer"] + ".new", request["answer"])  # noqa: PTH105
    except OSError:
        os._exit(ANSWER_LOST)
    # Threads and destructors of libraries are no part of a proof.
    os._exit(0)


if __name__ == "__main__":
    main()
