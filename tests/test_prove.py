"""`mlaudit prove` with the real uv, against an index of tiny wheels on the loopback."""

from __future__ import annotations

import hashlib
import json
import os
import pickle
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from packaging.version import Version

from mlaudit.cli.asked import asked_options
from mlaudit.knowledge.refused_imports import refused_among
from mlaudit.model.errors import UsageError
from mlaudit.proving import builds, loading
from mlaudit.proving.builds import READY, BuildPlan, built
from mlaudit.proving.loading import load_under
from mlaudit.proving.nearest_versions import smallest_change
from mlaudit.proving.nouns import (
    BuiltEnvironment,
    NotBuilt,
    Proof,
    ProofAnswer,
    ProofCase,
    ProofLimits,
    ProofVerdict,
    RowRequest,
)
from mlaudit.proving.pairs import found_pairs
from mlaudit.proving.prove import ProofReport, digest
from mlaudit.proving.rendering import as_json
from mlaudit.proving.verdicts import verdict_on
from mlaudit.request.wanted import Wanted
from mlaudit.sources.uv_tool import UvOutcome
from tests.checkout import write
from tests.command_line import run
from tests.test_against import MODEL as MODEL_BYTES
from tests.test_reporters import problems
from tests.wheel_index import WheelIndex, served

pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="the limits of processes are tried on Linux"
)

MODEL = """
import os, socket, sys, time
FACTOR = {factor}

class Model:
    n_features_in_ = 2

    def predict(self, rows):
        return [FACTOR * self.weight * sum(row) for row in rows]

def made():
    model = Model()
    model.weight = 1.0
    return model

def hang():
    time.sleep(100 if {harmful} else 0)
    return made()

def die():
    if {harmful}:
        os.kill(os.getpid(), 9)
    return made()

def eat():
    if {harmful}:
        kept = bytearray(2 ** 31)
    return made()

def shout():
    if {harmful}:
        sys.stdout.write("x" * 2_000_000)
    return made()

def leave(path):
    if {harmful}:
        open(path, "w")
    return made()

def call(port):
    if {harmful}:
        socket.socket().connect(("127.0.0.1", port))
    return made()
"""


@pytest.fixture(scope="module")
def index() -> Iterator[WheelIndex]:
    index = WheelIndex()
    for version, factor, harmful in (("1.0", 1, False), ("1.5", 1, False), ("2.0", 3, True)):
        index.add_wheel("pinbox", version, modules={"pinbox.py": MODEL.format(factor=factor, harmful=harmful)})
    index.add_wheel("pinbox", "0.9", modules={"pinbox.py": "\n"})
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


def pickled(function: str = "made", *arguments: object) -> bytes:
    """What calls a function of pinbox when it is loaded."""

    class Call:
        def __reduce__(self) -> tuple[object, ...]:
            return module.function, arguments

    module = ModuleType("pinbox")
    exec(f"def {function}(*_): pass", module.__dict__)  # noqa: S102 - a name to pickle
    module.function = getattr(module, function)  # type: ignore[attr-defined]
    module.function.__module__ = "pinbox"
    sys.modules["pinbox"] = module
    try:
        return pickle.dumps(Call())
    finally:
        del sys.modules["pinbox"]


def project(folder: Path, reader: str, models: Mapping[str, bytes], python: str = "") -> None:
    python = python or f"{sys.version_info.major}.{sys.version_info.minor}"
    write(folder, {"training/requirements.txt": "pinbox==1.5\n", "serving/requirements.txt": f"pinbox=={reader}\n"})
    (folder / "models").mkdir(exist_ok=True)
    for name, data in models.items():
        (folder / "models" / name).write_bytes(data)
    (folder / "mlaudit.toml").write_text(
        f'target = {{ python = "{python}" }}\n'
        '[environments.training]\nsources = ["training/requirements.txt"]\nwrites = ["models/"]\n'
        '[environments.serving]\nsources = ["serving/requirements.txt"]\nfollows = "training"\n'
    )


def proven(folder: Path, env: Mapping[str, str], *arguments: str) -> dict[str, Any]:
    done = run(folder, "prove", "--format", "json", *arguments, env=dict(env))
    assert done.stdout, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    assert found["exit_code"] == done.returncode
    assert problems("proof-1", found) == []
    return found


@pytest.mark.slow
def test_a_model_that_gives_other_results_is_found_advised_on_and_recorded(tmp_path: Path, env: dict[str, str]) -> None:
    project(tmp_path, "2.0", {"model.pkl": pickled()})
    found = proven(tmp_path, env, "--record")
    (proof,) = found["proofs"]
    assert (found["exit_code"], proof["verdict"], proof["model"]) == (1, "differs", "models/model.pkl")
    assert "predict: 32 of 32 numbers differ, by up to" in proof["says"]
    assert "compared on 32 seeded random rows of 2 features" in proof["evidence"]
    assert proof["advice"] == "serving: pinbox 1.5 loads it and gives the same results"
    assert all(one["built"] for one in found["environments"])

    (proof,) = proven(tmp_path, env, "--budget", "0", "--rtol", "9")["proofs"]
    assert proof["verdict"] == "same"
    done = run(tmp_path, "check", "--format", "json", env=env)
    (finding,) = [one for one in json.loads(done.stdout)["findings"] if one["code"] == "MLA106"]
    assert finding["environments"] == ["training", "serving"]
    write(tmp_path, {"serving/requirements.txt": "pinbox==1.0\n"})
    done = run(tmp_path, "check", env=env)
    assert "MLA106" not in done.stdout
    assert "serving has pinbox 1.0, and it was proven with 2.0" in " ".join(done.stdout.split())

    write(tmp_path, {"rows.csv": "1,2\n3,4\n", "rows.py": "def some():\n    return [[1.0, 2.0]]\n"})
    same = proven(tmp_path, env, "--rows", "rows.csv")
    assert (same["exit_code"], same["proofs"][0]["verdict"]) == (0, "same")
    assert "compared on rows of rows.csv" in same["proofs"][0]["evidence"]
    same = proven(tmp_path, env, "--rows", "rows:some")
    assert "compared on rows of rows:some" in same["proofs"][0]["evidence"]
    write(tmp_path, {"serving/requirements.txt": "pinbox==0.9\n"})
    (proof,) = proven(tmp_path, env, "--budget", "0")["proofs"]
    assert proof["verdict"] == "fails"
    assert "serving does not load it: AttributeError" in proof["says"]


@pytest.mark.slow
def test_whatever_a_model_does_there_is_a_verdict(tmp_path: Path, env: dict[str, str], index: WheelIndex) -> None:
    outside = tmp_path / "outside"
    port = int(index.url.split(":")[2].split("/")[0])
    asked = len(index.asked)
    models = {
        "call.pkl": pickled("call", port),
        "die.pkl": pickled("die"),
        "eat.pkl": pickled("eat"),
        "hang.pkl": pickled("hang"),
        "leave.pkl": pickled("leave", str(outside)),
        "shout.pkl": pickled("shout"),
    }
    project(tmp_path, "2.0", models)
    proven(tmp_path, env, "models/die.pkl", "--budget", "0")
    asked = len(index.asked)
    found = proven(tmp_path, env, "--budget", "0", "--rtol", "9", "--timeout", "4", "--memory", "1024")
    verdicts = {proof["model"].removeprefix("models/"): proof for proof in found["proofs"]}
    assert {name: proof["verdict"] for name, proof in verdicts.items()} == {
        "call.pkl": "fails",
        "die.pkl": "crashes",
        "eat.pkl": "out of memory",
        "hang.pkl": "hangs",
        "leave.pkl": "fails",
        "shout.pkl": "same",
    }
    assert "signal SIGKILL" in verdicts["die.pkl"]["says"]
    assert "serving printed 2,000,000 bytes, which were not kept" in verdicts["shout.pkl"]["evidence"]
    assert not outside.exists()
    assert len(index.asked) == asked


@pytest.mark.slow
def test_what_nobody_declared_needs_trust_and_programs_never_get_it(tmp_path: Path, env: dict[str, str]) -> None:
    project(tmp_path, "1.0", {})
    mark = tmp_path / "ran"
    write(
        tmp_path,
        {
            "os.pkl": f"cposix\nsystem\n(S'touch {mark}'\ntR.",
            "hidden.pkl": f"cbuiltins\ngetattr\n(cpinbox\nos\nS'system'\ntR(S'touch {mark}'\ntR.",
        },
    )
    (tmp_path / "model.pkl").write_bytes(pickled())
    sides = ("--writer", "training/requirements.txt", "--reader", "serving/requirements.txt")
    refused = run(tmp_path, "prove", "model.pkl", *sides, env=env)
    assert refused.returncode == 2
    assert "no `writes` or `reads` declares this file; --trust loads it all the same" in refused.stderr
    assert proven(tmp_path, env, "model.pkl", *sides, "--trust")["exit_code"] == 0
    (proof,) = proven(tmp_path, env, "os.pkl", *sides, "--trust")["proofs"]
    assert proof["verdict"] == "refused"
    assert "it imports posix.system" in proof["says"]
    (proof,) = proven(tmp_path, env, "hidden.pkl", *sides, "--trust", "--budget", "0")["proofs"]
    assert proof["verdict"] == "not proven"
    assert "a proof starts no program" in proof["says"]
    assert not mark.exists()


@pytest.mark.slow
def test_what_cannot_be_built_or_proven_ends_with_its_own_code(tmp_path: Path, env: dict[str, str]) -> None:
    project(tmp_path, "7.0", {"model.pkl": pickled()})
    done = run(tmp_path, "prove", env=env)
    assert done.returncode == 2
    assert "serving cannot be built: uv reports: Because there is no version of pinbox==7.0" in done.stderr
    project(tmp_path, "1.0", {"model.pkl": pickled()}, python="3.97")
    done = run(tmp_path, "prove", env=env)
    assert done.returncode == 2
    assert "3.97" in done.stderr
    for name in ("models/model.pkl", "mlaudit.toml"):
        (tmp_path / name).unlink()
    assert run(tmp_path, "prove", env=env).returncode == 3


@pytest.mark.slow
def test_golden_answers_are_kept_and_replayed_where_nothing_is_built(tmp_path: Path, env: dict[str, str]) -> None:
    """A model of the standard library, since it is this Python that loads it."""
    from operator import itemgetter

    write(tmp_path, {"rows.json": "[[1.0, 2.0], [3.0, 4.0]]"})
    (tmp_path / "model.pkl").write_bytes(pickle.dumps(itemgetter(0)))
    saved = run(tmp_path, "prove", "model.pkl", "--golden", "rows.json", "--save", "golden.json", "--trust", env=env)
    assert saved.returncode == 0, saved.stderr
    assert json.loads((tmp_path / "golden.json").read_text())["rows"] == [[1.0, 2.0], [3.0, 4.0]]
    assert proven(tmp_path, env, "--golden", "golden.json", "--trust")["proofs"][0]["verdict"] == "same"
    (tmp_path / "model.pkl").write_bytes(pickle.dumps(itemgetter(1)))
    other = proven(tmp_path, env, "--golden", "golden.json", "--trust")
    assert (other["exit_code"], other["proofs"][0]["verdict"]) == (1, "differs")
    assert "the model file is another one than the answers were kept of" in other["proofs"][0]["evidence"]
    broken = run(tmp_path, "prove", "--golden", "rows.json", "--trust", env=env)
    assert broken.returncode == 2
    assert "expected a file that --save wrote" in broken.stderr


def test_an_interrupted_build_is_built_anew_and_two_runs_build_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLAUDIT_CACHE_DIR", str(tmp_path))
    plan = BuildPlan(name="serving", python="3.11", lines=("pinbox==1.0",), packages={"pinbox": "1.0"})
    place = tmp_path / "environments" / plan.key
    calls: list[str] = []

    def uv(words: Sequence[str], _: object = None, **__: object) -> UvOutcome:
        calls.append(words[0])
        if words[0] == "venv":
            (place / "bin").mkdir(parents=True, exist_ok=True)
            (place / "bin" / "python").touch()
            time.sleep(0.1)
        elif len(calls) == 2:
            raise KeyboardInterrupt
        return UvOutcome(code=0, out="", says="")

    monkeypatch.setattr(builds, "run_uv", uv)
    with pytest.raises(KeyboardInterrupt):
        built(plan)
    assert not (place / READY).exists()
    threads = [threading.Thread(target=built, args=(plan,)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert calls == ["venv", "pip", "venv", "pip"]
    assert not built(plan).fresh


def test_the_smallest_change_is_searched_within_the_budget() -> None:
    tried: list[str] = []

    def works(package: str, version: str) -> tuple[bool, str]:
        tried.append(version)
        return Version(version) >= Version("1.4"), ""

    writer, reader = {"scikit-learn": "1.5.2", "numpy": "1.26.4"}, {"scikit-learn": "1.2.2", "numpy": "1.26.4"}
    found = smallest_change("sklearn.pickle", "", writer, reader, 9, works)
    assert (found.package, found.version) == ("scikit-learn", "1.4.0")
    assert tried[0] == "1.5.2"
    assert len(smallest_change("sklearn.pickle", "", writer, reader, 2, works).tried) == 2
    assert smallest_change("sklearn.pickle", "", writer, writer, 9, works).tried == ()


def test_submodules_of_refused_packages_are_refused() -> None:
    assert refused_among([("urllib.request", "urlopen"), ("builtins", "set"), ("numpy.core.multiarray", "scalar")]) == (
        "urllib.request.urlopen",
    )


EVIDENCE = """
[[proof]]
model = "models/model.pkl"
sha256 = "{sha256}"
kind = "numpy.pickle"
writer = "training"
reader = "serving"
verdict = "same"
says = "serving loads it and gives the same results"
date = "2026-11-26"
platform = "linux x86_64"
[proof.versions.writer]
python = "3.11.7"
numpy = "2.1.3"
[proof.versions.reader]
python = "3.11.7"
numpy = "1.24.4"
"""


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({}, ""),
        ({"serving": "1.24.3"}, "serving has numpy 1.24.3, and it was proven with 1.24.4"),
        ({"python": "3.10"}, "training has Python 3.10, and it was proven under 3.11.7"),
        ({"reader": 'python = "3.12"'}, "serving has Python 3.12, and it was proven under 3.11.7"),
        ({"reader": 'python = "3.11.9"'}, "serving has Python 3.11.9, and it was proven under 3.11.7"),
        (
            {"reader": 'python = "3.11", platform = "macos-arm64"'},
            "serving is for darwin arm64, and it was proven on linux x86_64",
        ),
        (
            {"reader": 'python = "3.11", platform = "linux-aarch64"'},
            "serving is for linux aarch64, and it was proven on linux x86_64",
        ),
        ({"reader": 'python = "3.11", platform = "linux-x86_64"'}, ""),
        ({"target": "left out"}, "training leaves its Python open, and it was proven under 3.11.7"),
        ({"sha256": "0"}, "the model file is another one"),
        ({"model": "gone"}, "the model file is not there, or cannot be read"),
    ],
)
def test_a_recorded_proof_counts_above_knowledge_until_something_changes(
    tmp_path: Path, change: dict[str, str], why: str
) -> None:
    given = {"serving": "1.24.4", "python": "3.11", **change}
    model = b"\x80\x04\x8c\x16numpy._core.multiarray\x8c\x0c_reconstruct\x93."
    project(tmp_path, "1.0", {"model.pkl": model}, python=given["python"])
    write(tmp_path, {"training/requirements.txt": "numpy==2.1.3\n"})
    write(tmp_path, {"serving/requirements.txt": f"numpy=={given['serving']}\n"})
    text = (tmp_path / "mlaudit.toml").read_text()
    if "target" in given:
        (tmp_path / "mlaudit.toml").write_text(text.partition("\n")[2])
    if "reader" in given:
        (tmp_path / "mlaudit.toml").write_text(f"{text}target = {{ {given['reader']} }}\n")
    before = json.loads(run(tmp_path, "check", "--format", "json").stdout)
    sha256 = given.get("sha256", hashlib.sha256(model).hexdigest())
    (tmp_path / "mlaudit.evidence.toml").write_text(EVIDENCE.format(sha256=sha256))
    if "model" in given:
        (tmp_path / "models" / "model.pkl").rename(tmp_path / "models" / "other.pkl")
    after = json.loads(run(tmp_path, "check", "--format", "json").stdout)
    notes = " ".join(after["notes"])
    about_loading = {"MLA101", "MLA401"}
    assert about_loading & {one["code"] for one in before["findings"]}
    left = about_loading & {one["code"] for one in after["findings"] if one["suppressed"] is None}
    if why:
        assert left
        assert f"the proof of models/model.pkl does not count: {why}; `mlaudit prove --record` proves it again" in notes
    else:
        assert not left
        assert after["summary"]["suppressed_by"]["evidence"] > 0
        assert "serving was proven to give the same results as training: models/model.pkl on 2026-11-26" in notes


MLMODEL = """
flavors:
  python_function: {loader_module: mlflow.sklearn, model_path: model.pkl, python_version: 3.11.7}
  sklearn: {pickled_model: model.pkl, serialization_format: cloudpickle, sklearn_version: 1.5.2}
"""


@pytest.mark.parametrize("folders", [("one",), ("one", "two")], ids=["one model", "models apart"])
def test_proofs_of_folders_count_until_a_file_in_them_changes(
    tmp_path: Path, folders: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    project(tmp_path, "1.0", {}, python="3.11")
    write(tmp_path, {"training/requirements.txt": "scikit-learn==1.5.2\n"})
    write(tmp_path, {"serving/requirements.txt": "scikit-learn==1.2.2\n"})
    rows = []
    for name in folders:
        folder = tmp_path / "models" / name
        folder.mkdir()
        (folder / "MLmodel").write_text(MLMODEL)
        (folder / "model.pkl").write_bytes(MODEL_BYTES)
        row = EVIDENCE.replace("models/model.pkl", f"models/{name}").replace("numpy = ", "scikit-learn = ")
        row = row.replace("2.1.3", "1.5.2").replace("1.24.4", "1.2.2").replace("numpy.pickle", "mlflow.pyfunc")
        rows.append(row.format(sha256=digest(folder)))

    monkeypatch.chdir(tmp_path)
    (pair,) = found_pairs((), asked_options(wanted=Wanted()))
    assert pair.writer is not None
    assert (pair.writer.name, pair.reader.name) == ("training", "serving")
    assert [case.shown for case in pair.cases] == [f"models/{name}" for name in folders]
    assert all(case.kind == "mlflow.pyfunc" and case.declared for case in pair.cases)

    def left() -> tuple[set[str], str]:
        data = json.loads(run(tmp_path, "check", "--format", "json").stdout)
        found = {one["code"] for one in data["findings"] if one["suppressed"] is None}
        return found & {"MLA101", "MLA102", "MLA401"}, " ".join(data["notes"])

    assert left()[0]
    (tmp_path / "mlaudit.evidence.toml").write_text("".join(rows))
    found, notes = left()
    assert "MLA401" not in found, notes
    assert "serving was proven to give the same results as training" in notes
    (tmp_path / "models" / folders[-1] / "conda.yaml").write_text("dependencies: []\n")
    assert f"the proof of models/{folders[-1]} does not count: the model file is another one" in left()[1]


def every_verdict() -> ProofReport:
    case = ProofCase(shown="models/<m>.pkl", kind="sklearn.pickle", loader="pickle", package="scikit-learn")
    proofs = [
        Proof(
            case=case,
            writer="training",
            reader="serving",
            verdict=verdict,
            says="it says",
            evidence=("seen",),
            tried=(("numpy==1.26.4", "fails"),),
            difference=float("inf") if verdict is ProofVerdict.DIFFERS else 0.5,
            sha256="" if verdict is ProofVerdict.REFUSED else "0" * 64,
            versions={"training": {"python": "3.11.7"}},
        )
        for verdict in ProofVerdict
    ]
    here = BuiltEnvironment(name="serving", interpreter=Path("python"), python="3.11", packages={"numpy": "1.26.4"})
    return ProofReport(proofs=tuple(proofs), environments=(here,), notes=("a note",))


@pytest.mark.parametrize("report", [ProofReport(), every_verdict()], ids=["nothing", "everything"])
def test_every_proof_keeps_to_the_schema(report: ProofReport) -> None:
    data = json.loads(as_json(report))
    assert problems("proof-1", data) == []
    assert [one["verdict"] for one in data["proofs"]] == [one.verdict.value for one in report.proofs]
    data["proofs"] = [{"verdict": "perhaps"}]
    assert problems("proof-1", data)


ROOMLESS = OSError(28, "No space left on device")


def no_room(*_: object, **__: object) -> None:
    raise ROOMLESS


def here() -> BuiltEnvironment:
    return BuiltEnvironment(name="here", interpreter=Path(sys.executable), python="", packages={})


def loading_here(model: Path) -> ProofAnswer:
    case = ProofCase(shown="model.pkl", kind="python.pickle", loader="pickle", package="joblib", path=model)
    return load_under(here(), case, RowRequest(), ProofLimits(seconds=30))


@pytest.mark.parametrize("does", ["mkdtemp", "copyfile"])
def test_no_room_for_a_model_is_said_before_anything_is_loaded(
    does: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = tmp_path / "model.pkl"
    model.write_bytes(pickle.dumps([1.0]))
    monkeypatch.setattr(tempfile if does == "mkdtemp" else shutil, does, no_room)
    with pytest.raises(UsageError, match=r"model\.pkl.*No space left on device"):
        loading_here(model)


@pytest.mark.slow
def test_no_room_while_a_model_loads_is_no_verdict_on_the_reader(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "raise OSError(28, 'No space left on device')"
    model = tmp_path / "model.pkl"
    model.write_bytes(b"c__main__\nnone\n.")
    own = Path(loading.__file__).parent
    child = (own / "proof_child.py").read_text()
    broken = tmp_path / "child.py"
    for name in ("proof_rows.py", "proof_loaders.py"):
        shutil.copy(own / name, tmp_path)
    monkeypatch.setattr(loading, "_CHILD", broken)
    # The library that loads it finds no room; the answer then is what the process says of that.
    broken.write_text(child)
    loaders = (own / "proof_loaders.py").read_text()
    (tmp_path / "proof_loaders.py").write_text(
        loaders.replace("            return pickle.load(file)", f"            {text}", 1)
    )
    full = loading_here(model)
    assert (full.word, full.step) == ("full", "load")
    shutil.copy(own / "proof_loaders.py", tmp_path)
    # There is no room for the answer itself.
    broken.write_text(child.replace("            json.dump(outcome, file)", f"            {text}", 1))
    lost = loading_here(model)
    assert lost.word == "full"
    assert "its answer could not be written" in lost.error
    case = ProofCase(shown="model.pkl", kind="python.pickle", loader="pickle", package="joblib")
    good = ProofAnswer(word="ok", versions={"joblib": "1"})
    for sides in ((good, full), (full, good), (lost, full)):
        proof = verdict_on(case, ("training", "serving"), *sides, ProofLimits())
        assert proof.verdict is ProofVerdict.NOT_PROVEN
        assert "there was no room on the disk while" in proof.says
        # Without versions nothing is recorded of it.
        assert not proof.versions


def test_no_room_for_an_environment_leaves_none_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLAUDIT_CACHE_DIR", str(tmp_path))
    plan = BuildPlan(name="serving", python="3.11", lines=("pinbox==1.0",), packages={"pinbox": "1.0"})
    place = tmp_path / "environments" / plan.key

    def uv(words: Sequence[str], _: object = None, **__: object) -> UvOutcome:
        if words[0] == "venv":
            (place / "bin").mkdir(parents=True, exist_ok=True)
            (place / "bin" / "python").touch()
            return UvOutcome(code=0, out="", says="")
        return UvOutcome(code=0, out="", says="") if has_room else UvOutcome(code=2, out="", says=f"{ROOMLESS}")

    has_room = False
    monkeypatch.setattr(builds, "run_uv", uv)
    with pytest.raises(NotBuilt, match=r"serving cannot be built: uv reports: .*No space left on device"):
        built(plan)
    has_room = True
    with monkeypatch.context() as full:
        full.setattr(builds, "write_whole", no_room)
        with pytest.raises(NotBuilt, match="No space left on device"):
            built(plan)
    assert not (place / READY).exists()
    assert built(plan).fresh


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="Linux alone has what this needs")
def test_a_disk_that_is_really_full(tmp_path: Path, env: dict[str, str]) -> None:
    """A file system of a megabyte, where the kernel lets this user have one."""
    project(tmp_path, "1.0", {"model.pkl": pickled(), "large.pkl": pickle.dumps(bytes(4_000_000))})
    small = tmp_path / "small"
    small.mkdir()
    words = [sys.executable, "-m", "mlaudit", "prove", "--record"]
    mounted = f"mount -t tmpfs -o size=1m none {small} && exec {' '.join(words)}"
    asked = ["unshare", "-rm", "sh", "-c", mounted]
    if subprocess.run(["unshare", "-rm", "mount", "-t", "tmpfs", "none", str(small)], check=False).returncode:
        pytest.skip("this user may mount nothing")
    done = subprocess.run(
        asked,
        cwd=tmp_path,
        env={**os.environ, **env, "TMPDIR": str(small)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2, done.stdout + done.stderr
    assert "No space left on device" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "mlaudit.evidence.toml").exists()


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_whoever_ends_the_run_ends_its_processes(tmp_path: Path, env: dict[str, str], number: signal.Signals) -> None:
    project(tmp_path, "2.0", {"hang.pkl": pickled("hang")})
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    with subprocess.Popen(
        [sys.executable, "-m", "mlaudit", "prove"],
        cwd=tmp_path,
        env={**os.environ, **env, "TMPDIR": str(scratch)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler) and None,
    ) as running:
        assert wait_until(lambda: bool(started_in(scratch)))
        time.sleep(0.5)
        running.send_signal(number)
        assert running.wait(20) == (130 if number == signal.SIGINT else -number)
    assert wait_until(lambda: not started_in(scratch))


def started_in(folder: Path) -> list[str]:
    """The processes whose command names a folder."""
    found = []
    for one in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            if str(folder).encode() in one.read_bytes():
                found.append(one.parent.name)
    return found


def wait_until(holds: Callable[[], bool]) -> bool:
    end = time.monotonic() + 30
    while not holds() and time.monotonic() < end:
        time.sleep(0.1)
    return holds()
