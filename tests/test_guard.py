"""The guard at the start of serving: what it lets pass, what it stops, and that it says what the audit says."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from mlaudit import guard, snapshot
from mlaudit.api import compare
from mlaudit.knowledge.table import watched
from mlaudit.model.errors import Unreadable
from mlaudit.model.names import package_of
from mlaudit.model.nouns import Place, Severity
from mlaudit.request.options import Options
from mlaudit.request.settings import BannedRow, IgnoreRow, Selection, Settings
from mlaudit.sources.installed import distributions
from mlaudit.sources.interpreter import Interpreter, running
from tests.environments import made

ROOT = Path(__file__).parent.parent
TRAINED = {"numpy": "2.1.3", "scikit-learn": "1.5.2", "click": "8.1.0"}

Live = Callable[[Mapping[str, str]], Interpreter]


def site(folder: Path, packages: Mapping[str, str]) -> Path:
    for name, version in packages.items():
        info = folder / f"{name.replace('-', '_')}-{version}.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n", encoding="utf-8")
    return folder


def stored(path: Path, packages: Mapping[str, str], python: str = "3.11.7") -> Path:
    rows = [{"name": name, "version": version} for name, version in packages.items()]
    head = {"schema": snapshot.SCHEMA, "python": python, "platform": "linux", "machine": "x86_64"}
    path.write_text(json.dumps({**head, "packages": rows}), encoding="utf-8")
    return path


@pytest.fixture
def live(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Live:
    """Makes the guard take some packages for those of this process."""

    def of(packages: Mapping[str, str]) -> Interpreter:
        folder = str(site(tmp_path / "live", packages))
        interpreter = replace(running(), python="3.11.7", platform="linux", machine="x86_64", paths=(folder,))
        monkeypatch.setattr(guard, "running", lambda: interpreter)
        return interpreter

    return of


@pytest.mark.parametrize(
    ("packages", "passes"),
    [
        (TRAINED, True),
        ({**TRAINED, "gunicorn": "23.0.0"}, True),
        ({**TRAINED, "click": "7.0"}, True),
        ({"numpy": "2.1.3", "scikit-learn": "1.5.2"}, True),
        ({**TRAINED, "scikit-learn": "1.5.1"}, False),
        ({**TRAINED, "xgboost": "3.0.0"}, False),
    ],
)
def test_only_what_models_depend_on_loads_the_audit(
    tmp_path: Path, live: Live, packages: Mapping[str, str], passes: bool
) -> None:
    live(packages)
    assert (guard.check(stored(tmp_path / "s.json", TRAINED)) is None) == passes


def test_drift_is_raised_with_both_versions_and_what_mends_it(tmp_path: Path, live: Live) -> None:
    live({**TRAINED, "numpy": "1.26.0"})
    with pytest.raises(guard.Drift) as caught:
        guard.check(stored(tmp_path / "s.json", TRAINED))
    message = str(caught.value)
    assert "error[MLA101]" in message
    assert "numpy 2.1.3" in message
    assert "1.26.0" in message
    assert "fix: " in message
    assert caught.value.report.summary.error == 1
    assert caught.value.report.findings[0].at.path.endswith("numpy-1.26.0.dist-info")


def test_warning_goes_on(tmp_path: Path, live: Live) -> None:
    live({**TRAINED, "numpy": "1.26.0"})
    with pytest.warns(guard.DriftWarning, match="numpy"):
        report = guard.check(stored(tmp_path / "s.json", TRAINED), on="warn")
    assert report is not None
    assert report.exit_code == 1


def test_below_the_level_is_reported_and_not_raised(tmp_path: Path, live: Live) -> None:
    live({**TRAINED, "scikit-learn": "1.5.1"})
    report = guard.check(stored(tmp_path / "s.json", TRAINED))
    assert report is not None
    assert report.exit_code == 0
    with pytest.raises(guard.Drift):
        guard.check(
            stored(tmp_path / "s.json", {**TRAINED, "scikit-learn": "1.5.1", "numpy": "1.26.4"}),
            settings=Settings(fail_on=Severity.INFO),
        )


def test_the_settings_of_the_audit_apply(tmp_path: Path, live: Live) -> None:
    live({**TRAINED, "numpy": "1.26.0"})
    accepted = IgnoreRow(selection=Selection(package="numpy"), reason="plain arrays", at=Place(path="mlaudit.toml"))
    report = guard.check(stored(tmp_path / "s.json", TRAINED), settings=Settings(ignores=(accepted,)))
    assert report is not None
    assert [finding.package for finding in report.findings] == []


def test_what_the_settings_ban_is_seen_where_nothing_differs(tmp_path: Path, live: Live) -> None:
    live(TRAINED)
    banned = BannedRow(package="click", versions="<9", reason="no more", at=Place(path="mlaudit.toml"))
    report = guard.check(stored(tmp_path / "s.json", TRAINED), settings=Settings(banned=(banned,)))
    # Training has the banned version too, so it is no drift.
    assert report is not None
    assert report.findings == ()


def test_a_conflict_that_training_has_too_is_no_drift(tmp_path: Path, live: Live) -> None:
    both = {**TRAINED, "torch": "2.5.1", "torchvision": "0.15.0"}
    live({**both, "scikit-learn": "1.5.1"})
    report = guard.check(stored(tmp_path / "s.json", both))
    assert report is not None
    assert {finding.package for finding in report.findings} == {"scikit-learn"}


def test_a_conflict_of_serving_alone_is_drift(tmp_path: Path, live: Live) -> None:
    live({**TRAINED, "torch": "2.5.1", "torchvision": "0.15.0"})
    with pytest.raises(guard.Drift, match="torchvision"):
        guard.check(stored(tmp_path / "s.json", {**TRAINED, "torch": "2.5.1", "torchvision": "0.20.1"}))


def test_it_says_what_compare_says(tmp_path: Path, live: Live) -> None:
    now = {**TRAINED, "numpy": "1.26.0", "scikit-learn": "1.3.0", "pandas": "2.0.0"}
    interpreter = live(now)
    before = stored(tmp_path / "training.snapshot.json", TRAINED)
    after = tmp_path / "serving.snapshot.json"
    after.write_text(snapshot.text(interpreter, distributions(interpreter.paths).values()), encoding="utf-8")
    compared = compare([f"training={before}", f"serving={after}"], Options(today=date.today()))
    with pytest.raises(guard.Drift) as caught:
        guard.check(before)
    expected = [(one.code, one.severity, one.message) for one in compared.findings if len(one.environments) == 2]
    assert [(one.code, one.severity, one.message) for one in caught.value.report.findings] == expected
    assert expected


def test_another_python_is_told(tmp_path: Path, live: Live) -> None:
    live(TRAINED)
    report = guard.check(stored(tmp_path / "s.json", TRAINED, python="3.10.1"))
    assert report is not None
    assert [finding.package for finding in report.findings] == ["python"]


def test_kinds_of_artifacts_decide_verdicts(tmp_path: Path, live: Live) -> None:
    live({**TRAINED, "numpy": "1.26.0"})
    before = stored(tmp_path / "s.json", TRAINED)
    with pytest.raises(guard.Drift):
        guard.check(before)
    report = guard.check(before, artifact_kinds=["numpy.npy"])
    assert report is not None
    assert report.summary.error == 0


def test_never_failing_raises_never(tmp_path: Path, live: Live) -> None:
    live({**TRAINED, "numpy": "1.26.0"})
    report = guard.check(stored(tmp_path / "s.json", TRAINED), settings=Settings(fail_on=None))
    assert report is not None
    assert (report.summary.error, report.exit_code) == (1, 0)


def test_another_origin_is_told(tmp_path: Path, live: Live) -> None:
    interpreter = live(TRAINED)
    direct = {"url": "https://git.example/numpy.git", "vcs_info": {"vcs": "git", "commit_id": "0123abc"}}
    where = Path(interpreter.paths[0], "numpy-2.1.3.dist-info", "direct_url.json")
    where.write_text(json.dumps(direct), encoding="utf-8")
    report = guard.check(stored(tmp_path / "s.json", TRAINED))
    assert report is not None
    assert [(finding.name, finding.package) for finding in report.findings] == [("source-differs", "numpy")]


def test_a_stale_ignore_is_no_drift(tmp_path: Path, live: Live) -> None:
    live(TRAINED)
    stale = IgnoreRow(selection=Selection(package="torch"), reason="gone", at=Place(path="mlaudit.toml"))
    report = guard.check(stored(tmp_path / "s.json", TRAINED), settings=Settings(ignores=(stale,)))
    assert report is not None
    assert report.findings == ()


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (None, "there is no such file"),
        ("", "JSON"),
        ("[]", "table"),
        ('{"schema": "mlaudit.snapshot/9", "python": "3.11.7", "packages": []}', "mlaudit.snapshot/9"),
        ('{"schema": "mlaudit.snapshot/1", "python": "3.11.7", "packages": [{"name": "numpy"}]}', "version"),
        ('{"schema": "mlaudit.snapshot/1", "python": "3.11.7", "packages": 7}', "list"),
        ("[" * 100_000, "nested"),
    ],
)
def test_a_snapshot_that_is_none_is_an_error_that_says_why(
    tmp_path: Path, live: Live, text: str | None, why: str
) -> None:
    live(TRAINED)
    path = tmp_path / "model.snapshot.json"
    if text is not None:
        path.write_text(text, encoding="utf-8")
    with pytest.raises(Unreadable, match=why):
        guard.check(path)


def test_what_may_happen_is_raise_or_warn(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match='expected "raise" or "warn"'):
        guard.check(tmp_path / "s.json", on="log")


def test_the_quick_look_watches_what_the_table_watches() -> None:
    names = {
        *guard._watched()[0],
        "click",
        "gunicorn",
        "nvidia-cublas-cu12",
        "tensorflow-cpu",
        "pip",
        "jax-cuda12-pjrt",
    }
    plain = {name.replace("*", "x") for name in names}
    assert {name for name in plain if guard._matters(name)} == {name for name in plain if watched(package_of(name))}
    assert guard._matters("numpy")
    assert not guard._matters("click")


def test_it_imports_no_rule_where_nothing_differs(tmp_path: Path) -> None:
    code = (
        "import pathlib, sys; from mlaudit import guard, snapshot;"
        "pathlib.Path('s.json').write_text(snapshot.dumps()); assert guard.check('s.json') is None;"
        "print([name for name in sys.modules if name.startswith('mlaudit.')])"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True, check=True
    )
    assert "mlaudit.guard" in done.stdout
    assert "mlaudit.audit" not in done.stdout
    assert "mlaudit.rules" not in done.stdout


TRAIN = """
import pickle, pathlib
import numpy
from sklearn.linear_model import LogisticRegression
from mlaudit.snapshot import dumps

features = numpy.arange(40.0).reshape(20, 2)
model = LogisticRegression().fit(features, features[:, 0] > 20)
pathlib.Path("model.pkl").write_bytes(pickle.dumps(model))
pathlib.Path("model.snapshot.json").write_text(dumps())
"""
SERVE = """
import pickle, sys
from mlaudit import guard

if sys.argv[1] == "guarded":
    guard.check("model.snapshot.json", artifact_kinds=["sklearn.pickle"])
model = pickle.load(open("model.pkl", "rb"))
print(model.predict([[0.0, 1.0], [38.0, 39.0]]).tolist())
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.version_info >= (3, 13), reason="numpy 1.26.0 has no wheel for this Python")
def test_a_real_model_in_two_environments(tmp_path: Path) -> None:
    """scikit-learn trained under numpy 2 does not load under 1.26.0; the guard says so before it is tried."""
    shared = ("scikit-learn==1.5.2", "scipy==1.14.1", "packaging>=24", "tomli>=2.4.1")
    training = made(tmp_path / "training", ("numpy==2.1.3", *shared))
    serving = made(tmp_path / "serving", ("numpy==1.26.0", *shared))

    def ran(python: str, code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        command = [python, "-c", code, *arguments]
        return subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)

    assert ran(training, TRAIN).returncode == 0
    assert (tmp_path / "model.snapshot.json").stat().st_size < 2000
    assert ran(training, SERVE, "guarded").stdout == "[False, True]\n"
    unguarded = ran(serving, SERVE, "alone")
    assert "numpy._core" in unguarded.stderr
    guarded = ran(serving, SERVE, "guarded")
    assert "mlaudit.guard.Drift" in guarded.stderr
    assert "error[MLA101] artifact-unreadable" in guarded.stderr
    assert "numpy._core" in guarded.stderr
    assert "pickle.load" not in guarded.stderr
