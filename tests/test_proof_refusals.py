"""What `mlaudit prove` says where nothing is loaded: files that cannot be proven, environments that cannot be built."""

from __future__ import annotations

import gzip
import io
import json
import pickle
import sys
import zipfile
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from mlaudit.api import check
from mlaudit.cli.asked import asked_options
from mlaudit.lab.battery import battery
from mlaudit.model.errors import UsageError
from mlaudit.model.lazy_dataclass import replace
from mlaudit.model.report import Environment
from mlaudit.proving import builds, cases, golden, prove, recording
from mlaudit.proving.answers_apart import apart
from mlaudit.proving.battery_proofs import battery_proof
from mlaudit.proving.builds import plan_of
from mlaudit.proving.cases import imports_of
from mlaudit.proving.nouns import BuiltEnvironment, NotBuilt, Proof, ProofAnswer, ProofCase, ProofLimits, ProofVerdict
from mlaudit.proving.prove import ProofOptions, ProvenPair, prove_pairs
from mlaudit.proving.recording import record
from mlaudit.proving.verdicts import verdict_alone, verdict_on
from mlaudit.request.wanted import Wanted
from mlaudit.resolving.answers import ResolvedPackage, ResolverAnswer
from mlaudit.resolving.questions import ResolverQuestion
from tests.artifact_bytes import gguf
from tests.checkout import write
from tests.command_line import run, unwrapped
from tests.test_fix import options
from tests.test_knowledge_measure import BATTERY

TODAY = date(2026, 11, 27)
SIDES = ("--writer", "training.txt", "--reader", "serving.txt")
LOCK = """
version = 1
requires-python = "==3.11.*"

[[package]]
name = "numpy"
version = "2.1.3"
source = { registry = "https://pypi.example/simple" }

[[package]]
name = "own"
version = "1"
source = { git = "https://git.example/own?rev=1#0123456789012345678901234567890123456789" }
"""
OTHER = """[[package]]
name = "scipy"
version = "1.14.1"
source = { registry = "https://pypi.example/simple" }

[[package]]"""
HASHED = {"numpy": {"version": "==2.1.3", "hashes": [f"sha256:{'0' * 64}"]}}
BARE = {"scipy": {"version": "==1.14.1"}}


def torch_archive(*members: tuple[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, data in members:
            archive.writestr(name, data)
    return stream.getvalue()


@pytest.mark.parametrize(
    ("files", "words", "says"),
    [
        ({}, ("gone.pkl", *SIDES), "gone.pkl: there is no such file or folder"),
        ({"a.txt": b"text"}, ("a.txt", *SIDES), "a.txt: it is no model file of a kind that is known"),
        ({"m/a.txt": b"text"}, ("m", *SIDES), "m: expected a folder with one of MLmodel, saved_model.pb, config.json"),
        ({"a.gguf": gguf({})}, ("a.gguf", *SIDES), "`mlaudit prove` has no way to load the kind"),
        ({"a.pkl": pickle.dumps([1])}, ("a.pkl", "--writer", "training.txt"), "--writer and --reader go together"),
        ({"a.pkl": pickle.dumps([1])}, ("a.pkl",), "a.pkl: no declared or discovered pair writes or reads it"),
        ({}, ("--format", "xml"), "--format xml: prove prints table or json"),
        ({}, ("--save", "golden.json"), "--save keeps the answers to the rows of --golden"),
        ({}, ("--rows", "none.csv"), "--rows none.csv: expected a file that is there, or module:function"),
        ({}, ("--golden", "rows.json", "--save", "g.json"), "--golden is about one model; name it"),
        (
            {"a.pkl": pickle.dumps([1])},
            ("a.pkl", "--golden", "rows.csv", "--save", "g", "--trust"),
            "no such file of r",
        ),
        ({"os.pkl": b"cposix\nsystem\n(S'x'\ntR."}, ("os.pkl", "--golden", "a", "--save", "g"), "imports posix.system"),
        (
            {"a.pkl": pickle.dumps([1])},
            ("a.pkl", "--golden", "gone.json"),
            "No such file or directory; expected a file",
        ),
        ({"g.json": b"{"}, ("a.pkl", "--golden", "g.json"), "--golden g.json: expected a file that --save wrote ("),
        (
            {"g.json": b"[]"},
            ("a.pkl", "--golden", "g.json"),
            "expected a file that --save wrote (schema mlaudit.golden/1)",
        ),
    ],
)
def test_what_cannot_be_proven_is_said(
    files: Mapping[str, bytes], words: Sequence[str], says: str, tmp_path: Path
) -> None:
    write(tmp_path, {"training.txt": "numpy==2.1.3\n", "serving.txt": "numpy==2.1.1\n"})
    for name, data in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(data)
    done = run(tmp_path, "prove", *words)
    assert (done.returncode, done.stdout) == (2, "")
    assert says in unwrapped(done.stderr)


def test_a_golden_file_of_a_size_that_nobody_saves_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(golden, "_MAX_GOLDEN", 3)
    (tmp_path / "g.json").write_text("[1, 2]")
    with pytest.raises(UsageError, match="it is larger than 3 bytes"):
        golden.replay((), tmp_path / "g.json", options(tmp_path), ProofOptions())


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (ProofAnswer(word="error", error="E"), "m.pkl: nothing was kept, since it fails here: E"),
        (ProofAnswer(word="ok"), "m.pkl: nothing was kept, since it predicts nothing on these rows"),
    ],
)
def test_nothing_is_kept_of_a_model_that_answers_nothing(
    answer: ProofAnswer, says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(golden, "load_under", lambda *_, **__: answer)
    model, rows = tmp_path / "m.pkl", tmp_path / "rows.csv"
    model.write_bytes(pickle.dumps([1.0]))
    rows.write_text("1,2\n")
    with pytest.raises(UsageError, match=says):
        golden.save_golden(
            (str(model),), rows, tmp_path / "g", asked_options(wanted=Wanted()), ProofOptions(trusted=True)
        )
    assert not (tmp_path / "g").exists()


def test_a_declared_model_is_kept_without_trust(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(
        tmp_path,
        {
            "training.txt": "numpy==2.1.3\n",
            "rows.json": "[[1.0]]",
            "mlaudit.toml": '[environments.training]\nsources = ["training.txt"]\nwrites = ["models/"]\n',
        },
    )
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "m.pkl").write_bytes(pickle.dumps([1.0]))
    kept = run(tmp_path, "prove", "models/m.pkl", "--golden", "rows.json", "--save", "g.json")
    assert kept.returncode == 0, kept.stderr
    assert json.loads((tmp_path / "g.json").read_text())["model"] == "models/m.pkl"
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder").mkdir()
    failed = run(tmp_path, "prove", "models/m.pkl", "--golden", "rows.json", "--save", "folder")
    assert (failed.returncode, "--save folder" in failed.stderr) == (2, True)


HARMLESS, NAMED = pickle.dumps([1.0]), b"cposix\ngetcwd\n."


@pytest.mark.parametrize(
    ("name", "data", "imports", "is_whole"),
    [
        ("m.pkl", NAMED, ["posix.getcwd"], True),
        ("m.bin", gzip.compress(NAMED), ["posix.getcwd"], True),
        ("m.bin", b"no model", [], True),
        ("m.pkl", b"\x80\x04\x95", [], False),
        ("m.pt", torch_archive(("a/data.pkl", NAMED), ("a/data/0", b"0")), ["posix.getcwd"], True),
        ("m.pt", torch_archive(("a/data.pkl", b"\x80\x04\x95")), [], False),
        ("m.pt", b"PK\x03\x04 cut", [], False),
    ],
    ids=["pickle", "compressed", "other", "cut", "archive", "cut member", "cut archive"],
)
def test_what_a_file_imports_is_seen_before_it_is_loaded(
    name: str, data: bytes, imports: list[str], is_whole: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / name).write_bytes(data)
    names, whole = imports_of(tmp_path / name)
    assert ([f"{module}.{name}" for module, name in names], whole) == (imports, is_whole)
    # Of a folder the files are seen, as many as are looked at.
    assert imports_of(tmp_path)[1] is is_whole
    (tmp_path / "zzz.txt").write_text("")
    monkeypatch.setattr(cases, "_MAX_FILES", 1)
    assert not imports_of(tmp_path)[1]


def values(*numbers: object, call: str = "predict", shape: object = None, **other: object) -> dict[str, object]:
    return {"call": call, "values": list(numbers), "shape": shape, "dtype": "float64", **other}


ONE = values(1.0)
SHAPED = values(1.0, shape=[1])
CUT = values(1.0, left_out=5)


@pytest.mark.parametrize(
    ("writer", "reader", "says", "greatest"),
    [
        ([ONE], [ONE], "", 0.0),
        ([ONE], [values(2.0)], "predict: 1 of 1 numbers differ, by up to 1, relatively 0.5", 0.5),
        ([ONE], [], "predict: the reader gives nothing", None),
        ([SHAPED], [ONE], "predict: shape 1 became of no array", None),
        ([SHAPED], [values(1.0, shape=[1, 1])], "predict: shape 1 became 1x1", None),
        ([ONE], [values(1.0, dtype="float32")], "remark: predict: type float64 became float32", 0.0),
        ([ONE], [values(1.0, 2.0)], "predict: 1 values became 2", None),
        ([values("a", "b", 1.0)], [values("a", "c", 1.0)], "1 of 3 labels differ, the first one: 'b' became 'c'", 0.0),
        ([values(True, "a")], [values(False, "b")], "2 of 2 labels differ, the first one: True became False", None),
        ([values("nan", "inf")], [values("nan", "inf")], "", 0.0),
        ([values("inf")], [ONE], "predict: 1 of 1 numbers differ, by up to inf, relatively inf", float("inf")),
        ([CUT], [CUT], "remark: predict: of its values the first 1 were compared", 0.0),
        ([ONE, values(4.0, call="transform")], [ONE, values(4.0 + 2**-40, call="transform")], "", 2**-42),
        ([{"call": "predict", "values": "none"}], [{"call": "predict"}], "", None),
    ],
)
def test_how_far_answers_are_apart(
    writer: Sequence[dict[str, object]], reader: Sequence[dict[str, object]], says: str, greatest: float | None
) -> None:
    sides = (ProofAnswer(word="ok", answers=tuple(writer)), ProofAnswer(word="ok", answers=tuple(reader)))
    outcome = apart(*sides, ProofLimits())
    sentences = [*outcome.differences, *(f"remark: {text}" for text in outcome.remarks)]
    assert [text.endswith(says) for text in sentences] == ([True] if says else [])
    assert outcome.greatest == pytest.approx(greatest)


CASE = ProofCase(shown="m.pkl", kind="sklearn.pickle", loader="pickle", package="scikit-learn")


def test_a_verdict_says_at_which_step_it_failed_and_what_was_seen() -> None:
    loud = ProofAnswer(word="error", step="predict", error="E", printed=2**21, network="sockets", warned=("W",))
    proof = verdict_alone(CASE, "api", loud)
    assert proof.says == "api does not predict with it: E"
    assert proof.evidence[:2] == ("api warns: W", "api printed 2,097,152 bytes, which were not kept")
    assert proof.evidence[2].startswith("the network was cut off for Python's sockets alone")
    writer = ProofAnswer(word="ok", rows="some rows", answers=(values(1.0),))
    failed = verdict_on(CASE, ("training", "api"), writer, loud, ProofLimits())
    assert (failed.verdict, failed.says) == (ProofVerdict.FAILS, "api does not predict with it: E")
    assert failed.evidence[:2] == ("compared on some rows", "api warns: W")
    bare = ProofAnswer(word="ok", step="done")
    loads = verdict_on(CASE, ("training", "api"), bare, bare, ProofLimits())
    assert loads.says == "api loads it; there were no rows, so nothing was predicted (--rows)"


CONFIGURATION = """
target = {{ {target} }}
[environments.training]
sources = ["{source}"]
[environments.serving]
sources = ["{source}"]
follows = "training"
"""


def environment(folder: Path, name: str, text: str, target: str = 'python = "3.11"') -> Environment:
    write(folder, {name: text, "mlaudit.toml": CONFIGURATION.format(source=name, target=target)})
    report = check([], options(folder))
    return next(one for one in report.environments if one.name == "serving")


def test_a_lock_is_built_as_it_is(tmp_path: Path) -> None:
    plan = plan_of(environment(tmp_path, "uv.lock", LOCK), today=TODAY)
    assert (plan.python, plan.lines, dict(plan.packages)) == ("3.11", ("numpy==2.1.3",), {"numpy": "2.1.3"})
    (note,) = plan.notes
    assert note.startswith("serving is built without own (it comes from a git and not from an index")
    hashed = plan_of(environment(tmp_path, "Pipfile.lock", json.dumps({"default": HASHED})), today=TODAY)
    assert hashed.lines == (f"numpy==2.1.3 --hash=sha256:{'0' * 64}",)
    assert hashed.key != plan.key
    # pip wants hashes of all or of none.
    some = plan_of(environment(tmp_path, "Pipfile.lock", json.dumps({"default": {**HASHED, **BARE}})), today=TODAY)
    assert some.lines == ("numpy==2.1.3", "scipy==1.14.1")


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        (
            "environment.yml",
            "dependencies:\n  - numpy=2.1.3\n",
            "conda installs some of it, and mlaudit builds with uv",
        ),
        (
            "uv.lock",
            LOCK.replace(
                '{ registry = "https://pypi.example/simple" }', '{ url = "https://files.pypi.example/a.whl" }'
            ),
            "its sources name no package that an index has",
        ),
        ("requirements.txt", "numpy==2.1.3\n", "uv reports: no such version"),
        ("requirements.txt", "numpy==2.1.3 ; sys_platform == 'never'\n", "its sources name no package that an index"),
    ],
)
def test_an_environment_that_cannot_be_built_says_why(
    name: str, text: str, says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def answer(asked: ResolverQuestion, **_: object) -> ResolverAnswer:
        return ResolverAnswer(failure="no such version" if asked.requirements else "")

    monkeypatch.setattr(builds, "answer", answer)
    with pytest.raises(NotBuilt, match="serving cannot be built: ") as raised:
        plan_of(environment(tmp_path, name, text), today=TODAY)
    assert says in str(raised.value)


def test_a_change_of_a_lock_is_resolved_and_the_rest_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[ResolverQuestion] = []

    def answer(question: ResolverQuestion, **_: object) -> ResolverAnswer:
        asked.append(question)
        return ResolverAnswer(packages=(ResolvedPackage(name="numpy", version="2.1.1"),))

    monkeypatch.setattr(builds, "answer", answer)
    locked = environment(tmp_path, "uv.lock", LOCK.replace("[[package]]", OTHER, 1))
    plan = plan_of(locked, today=TODAY, changed={"numpy": "2.1.1"})
    assert [*asked[-1].requirements] == ["numpy==2.1.1", "scipy==1.14.1"]
    assert plan.lines == ("numpy==2.1.1",)
    plan_of(locked, today=TODAY, beside=("joblib",))
    assert [*asked[-1].requirements] == ["joblib", "numpy==2.1.3", "scipy==1.14.1"]
    open_ended = environment(
        tmp_path, "requirements.txt", "numpy[extra]>=2\nscipy~=1.14\n", target='platform = "macos-arm64"'
    )
    plan = plan_of(open_ended, today=TODAY, changed={"numpy": "2.1.1"})
    assert [*asked[-1].requirements] == ["numpy==2.1.1", "scipy~=1.14"]
    assert plan.notes[0] == f"serving is for darwin, and was built for this machine ({sys.platform})"
    assert plan.notes[1].startswith("serving: Python 3.")


HERE = BuiltEnvironment(name="training", interpreter=Path(sys.executable), python="3.11", packages={})
COUNTED = """
def used(value):
    "Each process that uses the artifact sees one use more."
    with open(LAST + ".uses", "a+") as file:
        file.write("x")
        file.seek(0)
        return value * len(file.read())
"""


@pytest.mark.parametrize(
    ("made", "used", "verdict", "says", "evidence"),
    [
        ("1.5", "abs", ProofVerdict.SAME, "training loads all 1 artifacts and gives the same results", ()),
        (
            "1.5",
            "used",
            ProofVerdict.DIFFERS,
            "training does not load, or gives different results of, 1 of 1 artifacts",
            ("one.pickle: different by up to 1.5",),
        ),
        (
            "[1]",
            "lambda it: it[len(used('x')) - 1]",
            ProofVerdict.FAILS,
            "training does not load, or gives different results of, 1 of 1 artifacts",
            ("one.pickle: error IndexError: list index out of range",),
        ),
        ("(lambda: 0)", "abs", ProofVerdict.NOT_PROVEN, "the writer itself writes none of its artifacts", ()),
        ("nowhere", "abs", ProofVerdict.NOT_PROVEN, "the battery does not run: pinbox.py does not run in ", ()),
    ],
)
def test_what_a_battery_proves(
    made: str, used: str, verdict: ProofVerdict, says: str, evidence: tuple[str, ...], tmp_path: Path
) -> None:
    (tmp_path / "pinbox.py").write_text(f"{BATTERY}\n{COUNTED}\nMADE = {made}\nUSED = {used}\n", encoding="utf-8")
    proof = battery_proof(battery("pinbox", tmp_path), "python.pickle", (HERE, HERE), tmp_path / "files")
    assert (proof.verdict, proof.evidence) == (verdict, evidence)
    assert proof.says.startswith(says)
    assert proof.case.shown == "the battery of pinbox"


def test_kinds_without_a_model_are_proven_by_their_battery(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    side = environment(tmp_path, "requirements.txt", "numpy==2.1.3\n")
    monkeypatch.setattr(
        prove,
        "plan_of",
        lambda environment, **_: builds.BuildPlan(name=environment.name, python="3.11", lines=(), packages={}),
    )
    monkeypatch.setattr(prove, "built", lambda _: HERE)
    monkeypatch.setattr(
        prove,
        "battery_proof",
        lambda battery, kind, *_: Proof(
            case=replace(CASE, shown=battery.package, kind=kind),
            writer="",
            reader="",
            verdict=ProofVerdict.SAME,
            says="",
        ),
    )
    pair = ProvenPair(writer=side, reader=side, kinds=("xgboost.ubj", "no.such-kind"))
    report = prove_pairs((pair,), ProofOptions(today=TODAY))
    assert [(proof.case.shown, proof.case.kind) for proof in report.proofs] == [("xgboost", "xgboost.ubj")]
    assert report.notes == ("no.such-kind: there is no model of this kind and no battery, so nothing was proven",)

    def full(*_: object) -> Proof:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(prove, "battery_proof", full)
    with pytest.raises(UsageError, match="the battery of xgboost cannot be run: No space left on device"):
        prove_pairs((pair,), ProofOptions(today=TODAY))
    # Of an unknown writer nothing can be written.
    assert not prove_pairs((replace(pair, writer=None, kinds=("xgboost.ubj",)),), ProofOptions(today=TODAY)).proofs


@pytest.mark.parametrize(
    ("case", "says"),
    [
        (CASE, "no `writes` or `reads` declares this file; --trust loads it all the same"),
        (replace(CASE, declared=True, walked=False), "not all of this file could be seen before; --trust loads it all"),
    ],
)
def test_what_was_not_seen_whole_needs_trust(case: ProofCase, says: str, tmp_path: Path) -> None:
    side = environment(tmp_path, "requirements.txt", "numpy==2.1.3\n")
    with pytest.raises(UsageError) as raised:
        prove_pairs((ProvenPair(writer=side, reader=side, cases=(case,)),), ProofOptions(today=TODAY))
    assert says in str(raised.value)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("proof = 1\n", "exists and was not written by --record; move it away"),
        ("proof = [1]\n", "exists and was not written by --record; move it away"),
        ("[[proof\n", "is there and cannot be read ("),
    ],
)
def test_a_record_of_somebody_else_is_left_alone(text: str, says: str, tmp_path: Path) -> None:
    write(tmp_path, {"mlaudit.evidence.toml": text})
    with pytest.raises(UsageError) as raised:
        record(prove.ProofReport(), options(tmp_path))
    assert says in str(raised.value)
    assert (tmp_path / "mlaudit.evidence.toml").read_text() == text


def test_a_proof_is_recorded_over_the_one_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = options(tmp_path)
    for verdict in (ProofVerdict.FAILS, ProofVerdict.SAME):
        proof = Proof(
            case=CASE, writer="a", reader="b", verdict=verdict, says="it", sha256="0", versions={"a": {"x": "1"}}
        )
        kept = record(prove.ProofReport(proofs=(proof, replace(proof, sha256=""))), asked)
        assert kept.notes[-1].startswith("recorded 1 proof in mlaudit.evidence.toml; 1 without a model file")
    text = (tmp_path / "mlaudit.evidence.toml").read_text()
    assert (text.count("[[proof]]"), 'verdict = "same"' in text) == (1, True)
    monkeypatch.setattr(recording, "write_whole", raising(OSError(28, "No space left on device")))
    with pytest.raises(UsageError, match="No space left on device"):
        record(prove.ProofReport(proofs=(proof,)), asked)


def raising(error: OSError) -> Any:
    def write_nothing(*_: object) -> None:
        raise error

    return write_nothing
