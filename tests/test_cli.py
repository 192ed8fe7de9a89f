"""The command line as scripts use it: exit codes, streams, and the JSON that the contract promises."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.checkout import write
from tests.command_line import CONFIGURATION, PAIR, drifted, report, run


@pytest.fixture
def pair(tmp_path: Path) -> Path:
    return drifted(tmp_path)


@pytest.mark.parametrize(
    ("texts", "arguments", "code"),
    [
        (("scipy==1.15.2\n", "scipy==1.15.2\n"), (), 0),
        (("numpy==2.1.3\n", "numpy==1.26.0\n"), (), 1),
        (("numpy==2.1.3\n", "numpy==1.26.0\n"), ("--fail-on", "never"), 0),
        (("scipy==1.15.2\n", "scipy==1.13.0\n"), (), 0),
        (("scipy==1.15.2\n", "scipy==1.13.0\n"), ("--fail-on", "info"), 1),
        (("numpy==2.1.3\n", "numpy==1.26.0\n"), ("--select", "MLA3"), 0),
        (("numpy==2.1.3\n", "numpy==1.26.0\n"), ("--ignore", "MLA101"), 0),
        (("numpy==2.1.3\n", "numpy==1.26.0\n"), ("--ignore", "MLA1,MLA0"), 0),
        (("numpy==2.1.3\n", "\0\1\2"), (), 2),
        (("numpy==2.1.3\n", "# nothing\n"), (), 3),
        (("numpy==2.1.3\n", "torch==2.5.1\n"), (), 3),
        (("numpy==2.1.3\nscipy==1.15.2\n", "numpy==1.26.0\n=oops=\n"), (), 1),
    ],
)
def test_exit_codes(tmp_path: Path, texts: tuple[str, str], arguments: Sequence[str], code: int) -> None:
    write(tmp_path, {"a/requirements.txt": texts[0], "b/requirements.txt": texts[1]})
    done = run(tmp_path, "compare", "a/requirements.txt", "b/requirements.txt", *arguments)
    assert done.returncode == code, done.stdout
    assert done.stderr == ""


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("compare", "one.txt"), "compare needs at least two sources"),
        (("compare", "one.txt", "two.txt", "--format", "xml"), "--format xml: expected one of"),
        (("compare", "one.txt", "two.txt", "--fail-on", "sometimes"), "expected one of error, warning, info, never"),
        (("compare", "one.txt", "two.txt", "--python", "3"), "--python"),
        (("compare", "one.txt", "two.txt", "--platform", "amiga"), "expected a platform such as"),
        (("compare", "one.txt", "two.txt", "--define", "X"), "expected NAME=VALUE"),
        (("compare", "one.txt", "two.txt#colour=red"), "expected package="),
        (("compare", "one.txt", "two.txt", "--config", "none.toml"), "none.toml: there is no such file"),
        (("compare", "one.txt", "two.txt", "--baseline", "one.txt"), "one.txt"),
        (("check", "nowhere"), "nowhere: there is no such file or folder"),
        (("explain", "MLA999"), "`MLA999` is neither a rule nor a package"),
        (("list", "one.txt", "--format", "csv"), "list prints table, json or cyclonedx"),
    ],
)
def test_usage_errors_say_what_was_expected(tmp_path: Path, arguments: Sequence[str], said: str) -> None:
    write(tmp_path, {"one.txt": "numpy==1.0\n", "two.txt": "numpy==1.0\n"})
    done = run(tmp_path, *arguments)
    assert done.returncode == 2
    assert said in done.stderr
    assert done.stdout == ""


def test_an_unreadable_source_does_not_end_the_rest(pair: Path) -> None:
    write(pair, {"empty.bin": "\0\1"})
    data = report(pair, "compare", PAIR[0], PAIR[1], "empty.bin")
    assert data["exit_code"] == 2
    assert [row["versions"]["serving"] for row in data["rows"] if row["package"] == "numpy"] == ["1.26.0"]
    assert [finding["locations"][0]["path"] for finding in data["findings"] if finding["code"] == "MLA901"]


def test_the_report_keeps_the_contract(pair: Path) -> None:
    data = report(pair, "compare", *PAIR)
    assert data["schema"] == "mlaudit.report/1"
    assert {"mlaudit", "knowledge", "environments", "rows", "findings", "summary", "exit_code"} <= set(data)
    first = data["environments"][0]
    assert {"name", "role", "target", "sources", "packages", "unread"} <= set(first)
    assert (first["name"], first["role"]) == ("training", "training")
    numpy = next(row for row in data["rows"] if row["package"] == "numpy")
    assert (numpy["verdict"], numpy["distance"]) == ("differs", "major")
    assert numpy["versions"] == {"training": "2.1.3", "serving": "1.26.0"}
    assert numpy["cells"]["serving"] == {
        "state": "exact",
        "versions": ["1.26.0"],
        "specifier": None,
        "variant": None,
        "layer": "declared",
    }
    assert numpy["crossings"] == [
        {"writer": "training", "reader": "serving", "verdict": "differs", "distance": "major"}
    ]
    finding = data["findings"][0]
    assert (finding["code"], finding["name"], finding["severity"]) == ("MLA101", "artifact-unreadable", "error")
    assert finding["environments"] == ["training", "serving"]
    assert (finding["expected"], finding["actual"]) == ("2.1.3", "1.26.0")
    assert finding["locations"] == [
        {"path": "serving/requirements.txt", "line": 1, "column": 1, "role": "change", "says": "1.26.0"},
        {"path": "training/requirements.txt", "line": 1, "column": 1, "role": "writer", "says": "2.1.3"},
    ]
    assert finding["evidence"][0]["measured"] is True
    assert set(finding["fix"]) == {"says", "safe", "hazard", "changes", "edits"}
    (edit,) = finding["fix"]["edits"]
    assert edit == {
        "path": "serving/requirements.txt",
        "start": {"line": 1, "column": 8},
        "end": {"line": 1, "column": 14},
        "old": "1.26.0",
        "new": "2.1.3",
    }
    assert finding["suppressed"] is None
    assert data["summary"]["error"] == 1
    assert data["summary"]["compared"] == 3


def test_list_keeps_the_contract(tmp_path: Path) -> None:
    write(tmp_path, {"requirements.txt": "torch==2.5.1+cu124\nray[serve]>=2 ; python_version < '3.9'\n=oops=\n"})
    done = run(tmp_path, "list", "serving=requirements.txt", "--format", "json", "--python", "3.11")
    data = json.loads(done.stdout)
    assert done.returncode == 0
    assert data["schema"] == "mlaudit.list/1"
    environment = data["environments"][0]
    assert (environment["name"], environment["complete"]) == ("serving", False)
    assert environment["target"]["python"] == "3.11"
    torch, ray = environment["pins"]
    assert (torch["name"], torch["package"], torch["version"], torch["variant"]) == (
        "torch",
        "torch",
        "2.5.1+cu124",
        "cu124",
    )
    assert (torch["layer"], torch["kind"], torch["source"], torch["format"]) == (
        "declared",
        "package",
        "index",
        "requirements",
    )
    assert (torch["path"], torch["line"], torch["column"], torch["selected"]) == ("requirements.txt", 1, 1, True)
    assert (ray["version"], ray["specifier"], ray["extras"], ray["selected"]) == (None, ">=2", ["serve"], False)
    assert [(entry["line"], bool(entry["why"])) for entry in environment["unread"]] == [(3, True)]


def test_three_environments_at_once(pair: Path) -> None:
    write(pair, {"batch/requirements.txt": "numpy==2.1.3\n"})
    data = report(pair, "compare", *PAIR, "batch/requirements.txt")
    numpy = next(row for row in data["rows"] if row["package"] == "numpy")
    assert [crossing["verdict"] for crossing in numpy["crossings"]] == ["differs", "aligned"]
    assert numpy["verdict"] == "differs"


def test_names_parts_and_several_sources_of_one_environment(tmp_path: Path) -> None:
    write(tmp_path, {"a.txt": "numpy==1.26.4\n", "b.txt": "scipy==1.13.0\n", "c.txt": "numpy==1.26.4\nscipy==1.13.0\n"})
    data = report(tmp_path, "compare", "train=c.txt", "serve=a.txt,serve=b.txt")
    assert [one["name"] for one in data["environments"]] == ["train", "serve"]
    assert data["environments"][1]["sources"] == ["a.txt", "b.txt"]
    assert data["summary"]["aligned"] == 2


def test_standard_input(tmp_path: Path) -> None:
    write(tmp_path, {"a.txt": "numpy==1.26.4\n"})
    done = run(
        tmp_path, "compare", "a.txt", "live=-", "--as", "requirements", "--format", "json", stdin=b"numpy==1.26.4\n"
    )
    assert done.returncode == 0
    assert json.loads(done.stdout)["summary"]["aligned"] == 1


def test_a_git_revision(pair: Path) -> None:
    def git(*arguments: str) -> None:
        subprocess.run(
            ["git", "-c", "user.email=a@b.example", "-c", "user.name=a", *arguments],
            cwd=pair,
            check=True,
            capture_output=True,
        )

    git("init", "-q", "-b", "main")
    git("add", ".")
    git("commit", "-qm", "one")
    write(pair, {"serving/requirements.txt": "numpy==2.1.3\nclick==7.1.0\nscipy==1.15.2\n"})
    assert report(pair, "compare", *PAIR)["exit_code"] == 0
    data = report(pair, "compare", PAIR[0], "main:serving/requirements.txt")
    assert data["exit_code"] == 1
    assert data["findings"][0]["locations"][0]["path"] == "main:serving/requirements.txt"
    for missing in ("nobody:serving/requirements.txt", "main:serving/nothing.txt"):
        done = run(pair, "compare", PAIR[0], missing)
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr.startswith(f"error: {missing}: ")


def test_formats_go_to_files(pair: Path) -> None:
    done = run(pair, "compare", *PAIR, "--format", "table", "--format", "json=out.json")
    assert "artifacts do not load" in done.stdout
    assert json.loads((pair / "out.json").read_text(encoding="utf-8"))["exit_code"] == 1
    done = run(pair, "compare", *PAIR, "--output", "out.txt")
    assert done.stdout == ""
    assert "artifacts do not load" in (pair / "out.txt").read_text(encoding="utf-8")


def test_a_file_has_no_colours_and_the_table_no_control_characters(tmp_path: Path) -> None:
    write(tmp_path, {"a.txt": "scipy==1.0+\x1b[2J\n", "b.txt": "scipy==1.1\n\x1b]0;x\x07\n"})
    done = run(tmp_path, "compare", "a.txt", "b.txt", "--as", "requirements", "--verbose")
    assert "\x1b" not in done.stdout
    assert "\\x1b" in done.stdout


def test_check_without_configuration_says_what_it_took_for_what(pair: Path) -> None:
    done = run(pair, "check")
    assert done.returncode == 1
    assert done.stdout.startswith("training (training/requirements.txt) → serving (serving/requirements.txt)\n")
    assert "No configuration: the pairs were found by looking" in done.stdout
    assert "churn.joblib, joblib dump (training/train.py:3 → serving/app.py:3)" in " ".join(done.stdout.split())
    assert "1 other package differs between training and serving" in done.stdout


def test_several_folders_are_looked_at_together(pair: Path) -> None:
    write(pair, {"other/requirements.txt": "numpy==1.0\n"})
    data = report(pair, "check", "training", "serving")
    assert [(one["name"], one["follows"]) for one in data["environments"]] == [
        ("training", []),
        ("serving", ["training"]),
    ]
    assert data["exit_code"] == 1


def test_check_with_one_environment_audits_its_coherence(tmp_path: Path) -> None:
    write(tmp_path, {"requirements.txt": "scipy==1.12.0\nnumpy==2.1.3\n"})
    data = report(tmp_path, "check")
    assert {finding["code"] for finding in data["findings"]} >= {"MLA202"}
    assert data["exit_code"] == 1
    write(tmp_path, {"requirements.txt": "scipy==1.13.0\nnumpy==2.1.3\n"})
    assert report(tmp_path, "check")["exit_code"] == 3


def test_check_of_nothing(tmp_path: Path) -> None:
    done = run(tmp_path, "check")
    assert done.returncode == 3
    assert "no file below" in done.stdout


def test_init_writes_what_check_reads(pair: Path) -> None:
    assert run(pair, "init").returncode == 0
    data = report(pair, "check")
    assert "found" not in data or data["found"] == []
    assert [one["name"] for one in data["environments"]] == ["training", "serving"]
    assert run(pair, "init").returncode == 2


def test_a_snapshot_is_a_source(tmp_path: Path) -> None:
    done = run(tmp_path, "snapshot", "--output", "here.snapshot.json")
    assert done.returncode == 0
    data = report(tmp_path, "compare", "here.snapshot.json", "again=here.snapshot.json")
    assert data["summary"]["aligned"] == data["summary"]["compared"] > 5
    assert data["environments"][0]["complete"] is True
    python = next(row for row in data["rows"] if row["package"] == "python")
    assert python["versions"]["again"] == ".".join(str(part) for part in sys.version_info[:3])


def test_secrets_are_masked(tmp_path: Path) -> None:
    secret = "s3cr3t"  # noqa: S105  what must not come out
    write(
        tmp_path,
        {
            "a.txt": f"--extra-index-url https://user:{secret}@index.example/simple\n"
            f"torch @ https://user:{secret}@files.example/torch-2.5.1-py3-none-any.whl\nbad @@ https://u:{secret}@x.example\n",
            "b.txt": "torch==2.5.1\n",
        },
    )
    for arguments in (("compare", "a.txt", "b.txt"), ("list", "a.txt")):
        for name in ("table", "json"):
            done = run(tmp_path, *arguments, "--format", name)
            assert secret not in done.stdout + done.stderr


def test_includes_stay_inside_the_root(tmp_path: Path) -> None:
    write(
        tmp_path,
        {"outside.txt": "secret==1.0\n", "repo/.git/HEAD": "", "repo/a.txt": "-r ../outside.txt\nnumpy==1.0\n"},
    )
    done = run(tmp_path / "repo", "list", "a.txt")
    assert "secret" not in done.stdout
    assert "outside the audited root" in done.stdout


def test_output_does_not_depend_on_hash_order_or_width(pair: Path) -> None:
    write(pair, {"mlaudit.toml": CONFIGURATION, "batch/requirements.txt": "numpy==2.1.3\nscipy\n"})
    seen = {
        run(pair, "check", "--format", name, env={"PYTHONHASHSEED": seed, "COLUMNS": width}).stdout
        for name in ("json",)
        for seed in ("1", "2", "3")
        for width in ("40", "200")
    }
    assert len(seen) == 1


def test_help_of_every_command_fits_80_columns(tmp_path: Path) -> None:
    for command in ("check", "compare", "list", "snapshot", "explain", "init"):
        done = run(tmp_path, command, "--help", env={"COLUMNS": "80", "TERMINAL_WIDTH": "80"})
        assert done.returncode == 0
        assert max(map(len, done.stdout.splitlines())) <= 80


def test_list_shows_what_an_artifact_records(tmp_path: Path) -> None:
    (tmp_path / "model.json").write_text(
        '{"learner": {"learner_model_param": {}}, "version": [3, 2, 0]}', encoding="utf-8"
    )
    pins = json.loads(run(tmp_path, "list", "model.json", "--format", "json").stdout)["environments"][0]["pins"]
    assert {("xgboost", "3.2.0", "recorded", "exact")} <= {
        (pin["name"], pin["version"], pin["layer"], pin.get("strength")) for pin in pins
    }


def test_a_model_file_against_its_server(tmp_path: Path) -> None:
    (tmp_path / "model.json").write_text(
        '{"learner": {"learner_model_param": {}}, "version": [3, 2, 0]}', encoding="utf-8"
    )
    write(tmp_path, {"serving.txt": "xgboost==3.0.5\n"})
    data = report(tmp_path, "compare", "model=model.json", "serving=serving.txt")
    assert data["exit_code"] == 1
    assert data["findings"][0]["code"] == "MLA401"
    write(tmp_path, {"serving.txt": "xgboost==3.2.0\n"})
    data = report(tmp_path, "compare", "model=model.json", "serving=serving.txt")
    assert data["exit_code"] == 0
    assert data["summary"]["aligned"] == 1


def test_a_package_that_no_source_names_is_told(pair: Path) -> None:
    printed = " ".join(
        (lambda done: done.stdout + done.stderr)(run(pair, "compare", *PAIR, "--package", "nunpy")).split()
    )
    assert "--package nunpy: no source names such a package" in printed
    assert "did you mean numpy" in printed
    quiet = run(pair, "compare", *PAIR, "--package", "numpy")
    assert "no source names" not in quiet.stdout + quiet.stderr
