"""`mlaudit fix`: which moves are chosen, that all files change or none, and that the audit afterwards agrees."""

from __future__ import annotations

import csv
import json
import re
import shutil
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from mlaudit.api import check
from mlaudit.door import options_of
from mlaudit.model.names import package_of
from mlaudit.repair.carry_out import carried_out
from mlaudit.repair.entry import plan_fix
from mlaudit.repair.moves import family_of
from mlaudit.repair.nouns import RepairChoice, RepairOutcome
from mlaudit.request.asked import Asked
from mlaudit.request.options import Options
from mlaudit.request.wanted import Wanted
from tests.checkout import write
from tests.command_line import run, unwrapped
from tests.native import corpus

TODAY = date(2026, 11, 26)
PAIR = """
[environments.training]
role = "training"
sources = ["training.txt"]
[environments.serving]
role = "serving"
sources = ["serving.txt"]
follows = "training"
artifact-kinds = ["torch.state_dict", "lightgbm.txt", "xgboost.ubj", "numpy.npy", "sklearn.pickle"]
"""


def options(folder: Path) -> Options:
    return options_of(Asked(wanted=Wanted(), define={}), root=folder, start=folder, tree=folder, today=TODAY)


def fixed(folder: Path, choice: RepairChoice, *, relock: bool = False) -> RepairOutcome:
    """What `fix --write` does in a folder."""
    asked = options(folder)
    report = check([str(folder)], asked)
    return carried_out(
        plan_fix(report, asked, choice), report, folder, lambda: check([str(folder)], asked), relock=relock
    )


def pair(folder: Path, training: str, serving: str) -> Path:
    write(folder, {"mlaudit.toml": PAIR, "training.txt": training, "serving.txt": serving})
    return folder


def texts(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in sorted(folder.glob("*.txt"))}


def test_a_preview_shows_a_diff_that_git_applies_and_changes_nothing(tmp_path: Path) -> None:
    pair(tmp_path, "lightgbm==4.5.0\nnumpy==2.1.3\n", "# ours\r\nlightgbm==4.4.0  # why\r\nnumpy==2.1.1")
    before = texts(tmp_path)
    shown = run(tmp_path, "fix", "--unsafe-fixes")
    assert shown.returncode == 1
    assert "would change 2 versions in 1 file; add --write to apply" in shown.stderr
    assert texts(tmp_path) == before
    assert not (tmp_path / ".mlaudit-fix").exists()
    copy = tmp_path / "copy"
    shutil.copytree(tmp_path, copy, ignore=shutil.ignore_patterns("copy"))
    words = [sys.executable, "-m", "mlaudit", "fix", "--unsafe-fixes", "--quiet"]
    diff = subprocess.run(words, cwd=tmp_path, capture_output=True, check=False).stdout
    (copy / "change.diff").write_bytes(diff)
    subprocess.run(["git", "apply", "change.diff"], cwd=copy, check=True)
    done = run(tmp_path, "fix", "--unsafe-fixes", "--write")
    assert (done.returncode, "changed 2 versions in 1 file" in done.stderr) == (0, True)
    wanted = b"# ours\r\nlightgbm==4.5.0  # why\r\nnumpy==2.1.3"
    assert (tmp_path / "serving.txt").read_bytes() == wanted == (copy / "serving.txt").read_bytes()
    again = run(tmp_path, "fix", "--unsafe-fixes", "--write")
    assert (again.returncode, again.stdout) == (0, "")


@pytest.mark.parametrize(
    ("training", "serving", "hazard"),
    [
        ("lightgbm==4.5.0", "lightgbm==4.4.0", ""),
        ("numpy==2.1.3", "numpy==1.26.0", "the major version changes"),
        ("xgboost==3.1.1", "xgboost==3.0.5", "there is a known break"),
        ("torch==2.5.1\n", "torch==2.4.1\ntorchvision==0.19.1", "torchvision 0.19.1 requires torch==2.4.1"),
        ("torch==2.5.1\ntorchvision==0.20.1", "torch==2.4.1\ntorchvision==0.19.1", ""),
        ("lightgbm==4.5.0", "lightgbm<2", "does not admit it"),
        ("scipy==1.13.0", "scipy==1.12.0\ngensim==4.3.2", "gensim 4.3.2 does not import with scipy 1.13.0"),
    ],
)
def test_what_is_safe(tmp_path: Path, training: str, serving: str, hazard: str) -> None:
    folder = pair(tmp_path, training, serving)
    asked = options(folder)
    report = check([str(folder)], asked)
    moves = plan_fix(report, asked, RepairChoice()).moves
    assert moves, "a finding advises a version"
    assert all(bool(move.refusal) is bool(move.hazard) for move in moves)
    assert hazard in moves[0].hazard
    assert bool(moves[0].hazard) is bool(hazard)
    (fix, *_) = [one.fix for one in report.findings if one.fix and one.fix.changes]
    assert fix is not None
    assert (fix.safe, fix.shown.rpartition(" ")[2]) == (not hazard, "(unsafe)" if hazard else "(safe)")
    assert (fixed(folder, RepairChoice()).written) is (not hazard)
    # A partner that stays behind is found by the audit afterwards, and the files are put back.
    is_of_a_partner = any(words in hazard for words in ("requires", "does not import with"))
    assert fixed(folder, RepairChoice(unsafe=True)).written is (bool(hazard) and not is_of_a_partner)


@pytest.mark.parametrize(
    ("choice", "training", "serving"),
    [
        (RepairChoice(), "numpy==2.1.1\nlightgbm==4.5.0\n", "numpy==2.1.1\nlightgbm==4.5.0\n"),
        (RepairChoice(to="serving"), "numpy==2.1.3\nlightgbm==4.4.0\n", "numpy==2.1.3\nlightgbm==4.4.0\n"),
        (RepairChoice(to="highest"), "numpy==2.1.3\nlightgbm==4.5.0\n", "numpy==2.1.3\nlightgbm==4.5.0\n"),
        (RepairChoice(to="lowest"), "numpy==2.1.1\nlightgbm==4.4.0\n", "numpy==2.1.1\nlightgbm==4.4.0\n"),
        (RepairChoice(packages=("num*",)), "numpy==2.1.1\nlightgbm==4.5.0\n", "numpy==2.1.1\nlightgbm==4.4.0\n"),
        (
            RepairChoice(versions=(("numpy", "2.2.0"),)),
            "numpy==2.2.0\nlightgbm==4.5.0\n",
            "numpy==2.2.0\nlightgbm==4.4.0\n",
        ),
    ],
    ids=["reference", "serving", "highest", "lowest", "package", "set"],
)
def test_whose_version_counts(tmp_path: Path, choice: RepairChoice, training: str, serving: str) -> None:
    folder = pair(tmp_path, "numpy==2.1.1\nlightgbm==4.5.0\n", "numpy==2.1.3\nlightgbm==4.4.0\n")
    assert fixed(folder, choice).written
    assert texts(folder) == {"training.txt": training, "serving.txt": serving}


def test_a_finding_is_chosen_by_its_fingerprint(tmp_path: Path) -> None:
    folder = pair(tmp_path, "numpy==2.1.1\nlightgbm==4.5.0\n", "numpy==2.1.3\nlightgbm==4.4.0\n")
    report = json.loads(run(folder, "check", "--format", "json").stdout)
    chosen = next(one["fingerprint"] for one in report["findings"] if one["package"] == "lightgbm")
    assert run(folder, "fix", "--write", "--finding", chosen[:12]).returncode == 0
    assert texts(folder)["serving.txt"] == "numpy==2.1.3\nlightgbm==4.5.0\n"


def test_a_family_moves_with_its_partners(tmp_path: Path) -> None:
    folder = pair(tmp_path, "torch==2.5.1\n", "torch==2.4.1\ntorchvision==0.19.1\ntorchaudio==2.4.1\n")
    outcome = fixed(folder, RepairChoice(family=family_of("torch")))
    assert outcome.written, outcome
    assert texts(folder)["serving.txt"] == "torch==2.5.1\ntorchvision==0.20.1\ntorchaudio==2.5.1\n"


FLEET = """
[environments.a]
sources = ["a.txt"]
[environments.b]
sources = ["b.txt"]
follows = "a"
[environments.c]
sources = ["c.txt"]
follows = "b"
[environments.d]
sources = ["d.txt"]
follows = "b"
"""


def test_who_follows_a_follower_takes_its_new_version(tmp_path: Path) -> None:
    versions = {"a": "4.5.0", "b": "4.4.0", "c": "4.3.0", "d": "4.4.0"}
    write(tmp_path, {"mlaudit.toml": FLEET, **{f"{name}.txt": f"lightgbm=={one}\n" for name, one in versions.items()}})
    assert fixed(tmp_path, RepairChoice()).written
    assert set(texts(tmp_path).values()) == {"lightgbm==4.5.0\n"}


def test_a_release_of_conda_is_followed(tmp_path: Path) -> None:
    text = "name: x\ndependencies:\n  - scikit-learn={}\n"
    names = {"training.txt": "training/environment.yml", "serving.txt": "serving/environment.yml"}
    configuration = PAIR
    for old, new in names.items():
        configuration = configuration.replace(old, new)
    write(tmp_path, {"mlaudit.toml": configuration, names["training.txt"]: text.format("1.2.2")})
    write(tmp_path, {names["serving.txt"]: text.format("1.7.0")})
    assert fixed(tmp_path, RepairChoice(unsafe=True)).written
    assert (tmp_path / names["serving.txt"]).read_text() == text.format("1.2.2")
    assert run(tmp_path, "fix", "--unsafe-fixes").returncode == 0


def test_two_references_that_differ_are_refused(tmp_path: Path) -> None:
    configuration = FLEET.replace('follows = "b"', 'follows = ["a", "b"]', 1).replace('follows = "a"\n', "")
    versions = {"a": "4.5.0", "b": "4.4.0", "c": "4.3.0", "d": "4.4.0"}
    write(
        tmp_path,
        {"mlaudit.toml": configuration, **{f"{name}.txt": f"lightgbm=={one}\n" for name, one in versions.items()}},
    )
    done = run(tmp_path, "fix", "--write")
    assert (done.returncode, done.stdout) == (2, "")
    assert "c is to take 4.5.0 and 4.4.0 of lightgbm" in unwrapped(done.stderr)


def test_files_are_put_back_where_a_new_finding_appears(tmp_path: Path) -> None:
    serving = "scikit-learn==1.2.2\nnumpy==1.26.4\n"
    folder = pair(tmp_path, "scikit-learn==1.2.2\nnumpy==2.1.3\n", serving)
    asked = options(folder)
    report = check([str(folder)], asked)
    new = {one.package for one in report.findings}
    done = run(folder, "fix", "--write", "--unsafe-fixes", "--set", "numpy==2.1.3")
    if done.returncode == 0:
        pytest.fail(f"nothing new was found: {done.stderr}, {new}")
    assert done.returncode == 2
    assert "the files were put back: new: error[MLA202]" in unwrapped(done.stderr)
    assert "the file is as it was" in unwrapped(done.stderr)
    assert texts(folder)["serving.txt"] == serving


def test_files_are_put_back_where_a_finding_stays(tmp_path: Path) -> None:
    folder = pair(tmp_path, "lightgbm==4.5.0\n", "lightgbm==4.4.0\n")
    asked = options(folder)
    report = check([str(folder)], asked)
    outcome = carried_out(plan_fix(report, asked, RepairChoice()), report, folder, lambda: report, relock=False)
    assert not outcome.written
    still, put_back = outcome.why
    assert still.startswith("still there: info[MLA103] training writes with lightgbm 4.5.0, serving reads with 4.4.0")
    assert put_back == "the file is as it was"
    assert texts(folder)["serving.txt"] == "lightgbm==4.4.0\n"


def test_a_package_changes_everywhere_or_nowhere(tmp_path: Path) -> None:
    digest = "0" * 64
    write(
        tmp_path,
        {
            "mlaudit.toml": FLEET.replace('follows = "b"', 'follows = "a"'),
            "a.txt": "lightgbm==4.5.0\nnumpy==2.1.3\n",
            "b.txt": "lightgbm==4.4.0\nnumpy==2.1.1\n",
            "c.txt": f"lightgbm==4.4.0 --hash=sha256:{digest}\nnumpy==2.1.3 --hash=sha256:{digest}\n",
            "d.txt": "lightgbm==4.5.0\n",
        },
    )
    done = run(tmp_path, "fix", "--write")
    assert done.returncode == 1
    shown = unwrapped(done.stderr)
    assert "and then `uv pip compile --generate-hashes c.txt --output-file c.txt` makes new ones" in shown
    (tmp_path / "c.in").write_text("lightgbm\n")
    says = unwrapped(run(tmp_path, "fix").stderr)
    assert "uv pip compile --generate-hashes c.in --output-file c.txt --upgrade-package lightgbm==4.5.0" in says
    assert "c cannot take it, and a package changes in all environments or in none" in shown
    assert texts(tmp_path)["b.txt"] == "lightgbm==4.4.0\nnumpy==2.1.3\n"
    # Who does not name numpy has nothing to change, which is left to be mended.
    assert run(tmp_path, "fix", "--write", "--drop-hashes").returncode == 1
    changed = texts(tmp_path)
    assert changed["b.txt"] == changed["c.txt"] == "lightgbm==4.5.0\nnumpy==2.1.3\n"


def test_a_link_that_leads_out_is_not_followed(tmp_path: Path) -> None:
    inner, outside = tmp_path / "inner", tmp_path / "serving.txt"
    pair(inner, "lightgbm==4.5.0\n", "lightgbm==4.4.0\n")
    (inner / "serving.txt").rename(outside)
    (inner / "serving.txt").symlink_to(outside)
    done = run(inner, "fix", "--write", "--config", "mlaudit.toml")
    assert done.returncode in (1, 2)
    assert "outside" in unwrapped(done.stderr)
    assert outside.read_text() == "lightgbm==4.4.0\n"


def test_an_interrupted_run_is_recovered(tmp_path: Path) -> None:
    folder = pair(tmp_path, "lightgbm==4.5.0\n", "lightgbm==4.4.0\n")
    asked = options(folder)
    report = check([str(folder)], asked)
    plan = plan_fix(report, asked, RepairChoice())

    def killed() -> Any:
        raise SystemExit

    from mlaudit.sources.replacement import Replacement, replace_all

    replace_all(folder, [Replacement(change.real, change.old, change.new) for change in plan.files])
    assert texts(folder)["serving.txt"] == "lightgbm==4.5.0\n"
    refused = run(folder, "fix")
    assert (refused.returncode, "`mlaudit fix --recover` puts its files back" in refused.stderr) == (2, True)
    assert run(folder, "fix", "--recover").stdout == "the file is as it was\n"
    assert texts(folder)["serving.txt"] == "lightgbm==4.4.0\n"
    with pytest.raises(SystemExit):
        carried_out(plan, report, folder, killed, relock=False)
    assert texts(folder)["serving.txt"] == "lightgbm==4.4.0\n"
    assert not (folder / ".mlaudit-fix").exists()


LOCK = """version = 1
requires-python = ">=3.10"

[[package]]
name = "own"
version = "0.1"
source = { virtual = "." }
dependencies = [{ name = "lightgbm" }]

[package.metadata]
requires-dist = [{ name = "lightgbm", specifier = "==4.4.0" }]

[[package]]
name = "lightgbm"
version = "4.4.0"
source = { registry = "https://pypi.example/simple" }
"""
PROJECT = '[project]\nname = "own"\nversion = "0.1"\nrequires-python = ">=3.10"\ndependencies = ["lightgbm{}"]\n'


@pytest.mark.parametrize(("declared", "after"), [("==4.4.0", "==4.5.0"), (">=4.3", ">=4.3"), ("<4.4.1", "==4.5.0")])
def test_of_a_lock_the_declaration_is_edited_and_the_command_told(tmp_path: Path, declared: str, after: str) -> None:
    configuration = PAIR.replace("serving.txt", "serving/uv.lock")
    files = {"serving/uv.lock": LOCK, "serving/pyproject.toml": PROJECT.format(declared)}
    write(tmp_path, {"mlaudit.toml": configuration, "training.txt": "lightgbm==4.5.0\n", **files})
    done = run(tmp_path, "fix", "--write", "--unsafe-fixes")
    assert "then run: cd serving && uv lock --upgrade-package lightgbm==4.5.0" in done.stderr, done.stderr
    assert (tmp_path / "serving" / "uv.lock").read_text() == LOCK
    assert (tmp_path / "serving" / "pyproject.toml").read_text() == PROJECT.format(after)


def test_the_edits_of_a_report_are_those_that_fix_makes(tmp_path: Path) -> None:
    folder = pair(tmp_path, "lightgbm==4.5.0\nnumpy==2.1.3\n", "\ufeff# ü\r\nnumpy == 1.26.0\r\nlightgbm==4.4.0\r\n")
    report = json.loads(run(folder, "check", "--format", "json").stdout)
    lines = (folder / "serving.txt").read_bytes().decode("utf-8-sig").split("\n")
    for finding in report["findings"]:
        for edit in (finding["fix"] or {"edits": []})["edits"]:
            number, start, end = edit["start"]["line"] - 1, edit["start"]["column"] - 1, edit["end"]["column"] - 1
            assert lines[number][start:end] == edit["old"]
            lines[number] = lines[number][:start] + edit["new"] + lines[number][end:]
    assert run(folder, "fix", "--write", "--unsafe-fixes").returncode == 0
    assert (folder / "serving.txt").read_bytes().decode("utf-8-sig") == "\n".join(lines)


def test_a_fix_is_told_to_programs_with_its_edits_and_what_is_refused(tmp_path: Path) -> None:
    folder = pair(tmp_path, "lightgbm==4.5.0\nnumpy==2.1.3\n", "lightgbm==4.4.0\nnumpy==1.26.0\n")
    done = run(folder, "fix", "--write", "--format", "json")
    told = json.loads(done.stdout)
    assert (told["schema"], told["written"], told["put_back"], told["files"]) == (
        "mlaudit.fix/1",
        True,
        [],
        ["serving.txt"],
    )
    refused, moved = told["moves"]
    assert (moved["package"], moved["was"], moved["to"], moved["safe"]) == ("lightgbm", "4.4.0", "4.5.0", True)
    edit = {"path": "serving.txt", "start": {"line": 1, "column": 11}, "end": {"line": 1, "column": 16}}
    assert moved["edits"] == [{**edit, "old": "4.4.0", "new": "4.5.0"}]
    assert (refused["package"], refused["safe"], refused["edits"]) == ("numpy", False, [])
    assert "the major version changes" in refused["refused"]
    assert done.stderr == ""


def test_services_get_suggestions(tmp_path: Path) -> None:
    folder = pair(tmp_path, "lightgbm==4.5.0\n", "lightgbm==4.4.0  # `why`\n")
    review = json.loads(run(folder, "check", "--format", "github-review").stdout)
    (comment,) = review["comments"]
    assert (comment["path"], comment["line"]) == ("serving.txt", 1)
    assert comment["body"].endswith("```suggestion\nlightgbm==4.5.0  # `why`\n```")
    (entry,) = [one for one in json.loads(run(folder, "check", "--format", "gitlab").stdout) if "content" in one]
    assert entry["content"]["body"] == "```suggestion:-0+0\nlightgbm==4.5.0  # `why`\n```"
    (result,) = [
        one
        for one in json.loads(run(folder, "check", "--format", "sarif").stdout)["runs"][0]["results"]
        if "fixes" in one
    ]
    (change,) = result["fixes"][0]["artifactChanges"]
    assert change["replacements"] == [
        {
            "deletedRegion": {"startLine": 1, "startColumn": 11, "endLine": 1, "endColumn": 16},
            "insertedContent": {"text": "4.5.0"},
        }
    ]


def test_a_line_with_a_secret_is_no_suggestion(tmp_path: Path) -> None:
    index = "https://me:s3cr3tpassword@wheels.example/simple"
    dockerfile = f"FROM python:3.11\nRUN pip install --index-url {index} lightgbm==4.4.0\n"
    write(tmp_path, {"mlaudit.toml": PAIR.replace("serving.txt", "Dockerfile"), "training.txt": "lightgbm==4.5.0\n"})
    (tmp_path / "Dockerfile").write_text(dockerfile)
    for name in ("github-review", "gitlab", "json", "sarif"):
        assert "s3cr3t" not in run(tmp_path, "check", "--format", name).stdout
    assert "lightgbm==4.5.0" in run(tmp_path, "check", "--format", "json").stdout
    preview = run(tmp_path, "fix", "--unsafe-fixes")
    assert "s3cr3t" not in preview.stdout + preview.stderr
    assert "lightgbm==4.5.0" in preview.stdout
    run(tmp_path, "fix", "--unsafe-fixes", "--output", "change.diff")
    assert f"+RUN pip install --index-url {index} lightgbm==4.5.0" in (tmp_path / "change.diff").read_text()


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--set", "numpy>=2"), "expected a package and its version"),
        (("--set", "numpy==2.1;rm"), "expected a package and its version"),
        (("--set", "nunpy==2.1.3"), "did you mean numpy?"),
        (("--to", "training"), "expected one of reference, serving, highest, lowest"),
        (("--group", "torhc"), "no family of packages"),
        (("--finding", "zzzz"), "no finding has such a fingerprint"),
        (("--relock",), "which needs --write"),
        (("--format", "table"), "fix prints diff or json"),
    ],
)
def test_what_means_nothing_is_said(tmp_path: Path, words: tuple[str, ...], says: str) -> None:
    done = run(pair(tmp_path, "numpy==2.1.3\n", "numpy==2.1.1\n"), "fix", *words)
    assert (done.returncode, done.stdout) == (2, "")
    assert says in unwrapped(done.stderr)


def test_a_hostile_version_is_never_written(tmp_path: Path) -> None:
    folder = pair(tmp_path, "numpy===2.1.3;evil\nscipy==1.14.1$(id)\n", "numpy==2.1.1\nscipy==1.14.0\n")
    run(folder, "fix", "--write", "--unsafe-fixes")
    assert "evil" not in texts(folder)["serving.txt"]
    assert "$" not in texts(folder)["serving.txt"]


FINDINGS = corpus() / "findings.csv"
ROWS = list(csv.DictReader(FINDINGS.read_text(encoding="utf-8").splitlines())) if FINDINGS.is_file() else []


@pytest.mark.slow
@pytest.mark.skipif(not ROWS, reason="the corpus is not here; MLAUDIT_CORPUS names its folder")
def test_every_pair_of_the_corpus_that_can_be_edited_is_mended(tmp_path: Path) -> None:
    """What `fix` was to mend is gone, only bytes of versions changed, a second run does nothing."""
    written = refused = 0
    for number, row in enumerate(ROWS):
        files = [row["side_a_file"], row["side_b_file"]]
        sources = [corpus() / row["repo"].replace("/", "+") / name for name in files]
        if not all(source.is_file() for source in sources):
            continue
        folder = tmp_path / str(number)
        for name, source in zip(files, sources, strict=True):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(source.read_bytes())
        names = [json.dumps(name) for name in files]
        configuration = PAIR.replace('"training.txt"', names[0]).replace('"serving.txt"', names[1])
        (folder / "mlaudit.toml").write_text(configuration)
        package = package_of(row["package"])
        choice = RepairChoice(unsafe=True, packages=() if "(" in package else (package,))
        outcome = fixed(folder, choice)
        # A package by itself may break another beside it; then everything moves, else who writes takes what is read.
        for other in (RepairChoice(unsafe=True), RepairChoice(unsafe=True, to="serving")):
            if outcome.why:
                assert any(why.startswith("new: error[") for why in outcome.why), outcome.why
                outcome, choice = fixed(folder, other), other
        written += outcome.written
        refused += bool(outcome.plan.refused)
        assert not outcome.why, (row, outcome.why)
        for change in outcome.plan.files:
            edits = {edit for move in outcome.plan.made for edit in move.edits if edit.path == change.path}
            assert all(re.fullmatch(r"[0-9A-Za-z.*+!_<>=~^, -]*", edit.old) for edit in edits)
            assert len(change.new) - len(change.old) == sum(len(edit.new) - len(edit.old) for edit in edits)
        assert not fixed(folder, choice).written
    assert written >= 14
    assert refused >= 10


def test_what_is_refused_for_one_reason_is_told_together(tmp_path: Path) -> None:
    names = ("joblib", "lightgbm", "nltk", "numpy", "pillow", "scikit-learn", "scipy", "xgboost")
    written = {
        "training/requirements.txt": "".join(f"{name}==1.0.{at}\n" for at, name in enumerate(names)),
        "serving/requirements.txt": "fastapi==0.115.0\n",
    }
    write(tmp_path, written)
    text = " ".join(run(tmp_path, "fix").stderr.split())
    assert text.count("not changed: serving: ") == 1
    assert " and 2 more: not named there, so there is nothing to change 8 changes cannot be made" in text
