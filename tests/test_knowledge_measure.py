"""The developers' tools: batteries are whole, and an artifact handed over comes out as what it is."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from mlaudit.knowledge import artifact_kinds
from mlaudit.lab import measure as measuring
from mlaudit.lab.battery import FOLDER, BatteryError, batteries, batteries_of_kind, battery
from mlaudit.lab.measure import Measurement
from mlaudit.lab.refresh import runs

HERE = Path(sys.executable)
MEASURED = (
    *("cloudpickle", "dill", "joblib", "lightgbm", "numpy", "pandas", "safetensors", "scikit-learn", "skops"),
    *("tokenizers", "xgboost", "tensorflow", "keras", "torch", "spacy", "gensim", "statsmodels", "catboost"),
    *("imbalanced-learn", "category-encoders", "prophet", "polars", "sentence-transformers", "transformers", "peft"),
    *("onnx", "onnxruntime", "umap-learn", "nltk", "torchmetrics"),
)
MISSING = "FileNotFoundError: [Errno 2] No such file or directory:"
BATTERY = """
import pickle

REQUIRES = []
KINDS = {".pickle": "python.pickle"}


def write(path):
    with open(path, "wb") as file:
        pickle.dump(MADE, file)


def artifacts():
    yield "one.pickle", write


def probe(path):
    global LAST
    LAST = path
    with open(path, "rb") as file:
        return USED(pickle.load(file))
"""


def handed_over(folder: Path, made: str, used: str, read: str | None = None) -> Measurement:
    """What one artifact becomes; `read` stands for what another version does with it."""
    (folder / "pinbox.py").write_text(f"{BATTERY}\nMADE = {made}\nUSED = {used}\n", encoding="utf-8")
    found = battery("pinbox", folder)
    if read is None:
        (outcome,) = measuring.measure(found, HERE, HERE)
        return outcome
    here = measuring.written(found, HERE, folder / "files")
    (folder / "pinbox.py").write_text(f"{BATTERY}\nMADE = {made}\nUSED = {read}\n", encoding="utf-8")
    (outcome,) = measuring.handed_over(found, here, HERE, folder / "files")
    return outcome


@pytest.mark.parametrize("package", batteries())
def test_a_battery_is_whole_and_its_kinds_are_known(package: str) -> None:
    found = battery(package)
    assert set(found.kinds.values()) <= artifact_kinds().keys()
    assert "yield" in found.path.read_text(encoding="utf-8")


def test_what_was_measured_has_a_battery_and_is_found_by_its_kinds() -> None:
    assert set(MEASURED) <= set(batteries())
    assert [one.package for one in batteries_of_kind("xgboost.ubj")] == ["xgboost"]
    assert {one.package for one in batteries_of_kind("onnx")} == {"onnx", "onnxruntime"}


def test_a_file_in_the_folder_is_a_battery_of_the_package(tmp_path: Path) -> None:
    (tmp_path / "pin_box.py").write_text(BATTERY, encoding="utf-8")
    assert batteries(tmp_path) == ("pin-box",)
    assert battery("pin-box", tmp_path).kind("one.pickle") == "python.pickle"
    with pytest.raises(BatteryError, match="KINDS"):
        battery("pin-box", tmp_path).kind("one.json")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("KINDS = {}\ndef artifacts(): ...\ndef probe(path): ...\n", "KINDS must tell"),
        ("KINDS = {'.a': 'joblib'}\n", "no function artifacts and no probe"),
        ("KINDS = made()\ndef artifacts(): ...\ndef probe(path): ...\n", "must be literals"),
        ("KINDS = {\n", "pinbox.py"),
    ],
)
def test_a_battery_that_breaks_the_protocol_is_an_error_that_names_it(text: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "pinbox.py").write_text(text, encoding="utf-8")
    with pytest.raises(BatteryError, match=message):
        battery("pinbox", tmp_path)


def test_a_package_without_a_battery_is_an_error_that_names_those_there_are() -> None:
    with pytest.raises(BatteryError, match=r"no battery for 'left-pad'; there are .*xgboost"):
        battery("left-pad")


def test_reading_a_battery_does_not_run_it(tmp_path: Path) -> None:
    (tmp_path / "pinbox.py").write_text("raise SystemExit\n" + BATTERY, encoding="utf-8")
    assert battery("pinbox", tmp_path).requires == ()
    assert FOLDER.is_dir()


CASES = [
    ("1.5", "lambda it: it", None, ("ok", "")),
    ("1.5", "lambda it: it", "lambda it: it + 0.25", ("different", "by up to 0.25")),
    ("1.5", "lambda it: it", "lambda it: it + 1e-12", ("ok", "")),
    ("'a'", "lambda it: it", "lambda it: 'b'", ("different", "'a' became 'b'")),
    ("1.5", "lambda it: it", "lambda it: float('nan')", ("different", "1.5 became nan")),
    ("[1]", "lambda it: it", "lambda it: [1, 2]", ("different", "another shape")),
    ("{}", "lambda it: len(it)", "lambda it: it['b']", ("error", "KeyError: 'b'")),
    ("1.5", "lambda it: it", "lambda it: open(LAST + '.not')", ("error", f"{MISSING} 'one.pickle.not'")),
    ("1.5", "lambda it: it", "lambda it: __import__('os')._exit(3)", ("crash", "process ended with 3")),
    (
        "1.5",
        "lambda it: it",
        "lambda it: (__import__('warnings').warn('old'), it)[1]",
        ("ok", "warned: UserWarning: old"),
    ),
    (
        "1.5",
        "lambda it: it",
        "lambda it: __import__('socket').create_connection(('127.0.0.1', 9))",
        ("error", "OSError: a measurement has no network"),
    ),
    ("1.5", "lambda it: 1 / 0", None, ("baseline-error", "ZeroDivisionError: division by zero")),
    ("(lambda: 0)", "lambda it: it", None, ("baseline-error", None)),
    ("[]", "lambda it: __import__('random').random()", "lambda it: __import__('random').random()", ("ok", "")),
]


@pytest.mark.parametrize(("made", "used", "read", "expected"), CASES, ids=[str(case[3]) for case in CASES])
def test_what_becomes_of_an_artifact(
    made: str, used: str, read: str | None, expected: tuple[str, str | None], tmp_path: Path
) -> None:
    outcome = handed_over(tmp_path, made, used, read)
    assert outcome.word == expected[0]
    assert expected[1] is None or outcome.detail == expected[1]


def test_an_artifact_that_hangs_or_dies_leaves_the_rest(tmp_path: Path) -> None:
    text = BATTERY.replace(
        'yield "one.pickle", write',
        """
    import os, time
    yield "dies.pickle", lambda path: os._exit(1)
    yield "one.pickle", write
    yield "hangs.pickle", lambda path: time.sleep(60)
    yield "prints.pickle", lambda path: (print("to stdout"), write(path))
""",
    )
    (tmp_path / "pinbox.py").write_text(f"{text}\nMADE = 1.5\nUSED = abs\n", encoding="utf-8")
    found = battery("pinbox", tmp_path)
    words = {one.artifact: one.word for one in found.dump(HERE, tmp_path / "files", timeout=1.5)}
    assert words == {"dies.pickle": "crash", "one.pickle": "ok", "hangs.pickle": "hang", "prints.pickle": "ok"}


def test_a_battery_that_does_not_start_is_an_error_with_the_reason(tmp_path: Path) -> None:
    (tmp_path / "pinbox.py").write_text("import pinbox_is_not_there\n" + BATTERY, encoding="utf-8")
    with pytest.raises(BatteryError, match=r"pinbox\.py does not run in .*ModuleNotFoundError"):
        list(battery("pinbox", tmp_path).dump(HERE, tmp_path / "files"))


def test_equal_ranges_become_one_run() -> None:
    found = runs({"1.0": ">=2", "1.1": ">=2", "1.2": ">=3", "1.3": ">=2"})
    assert found == [("1.0", "1.1", ">=2"), ("1.2", "1.2", ">=3"), ("1.3", "1.3", ">=2")]
