"""`mlaudit list --format cyclonedx`: valid by the official library, the same text twice, with the graph of locks."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mlaudit.cli.app import run
from mlaudit.document.document import Document
from mlaudit.grammars.pypi import purl
from mlaudit.parsers._read import read

FIXTURES = Path(__file__).parent.parent / "fixtures"
SOURCES = (
    "why/uv/uv.lock",
    "why/compiled/requirements.txt",
    "native-locks/pipenv/Pipfile.lock",
    "native-locks/conda-lock/conda-lock.yml",
    "native-locks/pdm/pdm.lock",
)
Bill = Callable[..., str]


@pytest.fixture
def bill(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Bill:
    def made(*sources: str, folder: Path = FIXTURES) -> str:
        monkeypatch.chdir(folder)
        capsys.readouterr()
        assert run(["list", *sources, "--format", "cyclonedx"]) == 0
        return capsys.readouterr().out

    return made


def tree(folder: Path) -> Path:
    """A project with a model file that records what wrote it, and one that is named by its address."""
    files = {
        "serving/requirements.txt": "numpy==1.26.4\nscikit-learn==1.5.2\ntorch @ https://files.example/torch-2.5.1.whl\n",
        "serving/model/MLmodel": "flavors:\n  sklearn:\n    sklearn_version: 1.5.2\nmodel_uuid: 1\n",
    }
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


@pytest.mark.parametrize("sources", [*((one,) for one in SOURCES), SOURCES, ()], ids=lambda value: "+".join(value)[:40])
def test_the_official_library_finds_it_valid(sources: tuple[str, ...], bill: Bill, tmp_path: Path) -> None:
    pytest.importorskip("jsonschema", reason="jsonschema, of the dev extra, is not installed")
    validation = pytest.importorskip(
        "cyclonedx.validation.json", reason="cyclonedx-python-lib[validation], of the dev extra, is not installed"
    )
    schema = pytest.importorskip("cyclonedx.schema")
    text = bill(*sources) if sources else bill("serving", folder=tree(tmp_path))

    assert validation.JsonStrictValidator(schema.SchemaVersion.V1_6).validate_str(text) is None
    assert json.loads(text)["components"]


def test_components_have_what_the_lock_states(bill: Bill) -> None:
    data: dict[str, Any] = json.loads(bill("why/uv/uv.lock", "why/compiled/requirements.txt"))
    components = {one["bom-ref"]: one for one in data["components"]}
    requires = {one["ref"]: one["dependsOn"] for one in data["dependencies"]}

    assert components["pkg:pypi/flask@3.0.3"]["purl"] == "pkg:pypi/flask@3.0.3"
    places = {one["location"] for one in components["pkg:pypi/flask@3.0.3"]["evidence"]["occurrences"]}
    assert {place.rpartition("why/")[2] for place in places} == {"uv/uv.lock", "compiled/requirements.txt"}
    assert "pkg:pypi/markupsafe@3.0.4" in requires["pkg:pypi/jinja2@3.1.6"]
    assert not set(requires["environment:uv"]) & {"pkg:pypi/markupsafe@3.0.4", "pkg:pypi/urllib3@1.26.20"}
    assert {"pkg:pypi/flask@3.0.3", "pkg:pypi/requests@2.32.3"} <= set(requires["environment:uv"])
    assert set(requires) == set(components)
    assert all(ref in components for refs in requires.values() for ref in refs)


def test_the_same_sources_give_the_same_text_and_others_another_serial(bill: Bill) -> None:
    first, again, other = bill(SOURCES[0]), bill(SOURCES[0]), bill(SOURCES[1])

    assert first == again
    assert json.loads(first)["serialNumber"] != json.loads(other)["serialNumber"]


def test_a_single_hash_is_one_of_the_component(bill: Bill, tmp_path: Path) -> None:
    digest = "0" * 64
    (tmp_path / "requirements.txt").write_text(f"six==1.17.0 --hash=sha256:{digest}\n")
    (component,) = [one for one in json.loads(bill("requirements.txt", folder=tmp_path))["components"] if "purl" in one]

    assert component["hashes"] == [{"alg": "SHA-256", "content": digest}]


def test_an_address_is_parsed_once_however_many_need_it(monkeypatch: pytest.MonkeyPatch) -> None:
    names = [f"p{number}" for number in range(40)]
    components = [
        {"type": "library", "name": n, "version": "1", "bom-ref": n, "purl": f"pkg:pypi/{n}@1"} for n in names
    ]
    graph = [{"ref": name, "dependsOn": names} for name in names]
    text = {"bomFormat": "CycloneDX", "specVersion": "1.5", "components": components, "dependencies": graph}
    parsed: list[str] = []

    def counted(text: str) -> purl.PackageUrl | None:
        parsed.append(text)
        return parse(text)

    parse = purl.parse
    monkeypatch.setattr(purl, "parse", counted)
    found = read(Document("bom.json", json.dumps(text).encode()))
    assert [len(pin.requires) for pin in found.pins] == [len(names)] * len(names)
    assert len(parsed) <= 2 * len(names)


def test_a_bill_has_models_that_are_named_and_files_that_are_read(bill: Bill, tmp_path: Path) -> None:
    serving = tmp_path / "serving"
    serving.mkdir()
    (serving / "requirements.txt").write_text("numpy==1.26.4\n!\n", encoding="utf-8")
    references = f'{{"model_id": "org/bert", "revision": "{"a" * 40}", "uri": "models:/churn/3"}}'
    (serving / "refs.json").write_text(references, encoding="utf-8")
    shutil.copy(FIXTURES / "parsers" / "pickle" / "one" / "model.pkl", serving / "model.pkl")
    (tmp_path / "mlaudit.toml").write_text(
        '[environments.serving]\nsources = ["serving/requirements.txt", "serving/refs.json"]\n'
        'reads = ["serving/model.pkl"]\n',
        encoding="utf-8",
    )
    data = json.loads(bill(folder=tmp_path))
    shown = {
        component["bom-ref"]: (
            component.get("purl"),
            [f"{row['name']}={row['value']}" for row in component.get("properties", ())],
        )
        for component in data["components"]
    }
    assert shown == {
        "environment:serving": (
            None,
            [
                "mlaudit:complete=false",
                "mlaudit:role=serving",
                "mlaudit:source=serving/refs.json",
                "mlaudit:source=serving/requirements.txt",
                "mlaudit:unread=serving/requirements.txt:2:1: not a PEP 508 requirement: unexpected `!` at character 1",
            ],
        ),
        f"model:hf://org/bert@{'a' * 40}": (f"pkg:huggingface/org/bert@{'a' * 40}", []),
        "model:models:/churn@3": (None, []),
        "model:serving/model.pkl": (
            None,
            [
                "mlaudit:class=LogisticRegression",
                "mlaudit:format=pickle",
                "mlaudit:kind=sklearn.pickle",
                "mlaudit:recorded=scikit-learn==1.5.2",
            ],
        ),
        "pkg:pypi/numpy@1.26.4": ("pkg:pypi/numpy@1.26.4", ["mlaudit:layer=declared"]),
    }
    assert data["dependencies"][0]["dependsOn"] == [ref for ref in shown if ref != "environment:serving"]
