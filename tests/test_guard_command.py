"""`mlaudit guard`: a snapshot against the Python that runs it, and kept answers replayed in it."""

from __future__ import annotations

import json
import pickle
from operator import itemgetter
from pathlib import Path
from typing import Any

import pytest

from tests.checkout import write
from tests.command_line import run
from tests.test_reporters import problems


def snapshot(folder: Path, **versions: str) -> None:
    data: dict[str, Any] = json.loads(run(folder, "snapshot").stdout)
    for row in data["packages"]:
        row["version"] = versions.get(row["name"], row["version"])
    known = {row["name"] for row in data["packages"]}
    data["packages"] += [{"name": name, "version": one} for name, one in versions.items() if name not in known]
    (folder / "model.snapshot.json").write_text(json.dumps(data), encoding="utf-8")


def test_a_snapshot_is_compared_with_this_python(tmp_path: Path) -> None:
    snapshot(tmp_path)
    same = run(tmp_path, "guard", "model.snapshot.json")
    assert (same.returncode, same.stderr) == (0, "")
    write(tmp_path, {"mlaudit.toml": 'fail-on = "info"\n'})
    snapshot(tmp_path, cloudpickle="99.0")
    other = run(tmp_path, "guard", "model.snapshot.json", "--format", "json")
    data = json.loads(other.stdout)
    assert problems("report-1", data) == []
    assert other.returncode == data["exit_code"] == 1
    assert [one["package"] for one in data["findings"]] == ["cloudpickle"]
    write(tmp_path, {"mlaudit.toml": 'fail-on = "never"\n'})
    assert run(tmp_path, "guard", "model.snapshot.json").returncode == 0


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ((), "give one of them"),
        (("a.json", "--golden", "b.json"), "give one of them"),
        (("a.json", "--model", "m.pkl"), "--model is about the model of --golden"),
        (("a.json", "--format", "xml"), "guard prints table or json"),
        (("a.json",), "a.json: there is no such file"),
        (("--golden", "a.json"), "expected a file that --save wrote"),
    ],
)
def test_what_means_nothing_is_said(tmp_path: Path, words: tuple[str, ...], says: str) -> None:
    done = run(tmp_path, "guard", *words)
    assert (done.returncode, done.stdout) == (2, "")
    assert says in " ".join(done.stderr.split())


@pytest.mark.slow
def test_kept_answers_are_replayed_without_uv_and_an_index(tmp_path: Path) -> None:
    """A model of the standard library, since it is this Python that loads it."""
    training, serving = tmp_path / "training", tmp_path / "serving"
    write(training, {"rows.json": "[[1.0, 2.0], [3.0, 4.0]]"})
    (training / "model.pkl").write_bytes(pickle.dumps(itemgetter(0)))
    kept = ("prove", "model.pkl", "--golden", "rows.json", "--save", "golden.json", "--trust")
    assert run(training, *kept).returncode == 0
    serving.mkdir()
    for name in ("model.pkl", "golden.json"):
        (serving / name).write_bytes((training / name).read_bytes())
    nothing = {"PATH": "/nowhere", "UV_DEFAULT_INDEX": "http://127.0.0.1:9", "MLAUDIT_CACHE_DIR": "/dev/null"}
    asked = ("guard", "--golden", "golden.json", "--format", "json")
    untrusted = run(serving, *asked, env=nothing)
    assert untrusted.returncode == 2
    assert "--trust loads it all the same" in untrusted.stderr
    done = run(serving, *asked, "--trust", env=nothing)
    data = json.loads(done.stdout)
    assert problems("proof-1", data) == []
    assert (done.returncode, data["proofs"][0]["verdict"]) == (0, "same")
    (serving / "model.pkl").rename(serving / "other.pkl")
    moved = run(serving, *asked, "--trust", "--model", "other.pkl", env=nothing)
    assert json.loads(moved.stdout)["proofs"][0]["verdict"] == "same"
    # A declared model needs no word.
    write(
        serving, {"mlaudit.toml": '[environments.serving]\nsources = ["r.txt"]\nreads = ["other.pkl"]\n', "r.txt": ""}
    )
    assert run(serving, *asked, "--model", "other.pkl", env=nothing).returncode == 0
    (serving / "other.pkl").write_bytes(pickle.dumps(itemgetter(1)))
    differs = run(serving, "guard", "--golden", "golden.json", "--model", "other.pkl", env=nothing)
    assert differs.returncode == 1
    assert "the model file is another one than the answers were kept of" in differs.stdout
