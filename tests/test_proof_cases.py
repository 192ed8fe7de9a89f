"""`mlaudit prove` with the real uv: models of unknown writers, rows from what lies beside a model, kept byte code."""

from __future__ import annotations

import json
import os
import pickle
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from packaging.version import Version

from mlaudit.proving.nearest_versions import smallest_change
from mlaudit.proving.nouns import Proof, ProofAnswer, ProofCase, ProofVerdict
from mlaudit.proving.prove import ProofReport
from mlaudit.proving.rendering import as_text
from mlaudit.proving.verdicts import verdict_alone
from mlaudit.reporters._registry import Style
from tests.artifact_bytes import onnx
from tests.checkout import write
from tests.command_line import run
from tests.test_prove import MODEL, pickled, project, proven, wait_until
from tests.wheel_index import WheelIndex, served

pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="the limits of processes are tried on Linux"
)

RUNTIME = """
class Input:
    name, type, shape = "x", "tensor(float)", [None, 3]

class Rows(list):
    def astype(self, name):
        return self

class InferenceSession:
    def __init__(self, path, providers):
        assert open(path, "rb").read(1)

    def get_inputs(self):
        return [Input]

    def run(self, outputs, given):
        return [[[FACTOR * sum(row)] for row in given["x"]]]
"""
ARRAYS = """
class ndarray(list):
    def astype(self, name):
        return self

def array(rows):
    return ndarray(rows)
"""
FLOWS = """
def load_model(path):
    import json, os
    class Model:
        def predict(self, rows):
            return [FACTOR * row["a"] for row in rows.to_dict("records")]
    assert os.path.exists(os.path.join(path, "MLmodel"))
    return Model()
"""
LINEAR = """
class LinearRegression:
    n_features_in_ = 2

    def predict(self, rows):
        return [sum(row) for row in rows]
"""
FRAMES = """
class DataFrame:
    def __init__(self, rows):
        self.rows = rows
        self.columns = list(rows[0])

    def __len__(self):
        return len(self.rows)

    def to_dict(self, how):
        return self.rows
"""


@pytest.fixture(scope="module")
def index() -> Iterator[WheelIndex]:
    index = WheelIndex()
    for version, factor in (("1.5", 1), ("2.0", 3)):
        index.add_wheel("pinbox", version, modules={"pinbox.py": MODEL.format(factor=factor, harmful=False)})
    for version, factor in (("1.0", 1), ("2.0", 2)):
        runtime = f"FACTOR = {factor}\n{RUNTIME.strip()}\n__name__ = 'onnxruntime'\n"
        index.add_wheel("onnxruntime", version, ["numpy"], modules={"onnxruntime.py": runtime})
        flows = {"mlflow/__init__.py": "", "mlflow/pyfunc.py": f"FACTOR = {factor}\n{FLOWS}"}
        index.add_wheel("mlflow", version, ["pandas"], modules=flows)
    linear = {
        "sklearn/__init__.py": "",
        "sklearn/linear_model/__init__.py": "",
        "sklearn/linear_model/_base.py": LINEAR,
    }
    index.add_wheel("scikit-learn", "1.2.2", modules=linear)
    index.add_wheel("numpy", "1.0", modules={"numpy.py": ARRAYS})
    index.add_wheel("pandas", "1.0", modules={"pandas.py": FRAMES})
    with served(index):
        yield index


@pytest.fixture(scope="module")
def env(index: WheelIndex, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("caches")
    return {
        "MLAUDIT_CACHE_DIR": str(folder / "cache"),
        "UV_CACHE_DIR": str(folder / "uv"),
        "UV_DEFAULT_INDEX": index.url,
        "UV_PYTHON_DOWNLOADS": "never",
    }


@pytest.mark.slow
def test_a_model_of_an_unknown_writer_is_loaded_by_its_reader_alone(tmp_path: Path, env: dict[str, str]) -> None:
    write(
        tmp_path,
        {
            "serving/requirements.txt": "scikit-learn==1.2.2\n",
            "serving/app.py": "import pickle\nmodel = pickle.load(open('store/kept.pkl', 'rb'))\n",
        },
    )
    (tmp_path / "store").mkdir()
    kept = b"\x80\x02csklearn.linear_model._base\nLinearRegression\n)\x81}X\x10\x00\x00\x00_sklearn_version"
    (tmp_path / "store" / "kept.pkl").write_bytes(kept + b"X\x05\x00\x00\x001.5.2sb.")
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    told = run(tmp_path, "prove", "--python", python, env=env)
    assert told.returncode == 3
    assert "store/kept.pkl: which environment wrote it is not known" in " ".join(told.stdout.split())
    (proof,) = proven(tmp_path, env, "--trust", "--record", "--python", python)["proofs"]
    assert (proof["verdict"], proof["writer"]) == ("loads", "")
    assert proof["says"].endswith("loads it and predicts; what wrote it is not known, so nothing was compared")
    assert proof["evidence"][0] == "predicted on 32 seeded random rows of 2 features"
    # Of one side alone nothing is recorded.
    assert not (tmp_path / "mlaudit.evidence.toml").exists()


@pytest.mark.parametrize(
    ("answer", "verdict", "says"),
    [
        (ProofAnswer(word="error", step="load", error="E"), ProofVerdict.FAILS, "api does not load it: E"),
        (ProofAnswer(word="hang", error="no answer"), ProofVerdict.HANGS, "api does not load it: no answer"),
        (ProofAnswer(word="full", error="F"), ProofVerdict.NOT_PROVEN, "there was no room on the disk"),
        (ProofAnswer(word="ok"), ProofVerdict.LOADS, "api loads it; what wrote it is not known"),
    ],
)
def test_what_one_side_alone_tells(answer: ProofAnswer, verdict: ProofVerdict, says: str) -> None:
    case = ProofCase(shown="m.pkl", kind="python.pickle", loader="pickle", package="joblib")
    proof = verdict_alone(case, "api", answer)
    assert proof.verdict is verdict
    assert proof.says.startswith(says)
    assert not proof.versions


@pytest.mark.slow
def test_rows_come_from_the_inputs_of_a_graph(tmp_path: Path, env: dict[str, str]) -> None:
    project(tmp_path, "1.5", {"model.onnx": onnx()})
    for side, version in (("training", "1.0"), ("serving", "2.0")):
        write(tmp_path, {f"{side}/requirements.txt": f"onnxruntime=={version}\n"})
    (proof,) = proven(tmp_path, env, "--budget", "0")["proofs"]
    assert (proof["verdict"], proof["kind"]) == ("differs", "onnx")
    assert "compared on 32 seeded random rows of 3 features" in proof["evidence"]
    write(tmp_path, {"rows.json": "[[1.0, 2.0, 3.0]]"})
    (proof,) = proven(tmp_path, env, "--budget", "0", "--rows", "rows.json")["proofs"]
    assert "1 of 1 numbers differ, by up to 6" in proof["says"]


@pytest.mark.slow
def test_rows_come_from_the_input_example_of_mlflow(tmp_path: Path, env: dict[str, str]) -> None:
    project(tmp_path, "1.5", {})
    for side, version in (("training", "1.0"), ("serving", "2.0")):
        write(tmp_path, {f"{side}/requirements.txt": f"mlflow=={version}\n"})
    write(
        tmp_path,
        {
            "models/churn/MLmodel": "flavors:\n  python_function: {loader_module: mlflow.sklearn}\n",
            "models/churn/input_example.json": json.dumps({"columns": ["a", "b"], "data": [[2.0, 0.0], [5.0, 0.0]]}),
        },
    )
    (proof,) = proven(tmp_path, env, "--budget", "0")["proofs"]
    assert (proof["verdict"], proof["model"]) == ("differs", "models/churn")
    assert "compared on rows of input_example.json" in proof["evidence"]
    assert "2 of 2 numbers differ, by up to 5" in proof["says"]


@pytest.mark.slow
def test_packages_are_kept_compiled_and_nothing_of_a_model_is(tmp_path: Path, env: dict[str, str]) -> None:
    project(tmp_path, "1.5", {"model.pkl": pickled()})
    assert proven(tmp_path, env)["exit_code"] == 0
    built = Path(env["MLAUDIT_CACHE_DIR"]) / "environments"
    compiled = {path.name.partition(".")[0] for path in built.rglob("__pycache__/*.pyc")}
    assert "pinbox" in compiled
    # A model that imports a module of its own, and one that writes where compiled modules lie.
    caches = [str(path.parent) for path in built.rglob("__pycache__/pinbox*.pyc")]
    where = os.path.join(caches[0], "other.pyc")  # noqa: PTH118 - a text in a pickle
    project(tmp_path, "1.5", {"model.pkl": pickled(), "leave.pkl": _opens(where)})
    verdicts = {one["model"]: one for one in proven(tmp_path, env, "--budget", "0")["proofs"]}
    assert verdicts["models/model.pkl"]["verdict"] == "same"
    assert "a proof writes nothing outside of its folder" in verdicts["models/leave.pkl"]["says"]
    assert not Path(where).exists()


def _opens(path: str) -> bytes:
    """A pickle that opens a file for writing, by a function of the standard library that nothing refuses."""
    return pickle.dumps(_Opening(path))


class _Opening:
    def __init__(self, path: str) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, ...]:
        import logging

        return logging.FileHandler, (self.path,)


SLOW_UV = """#!/bin/sh
touch "$FOLDER/started"
read -r _ < "$FOLDER/gate"
"""
BUILDS = """
from mlaudit.proving.builds import BuildPlan, built
built(BuildPlan(name="serving", python="3.11", lines=("pinbox==1.0",), packages={"pinbox": "1.0"}))
"""


def test_a_build_that_outlives_its_run_keeps_others_out(tmp_path: Path) -> None:
    """`kill -9` ends mlaudit and not the uv that it started, which goes on writing into the environment."""
    import fcntl

    (tmp_path / "uv").write_text(SLOW_UV)
    (tmp_path / "uv").chmod(0o755)
    os.mkfifo(tmp_path / "gate")
    folders = {"FOLDER": str(tmp_path), "MLAUDIT_CACHE_DIR": str(tmp_path / "cache")}
    env = {**os.environ, **folders, "PATH": f"{tmp_path}:{os.environ['PATH']}"}
    with subprocess.Popen([sys.executable, "-c", BUILDS], env=env) as running:
        assert wait_until((tmp_path / "started").exists)
        running.kill()
    (lock,) = (tmp_path / "cache" / "environments").glob("*.lock")
    with lock.open("ab") as stream:
        with pytest.raises(BlockingIOError):
            fcntl.flock(stream.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
        (tmp_path / "gate").write_text("\n")
        # Free as soon as uv has ended.
        fcntl.flock(stream.fileno(), fcntl.LOCK_EX)
    assert not list((tmp_path / "cache").rglob("ready.json"))


def test_what_was_not_tried_is_named_and_nothing_depends_on_chance() -> None:
    writer = {"scikit-learn": "1.5.2", "numpy": "1.26.4"}
    reader = {"scikit-learn": "1.2.2", "numpy": "1.24.4"}

    def works(package: str, version: str) -> tuple[bool, str]:
        return package == "scikit-learn" and Version(version) >= Version("1.4"), ""

    whole = smallest_change("sklearn.pickle", "", writer, reader, 20, works)
    assert (whole.version, whole.untried) == ("1.4.0", ())
    for budget in range(1, 20):
        found = smallest_change("sklearn.pickle", "", writer, reader, budget, works)
        again = smallest_change("sklearn.pickle", "", dict(reversed(writer.items())), reader, budget, works)
        assert (found.tried, found.untried) == (again.tried, again.untried)
        # A larger budget goes on where a smaller one ended.
        assert found.tried == whole.tried[:budget]
        if found.version == whole.version:
            break
        assert f"scikit-learn=={whole.version}" in found.untried
    never = smallest_change("sklearn.pickle", "", writer, reader, 1, lambda *_: (False, ""))
    assert (never.package, never.untried) == ("", ("numpy==1.26.4",))


def test_no_line_is_wider_than_the_terminal() -> None:
    case = ProofCase(shown="models/m.pkl", kind="sklearn.pickle", loader="pickle", package="scikit-learn")
    proof = Proof(
        case=case,
        writer="training",
        reader="serving",
        verdict=ProofVerdict.FAILS,
        says="serving does not load it: " + "a reason of many words " * 8,
        evidence=("serving warns: " + "and warns " * 20,),
        tried=tuple((f"scikit-learn==1.{minor}.0", "does not load it " * 6) for minor in range(3)),
        untried=tuple(f"scikit-learn==1.3.{patch}" for patch in range(9)),
        advice="serving: scikit-learn 1.5.2 loads it and gives the same results",
    )
    text = as_text(ProofReport(proofs=(proof,), notes=("a note " * 30,)), Style(width=80))
    assert max(map(len, text.splitlines())) <= 80
    assert "scikit-learn==1.3.5 and 3 more (a larger --budget tries more)" in " ".join(text.split())
