"""`check --against` on branches whose effect is known: new, mended and unchanged findings are exact."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

import mlaudit
from tests.checkout import HANDED_OVER, committed, git, write
from tests.command_line import report, run
from tests.generated_history import History
from tests.test_reporters import problems

TRAINING, SERVING, BATCH = "training/requirements.txt", "serving/requirements.txt", "batch/requirements.txt"
CONFIGURATION = """\
[environments.training]
sources = ["training/requirements.txt"]
writes = ["models"]

[environments.serving]
sources = ["serving/requirements.txt"]
follows = "training"

[environments.batch]
sources = ["batch/requirements.txt"]
follows = "training"
"""
MODEL = (
    b"\x80\x02csklearn.neural_network._rbm\nBernoulliRBM\n)\x81}X\x10\x00\x00\x00_sklearn_version"
    b"X\x05\x00\x00\x001.5.2sb."
)
"""A pickled estimator of scikit-learn 1.5.2, written by hand, of a class that was not measured across releases."""
BASE: Mapping[str, str | bytes | None] = {
    **HANDED_OVER,
    "mlaudit.toml": CONFIGURATION,
    TRAINING: "numpy==2.1.3\nscikit-learn==1.5.2\npandas==2.2.3\ntorch==2.5.1\n",
    SERVING: "numpy==2.1.3\nscikit-learn==1.5.2\npandas==2.2.3\ntorch==2.5.0\n",
    BATCH: "-r common.txt\nscikit-learn==1.5.2\n",
    "batch/common.txt": "numpy==2.1.3\npandas==2.2.2\n",
    "models/churn.pkl": MODEL,
    "README.md": "one\n",
}
EVIDENCE = """\
[[proof]]
model = "models/kept-elsewhere.pkl"
sha256 = "0000000000000000000000000000000000000000000000000000000000000000"
kind = "sklearn.pickle"
writer = "training"
reader = "serving"
verdict = "same"
says = "serving loads it and gives the same results"
date = "2026-11-26"
platform = "linux x86_64"
[proof.versions.writer]
python = "3.11.7"
scikit-learn = "1.5.2"
[proof.versions.reader]
python = "3.11.7"
scikit-learn = "1.5.2"
"""
"""What was recorded of a model that is not in the tree."""
KNOWN = ("MLA001 pandas training batch", "MLA001 torch training serving", "MLA003 torch training batch")
"""What differs on `main`."""
TORCH, OLD_NUMPY = "MLA001 torch training serving", "MLA101 numpy training serving"
RENAMED = {
    SERVING: None,
    "mlaudit.toml": CONFIGURATION.replace(SERVING, "api/requirements.txt").replace("ments.serving", "ments.api"),
}


@dataclass(frozen=True)
class Branch:
    """What a branch changes, and what that does to the findings; `unchanged` are those of the base that are left."""

    name: str
    files: Mapping[str, str | bytes | None]
    new: tuple[str, ...] = ()
    worse: tuple[str, ...] = ()
    mended: tuple[str, ...] = ()
    fails: bool = False
    orphans: tuple[str, ...] = ()
    base: Mapping[str, str | bytes | None] = field(default_factory=dict)
    notes: str = ""

    @property
    def ref(self) -> str:
        return self.name.replace(" ", "-")


def serving(**versions: str) -> str:
    known = {"numpy": "2.1.3", "scikit-learn": "1.5.2", "pandas": "2.2.3", "torch": "2.5.0"}
    named = {name.replace("_", "-"): version for name, version in versions.items()}
    return "".join(f"{name}=={version}\n" for name, version in {**known, **named}.items())


EDGE = '[environments.edge]\nsources = ["edge.txt"]\nfollows = "training"\n'
IGNORE = '[[ignore]]\npackage = "torch"\ncode = "MLA003"\nreason = "no tensors cross"\n'


def trained() -> str:
    return "numpy==2.1.3\nscikit-learn==1.5.2\npandas==2.2.3\ntorch==2.5.1\n"


def moved() -> Mapping[str, str]:
    return {"mlaudit.toml": CONFIGURATION.replace(SERVING, "api/requirements.txt")}


def configured(more: str) -> Mapping[str, str | bytes | None]:
    return {"mlaudit.toml": CONFIGURATION + more}


BRANCHES = [
    Branch("nothing", {"README.md": "two\n"}),
    Branch("a comment moves lines", {SERVING: "# pinned\n\n" + serving()}),
    Branch("breaks", {SERVING: serving(numpy="1.26.0")}, new=(OLD_NUMPY,), fails=True),
    Branch("mends", {SERVING: serving(torch="2.5.1")}, mended=(TORCH,)),
    Branch(
        "mends and breaks",
        {SERVING: serving(torch="2.5.1", numpy="1.26.0")},
        new=(OLD_NUMPY,),
        mended=(TORCH,),
        fails=True,
    ),
    Branch("changes a difference", {SERVING: serving(torch="2.4.1")}, new=(TORCH,), mended=(TORCH,)),
    Branch(
        "moves what is written",
        {TRAINING: trained().replace("numpy==2.1.3", "numpy==2.2.0")},
        new=("MLA001 numpy training batch", "MLA001 numpy training serving"),
    ),
    Branch(
        "orphans a model",
        {SERVING: serving(scikit_learn="1.2.2")},
        new=("MLA202 scikit-learn serving", "MLA401 scikit-learn training serving"),
        fails=True,
        orphans=("models/churn.pkl",),
    ),
    Branch(
        "orphans a model that evidence alone names",
        {SERVING: serving(scikit_learn="1.2.2")},
        base={
            "mlaudit.toml": f'target = {{ python = "3.11" }}\n{CONFIGURATION}',
            "mlaudit.evidence.toml": EVIDENCE,
        },
        new=("MLA202 scikit-learn serving", "MLA401 scikit-learn training serving"),
        fails=True,
        orphans=("models/churn.pkl, models/kept-elsewhere.pkl",),
    ),
    Branch("moves a file", {**RENAMED, "api/requirements.txt": serving(), **moved()}),
    Branch("moves a file and its environment", {**RENAMED, "api/requirements.txt": serving()}),
    Branch(
        "moves a file and breaks",
        {**RENAMED, "api/requirements.txt": serving(numpy="1.26.0")},
        new=("MLA101 numpy training api",),
        fails=True,
    ),
    Branch(
        "an included file changes",
        {"batch/common.txt": "numpy==1.26.0\npandas==2.2.2\n"},
        new=("MLA101 numpy training batch",),
        fails=True,
    ),
    Branch(
        "an included file is inlined",
        {"batch/common.txt": None, BATCH: "numpy==2.1.3\npandas==2.2.2\nscikit-learn==1.5.2\n"},
    ),
    Branch(
        "adds an environment",
        {"edge.txt": serving(numpy="1.26.0", torch="2.5.1"), **configured(EDGE)},
        new=("MLA101 numpy training edge",),
        fails=True,
    ),
    Branch(
        "removes an environment",
        {BATCH: None, "batch/common.txt": None, "mlaudit.toml": CONFIGURATION.partition("[environments.batch]")[0]},
        mended=("MLA001 pandas training batch", "MLA003 torch training batch"),
    ),
    Branch("ignores a finding", configured(IGNORE), mended=("MLA003 torch training batch",)),
    Branch(
        "raises a severity",
        configured('[severity]\nMLA003 = "error"\n'),
        worse=("MLA003 torch training batch",),
        fails=True,
    ),
    Branch(
        "raises a severity that fails nothing",
        configured(""),
        base=configured('[severity]\nMLA003 = "info"\n'),
        worse=("MLA003 torch training batch",),
    ),
    Branch("lowers a severity", configured('[severity]\nMLA001 = "info"\n')),
    Branch(
        "brings a model",
        {"models/new.pkl": MODEL.replace(b"1.5.2", b"1.9.0")},
        new=(
            "MLA401 scikit-learn training batch",
            "MLA401 scikit-learn training serving",
            "MLA402 scikit-learn training",
        ),
    ),
    Branch(
        "unpins",
        {SERVING: serving().replace("pandas==2.2.3", "pandas")},
        new=("MLA104 pandas training serving",),
    ),
    Branch("brings a configuration", configured(""), base={"mlaudit.toml": None}, notes="has no configuration"),
    Branch(
        "mends a configuration",
        configured(""),
        base={"mlaudit.toml": "nonsense = 1\n"},
        new=KNOWN,
        notes="cannot be audited",
    ),
    Branch(
        "brings a source",
        {SERVING: serving()},
        base={SERVING: None},
        new=KNOWN,
        notes="there is no such file or folder",
    ),
]


def findings(report: mlaudit.Report) -> dict[str, list[str]]:
    change = report.against
    assert change is not None
    by_status = {status: [one for one in report.findings if one.status == status] for status in ("new", "worse")}
    rows = {**by_status, "unchanged": change.unchanged, "mended": change.mended}
    assert sum(map(len, by_status.values())) == len(report.findings)
    assert (change.new, len(change.worse)) == (len(by_status["new"]), len(by_status["worse"]))
    return {
        status: sorted(" ".join((one.code, one.package or "-", *one.environments)) for one in found)
        for status, found in rows.items()
    }


def unchanged(branch: Branch) -> list[str]:
    """What `main` has and the branch neither mends nor finds first; its environments as the branch calls them."""
    if "cannot" in branch.notes or "no such" in branch.notes:
        return []
    renamed = "api" if branch.files.get("mlaudit.toml") == RENAMED["mlaudit.toml"] else "serving"
    return sorted(one.replace("serving", renamed) for one in KNOWN if one not in branch.mended + branch.worse)


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("against") / "r"
    history = History()
    main = history.commit("main", BASE)
    for branch in BRANCHES:
        start = history.commit(f"base-{branch.ref}", branch.base, parents=[main]) if branch.base else main
        history.commit(branch.ref, branch.files, parents=[start])
    # What happens on main meanwhile is not the branch's doing.
    history.commit("main", {SERVING: serving(numpy="1.26.0", torch="2.5.1")}, parents=[main])
    history.write(folder)
    return folder


@pytest.mark.parametrize("branch", BRANCHES, ids=lambda branch: branch.name)
def test_a_branch_brings_what_it_brings(repository: Path, branch: Branch) -> None:
    base = f"base-{branch.ref}" if branch.base else "main"
    report = mlaudit.check(repository, against=f"{base}...{branch.ref}")
    expected = {
        "new": sorted(branch.new),
        "worse": sorted(branch.worse),
        "unchanged": unchanged(branch),
        "mended": sorted(branch.mended),
    }
    assert findings(report) == expected
    assert report.exit_code == int(branch.fails)
    said = [one for one in report.findings if one.message.startswith("This bump orphans")]
    assert [f"This bump orphans {one}." for one in branch.orphans] == [
        one.message.partition(". ")[0] + "." for one in said
    ]
    assert branch.notes in " ".join(report.against.notes if report.against else ())


def checked_out(folder: Path, repository: Path, branch: str) -> Path:
    shutil.copytree(repository, folder)
    assert git(folder, "checkout", "-q", "-f", branch).returncode == 0
    return folder


def test_the_working_tree_counts_and_what_git_ignores_is_on_both_sides(repository: Path, tmp_path: Path) -> None:
    folder = checked_out(tmp_path / "r", repository, "nothing")
    write(
        folder,
        {".gitignore": "/models/old-*\n!kept\nlibs/\n", "models/old-2.pkl": "", "api/requirements.txt": serving()},
    )
    (folder / "models/old-2.pkl").write_bytes(MODEL.replace(b"1.5.2", b"1.9.0"))
    (folder / SERVING).unlink()
    write(folder, {"mlaudit.toml": str(RENAMED["mlaudit.toml"])})
    report = mlaudit.check(folder, against="main")
    found = findings(report)
    # Moved and renamed without a commit; the model that git ignores belongs to no revision, so is nobody's news.
    assert (found["new"], found["mended"]) == ([], [])
    assert "MLA401 scikit-learn training api" in found["unchanged"]
    write(folder, {"api/requirements.txt": serving(numpy="1.26.0")})
    assert findings(mlaudit.check(folder, against="main"))["new"] == ["MLA101 numpy training api"]


def test_named_files_select_and_nothing_else_counts_as_mended(repository: Path, tmp_path: Path) -> None:
    folder = checked_out(tmp_path / "r", repository, "breaks")
    data = report(folder, "check", "--against", "main", SERVING)
    assert (data["against"]["new"], data["against"]["mended"]) == (1, 0)
    assert {one["name"] for one in data["environments"]} == {"training", "serving"}
    # A model of Git LFS, of which the commit holds a pointer.
    name = hashlib.sha256(MODEL).hexdigest()
    pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{name}\nsize {len(MODEL)}\n"
    kept = folder / ".git/lfs/objects" / name[:2] / name[2:4]
    kept.mkdir(parents=True)
    (kept / name).write_bytes(MODEL)
    write(folder, {"models/churn.pkl": pointer, SERVING: serving()})
    committed(folder)
    (folder / "models/churn.pkl").write_bytes(MODEL)
    write(folder, {SERVING: serving(scikit_learn="1.2.2")})
    found = mlaudit.check(folder, against="HEAD")
    assert "This bump orphans models/churn.pkl" in " ".join(one.message for one in found.findings)


def test_every_output_says_what_is_new(repository: Path, tmp_path: Path) -> None:
    folder = checked_out(tmp_path / "r", repository, "mends-and-breaks")
    outputs = [f"--format={name}={name}.out" for name in ("json", "sarif", "github", "markdown", "html", "gitlab")]
    done = run(folder, "check", "--against", "main", *outputs, "--format", "table")
    assert done.returncode == 1
    assert "1 new, 1 fixed, 2 unchanged" in done.stdout
    text = {path.stem: path.read_text() for path in folder.glob("*.out")}
    data = json.loads(text["json"])
    assert (data["against"]["new"], data["against"]["mended"], data["against"]["unchanged"]) == (1, 1, 2)
    assert [one["status"] for one in data["findings"]] == ["new", "unchanged", "unchanged", "mended"]
    results = json.loads(text["sarif"])["runs"][0]["results"]
    assert [one["baselineState"] for one in results] == ["new", "unchanged", "unchanged", "absent"]
    assert [line.partition(" ")[0] for line in text["github"].splitlines()] == ["::error", "mlaudit:"]
    assert len(json.loads(text["gitlab"])) == 3
    for name in ("markdown", "html"):
        assert "1 new, 1 fixed, 2 unchanged" in text[name]
        assert "Fixed" in text[name]


def test_what_is_worse_is_shown_with_what_it_was(repository: Path, tmp_path: Path) -> None:
    folder = checked_out(tmp_path / "r", repository, "raises-a-severity")
    outputs = [f"--format={name}={name}.out" for name in ("json", "sarif", "github", "markdown", "html")]
    done = run(folder, "check", "--against", "main", *outputs, "--format", "table")
    assert done.returncode == 1
    words = " ".join(done.stdout.split())
    assert "0 new, 1 worse, 0 fixed, 2 unchanged" in words
    assert "worse MLA003 torch" in words
    assert "(training → batch): warning before" in words
    assert "1 error, 0 warnings, 0 info; 1 of them worse than before, 2 unchanged" in words
    text = {path.stem: path.read_text() for path in folder.glob("*.out")}
    data = json.loads(text["json"])
    assert problems("report-1", data) == []
    assert (data["against"]["new"], data["against"]["worse"], data["summary"]["error"]) == (0, 1, 1)
    assert [one["status"] for one in data["findings"]] == ["worse", "unchanged", "unchanged"]
    results = json.loads(text["sarif"])["runs"][0]["results"]
    assert [one["baselineState"] for one in results] == ["updated", "unchanged", "unchanged"]
    assert text["github"].startswith("::error")
    for name in ("markdown", "html"):
        assert "Worse than they were" in text[name]


def test_what_is_missing_says_which_fetch_brings_it(repository: Path, tmp_path: Path) -> None:
    shallow = tmp_path / "shallow"
    assert (
        git(tmp_path, "clone", "-q", "--depth=1", "--branch=breaks", f"file://{repository}", str(shallow)).returncode
        == 0
    )
    asked = {
        "origin/main": "git fetch --no-tags origin +refs/heads/main:refs/remotes/origin/main",
        "HEAD~1": "--unshallow",
    }
    for revision, fetch in asked.items():
        done = run(shallow, "check", "--against", revision)
        assert (done.returncode, done.stdout) == (2, "")
        assert fetch in done.stderr
    assert (
        git(shallow, "fetch", "-q", "--depth=1", "origin", "+refs/heads/main:refs/remotes/origin/main").returncode == 0
    )
    done = run(shallow, "check", "--against", "origin/main")
    assert done.returncode == 2
    assert "shallow" in done.stderr
    assert "git fetch --unshallow" in done.stderr
    assert git(shallow, "fetch", "-q", "--unshallow").returncode == 0
    assert run(shallow, "check", "--against", "origin/main", "--quiet").returncode == 1


@pytest.mark.parametrize("revision", ["", "..", "main..", "..main", "-x", "nope", "main:README.md", "main...nope"])
def test_a_revision_that_means_nothing_is_refused(repository: Path, revision: str) -> None:
    done = run(repository, "check", f"--against={revision}")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("error: --against")
