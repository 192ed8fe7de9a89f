"""`--resolve` with the real uv, against an index of tiny wheels on the loopback."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from mlaudit import compare
from mlaudit.request.options import Options
from mlaudit.request.resolution import Resolution
from mlaudit.resolving import answers, resolve
from mlaudit.sources import uv_tool
from mlaudit.sources.uv_tool import NoUv
from tests.checkout import write
from tests.command_line import report, run
from tests.wheel_index import WheelIndex, served

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the loopback index is tried on POSIX alone")
TRAINING, SERVING = "training/requirements.txt", "serving/requirements.txt"


def filled(password: str = "") -> WheelIndex:
    index = WheelIndex(password=password)
    index.add_wheel("pinbox", "1.0")
    index.add_wheel("pinbox", "1.5", day="2026-02-01")
    index.add_wheel("pinbox", "2.0", day="2026-03-01")
    index.add_wheel("shelf", "1.0", ["pinbox<2"])
    index.add_wheel("shelf", "2.0", ["pinbox<2"])
    return index


def variables(folder: Path, index: WheelIndex) -> dict[str, str]:
    return {
        "MLAUDIT_CACHE_DIR": str(folder / "cache"),
        "UV_CACHE_DIR": str(folder / "uv"),
        "UV_DEFAULT_INDEX": index.url.replace("://", f"://user:{index.password}@") if index.password else index.url,
        "UV_HTTP_RETRIES": "0",
        "SOURCE_DATE_EPOCH": "1790000000",
    }


@pytest.mark.slow
def test_unlocked_environments_become_exact_and_a_warm_cache_needs_nobody(tmp_path: Path) -> None:
    write(tmp_path, {TRAINING: "shelf\npinbox\n", SERVING: "pinbox\n"})
    asked = ("compare", TRAINING, SERVING, "--resolve", "--package", "pinbox", "--package", "shelf")
    with served(filled(password="hunter2hunter2")) as index:  # noqa: S106 - of the loopback
        env = variables(tmp_path, index)
        first = run(tmp_path, *asked, "--format", "json", env=env)
        early = run(tmp_path, *asked, "--as-of", "2026-01-15", "--format", "json", env=env)
    again = run(tmp_path, *asked, "--format", "json", env=env)
    assert again.stdout == first.stdout
    assert '"layer": "resolved"' in first.stdout
    assert '"via": "shelf"' in first.stdout
    assert versions(first.stdout) == {"training": "1.5", "serving": "2.0"}
    assert versions(early.stdout) == {"training": "1.0", "serving": "1.0"}
    kept = [path for path in (tmp_path / "cache").rglob("*") if path.is_file()]
    assert kept
    assert not any("hunter2" in path.read_text() for path in kept)
    assert "hunter2" not in first.stdout + first.stderr + early.stdout

    lost = run(tmp_path, *asked, "--as-of", "2026-01-20", env=env)
    plain = run(tmp_path, *(word for word in asked if word != "--resolve"), env=env)
    assert "training was not resolved, and is audited as it is; uv reports:" in lost.stdout
    assert "hunter2" not in lost.stdout
    assert lost.returncode == plain.returncode


def versions(text: str) -> dict[str, str | None]:
    (row,) = [row for row in json.loads(text)["rows"] if row["package"] == "pinbox"]
    found: dict[str, str | None] = row["versions"]
    return found


@pytest.mark.slow
def test_what_cannot_be_installed_is_a_finding_with_both_places(tmp_path: Path) -> None:
    write(tmp_path, {TRAINING: "pinbox==1.0\n", SERVING: "shelf>=2\npinbox>=2\n"})
    with served(filled()) as index:
        done = run(tmp_path, "compare", TRAINING, SERVING, "--resolve", "-f", "json", env=variables(tmp_path, index))
    assert '"MLA907"' in done.stdout
    assert "depends on pinbox<2" in done.stdout
    found = json.loads(done.stdout)["findings"]
    (finding,) = [one for one in found if one["code"] == "MLA907"]
    assert {(one["path"], one["line"]) for one in finding["locations"]} == {(SERVING, 1), (SERVING, 2)}
    assert done.returncode == 1


@pytest.mark.slow
def test_nothing_but_uv_runs(tmp_path: Path) -> None:
    """A package that only a build could tell of is not built, and a project's own uv configuration is not read."""
    mark = tmp_path / "ran"
    write(
        tmp_path,
        {TRAINING: "pinbox\n", SERVING: "hostile\n-e ./own\n", "uv.toml": "no such = toml", "own/setup.py": ""},
    )
    with served(filled()) as index:
        index.add_source("hostile", "1.0", f"open({str(mark)!r}, 'w')\n")
        done = run(tmp_path, "compare", TRAINING, SERVING, "--resolve", env=variables(tmp_path, index))
    assert not mark.exists()
    assert "MLA907" not in done.stdout
    assert "serving was not resolved, and is audited as it is" in done.stdout


@pytest.mark.slow
def test_a_lock_beside_the_source_serves_the_next_audit_without_a_network(tmp_path: Path) -> None:
    write(tmp_path, {TRAINING: "shelf\n", SERVING: "pinbox\n", "serving/requirements.lock": "mine\n"})
    with served(filled()) as index:
        env = variables(tmp_path, index)
        done = run(tmp_path, "compare", TRAINING, SERVING, "--resolve", "lock", env=env)
    assert "serving/requirements.lock was not written: a file of that name is there" in done.stdout
    assert (tmp_path / "serving/requirements.lock").read_text() == "mine\n"
    lock = (tmp_path / "training/requirements.lock").read_text()
    assert "pinbox==1.5 \\\n    --hash=sha256:" in lock
    assert "# via shelf" in lock
    (tmp_path / "serving/requirements.lock").unlink()
    found = report(tmp_path, "compare", "training/requirements.lock", SERVING, "--package", "pinbox")
    assert found["rows"][0]["cells"]["training"]["layer"] == "locked"


def test_without_uv_the_audit_runs_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, {TRAINING: "pinbox\n", SERVING: "pinbox\n"})

    def nowhere() -> str:
        raise NoUv(uv_tool.GET_UV)

    monkeypatch.setattr(uv_tool, "uv_path", nowhere)
    monkeypatch.setenv("MLAUDIT_CACHE_DIR", str(tmp_path / "cache"))
    report = compare(TRAINING, SERVING, root=tmp_path)
    asked = resolve.with_resolutions(report.environments, _options(tmp_path))
    assert asked[0] == list(report.environments)
    (note,) = asked[1]
    assert note.startswith("Nothing was resolved: uv is not on the PATH; get it with")


def _options(root: Path) -> Options:
    return Options(root=root, resolution=Resolution())


def test_a_cache_that_is_damaged_is_asked_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for stored in ({"packages": [["x"]], "conflict": ""}, {"packages": 3}, {}):
        assert answers.known_answer(stored) is None
