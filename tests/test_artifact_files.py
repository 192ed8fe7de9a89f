"""Models that lie in revisions and archives, against the code of their reader: the same findings as for plain files."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from mlaudit.api import compare
from mlaudit.environments.artifact_files import ArtifactFiles
from mlaudit.model.errors import Unreadable
from mlaudit.model.report import Finding
from mlaudit.request.options import Options
from mlaudit.sources.working_tree import WorkingTree
from tests.checkout import committed, git
from tests.checkout import write as write_files
from tests.test_configurations import ROWS
from tests.test_configurations import installed as install
from tests.test_incomplete_states import run
from tests.test_missing_names import naming, write

PACKAGES = "serving/lib/python3.11/site-packages"
OLD = "class Scaler:\n    def __init__(self):\n        self.a = 1\n"
NEW = OLD + "        self.b = 2\n    def transform(self, x):\n        return self.b\n"
CODES = ("MLA410", "MLA411", "MLA412", "MLA413", "MLA901")


def found(folder: Path, model: str, serving: str = "serving") -> list[Finding]:
    report = compare([model, serving], Options(root=folder), folder=folder)
    return [one for one in report.findings if one.code in CODES]


def acme(folder: Path, source: str) -> None:
    metadata = "Metadata-Version: 2.1\nName: acme\nVersion: 1.0\n"
    write(folder, {"acme/__init__.py": "", "acme/scaling.py": source, "acme-1.0.dist-info/METADATA": metadata})


def pickled(folder: Path) -> bytes:
    """An object of acme as the old release pickles it."""
    acme(folder / "old", OLD)
    path = folder / "made.pkl"
    run(folder / "old", f"import acme.scaling as s\npickle.dump(s.Scaler(), open({str(path)!r}, 'wb'), 4)")
    data = path.read_bytes()
    path.unlink()
    return data


def repository(folder: Path) -> Path:
    folder.mkdir()
    git(folder, "init", "--quiet", "--initial-branch=main")
    return folder


def test_the_objects_of_a_pickle_in_a_revision_are_judged(tmp_path: Path) -> None:
    data = pickled(tmp_path)
    folder = repository(tmp_path / "repo")
    (folder / "model.pkl").write_bytes(data)
    committed(folder)
    (folder / "model.pkl").write_bytes(naming("acme.scaling:Scaler"))
    acme(folder / PACKAGES, NEW)
    said = found(folder, "main:model.pkl")
    assert [(one.code, one.at.path) for one in said] == [("MLA411", "main:model.pkl")]
    assert "`b`" in said[0].message
    assert found(folder, "model.pkl") == []


@pytest.mark.parametrize("inner", ["", "models/one/"])
def test_the_configurations_beside_a_model_in_a_revision_are_judged(inner: str, tmp_path: Path) -> None:
    folder = repository(tmp_path / "repo")
    case = next(one for one in ROWS["case"] if one["name"] == "a module of a pipeline whose arguments are not taken")
    write_files(
        folder, {f"{inner}{name}": text for name, text in {case["file"]: case["text"], **case["others"]}.items()}
    )
    committed(folder)
    for name in (case["file"], *case["others"]):
        (folder / inner / name).unlink()
    install(folder, case["package"], version=case["version"])
    said = found(folder, f"main:{inner}{case['file']}")
    assert [str(one.at) for one in said] == [f"main:{inner}1_Pooling/config.json:2:24"]


def test_a_broken_configuration_in_a_revision_is_said(tmp_path: Path) -> None:
    folder = repository(tmp_path / "repo")
    good = {"model/config.json": '{"model_type": "bert", "transformers_version": "4.46.0"}'}
    write_files(folder, {**good, "model/generation_config.json": "{"})
    committed(folder)
    (folder / "model" / "generation_config.json").write_text("{}")
    install(folder, "transformers", version="4.46.0")
    assert [one.at.path for one in found(folder, "main:model/config.json")] == ["main:model/generation_config.json"]


def test_a_model_in_a_revision_of_another_repository_is_judged(tmp_path: Path) -> None:
    other = repository(tmp_path / "other")
    write_files(other, {"m/adapter_config.json": '{"peft_type": "LORA", "eva_config": null}'})
    committed(other)
    folder = repository(tmp_path / "repo")
    install(folder, "peft")
    said = found(folder, f"git+file://{other}@main#path=m/adapter_config.json")
    assert [(one.code, one.at.path) for one in said] == [("MLA413", "other@main:m/adapter_config.json")]


def archive(path: Path, data: bytes) -> None:
    """An archive as torch writes it."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as made:
        made.writestr("archive/data.pkl", data)
        made.writestr("archive/version", "3\n")


def test_the_objects_of_a_pickle_in_an_archive_are_judged(tmp_path: Path) -> None:
    archive(tmp_path / "model.pt", pickled(tmp_path))
    acme(tmp_path / PACKAGES, NEW)
    said = [one for one in found(tmp_path, "model.pt") if one.code != "MLA901"]
    assert [(one.code, one.at.path) for one in said] == [("MLA411", "model.pt!/archive/data.pkl")]
    acme(tmp_path / PACKAGES, OLD)
    assert not [one for one in found(tmp_path, "model.pt") if one.code != "MLA901"]


def test_a_member_that_is_not_there_or_too_large_is_unreadable(tmp_path: Path) -> None:
    archive(tmp_path / "model.pt", b"\x80\x04N.")
    files = ArtifactFiles(WorkingTree(tmp_path))
    assert files.document("model.pt!/archive/data.pkl").data == b"\x80\x04N."
    with pytest.raises(Unreadable, match="has no archive/other"):
        files.document("model.pt!/archive/other")
    write(tmp_path, {"odd!/model.pkl": "x"})
    assert files.document("odd!/model.pkl").data == b"x"
