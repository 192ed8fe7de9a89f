"""Model files in a tree whose configuration does not name them: compared where they can be one's alone, else told."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path

import pytest

from mlaudit.api import check
from mlaudit.discovery.environments import DiscoveredEnvironment, Discovery, Pair
from mlaudit.discovery.init_file import render
from mlaudit.discovery.model_files import place
from mlaudit.environments.found_tree import look
from mlaudit.model.report import Finding, Report
from mlaudit.request.config_file import load
from mlaudit.request.options import Options
from mlaudit.sources.working_tree import WorkingTree
from tests.checkout import write
from tests.parser_cases import FIXTURES

MODELS = FIXTURES / "models"
SIDES = {"training/requirements.txt": "scikit-learn==1.9.1\n", "serving/requirements.txt": "scikit-learn==1.3.2\n"}
CONFIGURATION = """
[environments.fit]
role = "training"
sources = ["training/requirements.txt"]
{fit}
[environments.answer]
role = "serving"
sources = ["serving/requirements.txt"]
follows = ["fit"]
{answer}
"""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    write(tmp_path, SIDES)
    return tmp_path


def checked(*paths: str, fit: str = "", answer: str = "", more: str = "") -> Report:
    Path("mlaudit.toml").write_text(CONFIGURATION.format(fit=fit, answer=answer) + more, encoding="utf-8")
    settings = load(WorkingTree(Path()).document(Path("mlaudit.toml")), path="mlaudit.toml")
    return check(list(paths) or ["."], Options(today=date(2026, 11, 22), settings=settings))


def of_models(report: Report) -> list[Finding]:
    return [one for one in report.findings if one.code == "MLA401"]


@pytest.mark.parametrize("home", ["models", "training/out"])
def test_models_of_the_only_writer_are_held_against_its_reader(here: Path, home: str) -> None:
    shutil.copytree(MODELS / "pickles", home)
    report = checked()
    assert of_models(report)[0].environments == ("fit", "answer")
    assert "model.pkl (scikit-learn 1.9.1" in of_models(report)[0].message
    (said,) = report.notes
    assert said.startswith("Found in the tree and not named in the configuration: ")
    assert "treated as models that fit writes and answer loads" in said


def test_models_in_the_folder_of_a_reader_are_what_it_loads(here: Path) -> None:
    shutil.copytree(MODELS / "pickles", "serving/model")
    report = checked()
    assert of_models(report)[0].environments == ("answer",)
    assert "treated as models that answer loads" in report.notes[0]


def test_a_model_that_only_its_description_tells_is_found(here: Path) -> None:
    Path("registry").mkdir()
    shutil.copy(MODELS / "mlflow-sklearn/MLmodel", "registry/MLmodel")
    report = checked()
    assert of_models(report)[0].package == "scikit-learn"
    assert "registry/MLmodel" in report.notes[0]


@pytest.mark.parametrize("declared", [{"fit": 'writes = ["chosen"]'}, {"answer": 'reads = ["chosen"]'}])
def test_beside_declared_models_the_others_are_told(here: Path, declared: dict[str, str]) -> None:
    shutil.copytree(MODELS / "pickles", "chosen")
    shutil.copytree(MODELS / "mlflow-xgboost", "models/older")
    report = checked(**declared)
    assert {one.package for one in of_models(report)} == {"scikit-learn"}
    (said,) = report.notes
    assert said.startswith("Model files found in the tree and not compared: models/older/MLmodel, ")
    assert said.endswith("; name them under writes or reads.")
    assert "chosen" not in said


def test_of_two_writers_neither_is_guessed(here: Path) -> None:
    shutil.copytree(MODELS / "pickles", "models")
    second = '[environments.tune]\nrole = "training"\nsources = ["serving/requirements.txt"]\n'
    third = '[environments.second]\nsources = ["serving/requirements.txt"]\nfollows = ["tune"]\n'
    report = checked(more=second + third)
    assert not any(one.writes or one.reads for one in report.environments)
    assert report.notes[0].startswith("Model files found in the tree and not compared: models/")


def test_environments_of_one_folder_do_not_claim_what_lies_in_it(here: Path) -> None:
    shutil.copytree(MODELS / "pickles", "training/out")
    Path("training/serve.txt").write_text("scikit-learn==1.3.2\n", encoding="utf-8")
    other = '[environments.other]\nrole = "serving"\nsources = ["training/serve.txt"]\nfollows = ["fit"]\n'
    report = checked(more=other)
    assert {one.environments for one in of_models(report)} == {("fit", "answer"), ("fit", "other")}


def test_a_changed_model_touches_its_environments(here: Path) -> None:
    shutil.copytree(MODELS / "pickles", "models")
    report = checked("models/model.pkl")
    assert {one.name for one in report.environments} == {"fit", "answer"}
    assert of_models(report)


def test_a_tree_without_further_models_says_nothing(here: Path) -> None:
    write(here, {"tests/model.pkl": "x", "data/frame.json": "{}"})
    assert checked().notes == ()


HELPER = """
import joblib


def load_object(path):
    return joblib.load(path)
"""
SERVER = """
import os

from helper import load_object

model = load_object(os.path.join("artifacts", "model.pkl"))
"""


def test_code_that_names_a_model_file_loads_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path, {"requirements.txt": "scikit-learn==1.3.2\n", "helper.py": HELPER, "server.py": SERVER})
    shutil.copytree(MODELS / "pickles", "artifacts")
    options = Options(today=date(2026, 11, 22))
    found = check(["."], options)
    assert [one.environments for one in of_models(found)] == [("serving",)]
    assert any("so only model files are compared." in note for note in found.notes)
    left = "Model files found in the tree and not compared: artifacts/"
    assert any(note.startswith(left) for note in found.notes)
    Path("mlaudit.toml").write_text(render(look(["."], options).survey.discovery), encoding="utf-8")
    settings = load(WorkingTree(Path()).document(Path("mlaudit.toml")), path="mlaudit.toml")
    assert settings.environments[0].reads == ("artifacts/model.pkl",)
    declared = check(["."], Options(today=date(2026, 11, 22), settings=settings))
    assert [one.message for one in of_models(declared)] == [one.message for one in of_models(found)]


def test_of_two_readers_in_one_folder_neither_is_guessed() -> None:
    both = (("api", "serving"), ("batch", "batch"))
    every = (DiscoveredEnvironment(name=name, role=role, folder="serving", sources=()) for name, role in both)
    where = place("serving/model", Discovery(environments=tuple(every), pairs=(), ignored=()))
    assert where.environment is None
    assert where.why.startswith("which of api, batch loads them is not known")


def test_a_model_of_a_neighbour_is_not_what_a_pair_hands_over() -> None:
    sides = (("fit", "training", ()), ("answer", "serving", ("fit",)))
    every = (
        DiscoveredEnvironment(name=name, role=role, folder=f"fruit/{role}", sources=(), follows=follows)
        for name, role, follows in sides
    )
    pair = Pair(writer="fit", reader="answer", project="", certain=True)
    found = Discovery(environments=tuple(every), pairs=(pair,), ignored=())
    assert place("fruit/models", found).environment == "fit"
    assert place("phone/assets", found).environment is None
