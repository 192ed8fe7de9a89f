"""The Python of the pages on Airflow, KServe and SageMaker runs as it is shown, with stand-ins for these frameworks."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from runpy import run_path
from types import ModuleType
from typing import Any

import pytest

from mlaudit import guard
from mlaudit.sources.interpreter import running
from tests.played import blocks
from tests.test_guard import site, stored

PAGES = Path(__file__).parent.parent / "docs" / "how-to"
SERVED = {"numpy": "1.26.0", "scikit-learn": "1.5.2"}
DRIFTED = {**SERVED, "numpy": "2.1.3"}


def code_of(page: str, containing: str, **paths: str) -> str:
    """The one Python block of a page that contains a text, with its paths replaced."""
    (body,) = [
        block.body
        for block in blocks((PAGES / page).read_text(encoding="utf-8"))
        if block.language == "python" and containing in block.body
    ]
    for old, new in paths.items():
        assert f"/{old}" in body
        body = body.replace(f"/{old}", new)
    return body


def run_code(body: str, folder: Path) -> dict[str, Any]:
    """The names that a script defines."""
    script = folder / "recipe.py"
    script.write_text(body, encoding="utf-8")
    return run_path(str(script))


def stand_in(monkeypatch: pytest.MonkeyPatch, name: str, **members: object) -> None:
    """A module of a framework that is not installed here."""
    parent, _, _ = name.rpartition(".")
    if parent:
        monkeypatch.setitem(sys.modules, parent, ModuleType(parent))
    module = ModuleType(name)
    module.__dict__.update(members)
    monkeypatch.setitem(sys.modules, name, module)


@pytest.fixture
def serving(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """This process has the packages that serve."""
    folder = str(site(tmp_path / "live", SERVED))
    interpreter = replace(running(), python="3.11.7", platform="linux", machine="x86_64", paths=(folder,))
    monkeypatch.setattr(guard, "running", lambda: interpreter)


def _task(function: Callable[..., Any]) -> Callable[..., Any]:
    return function


@pytest.mark.parametrize("pins", ["numpy==1.26.0\n", "numpy==2.1.3\n"])
def test_the_airflow_task_fails_before_the_deploy(pins: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    trained = stored(tmp_path / "trained.json", {"numpy": "2.1.3"}).read_text(encoding="utf-8")
    monkeypatch.setattr("mlaudit.snapshot.dumps", lambda: trained)
    stand_in(monkeypatch, "airflow.decorators", dag=lambda **_: _task, task=_task)
    (tmp_path / "models" / "churn").mkdir(parents=True)
    (tmp_path / "serving").mkdir()
    (tmp_path / "serving" / "requirements.txt").write_text(pins, encoding="utf-8")
    body = code_of("airflow.md", "@dag", models=str(tmp_path / "models"), deploy=str(tmp_path))
    if "2.1.3" in pins:
        run_code(body, tmp_path)
        return
    with pytest.raises(RuntimeError, match=r"MLA101 \[error\] numpy 2\.1\.3 → 1\.26\.0"):
        run_code(body, tmp_path)


@pytest.mark.usefixtures("serving")
def test_the_kserve_model_is_ready_only_without_drift(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in(monkeypatch, "kserve", Model=object)
    body = code_of("kserve-sagemaker.md", "class Churn", **{"mnt/models": str(tmp_path)})
    names = run_code(body, tmp_path)
    stored(tmp_path / "mlaudit.snapshot.json", SERVED)
    assert names["Churn"]().load() is True
    stored(tmp_path / "mlaudit.snapshot.json", DRIFTED)
    model = names["Churn"]()
    with pytest.raises(guard.Drift, match=r"numpy 2\.1\.3"):
        model.load()
    assert not hasattr(model, "ready")


@pytest.mark.usefixtures("serving")
def test_the_sagemaker_script_loads_only_without_drift(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    loaded: list[str] = []
    stand_in(monkeypatch, "joblib", load=loaded.append)
    names = run_code(code_of("kserve-sagemaker.md", "def model_fn"), tmp_path)
    stored(tmp_path / "mlaudit.snapshot.json", DRIFTED)
    with pytest.raises(guard.Drift):
        names["model_fn"](str(tmp_path))
    assert loaded == []
    stored(tmp_path / "mlaudit.snapshot.json", SERVED)
    names["model_fn"](str(tmp_path))
    assert loaded == [str(tmp_path / "model.joblib")]
