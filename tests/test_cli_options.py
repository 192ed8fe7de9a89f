"""Options and configuration on the way into an audit, as scripts see them."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from tests.checkout import write
from tests.command_line import CONFIGURATION, PAIR, drifted, report, run


@pytest.fixture
def pair(tmp_path: Path) -> Path:
    return drifted(tmp_path)


LOCK = (
    'version = 1\nrequires-python = ">=3.10"\n'
    'conflicts = [[{ package = "app", extra = "cpu" }, { package = "app", extra = "gpu" }]]\n'
    '[[package]]\nname = "app"\nversion = "1"\nsource = { virtual = "." }\n'
    'dependencies = [{ name = "numpy" }]\n'
    '[package.optional-dependencies]\ncpu = [{ name = "scipy" }]\ngpu = [{ name = "scipy" }]\n'
    '[package.metadata]\nprovides-extras = ["cpu", "gpu"]\n'
    '[[package]]\nname = "numpy"\nversion = "1.26.4"\nsource = { registry = "https://pypi.example/simple" }\n'
    '[[package]]\nname = "scipy"\nversion = "1.13.0"\nsource = { registry = "https://pypi.example/simple" }\n'
)


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("uv.lock", "other=uv.lock"), 0, ""),
        (("uv.lock", "other=uv.lock#package=app"), 0, ""),
        (("uv.lock", "other=uv.lock#package=ap"), 2, "there is no package `ap`; did you mean `app`?"),
        (("uv.lock", "other=uv.lock#stage=serve"), 2, "there is no stage `serve`"),
        (("uv.lock", "other=uv.lock#extra=gpus"), 1, "In other: there is no extra `gpus`; did you mean `gpu`?"),
        (("uv.lock", "other=uv.lock#group=dev"), 1, "In other: there is no group `dev`"),
        (("uv.lock", "other=uv.lock", "--extra", "gpu"), 0, ""),
        (("uv.lock", "other=same.txt", "--extra", "gpu"), 0, ""),
        (("uv.lock", "other=uv.lock", "--extra", "gpu", "--extra", "cpu"), 1, "app[cpu] and app[gpu] conflict"),
        (("uv.lock", "other=uv.lock", "--python", "3.9"), 1, "is for Python >=3.10, the target is 3.9"),
        (("uv.lock", "other=same.txt#extra=gpu"), 1, "In other: there is no extra `gpu`"),
    ],
)
def test_what_is_asked_for_and_is_not_there(tmp_path: Path, arguments: tuple[str, ...], code: int, said: str) -> None:
    write(tmp_path, {"uv.lock": LOCK, "same.txt": "numpy==1.26.4\nscipy==1.13.0\n"})
    data = report(tmp_path, "compare", *arguments)
    messages = [finding["message"] for finding in data["findings"] if finding["severity"] != "info"]
    assert data["exit_code"] == code, messages
    assert any(said in message for message in messages) is bool(said), messages


def test_check_with_configuration_and_paths(pair: Path) -> None:
    write(pair, {"mlaudit.toml": CONFIGURATION, "batch/requirements.txt": "numpy==2.1.3\n"})
    assert [one["name"] for one in report(pair, "check")["environments"]] == ["training", "serving", "batch"]
    touched = report(pair, "check", "batch/requirements.txt")
    assert [one["name"] for one in touched["environments"]] == ["training", "batch"]
    assert touched["exit_code"] == 0


def test_a_part_of_what_is_declared_calls_no_ignore_stale_and_mends_no_baseline(pair: Path) -> None:
    ignore = '[[ignore]]\npackage = "numpy"\nenvironment = "serving"\nreason = "retrained tonight"\n'
    write(pair, {"mlaudit.toml": CONFIGURATION + ignore, "batch/requirements.txt": "numpy==1.26.0\n"})
    run(pair, "check", "--write-baseline", "baseline.json", "--fail-on", "never")
    for arguments in (
        ("check", "batch/requirements.txt"),
        ("check", "--package", "scipy"),
        ("compare", "training/requirements.txt", "batch/requirements.txt"),
    ):
        done = run(pair, *arguments, "--baseline", "baseline.json", "--format", "json")
        data = json.loads(done.stdout)
        assert "MLA902" not in {finding["code"] for finding in data["findings"]}, arguments
        assert not [note for note in data["notes"] if "Fixed" in note], arguments


def test_the_options_of_the_target_reach_every_environment(tmp_path: Path) -> None:
    markers = "numpy==1.26.4; sys_platform == 'win32'\nnumpy==2.1.3; sys_platform != 'win32'\n"
    write(tmp_path, {"a.txt": markers, "b.txt": markers})
    for platform, version in (("windows-AMD64", "1.26.4"), ("linux-x86_64", "2.1.3"), ("macos-arm64", "2.1.3")):
        data = report(tmp_path, "compare", "a.txt", "b.txt", "--platform", platform, "--python", "3.11")
        (row,) = [row for row in data["rows"] if row["package"] == "numpy"]
        assert set(row["versions"].values()) == {version}
        assert data["environments"][1]["target"]["assumed"] == []
    data = report(tmp_path, "compare", "a.txt", "b.txt#python=3.9,platform=win32", "--python", "3.11")
    assert [one["target"]["python"] for one in data["environments"]] == ["3.11", "3.9"]
    assert [one["target"]["platform"] for one in data["environments"]] == ["linux", "win32"]


def test_options_are_laid_over_the_configuration(pair: Path) -> None:
    head = 'ignore-codes = ["MLA101"]\nfail-on = "info"\n'
    write(pair, {"mlaudit.toml": head + CONFIGURATION, "batch/requirements.txt": "numpy==2.1.3\n"})
    assert {one["code"] for one in report(pair, "check")["findings"]} == {"MLA003", "MLA009"}
    assert {one["code"] for one in report(pair, "check", "--ignore", "MLA003")["findings"]} == {"MLA009"}
    assert [report(pair, "check", *more)["exit_code"] for more in ((), ("--fail-on", "error"))] == [1, 0]
    assert report(pair, "check", "--select", "MLA1")["exit_code"] == 0


@pytest.mark.parametrize(
    ("asked", "variables", "coloured"),
    [
        (False, {}, True),
        (True, {}, False),
        (False, {"NO_COLOR": "1"}, False),
        (False, {"NO_COLOR": ""}, True),
        (False, {"TERM": "dumb"}, False),
    ],
)
def test_colours_are_for_terminals_that_want_them(
    monkeypatch: pytest.MonkeyPatch, asked: bool, variables: dict[str, str], coloured: bool
) -> None:
    from mlaudit.cli import delivery

    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    assert delivery.wants_colour(asked) is coloured
    monkeypatch.setattr(sys.stdout, "isatty", lambda: False, raising=False)
    assert delivery.wants_colour(asked) is False


def test_packages_are_chosen_by_glob(pair: Path) -> None:
    data = report(pair, "compare", *PAIR, "--package", "cli*", "--package", "scipy")
    assert [row["package"] for row in data["rows"]] == ["click", "scipy"]
    assert {finding["package"] for finding in data["findings"]} == {"click"}


def test_quiet_is_findings_and_the_summary_and_verbose_is_everything(pair: Path) -> None:
    quiet, plain, verbose = (run(pair, "compare", *PAIR, *more).stdout for more in (("--quiet",), (), ("--verbose",)))
    assert quiet.startswith("error[MLA101]")
    assert "shared packages" in quiet
    assert "  package " not in quiet
    assert "click" in plain
    assert "scipy" not in plain
    assert "scipy" in verbose


def test_what_the_configuration_declares_is_audited_as_declared(pair: Path) -> None:
    configuration = (
        'target = { python = "3.12", platform = "linux-x86_64" }\n'
        + CONFIGURATION
        + 'extras = ["gpu"]\ntarget = { python = "3.10" }\n'
        + '[[same]]\nfiles = ["training/f.py", "serving/f.py"]\n'
        + '[[banned]]\npackage = "click"\nversions = "<8"\nreason = "its prompts changed"\n'
        + '[[version-groups]]\npackages = ["num*"]\nmay-differ = true\nreason = "uploads only"\n'
    )
    project = '[project]\nname = "b"\nversion = "1"\ndependencies = ["scipy==1.15.2"]\n'
    extra = '[project.optional-dependencies]\ngpu = ["torch==2.5.1"]\n'
    write(
        pair,
        {
            "mlaudit.toml": configuration.replace("batch/requirements.txt", "batch/pyproject.toml"),
            "batch/pyproject.toml": project + extra,
            "training/f.py": "a = 1\n",
            "serving/f.py": "a = 2\n",
        },
    )
    data = report(pair, "check")
    assert [one["target"]["python"] for one in data["environments"]] == ["3.12", "3.12", "3.10"]
    assert data["environments"][2]["target"]["extras"] == ["gpu"]
    torch = next(row for row in data["rows"] if row["package"] == "torch")
    assert torch["versions"]["batch"] == "2.5.1"
    codes = {finding["code"]: finding for finding in data["findings"]}
    assert codes["MLA601"]["locations"][0]["path"] == "serving/f.py"
    assert codes["MLA504"]["environments"] == ["serving"]
    assert codes["MLA101"]["suppressed"] == "uploads only"


def test_configuration_errors_point_at_their_place(pair: Path) -> None:
    write(pair, {"mlaudit.toml": "fail-onn = 'error'\n"})
    done = run(pair, "check")
    assert done.returncode == 2
    assert done.stderr.startswith("error: mlaudit.toml:1:1: ")
    assert "fail-on" in done.stderr


def test_ignores_and_the_day(pair: Path) -> None:
    ignore = """
[[ignore]]
package = "numpy"
code = "artifact-unreadable"
reason = "retrained tonight"
until = 2026-11-22
"""
    write(pair, {"mlaudit.toml": CONFIGURATION + ignore, "batch/requirements.txt": "numpy==2.1.3\n"})
    arguments = ("check", "--format", "json")
    during = run(pair, *arguments, env={"SOURCE_DATE_EPOCH": "1795305600"})
    assert during.returncode == 0
    finding = next(row for row in json.loads(during.stdout)["findings"] if row["code"] == "MLA101")
    assert finding["suppressed"] == "retrained tonight"
    after = run(pair, *arguments, env={"SOURCE_DATE_EPOCH": "1795478400"})
    assert after.returncode == 1
    assert "MLA903" in after.stdout


def test_a_baseline_lets_only_new_drift_fail(pair: Path) -> None:
    write(pair, {"mlaudit.toml": CONFIGURATION, "batch/requirements.txt": "numpy==2.1.3\n"})
    run(pair, "check", "--write-baseline", "baseline.json")
    assert run(pair, "check", "--baseline", "baseline.json").returncode == 0
    moved = "# moved\n\nclick==7.1.0\nscipy==1.15.2\nnumpy==1.26.0\n"
    write(pair, {"serving/requirements.txt": moved})
    assert run(pair, "check", "--baseline", "baseline.json").returncode == 0
    write(pair, {"serving/requirements.txt": moved.replace("1.26.0", "1.25.0")})
    assert run(pair, "check", "--baseline", "baseline.json").returncode == 1
    write(pair, {"serving/requirements.txt": moved.replace("1.26.0", "2.1.3")})
    mended = run(pair, "check", "--baseline", "baseline.json", "--write-baseline", "baseline.json")
    assert mended.returncode == 0
    assert "Fixed since the baseline: MLA101 numpy" in mended.stdout
    assert "Fixed" not in run(pair, "check", "--baseline", "baseline.json").stdout


@pytest.mark.parametrize(
    ("line", "values"),
    [
        ("mlaudit check --format j", ["json", "junit"]),
        ("mlaudit check --fail-on ", ["error", "warning", "info", "never"]),
        ("mlaudit check --ignore MLA001,MLA10", ["MLA001,MLA101", "MLA001,MLA102"]),
        ("mlaudit list --as pyl", ["pylock"]),
        ("mlaudit explain scikit-l", ["scikit-learn"]),
    ],
)
def test_a_shell_completes_values(tmp_path: Path, line: str, values: list[str]) -> None:
    position = str(len(line.split(" ")) - 1)
    asked = {"_MLAUDIT_COMPLETE": "complete_bash", "COMP_WORDS": line, "COMP_CWORD": position}
    shown = run(tmp_path, env=asked).stdout.splitlines()
    assert shown[: len(values)] == values
