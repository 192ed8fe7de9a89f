"""Several described models in one folder: each is held against serving with what it asks to be installed."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from mlaudit.api import check, compare
from mlaudit.environments import models_in_folders
from mlaudit.model.report import Report
from mlaudit.request.config_file import load
from mlaudit.request.options import Options
from mlaudit.sources.working_tree import WorkingTree
from tests.checkout import write

TODAY = date(2026, 11, 22)
SERVING = "scikit-learn==1.5.2\npandas==2.2.3\n"


def described(folder: str, pandas: str, scikit_learn: str = "1.5.2") -> dict[str, str]:
    """A model that records scikit-learn, and asks for pandas beside it."""
    flavors = f"flavors:\n  sklearn:\n    sklearn_version: {scikit_learn}\nmlflow_version: 2.16.0\n"
    return {
        f"{folder}/MLmodel": flavors,
        f"{folder}/requirements.txt": f"scikit-learn=={scikit_learn}\npandas=={pandas}\n",
    }


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    write(tmp_path, {"serving.txt": SERVING})
    return tmp_path


def against(source: str) -> Report:
    return compare([f"model={source}", "serving=serving.txt"], Options(today=TODAY))


def asked(report: Report) -> set[tuple[str, ...]]:
    """The environments between which the package differs that the models only ask for."""
    return {one.environments for one in report.findings if one.package == "pandas"}


def reasons(report: Report) -> str:
    return " | ".join(entry.why for one in report.environments for entry in one.unread)


@pytest.mark.parametrize(
    ("folders", "names"),
    [
        (("models/a", "models/b"), ("model/a", "model/b")),
        (("models/0/aaa/artifacts/model", "models/0/bbb/artifacts/model"), ("model/aaa", "model/bbb")),
        (("models/x/y", "models/z"), ("model/x/y", "model/z")),
    ],
)
def test_each_model_is_held_by_what_it_asks_for(here: Path, folders: tuple[str, str], names: tuple[str, str]) -> None:
    write(here, {**described(folders[0], "2.2.3"), **described(folders[1], "1.5.3")})
    report = against("models")
    assert [one.name for one in report.environments] == [*names, "serving"]
    assert asked(report) == {(names[1], "serving")}
    assert reasons(report) == ""


def test_a_model_inside_a_model_is_a_part_of_it(here: Path) -> None:
    write(here, {**described("models/a", "2.2.3"), **described("models/b", "2.2.3")})
    write(here, described("models/a/inner", "1.5.3"))
    assert [one.name for one in against("models").environments] == ["model/a", "model/b", "serving"]


def test_what_is_not_understood_beside_them_is_told_once(here: Path) -> None:
    write(here, {**described("models/a", "2.2.3"), **described("models/b", "2.2.3"), "models/x.weird": "x"})
    assert reasons(against("models")) == "1 file in it is of no known format: x.weird"


def test_other_models_beside_them_stay_the_folder_s(here: Path) -> None:
    write(here, {**described("models/a", "2.2.3"), **described("models/b", "2.2.3")})
    write(here, {"models/old/config.json": '{"architectures": ["A"], "transformers_version": "4.40.0"}'})
    Path("serving.txt").write_text(f"{SERVING}transformers==5.0.0\n", encoding="utf-8")
    report = against("models")
    assert [one.name for one in report.environments] == ["model/a", "model/b", "model", "serving"]
    assert {one.environments for one in report.findings if one.package == "transformers"} == {("model", "serving")}


def test_one_model_beside_a_list_of_its_own(here: Path) -> None:
    write(here, {**described("training/model", "1.5.3"), "training/requirements.txt": SERVING})
    report = compare(["training", "serving=serving.txt"], Options(today=TODAY))
    assert [one.name for one in report.environments] == ["training/model", "training", "serving"]
    assert asked(report) == {("training/model", "serving")}


def test_models_behind_the_bound_are_read_by_what_they_record(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(models_in_folders, "MAX_APART", 2)
    for name in "abc":
        write(here, described(f"models/{name}", "1.5.3", "1.3.0"))
    report = against("models")
    assert [one.name for one in report.environments] == ["model/a", "model/b", "model", "serving"]
    assert {one.environments[0] for one in report.findings if one.package == "scikit-learn"} >= {"model/a", "model"}


@pytest.mark.parametrize("side", ["writes", "reads", "sources"])
def test_a_configuration_names_such_a_folder(here: Path, side: str) -> None:
    write(here, {**described("models/a", "2.2.3"), **described("models/b", "1.5.3"), "training.txt": SERVING})
    own = 'sources = ["training.txt"]'
    fit = {"reads": own, "writes": f'{own}\nwrites = ["models"]', "sources": 'sources = ["models"]'}[side]
    loads = 'reads = ["models"]\n' if side == "reads" else ""
    Path("mlaudit.toml").write_text(
        f"[environments.fit]\nrole = 'training'\n{fit}\n"
        f'[environments.answer]\nrole = "serving"\nsources = ["serving.txt"]\nfollows = ["fit"]\n{loads}',
        encoding="utf-8",
    )
    settings = load(WorkingTree(Path()).document(Path("mlaudit.toml")), path="mlaudit.toml")
    report = check(["."], Options(today=TODAY, settings=settings))
    owner = "answer" if side == "reads" else "fit"
    assert asked(report) == {(f"{owner}/b", "answer")}
    assert ("fit" in {one.name for one in report.environments}) == (side != "sources")
    assert report.notes == ()


def test_a_reader_s_folder_holds_what_it_loads(here: Path) -> None:
    write(here, {**described("api/models/a", "2.2.3"), **described("api/models/b", "1.5.3"), "api/uv.txt": "x"})
    write(here, {"api/requirements.txt": SERVING, "training.txt": SERVING})
    report = compare(["fit=training.txt", "answer=api"], Options(today=TODAY))
    assert [one.name for one in report.environments] == ["fit", "answer/a", "answer/b", "answer"]
    assert asked(report) == {("answer/b", "answer")}


def test_models_alone_are_each_held_against_the_writer(here: Path) -> None:
    write(here, {**described("models/a", "2.2.3"), **described("models/b", "1.5.3")})
    report = compare(["fit=serving.txt", "models=models"], Options(today=TODAY))
    assert [one.name for one in report.environments] == ["fit", "models/a", "models/b"]
    assert asked(report) == {("fit", "models/b")}


def test_a_fleet_has_folders_of_models_on_both_sides(here: Path) -> None:
    for side, pandas in (("train", "2.2.3"), ("serve", "1.5.3")):
        write(here, {**described(f"x/{side}/m/a", "2.2.3"), **described(f"x/{side}/m/b", pandas)})
        write(here, {f"x/{side}/requirements.txt": SERVING})
    Path("mlaudit.toml").write_text("[[pairs]]\ntraining = 'x/train'\nserving = 'x/serve'\n", encoding="utf-8")
    settings = load(WorkingTree(Path()).document(Path("mlaudit.toml")), path="mlaudit.toml")
    report = check(["."], Options(today=TODAY, settings=settings))
    assert {one.name for one in report.environments} >= {"x/train/a", "x/train/b", "x/serve/a", "x/serve/b"}
    assert ("x/serve/b", "x/serve") in asked(report)
