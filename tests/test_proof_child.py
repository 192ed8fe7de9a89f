"""What the process of a proof does with a model, in this process: libraries and models are stand-ins.

`tests/test_prove.py` runs the process itself in environments that uv built, where nothing can be measured.
"""

from __future__ import annotations

import contextlib
import json
import os
import pickle
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from mlaudit.knowledge.refused_imports import refused_imports
from mlaudit.proving import loading, proof_child, proof_loaders
from mlaudit.proving.proof_child import Guard, RefusedImport, described, predicted, proven, wanted_modules
from mlaudit.proving.proof_rows import rows_of

LINUX = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the limits of processes are tried on Linux")
FULL = OSError(28, "No space left on device")


def made(module: str, name: str = "Model", **members: Any) -> Any:
    """An instance of a class as a library has it."""
    return type(name, (), {"__module__": module, **members})()


class Listed(list[Any]):
    """A list as arrays are asked for it."""

    shape: tuple[int, ...] = (2, 2)
    dtype = "float32"

    def tolist(self) -> list[Any]:
        return list(self)

    def astype(self, name: str) -> tuple[str, list[Any]]:
        return name, list(self)


class Frame:
    """A data frame as far as a model needs one."""

    columns = ("a", "b")

    def to_numpy(self) -> str:
        return "an array"

    def to_dict(self, _: str) -> str:
        return "records"


def gives(word: str) -> Callable[[Any, Any], str]:
    return lambda _, rows: f"{word} of {rows if isinstance(rows, str) else type(rows).__name__}"


def graph(kind: str) -> Any:
    return made(
        "onnxruntime.capi",
        get_inputs=lambda _: [SimpleNamespace(name="x", type=kind), SimpleNamespace(name="y", type=kind)],
        run=lambda _, outputs, given: [outputs, given["x"]],
    )


@pytest.mark.parametrize(
    ("model", "rows", "answers"),
    [
        (graph("tensor(float)"), Listed([1]), [("output 0", None), ("output 1", ("float32", [1]))]),
        (graph("tensor(double)"), Listed([1]), [("output 0", None), ("output 1", ("float64", [1]))]),
        (made("sklearn.linear", predict=gives("class")), Frame(), [("predict", "class of an array")]),
        (
            made("sklearn.linear", predict=gives("class"), feature_names_in_=("a", "b")),
            Frame(),
            [("predict", "class of Frame")],
        ),
        (made("sklearn.pipeline", predict=gives("class"), steps=[]), Frame(), [("predict", "class of Frame")]),
        (made("mlflow.pyfunc", predict=gives("class")), Frame(), [("predict", "class of Frame")]),
        (
            made("lightgbm", predict=gives("class"), predict_proba=gives("chance"), transform=gives("other")),
            "rows",
            [("predict_proba", "chance of rows"), ("predict", "class of rows")],
        ),
        (made("own", predict="no call", __call__=gives("answer")), "rows", [("call", "answer of rows")]),
        (made("own"), "rows", []),
    ],
    ids=["graph", "graph of doubles", "array", "columns", "pipeline", "mlflow", "two calls", "called", "nothing"],
)
def test_every_kind_of_model_is_asked_in_its_way(model: Any, rows: Any, answers: Sequence[tuple[str, Any]]) -> None:
    assert predicted(model, rows) == answers


def test_a_booster_of_xgboost_predicts_on_its_own_matrix(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "xgboost", SimpleNamespace(DMatrix=lambda rows: ("matrix", rows)))
    booster = made("xgboost.core", "Booster", predict=lambda _, rows, validate_features: (rows, validate_features))
    assert predicted(booster, "rows") == [("predict", (("matrix", "rows"), False))]
    # A classifier of the same library has rows as they are.
    assert predicted(made("xgboost.sklearn", predict=gives("class")), "rows") == [("predict", "class of rows")]


def test_a_model_of_transformers_has_tensors_of_tokens(monkeypatch: pytest.MonkeyPatch) -> None:
    threads: list[int] = []
    torch = SimpleNamespace(
        set_num_threads=threads.append, no_grad=contextlib.nullcontext, tensor=lambda rows: ("tensor", rows)
    )
    monkeypatch.setitem(sys.modules, "torch", torch)
    tensor = SimpleNamespace(detach=None, float=lambda: "numbers")
    evaluated: list[Any] = []
    model = made(
        "transformers.models",
        eval=lambda model: evaluated.append(model),
        __call__=lambda _, input_ids: {"cache": 1, "hidden": tensor, "pooled": tensor, str(input_ids): tensor},
    )
    assert predicted(model, Listed([[1, 2]])) == [("hidden", "numbers"), ("pooled", "numbers")]
    assert (threads, evaluated) == ([1], [model])


@pytest.mark.parametrize(
    ("value", "shape", "dtype", "values"),
    [
        (Listed([[1, 2], [3, 4.5]]), [2, 2], "float32", [1.0, 2.0, 3.0, 4.5]),
        (SimpleNamespace(toarray=lambda: Listed([1])), [2, 2], "float32", [1.0]),
        (SimpleNamespace(detach=lambda: SimpleNamespace(numpy=lambda: Listed([1]))), [2, 2], "float32", [1.0]),
        (SimpleNamespace(to_numpy=lambda: Listed([1])), [2, 2], "float32", [1.0]),
        ({"b": True, "a": None}, None, "dict", ["a", None, "b", True]),
        ([float("nan"), float("inf"), -float("inf")], None, "list", ["nan", "inf", "-inf"]),
        (("text", object(), {7}), None, "tuple", ["text", "object", 7.0]),
    ],
    ids=["array", "sparse", "tensor", "frame", "mapping", "no numbers", "others"],
)
def test_answers_are_described_alike_by_all_libraries(value: Any, shape: Any, dtype: str, values: list[Any]) -> None:
    assert described(value) == {"shape": shape, "dtype": dtype, "values": values, "left_out": 0}


def test_of_many_values_the_first_are_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proof_child, "MOST_VALUES", 3)
    answer = described(list(range(100)))
    assert answer["values"] == [0.0, 1.0, 2.0]
    # What is beyond ten times as many is not even counted.
    assert answer["left_out"] == 28


class Limits:
    """The module `resource` of a platform that lacks one limit and refuses another."""

    RLIMIT_AS, RLIMIT_CPU, RLIMIT_FSIZE = "memory", "seconds", "size"

    def __init__(self) -> None:
        self.kept: dict[str, tuple[int, int]] = {}

    def setrlimit(self, kind: str, values: tuple[int, int]) -> None:
        if kind == "seconds":
            raise ValueError("not allowed to raise maximum limit")
        self.kept[kind] = values


def test_a_process_is_limited_as_far_as_its_platform_can(monkeypatch: pytest.MonkeyPatch) -> None:
    limits = Limits()
    monkeypatch.setitem(sys.modules, "resource", limits)
    proof_child.limit(4, 1024)
    assert limits.kept == {"memory": (1024, 1024), "size": (2**31, 2**31)}
    monkeypatch.setitem(sys.modules, "resource", None)
    proof_child.limit(4, 1024)


class Kernel:
    """The library of C on Linux: whether it gives a user a name space without a network."""

    def __init__(self, refused: Sequence[int]) -> None:
        self.refused = refused
        self.asked: list[int] = []
        self.controlled: list[tuple[int, int]] = []

    def unshare(self, flags: int) -> int:
        self.asked.append(flags)
        return -1 if flags in self.refused else 0

    def prctl(self, option: int, number: int) -> None:
        self.controlled.append((option, number))


@pytest.mark.parametrize(
    ("platform", "refused", "cut", "asked"),
    [
        ("linux", (), "kernel", [0x40000000]),
        ("linux", (0x40000000,), "kernel", [0x40000000, 0x50000000]),
        ("linux", (0x40000000, 0x50000000), "sockets", [0x40000000, 0x50000000]),
        ("darwin", (), "sockets", []),
    ],
)
def test_the_network_is_cut_by_the_kernel_where_it_can(
    platform: str, refused: Sequence[int], cut: str, asked: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    kernel, sockets = Kernel(refused), SimpleNamespace(socket=type("socket", (), {}))
    monkeypatch.setattr(sys, "platform", platform)
    monkeypatch.setattr(proof_child, "ctypes", SimpleNamespace(CDLL=lambda *_, **__: kernel))
    monkeypatch.setattr(proof_child, "socket", sockets)
    assert proof_child.cut_network() == cut
    assert kernel.asked == asked
    for call in (sockets.socket.connect, sockets.socket.connect_ex, sockets.create_connection, sockets.getaddrinfo):
        with pytest.raises(OSError, match="a proof has no network"):
            call(("127.0.0.1", 9))
    proof_child.die_with_parent()
    assert kernel.controlled == ([(1, 9)] if platform == "linux" else [])


def test_versions_are_those_that_are_installed() -> None:
    assert proof_child.versions(["pytest", "no-such-package"]) == {"pytest": pytest.__version__}


def guard(folder: Path) -> Guard:
    own = folder / "own"
    own.mkdir(exist_ok=True)
    return Guard(str(own), {("posix", "system"), ("subprocess", "*")})


@pytest.mark.parametrize(
    ("event", "arguments", "says"),
    [
        ("pickle.find_class", ("posix", "system"), "it imports posix.system, which starts programs or runs code"),
        ("pickle.find_class", ("subprocess", "Popen"), "it imports subprocess.Popen"),
        ("pickle.find_class", ("subprocess.inner", "call"), "it imports subprocess.inner.call"),
        ("pickle.find_class", ("posix", "getcwd"), None),
        ("open", ("{out}", "w", 0), "a proof writes nothing outside of its folder"),
        ("open", ("{out}", "r+", 0), "a proof writes nothing outside of its folder"),
        ("open", ("{out}", None, os.O_WRONLY), "a proof writes nothing outside of its folder"),
        ("open", (b"/outside", "a", 0), "a proof writes nothing outside of its folder"),
        ("open", ("{out}", None, os.O_RDONLY), None),
        ("open", ("{out}", "r", 0), None),
        ("open", ("{own}", "w", 0), None),
        ("open", ("/dev/null", "w", 0), None),
        ("open", (3, "w", 0), None),
        ("open", ("{compiled}", "w", 0), "a proof writes nothing outside of its folder"),
        ("os.rename", ("{own}", "{out}", -1, -1), "a proof changes nothing outside of its folder"),
        ("os.remove", ("{out}", -1), "a proof changes nothing outside of its folder"),
        ("os.remove", ("{own}", -1), None),
        ("os.system", ("touch x",), "a proof starts no program"),
        ("import", ("json",), None),
    ],
)
def test_the_guard_refuses_what_no_model_needs(
    event: str, arguments: tuple[Any, ...], says: str | None, tmp_path: Path
) -> None:
    places = {
        "out": str(tmp_path / "outside"),
        "own": str(tmp_path / "own" / "file"),
        "compiled": os.path.join(sys.prefix, "lib", "__pycache__", "a.pyc"),  # noqa: PTH118 - as events have it
    }
    given = tuple(one.format(**places) if isinstance(one, str) else one for one in arguments)
    asked = guard(tmp_path)
    if says is None:
        asked(event, given)
    else:
        with pytest.raises((RefusedImport, PermissionError), match=says):
            asked(event, given)


def test_libraries_alone_are_kept_compiled(tmp_path: Path) -> None:
    asked = guard(tmp_path)
    asked.compiles = True
    asked("open", (f"{sys.prefix}/lib/__pycache__/a.pyc", "w", 0))
    with pytest.raises(PermissionError):
        asked("open", (f"{sys.prefix}/lib/a.py", "w", 0))


def test_modules_that_a_pickle_names_are_those_of_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "specless", ModuleType("specless"))
    asked = guard(tmp_path)
    asked.environment = os.path.realpath(Path(pytest.__file__).parent.parent) + os.sep
    names = [
        ("pytest.inner", "a"),
        ("json", "loads"),
        ("nowhere.inner", "b"),
        ("specless", "c"),
        ("pytest.inner", "d"),
        ("", "e"),
    ]
    assert wanted_modules(names, asked) == ["pytest.inner"]
    with pytest.raises(RefusedImport):
        wanted_modules([("pytest", "a"), ("posix", "system")], asked)


class Predicting:
    """A model that a pickle may hold."""

    n_features_in_ = 2

    def predict(self, rows: Any) -> list[float]:
        return [float(len(row)) for row in rows]


def raising(error: BaseException) -> Callable[[str], object]:
    def load(_: str) -> object:
        raise error

    return load


def chained(error: Exception) -> Exception:
    wrapped = ValueError("wrapped")
    wrapped.__cause__ = error
    return wrapped


ROWS = {"values": [[1.0, 2.0], [3.0, 4.0]]}
PREDICTS = {"call": "predict", "shape": None, "dtype": "list", "values": [2.0, 2.0], "left_out": 0}


@pytest.mark.parametrize(
    ("load", "request_", "outcome"),
    [
        (lambda _: Predicting(), {"rows": ROWS}, {"step": "done", "answers": [PREDICTS]}),
        (lambda _: Predicting(), {"rows": ROWS, "keep_rows": True}, {"step": "done", "kept": ROWS["values"]}),
        (lambda _: Predicting(), {"rows": {}, "keep_rows": True}, {"rows": "32 seeded random rows of 2 features"}),
        (lambda _: {"a": 1}, {"rows": {}}, {"step": "done", "rows": "its own content"}),
        (lambda _: Listed([1]), {"rows": {}, "loader": "numpy"}, {"step": "done", "rows": "its own content"}),
        (lambda _: object(), {"rows": {}}, {"step": "done", "answers": []}),
        (raising(MemoryError("much")), {}, {"step": "load", "memory": True, "error": "MemoryError: much"}),
        (raising(RefusedImport("it imports x")), {}, {"step": "load", "refused": True, "error": "it imports x"}),
        (raising(SystemExit("bye")), {}, {"step": "load", "error": "SystemExit: bye"}),
        (raising(chained(FULL)), {}, {"step": "load", "full": True, "error": "ValueError: wrapped"}),
        (raising(chained(KeyError("x"))), {}, {"step": "load", "error": "ValueError: wrapped"}),
        (lambda _: Predicting(), {"rows": {"file": "/nowhere/a.csv"}}, {"step": "rows"}),
        (lambda _: Predicting(), {"rows": {"values": [1.0]}}, {"step": "predict"}),
    ],
)
def test_whatever_a_model_does_is_told_with_its_step(
    load: Callable[[str], object],
    request_: Mapping[str, Any],
    outcome: Mapping[str, Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("numpy", "pandas", "joblib"):
        monkeypatch.setitem(sys.modules, name, None)
    loaders = SimpleNamespace(LOADERS=dict.fromkeys(("pickle", "numpy"), load), LIBRARIES=proof_loaders.LIBRARIES)
    asked = {"loader": "pickle", "imports": [], "model": "m", "rows": {}, **request_}
    answer = proven(asked, loaders, rows_of, guard(tmp_path))
    assert {name: answer.get(name) for name in outcome} == outcome
    assert [name for name in ("memory", "refused", "full") if name in answer and name not in outcome] == []
    assert ("error" in answer) is (answer["step"] != "done" and "rows" not in outcome)


def test_a_circle_of_causes_ends() -> None:
    first, second = ValueError("a"), ValueError("b")
    first.__cause__, second.__cause__ = second, first
    assert not proof_child.is_full_disk(first)


def test_a_frame_is_kept_as_records(tmp_path: Path) -> None:
    loaders = SimpleNamespace(LOADERS={"pickle": lambda _: Predicting()}, LIBRARIES={"pickle": ()})
    asked = {"loader": "pickle", "imports": [], "model": "m", "rows": {}, "keep_rows": True}
    answer = proven(asked, loaders, lambda *_: (Frame(), "rows of a frame"), guard(tmp_path))
    assert (answer["kept"], answer["rows"]) == ("records", "rows of a frame")


@contextlib.contextmanager
def standing_in(monkeypatch: pytest.MonkeyPatch, modules: Mapping[str, Any]) -> Iterator[None]:
    with monkeypatch.context() as patched:
        for name, module in modules.items():
            patched.setitem(sys.modules, name, module)
        yield


def booster(word: str) -> Any:
    """A class that keeps what it was told to load."""

    class Loaded:
        def __init__(self, model_file: str = "") -> None:
            self.told: tuple[Any, ...] = (word, model_file)

        def load_model(self, path: str, **options: str) -> None:
            self.told = (word, path, *options.values())

    return Loaded


KERAS = SimpleNamespace(models=SimpleNamespace(load_model=lambda path: ("keras", path)))
SKOPS = SimpleNamespace(
    load=lambda path, trusted: ("skops", path, trusted), get_untrusted_types=lambda file: f"types of {file}"
)
TORCH = SimpleNamespace(
    load=lambda path, map_location: ("torch", path, map_location),
    jit=SimpleNamespace(load=lambda path, map_location: ("jit", path, map_location)),
)


@pytest.mark.parametrize(
    ("loader", "path", "modules", "call"),
    [
        ("xgboost", "m.ubj", {"xgboost": SimpleNamespace(Booster=booster("xgb"))}, ("xgb", "m.ubj")),
        ("lightgbm", "m.txt", {"lightgbm": SimpleNamespace(Booster=booster("lgb"))}, ("lgb", "m.txt")),
        ("catboost", "m.json", {"catboost": SimpleNamespace(CatBoost=booster("cat"))}, ("cat", "m.json", "json")),
        ("catboost", "m.cbm", {"catboost": SimpleNamespace(CatBoost=booster("cat"))}, ("cat", "m.cbm", "cbm")),
        (
            "onnx",
            "m.onnx",
            {"onnxruntime": SimpleNamespace(InferenceSession=lambda path, providers: (path, *providers))},
            ("m.onnx", "CPUExecutionProvider"),
        ),
        ("torch", "m.pt", {"torch": TORCH}, ("torch", "m.pt", "cpu")),
        ("torchscript", "m.pt", {"torch": TORCH}, ("jit", "m.pt", "cpu")),
        ("keras", "m.keras", {"keras": KERAS}, ("keras", "m.keras")),
        ("keras", "m.keras", {"keras": None, "tensorflow": SimpleNamespace(keras=KERAS)}, ("keras", "m.keras")),
        (
            "saved-model",
            "m",
            {"tensorflow": SimpleNamespace(saved_model=SimpleNamespace(load=lambda path: (path,)))},
            ("m",),
        ),
        (
            "numpy",
            "m.npy",
            {"numpy": SimpleNamespace(load=lambda path, allow_pickle: (path, allow_pickle))},
            ("m.npy", True),
        ),
        (
            "safetensors",
            "m.safetensors",
            {"safetensors": ModuleType("safetensors"), "safetensors.numpy": SimpleNamespace(load_file=tuple)},
            tuple("m.safetensors"),
        ),
        (
            "skops",
            "m.skops",
            {"skops": ModuleType("skops"), "skops.io": SKOPS},
            ("skops", "m.skops", "types of m.skops"),
        ),
        (
            "mlflow",
            "m",
            {"mlflow": ModuleType("mlflow"), "mlflow.pyfunc": SimpleNamespace(load_model=lambda path: (path,))},
            ("m",),
        ),
        (
            "transformers",
            "m",
            {
                "transformers": SimpleNamespace(
                    AutoModel=SimpleNamespace(from_pretrained=lambda path, local_files_only: (path, local_files_only))
                )
            },
            ("m", True),
        ),
        ("pickle", "m.joblib", {"joblib": SimpleNamespace(load=lambda path: ("joblib", path))}, ("joblib", "m.joblib")),
    ],
)
def test_every_loader_calls_its_library(
    loader: str, path: str, modules: Mapping[str, Any], call: tuple[Any, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    with standing_in(monkeypatch, modules):
        loaded = proof_loaders.LOADERS[loader](path)
    assert getattr(loaded, "told", loaded) == call


def test_every_loader_says_what_it_imports() -> None:
    assert proof_loaders.LIBRARIES.keys() == proof_loaders.LOADERS.keys()


def test_a_pickle_that_joblib_wrote_is_read_by_joblib_where_it_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    load = proof_loaders.LOADERS["pickle"]
    model, other = tmp_path / "model.pkl", tmp_path / "other.joblib"
    for path in (model, other):
        path.write_bytes(pickle.dumps([1.0]))
    with standing_in(monkeypatch, {"joblib": None}):
        assert load(str(model)) == load(str(other)) == [1.0]
    model.write_bytes(b"\x80\x04 arrays apart")
    monkeypatch.delitem(sys.modules, "joblib", raising=False)
    with pytest.raises(pickle.UnpicklingError):
        load(str(model))
    with standing_in(monkeypatch, {"joblib": SimpleNamespace(load=lambda path: ("joblib", path))}):
        assert load(str(model)) == ("joblib", str(model))


CHILD = Path(loading.__file__).with_name("proof_child.py")


def answered(folder: Path, model: Path, **request: Any) -> tuple[int, Mapping[str, Any]]:
    """How the process ends, and what it leaves."""
    own = folder / "own"
    own.mkdir(exist_ok=True)
    asked = {
        "model": str(model),
        "loader": "pickle",
        "own": str(own),
        "answer": str(own / "answer.json"),
        "seconds": 60,
        "memory": 2**33,
        "refused": refused_imports(),
        "imports": [],
        "packages": ["pytest", "no-such-package"],
        "rows": {"values": [[1.0, 2.0]]},
        **request,
    }
    (own / "request.json").write_text(json.dumps(asked))
    words = [sys.executable, str(CHILD), str(own / "request.json")]
    done = subprocess.run(words, cwd=own, capture_output=True, check=False)
    answer = own / "answer.json"
    return done.returncode, json.loads(answer.read_text()) if answer.exists() else {"printed": done.stderr.decode()}


@LINUX
def test_the_process_answers_with_versions_and_warnings(tmp_path: Path) -> None:
    from operator import itemgetter

    model = tmp_path / "model.pkl"
    model.write_bytes(pickle.dumps(itemgetter(0)))
    code, answer = answered(tmp_path, model)
    assert code == 0
    assert (answer["step"], answer["answers"][0]["call"], answer["answers"][0]["values"]) == (
        "done",
        "call",
        [1.0, 2.0],
    )
    assert answer["versions"] == {"pytest": pytest.__version__}
    assert answer["network"] in ("kernel", "sockets")
    # A warning is heard once.
    model.write_bytes(b"cwarnings\nwarn\n(S'old'\ntR.")
    assert answered(tmp_path, model)[1]["warnings"] == ["UserWarning: old"]


@LINUX
def test_in_the_process_there_is_no_network_and_no_other_folder(tmp_path: Path) -> None:
    model, outside = tmp_path / "model.pkl", tmp_path / "outside"
    model.write_bytes(b"csocket\ncreate_connection\n((S'127.0.0.1'\nI9\nttR.")
    assert "a proof has no network" in answered(tmp_path, model, refused=[])[1]["error"]
    model.write_bytes(f"cio\nopen\n(S'{outside}'\nS'w'\ntR.".encode())
    assert "a proof writes nothing outside of its folder" in answered(tmp_path, model, refused=[])[1]["error"]
    assert not outside.exists()


@LINUX
def test_an_answer_that_cannot_be_written_has_an_exit_code(tmp_path: Path) -> None:
    model = tmp_path / "model.pkl"
    model.write_bytes(pickle.dumps([1.0]))
    code, _ = answered(tmp_path, model, answer=str(tmp_path / "own" / "no folder" / "answer.json"))
    assert code == proof_child.ANSWER_LOST
