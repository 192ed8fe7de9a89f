"""Folders of models: everything in them is read, each file with what it records; what is not understood is said."""

from __future__ import annotations

import json
import pickle
import shutil
from collections.abc import Mapping
from datetime import date
from pathlib import Path

import pytest

from mlaudit.api import check, compare, listing
from mlaudit.knowledge.model_folders import holds_models, is_hint, states_nothing
from mlaudit.model.nouns import Kind, Layer
from mlaudit.model.report import Environment, Finding, Report
from mlaudit.request.config_file import load
from mlaudit.request.options import Options
from mlaudit.sources.working_tree import WorkingTree
from tests.artifact_bytes import field
from tests.checkout import write
from tests.command_line import run
from tests.parser_cases import FIXTURES

MODELS = FIXTURES / "models"
TODAY = date(2026, 11, 22)

RECORDED: Mapping[str, Mapping[str, str | None]] = {
    "mlflow-sklearn": {"scikit-learn": "1.9.1", "mlflow": "3.17.2", "numpy": ">=2"},
    "mlflow-xgboost": {"xgboost": "3.2.0", "mlflow": "3.17.2"},
    "pickles": {"scikit-learn": "1.9.1", "numpy": ">=2", "xgboost": "3.2.0", "lightgbm": ">=4", "joblib": ">=1.2"},
    "transformers": {"transformers": "5.24.0", "safetensors": None, "torch": None, "tokenizers": None},
    "sentence-transformers": {"sentence-transformers": "6.2.0", "transformers": "5.24.0"},
    "peft": {"peft": "0.21.2", "safetensors": None},
    "spacy": {"spacy": ">=3.8.18,<3.9.0"},
    "distributed-checkpoint": {"torch": None},
    "checkpoints": {"pytorch-lightning": "2.4.0"},
    "trainer": {"transformers": "5.24.0", "torch": None},
}
"""What each folder records: a version, a range, or that a library wrote it without saying which."""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def options(**more: object) -> Options:
    return Options(today=TODAY, **more)  # type: ignore[arg-type]


def saved_model(version: str) -> bytes:
    """A SavedModel of one meta graph that names the TensorFlow that wrote it."""
    return field(1, 1) + field(2, field(1, field(5, version.encode()) + field(6, b"v2.21.0-0-gabc")))


def against(model: str, serving: str) -> Report:
    Path("serving.txt").write_text(serving, encoding="utf-8")
    return compare([f"model={model}", "serving=serving.txt"], options())


def recorded(one: Environment) -> dict[str, set[str | None]]:
    found: dict[str, set[str | None]] = {}
    for pin, _, _ in one.listed():
        if pin.layer is Layer.RECORDED and pin.kind is Kind.PACKAGE:
            found.setdefault(pin.package, set()).add(pin.version or pin.specifier)
    return found


def findings(report: Report, code: str) -> list[Finding]:
    return [one for one in report.findings if one.code == code]


def reasons(report: Report) -> str:
    return " | ".join(entry.why for one in report.environments for entry in one.unread)


@pytest.mark.parametrize("kind", RECORDED)
def test_every_model_file_of_a_folder_is_read(kind: str) -> None:
    (one,) = listing([str(MODELS / kind)], options())
    assert one.unread == ()
    found = recorded(one)
    for package, version in RECORDED[kind].items():
        assert version in found[package], package


def test_every_folder_of_the_fixtures_has_an_expectation() -> None:
    assert {path.name for path in MODELS.iterdir() if path.is_dir()} == set(RECORDED)


@pytest.mark.parametrize(
    ("kind", "serving", "says"),
    [
        ("mlflow-sklearn", "scikit-learn==1.3.2\nnumpy==1.26.4\n", "model.pkl (scikit-learn 1.9.1"),
        ("mlflow-xgboost", "xgboost==3.0.5\n", "model.ubj (xgboost 3.2.0"),
        ("pickles", "numpy==1.26.0\n", "(numpy >=2"),
        (
            "transformers",
            "transformers==4.40.0\n",
            "config.json (transformers 5.24.0, BertModel, dtype=float32, model_type=bert)",
        ),
        ("sentence-transformers", "sentence-transformers==3.0.0\n", "sentence-transformers 6.2.0"),
        ("peft", "peft==0.10.0\n", "adapter_config.json (peft 0.21.2"),
        ("spacy", "spacy==3.5.0\n", "meta.json (spacy >=3.8.18,<3.9.0"),
        (
            "trainer",
            "transformers==4.40.0\n",
            "config.json (transformers 5.24.0, BertModel, dtype=float32, model_type=bert)",
        ),
    ],
)
def test_a_folder_is_held_against_what_serves_it(here: Path, kind: str, serving: str, says: str) -> None:
    report = against(str(MODELS / kind), serving)
    assert any(says in one.message for one in findings(report, "MLA401"))


@pytest.mark.parametrize(
    ("kind", "package"),
    [
        ("checkpoints", "pytorch-lightning"),
        ("transformers", "transformers"),
        ("peft", "peft"),
        ("spacy", "spacy"),
        ("mlflow-sklearn", "scikit-learn"),
    ],
)
def test_a_server_that_does_not_name_the_library_is_told(here: Path, kind: str, package: str) -> None:
    report = against(str(MODELS / kind), "fastapi==0.115.0\n")
    found = [one for one in report.findings if one.package == package]
    assert [one.code for one in found] == ["MLA403"]
    assert "serving does not name it" in found[0].message
    assert report.exit_code == 3


def test_a_saved_model_is_read(here: Path) -> None:
    folder = here / "model"
    (folder / "variables").mkdir(parents=True)
    (folder / "saved_model.pb").write_bytes(saved_model("2.21.0"))
    (folder / "fingerprint.pb").write_bytes(b"\x08\x01")
    (folder / "variables" / "variables.index").write_bytes(b"\0" * 8)
    (folder / "variables" / "variables.data-00000-of-00001").write_bytes(b"\0" * 8)
    report = against("model", "tensorflow==2.15.1\n")
    assert recorded(report.environments[0])["tensorflow"] == {"2.21.0"}
    assert reasons(report) == ""
    assert report.summary.compared == 1


def test_nothing_is_said_to_be_written_with_what_a_list_only_asks_for(here: Path) -> None:
    shutil.copytree(MODELS / "mlflow-sklearn", "model")
    Path("model/requirements.txt").write_text("scikit-learn==1.9.1\npandas==1.5.3\n", encoding="utf-8")
    Path("model/conda.yaml").unlink()
    report = against("model", "scikit-learn==1.9.1\npandas==2.2.3\nnumpy==2.4.6\nmlflow==3.17.2\n")
    text = " ".join(one.message for one in report.findings if one.package == "pandas")
    assert text
    assert "writes with" not in text
    assert [one for one in report.findings if one.package == "numpy"] == []
    assert not any("move model" in one.fix.says for one in report.findings if one.fix)


def test_what_a_model_does_not_name_is_no_news(here: Path) -> None:
    report = against(str(MODELS / "mlflow-xgboost"), "xgboost==3.2.0\nnumpy==1.26.4\nscipy==1.14.0\n")
    assert not [one for one in report.findings if one.package in ("numpy", "scipy")]


def test_records_of_one_model_that_differ_are_told(here: Path) -> None:
    shutil.copytree(MODELS / "mlflow-sklearn", "model")
    Path("model/requirements.txt").write_text("scikit-learn==1.5.2\n", encoding="utf-8")
    Path("model/conda.yaml").unlink()
    report = against("model", "scikit-learn==1.9.1\n")
    (found,) = findings(report, "MLA402")
    assert (found.expected, found.actual) == ("1.5.2", "1.9.1")


def test_two_models_of_one_folder_have_records_of_their_own(here: Path) -> None:
    for name, version in (("old", "4.40.0"), ("new", "5.24.0")):
        write(
            here, {f"models/{name}/config.json": json.dumps({"architectures": ["A"], "transformers_version": version})}
        )
    report = against("models", "transformers==5.24.0\n")
    assert findings(report, "MLA402") == []
    assert recorded(report.environments[0])["transformers"] == {"4.40.0", "5.24.0"}


def test_a_folder_of_several_described_models(here: Path) -> None:
    for name in ("mlflow-sklearn", "mlflow-xgboost"):
        shutil.copytree(MODELS / name, f"models/{name}")
    Path("models/mlflow-xgboost/requirements.txt").write_text("xgboost==3.2.0\npandas==1.5.3\n", encoding="utf-8")
    Path("models/mlflow-xgboost/conda.yaml").unlink()
    report = against("models", "scikit-learn==1.3.2\nxgboost==3.0.5\npandas==2.2.3\n")
    assert [one.name for one in report.environments] == ["model/mlflow-sklearn", "model/mlflow-xgboost", "serving"]
    assert {one.package for one in findings(report, "MLA401")} == {"scikit-learn", "xgboost"}
    asked = {one.environments for one in report.findings if one.package == "pandas"}
    assert ("model/mlflow-xgboost", "serving") in asked
    assert reasons(report) == ""


def test_models_beside_the_list_of_the_environment_that_wrote_them(here: Path) -> None:
    write(
        here, {"training/requirements.txt": "scikit-learn==1.9.1\n", "training/src/a.xyz": "", "training/Makefile": ""}
    )
    shutil.copytree(MODELS / "pickles", "training/models")
    Path("serving.txt").write_text("scikit-learn==1.3.2\n", encoding="utf-8")
    report = compare(["training=training", "serving=serving.txt"], options())
    training = report.environments[0]
    assert training.cell("scikit-learn").version == "1.9.1"
    assert not training.is_model
    assert "xgboost" in recorded(training)
    assert findings(report, "MLA401")
    assert training.unread == ()


def test_files_of_no_known_format_are_counted_and_named(here: Path) -> None:
    shutil.copytree(MODELS / "peft", "model")
    for number in range(9):
        Path(f"model/part-{number}.weird").write_bytes(b"weird")
    report = against("model", "peft==0.21.2\n")
    assert reasons(report).startswith("9 files in it are of no known format: part-0.weird, ")
    assert reasons(report).endswith(" and 3 more")
    assert report.exit_code == 0


def test_a_model_file_that_cannot_be_read_loses_the_source(here: Path) -> None:
    shutil.copytree(MODELS / "pickles", "model")
    Path("model/model.pkl").write_text("version https://git-lfs.github.com/spec/v1\n", encoding="utf-8")
    report = against("model", "scikit-learn==1.9.1\n")
    assert report.exit_code == 2
    assert findings(report, "MLA901")[0].at.path == "model/model.pkl"
    assert report.environments[1].cell("scikit-learn").version == "1.9.1"


@pytest.mark.parametrize(
    ("files", "says"),
    [
        ({}, "it is an empty folder"),
        ({"a.dat": "x", "b/c.dat": "y"}, "2 files were seen: a.dat, b/c.dat"),
        ({"config.json": "{}"}, "1 file was seen: config.json"),
        ({"README.md": "# Hello\n"}, "1 file was seen: README.md"),
    ],
)
def test_a_folder_of_which_nothing_is_understood_is_an_error(here: Path, files: dict[str, str], says: str) -> None:
    Path("model").mkdir()
    write(here, {f"model/{name}": text for name, text in files.items()})
    report = against("model", "numpy==2.1.3\n")
    assert report.exit_code == 2
    assert says in reasons(report)


def test_thousands_of_shards_are_counted_and_other_files_are_read_before_them(here: Path) -> None:
    shutil.copytree(MODELS / "transformers", "model")
    shard = Path("model/model.safetensors").read_bytes()
    for number in range(230):
        Path(f"model/model-{number:05}-of-00230.safetensors").write_bytes(shard)
    (one,) = listing(["model"], options())
    assert recorded(one)["transformers"] == {"5.24.0", None}
    (said,) = (entry.why for entry in one.unread)
    assert "are read from one folder (200); 34 files are left: model-" in said


def configured(text: str) -> Options:
    Path("mlaudit.toml").write_text(text, encoding="utf-8")
    return options(settings=load(WorkingTree(Path()).document(Path("mlaudit.toml"))))


CONFIGURATION = """
[environments.training]
sources = ["training.txt"]
writes = ["models/"]
[environments.serving]
sources = ["serving.txt"]
follows = "training"
"""


@pytest.mark.parametrize("kind", ["mlflow-sklearn", "pickles"])
def test_a_configuration_names_a_folder_of_models(here: Path, kind: str) -> None:
    shutil.copytree(MODELS / kind, "models")
    write(here, {"training.txt": "scikit-learn==1.9.1\n", "serving.txt": "scikit-learn==1.3.2\n"})
    report = check(["."], configured(CONFIGURATION))
    assert "model.pkl (scikit-learn 1.9.1" in findings(report, "MLA401")[0].message
    assert report.exit_code == 1


def test_a_configured_folder_of_which_nothing_is_understood_is_an_error(here: Path) -> None:
    write(here, {"training.txt": "numpy==2.1.3\n", "serving.txt": "numpy==2.1.3\n", "models/a.dat": "x"})
    report = check(["."], configured(CONFIGURATION))
    assert report.exit_code == 2
    assert "a.dat" in reasons(report)
    assert report.environments[0].cell("numpy").version == "2.1.3"


def test_of_a_model_that_only_its_description_tells_the_description_is_compared(here: Path) -> None:
    text = "flavors:\n  xgboost:\n    xgb_version: 3.2.0\nmlflow_version: 3.1.0\n"
    write(here, {"training.txt": "numpy==2.1.3\n", "serving.txt": "xgboost==3.0.5\n", "models/MLmodel": text})
    report = check(["."], configured(CONFIGURATION))
    assert "the model of models/MLmodel (xgboost 3.2.0)" in findings(report, "MLA401")[0].message


SIGNED = {
    "columns": '[{"type": "double", "name": "a", "required": true}]',
    "tensors": '[{"type": "tensor", "tensor-spec": {"dtype": "float64", "shape": [-1, 2]}}]',
    "old columns": '[{"type": "double", "name": "a"}]',
    "no JSON": "[{",
}


@pytest.mark.parametrize(
    ("signature", "serving", "severity"),
    [
        ("columns", "2.9.2", "error"),
        ("columns", "1.9.1", "error"),
        ("columns", "2.10.0", "info"),
        ("tensors", "2.9.2", "info"),
        ("old columns", "2.9.2", "info"),
        ("no JSON", "2.9.2", "warning"),
        (None, "2.9.2", "info"),
    ],
)
def test_the_signature_in_the_description_decides_what_an_older_mlflow_reads(
    here: Path, signature: str | None, serving: str, severity: str
) -> None:
    text = "flavors:\n  python_function:\n    loader_module: mlflow.sklearn\nmlflow_version: 2.10.2\n"
    if signature is not None:
        text += f"signature:\n  inputs: '{SIGNED[signature]}'\n  outputs: null\n  params: null\n"
    # The requirements beside the model state the same package, and record nothing of the file.
    write(here, {"training.txt": "mlflow==2.10.2\n", "serving.txt": f"mlflow=={serving}\n", "models/MLmodel": text})
    shutil.copy(MODELS / "mlflow-sklearn/model.pkl", "models/model.pkl")
    write(here, {"models/requirements.txt": "mlflow==2.10.2\n"})
    found = [one for one in check(["."], configured(CONFIGURATION)).findings if one.package == "mlflow"]
    about = [one for one in found if one.code.startswith(("MLA1", "MLA4")) and "signature" in one.message]
    assert [one.severity.value for one in about] == [severity]


PAIR = {"training/requirements.txt": "scikit-learn==1.9.1\n", "serving/requirements.txt": "scikit-learn==1.3.2\n"}


def looked(report: Report) -> dict[str, str]:
    return {one.folder: one.why for one in report.found if one.role == "model files"}


@pytest.mark.parametrize("home", ["models", "training/out", "artifacts/churn/1"])
def test_models_that_looking_finds_are_held_against_the_serving_side(here: Path, home: str) -> None:
    write(here, {**PAIR, ".gitignore": "*.pkl\nmodels/\n"})
    shutil.copytree(MODELS / "pickles", home)
    report = check(["."], options())
    found = findings(report, "MLA401")
    assert "model.pkl (scikit-learn 1.9.1" in found[0].message
    assert found[0].environments == ("training", "serving")
    assert looked(report) == {f"{home}/": "treated as models that training writes and serving loads"}


def test_models_in_the_folder_of_a_reader_are_what_it_loads(here: Path) -> None:
    write(here, PAIR)
    shutil.copytree(MODELS / "pickles", "serving/model")
    report = check(["."], options())
    assert findings(report, "MLA401")[0].environments == ("serving",)
    assert "folder of serving" in looked(report)["serving/model/"]


def test_where_nobody_is_known_to_load_them_it_is_said(here: Path) -> None:
    write(here, {"requirements.txt": "scikit-learn==1.9.1\n"})
    shutil.copytree(MODELS / "pickles", "models")
    report = check(["."], options())
    assert looked(report)["models/"].startswith("no environment is known that loads them; state it by `writes`")


def test_of_two_writers_neither_is_guessed(here: Path) -> None:
    write(here, {f"{name}/requirements.txt": "numpy==2.1.3\n" for name in ("a-train", "a-serve", "b-train", "b-serve")})
    shutil.copytree(MODELS / "pickles", "models")
    report = check(["."], options())
    assert "which of a-train, b-train wrote them is not known" in looked(report)["models/"]
    assert not any(one.writes or one.reads for one in report.environments)


@pytest.mark.parametrize(
    "path", ["tests/model.pkl", "data/frame.pkl", "docs/models/a.joblib", "src/settings.json", "web/config.json"]
)
def test_files_that_are_no_models_of_the_project_are_left_alone(here: Path, path: str) -> None:
    write(here, PAIR)
    Path(path).parent.mkdir(parents=True)
    Path(path).write_bytes(pickle.dumps({"a": 1}) if not path.endswith("json") else b'{"architectures": ["A"]}')
    report = check(["."], options())
    assert looked(report) == {}
    assert reasons(report) == ""


def test_a_described_model_in_a_tree_is_compared_with_its_files(here: Path) -> None:
    write(here, {"serving/requirements.txt": "scikit-learn==1.3.2\nnumpy==2.4.6\n"})
    shutil.copytree(MODELS / "mlflow-sklearn", "model")
    report = check(["."], options())
    assert report.found[0].why == "MLmodel says so"
    assert "model.pkl (scikit-learn 1.9.1" in findings(report, "MLA401")[0].message


def test_the_command_says_what_was_seen(here: Path) -> None:
    write(here, {"model/a.dat": "x", "serving.txt": "numpy==2.1.3\n"})
    done = run(here, "compare", "model=model/", "serving=serving.txt")
    assert done.returncode == 2
    assert "a.dat" in done.stdout


@pytest.mark.parametrize(
    ("path", "nothing"),
    [
        ("vocab.txt", True),
        ("a/README.md", True),
        ("1_Pooling/config.json", True),
        ("config.json", False),
        ("variables/variables.index", True),
        ("pipeline/vocab/lookups.bin", True),
        ("weights.dat", False),
        ("model.pkl", False),
    ],
)
def test_what_is_known_to_state_nothing(path: str, nothing: bool) -> None:
    assert states_nothing(path) is nothing


def test_words_of_folders() -> None:
    assert holds_models(("data", "models")) is True
    assert holds_models(("models", "data")) is False
    assert holds_models(("src",)) is None
    assert is_hint("a/b.json")
    assert not is_hint("a/b.pkl")


def test_what_states_versions_beside_a_model_is_said_not_to_be_compared(tmp_path: Path) -> None:
    flavors = "flavors:\n  sklearn:\n    sklearn_version: 1.5.2\n    pickled_model: model.pkl\n"
    write(tmp_path, {"m/MLmodel": flavors, "m/requirements.txt": "scikit-learn==1.5.2\n"})
    write(tmp_path, {"m/extra_files/model.snapshot.json": "{}", "serve.txt": "scikit-learn==1.5.2\n"})
    printed = " ".join(run(tmp_path, "compare", "model=m", "serve.txt").stdout.split())
    assert "1 file in it states versions beside the model, not compared" in printed
    assert "extra_files/model.snapshot.json" in printed
    assert "of no known format" not in printed


def test_a_model_that_states_its_format_alone_is_compared_with_nothing(tmp_path: Path) -> None:
    shutil.copytree(FIXTURES / "models" / "distributed-checkpoint", tmp_path / "model")
    write(tmp_path, {"serve.txt": "torch==2.5.1\n"})
    done = run(tmp_path, "compare", "model=model", "serve.txt")
    assert done.returncode == 3
    assert "shared packages are aligned" not in done.stdout
