"""Real artifacts with known writers: exact where they record a version, a range where they tell one, else nothing."""

from __future__ import annotations

import csv
import os
from pathlib import Path

import pytest

from mlaudit.model.names import package_of
from mlaudit.model.nouns import Kind, Layer, Pin, Reading
from mlaudit.model.versions import admits
from mlaudit.parsers._read import read
from mlaudit.sources.working_tree import WorkingTree

SAMPLES = Path(os.environ.get("MLAUDIT_ARTIFACTS", Path(__file__).parent.parent.parent / "shared/artifact-samples"))

# Rows of truth.csv whose version the file tells only as a range, by its own words in the column `where`.
RANGES = {"lgb.pkl", "lgb.txt", "lgb_v3.txt", "np_b_obj.npy", "xgb17.bin", "spacy_en/meta.json"}
# Folders that other sources read: images, and the MLmodel beside its requirements.
ELSEWHERE = ("img_", "mlflow_sk/")


def rows() -> list[dict[str, str]]:
    if not (SAMPLES / "truth.csv").exists():
        return []
    with (SAMPLES / "truth.csv").open(newline="", encoding="utf-8") as lines:
        return [row for row in csv.DictReader(lines) if not row["file"].startswith(ELSEWHERE)]


ROWS = rows()
pytestmark = pytest.mark.skipif(not ROWS, reason="the artifact samples are not here (MLAUDIT_ARTIFACTS names them)")


def reading_of(name: str) -> Reading:
    return read(WorkingTree(SAMPLES).document(SAMPLES / name))


def pins(found: Reading, package: str) -> list[Pin]:
    return [pin for pin in found.pins if pin.package == package and pin.kind is Kind.PACKAGE]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["file"])
def test_tells_the_version_that_the_file_records(row: dict[str, str]) -> None:
    found = reading_of(row["file"])
    own = pins(found, package_of(row["library"]))
    assert own, found
    assert not any(unread.whole for unread in found.unread)
    if not row["version_recorded"]:
        written_by = dict(part.split("=") for part in row["what_else"].split(";") if "=" in part).get("written_by")
        assert {pin.version for pin in own} <= {None, written_by}
    elif row["file"] in RANGES:
        assert {pin.version for pin in own} == {None}
        assert all(pin.specifier and admits(pin.specifier, row["version_recorded"]) for pin in own)
    else:
        assert {pin.version for pin in own} == {row["version_recorded"]}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["file"])
def test_says_nothing_that_its_writer_contradicts(row: dict[str, str]) -> None:
    found = reading_of(row["file"])
    truth = dict(part.split("=") for part in row["what_else"].split(";") if "=" in part)
    for name, version in truth.items():
        for pin in pins(found, package_of(name)):
            assert pin.version in (None, version)
            assert pin.specifier is None or admits(pin.specifier, version)
    for pin in found.pins:
        if pin.kind is Kind.PYTHON and pin.specifier:
            assert admits(pin.specifier, row["python_version"])


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["file"])
def test_every_artifact_is_one_pin_of_layer_recorded(row: dict[str, str]) -> None:
    found = reading_of(row["file"])
    artifacts = [pin for pin in found.pins if pin.kind is Kind.ARTIFACT]
    assert len(artifacts) == 1
    assert artifacts[0].name == Path(row["file"]).name
    assert all(pin.layer is Layer.RECORDED for pin in found.pins)
    assert all(pin.artifact is not None or pin.recorded is not None for pin in found.pins)
    assert all(pin.recorded.kinds for pin in found.pins if pin.recorded is not None)


@pytest.mark.parametrize(
    ("name", "package", "kinds"),
    [
        ("nparr_b_p5.pkl", "numpy", ("numpy.pickle", "numpy.pickle5")),
        ("nparr_b_p4.pkl", "numpy", ("numpy.pickle",)),
        ("nprng_b.pkl", "numpy", ("numpy.pickle", "numpy.random")),
        ("sk_a_rf_raw.joblib", "scikit-learn", ("sklearn.joblib",)),
        ("sk_a_rf.pkl", "scikit-learn", ("sklearn.pickle",)),
        ("sk_a_cloud.pkl", "cloudpickle", ("cloudpickle",)),
        ("torch_state.pt", "torch", ("torch.state_dict",)),
        ("torch_module.pt", "torch", ("torch.pickle",)),
        ("torchscript.pt", "torch", ("torch.jit",)),
    ],
)
def test_kinds_name_the_rows_that_the_knowledge_has(name: str, package: str, kinds: tuple[str, ...]) -> None:
    recorded = [pin.recorded for pin in pins(reading_of(name), package)]
    assert [one and one.kinds for one in recorded] == [kinds]


@pytest.mark.parametrize(
    ("name", "specifier"),
    [
        ("nparr_a_p5.pkl", "<2"),
        ("nparr_b_p2.pkl", ">=2"),
        ("nprng_a.pkl", ">=1.24,<2"),
        ("nprng_b.pkl", ">=2"),
        ("pandas_a.pkl", "<2"),
        ("pandas_b.pkl", ">=2"),
        ("np_b_obj.npy", ">=2"),
        ("np_a.npz", None),
    ],
)
def test_module_paths_tell_the_major_release_of_numpy(name: str, specifier: str | None) -> None:
    assert [pin.specifier for pin in pins(reading_of(name), "numpy")] == [specifier]


def test_bytecode_tells_the_python_and_protocol_five_its_floor() -> None:
    python = {
        name: next(pin.specifier for pin in reading_of(name).pins if pin.kind is Kind.PYTHON)
        for name in ("sk_a_cloud.pkl", "nparr_a_p5.pkl")
    }
    assert python == {"sk_a_cloud.pkl": ">=3.11,<3.13", "nparr_a_p5.pkl": ">=3.8"}


def test_classes_stand_outermost_first() -> None:
    (artifact,) = (pin for pin in reading_of("sk_a_pipe_p5.pkl").pins if pin.kind is Kind.ARTIFACT)
    assert artifact.artifact is not None
    assert artifact.artifact.classes == ("Pipeline", "StandardScaler", "LogisticRegression")
    assert artifact.detail == "Pipeline, StandardScaler, LogisticRegression; protocol 5"
