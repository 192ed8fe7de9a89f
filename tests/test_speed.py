"""What makes runs quick, counted in modules and calls, which no load of the machine changes; ratios: `benchmarks/`."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import date
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlaudit import api
from mlaudit.code.nouns import ModuleReading
from mlaudit.code.parsing import parse_source_file
from mlaudit.code.repository import read_program
from mlaudit.discovery import loaded_models
from mlaudit.discovery.model_files import is_loadable_model
from mlaudit.document.document import Document
from mlaudit.environments import untouched
from mlaudit.environments.found_tree import look
from mlaudit.knowledge import declared_requirements, family, releases
from mlaudit.model.caches import clear_content_caches
from mlaudit.model.digests import sha256_hex
from mlaudit.model.nouns import Reading
from mlaudit.model.report import Report
from mlaudit.model.versions import joined
from mlaudit.parsers import _parse, _read
from mlaudit.parsers._registry import Parser, parsers
from mlaudit.request.options import Options
from mlaudit.rules._registry import rules
from mlaudit.sources.working_tree import WorkingTree
from tests.checkout import write
from tests.command_line import ENVIRONMENT
from tests.parser_cases import FIXTURES
from tests.parser_cases import run as run_case

LISTS = {"training/requirements.txt": "numpy==2.1.3\npandas==2.2.3\nclick==8.1.7\n"}
PAIR = {**LISTS, "serving/requirements.txt": "numpy==1.26.4\npandas==2.2.3\nclick==8.1.7\n"}
DECLARED = (
    '[environments.training]\nsources = ["training/requirements.txt"]\n'
    '[environments.serving]\nsources = ["serving/requirements.txt"]\nfollows = "training"\n'
)
_COUNT = """
import json, sys
entered = set()
def called(frame, event, _):
    module = frame.f_globals.get("__name__", "")
    if event == "call" and module.startswith("mlaudit") and frame.f_code.co_name != "<module>":
        entered.add(module)
from mlaudit.cli.app import run
out, sys.stdout = sys.stdout, open(sys.argv[1], "w")
sys.setprofile(called)
run(sys.argv[2:])
sys.setprofile(None)
print(json.dumps([sorted(sys.modules), sorted(entered)]), file=out)
"""


def modules(folder: Path, *arguments: str) -> tuple[set[str], set[str]]:
    """The modules that a run loads, and those of mlaudit that it enters."""
    words = [sys.executable, "-c", _COUNT, str(folder / "out"), *arguments]
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True, env=ENVIRONMENT, check=True)
    loaded, entered = json.loads(done.stdout)
    return set(loaded), set(entered)


def own(loaded: set[str]) -> set[str]:
    return {name for name in loaded if name.partition(".")[0] == "mlaudit"}


def test_a_compare_of_two_lists_loads_what_lists_need(tmp_path: Path) -> None:
    write(tmp_path, PAIR)
    loaded, entered = modules(tmp_path, "compare", "training/requirements.txt", "serving/requirements.txt")
    unneeded = {"packaging", "yaml", "logging", "_hashlib", "typer", "tomli", "shutil", "difflib"}
    assert not unneeded & loaded
    assert not {name for name in loaded if name.startswith(("mlaudit.code.", "mlaudit.lab."))}
    assert not {name for name in loaded if name.startswith(("mlaudit.repair.", "mlaudit.grammars.container."))}
    assert len(own(loaded)) <= 148, sorted(own(loaded))
    assert len(entered) <= 126, sorted(entered)


def test_nouns_are_made_without_the_modules_that_dataclasses_brings() -> None:
    code = "import sys, mlaudit.model.nouns, mlaudit.model.report\nprint({'dataclasses', 'inspect'} & {*sys.modules})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=ENVIRONMENT, check=True)
    assert done.stdout.strip() == "set()"


_READ = """
import sys
from pathlib import Path
from mlaudit.parsers._read import read
from mlaudit.sources.working_tree import WorkingTree
entered = set()
def called(frame, event, _):
    module = frame.f_globals.get("__name__", "")
    if event == "call" and module.startswith("mlaudit") and frame.f_code.co_name != "<module>":
        entered.add(module)
sys.setprofile(called)
read(WorkingTree(Path(sys.argv[1])).document(Path(sys.argv[1], "requirements.txt")))
sys.setprofile(None)
print(*entered)
"""


def test_a_requirements_file_stays_in_few_modules(tmp_path: Path) -> None:
    write(tmp_path, {"requirements.txt": "numpy==1.26.4\npandas>=2\n-r more.txt\n", "more.txt": "scipy==1.10\n"})
    words = [sys.executable, "-c", _READ, str(tmp_path)]
    entered = subprocess.run(words, capture_output=True, text=True, check=True).stdout.split()
    assert "mlaudit.parsers.requirements" in entered
    assert len(entered) <= 35, sorted(entered)


def test_a_text_is_read_once_wherever_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    clear_content_caches()
    collected: list[str] = []
    shipped = _read._Collector.reading

    def spy(collector: _read._Collector, doc: Document, parser: Parser) -> Reading:
        collected.append(doc.path)
        return shipped(collector, doc, parser)

    monkeypatch.setattr(_read._Collector, "reading", spy)
    text = b"--index-url https://pypi.example/simple\nnumpy==2.1.3  # pinned\npandas>=2 ; python_version > '3.9'\n"
    paths = ("a/requirements.txt", "b/requirements.txt", "c/freeze-requirements.txt", "d/requirements.txt")
    readings = [_read.read(Document(path, text)) for path in paths]
    assert collected == ["a/requirements.txt", "c/freeze-requirements.txt"]
    clear_content_caches()
    for path, reading in zip(paths, readings, strict=True):
        clear_content_caches()
        afresh = _read.read(Document(path, text))
        assert (reading, [pin.at for pin in reading.pins]) == (afresh, [pin.at for pin in afresh.pins])


@pytest.mark.parametrize("line", ["-r more.txt", "./shop", "torch", "-e .", "numpy==1.0 # mlaudit: ignore[MLA101]"])
def test_what_asks_for_more_than_its_text_is_read_each_time(line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    clear_content_caches()
    moved = list[str]()
    monkeypatch.setattr(_parse, "_moved", lambda _reading, path: moved.append(path))
    for path in ("a/requirements.txt", "b/requirements.txt"):
        assert _read.read(Document(path, f"pandas==2.2.3\n{line}\n".encode())).pins
    assert not moved


def test_names_that_tell_nothing_cost_little_more(tmp_path: Path) -> None:
    write(tmp_path, {"a.txt": PAIR["training/requirements.txt"], "b.txt": PAIR["serving/requirements.txt"]})
    loaded, _ = modules(tmp_path, "compare", "a.txt", "b.txt")
    assert len(own(loaded)) <= 151, sorted(own(loaded))


def test_edits_are_made_where_a_report_shows_them(tmp_path: Path) -> None:
    write(tmp_path, PAIR)
    lists = ("training/requirements.txt", "serving/requirements.txt")
    with_fix, _ = modules(tmp_path, "compare", *lists, "--format", "json")
    without, _ = modules(tmp_path, "compare", lists[0], lists[0], "--format", "json")
    assert "mlaudit.repair.documents" in with_fix
    assert "mlaudit.repair.documents" not in without


@given(st.binary(max_size=300))
def test_a_digest_is_that_of_the_standard_library(data: bytes) -> None:
    assert sha256_hex(data) == sha256(data).hexdigest()


def test_a_hook_that_touches_nothing_reads_no_environment(tmp_path: Path) -> None:
    write(tmp_path, {**PAIR, "mlaudit.toml": DECLARED, "docs/requirements.txt": "mkdocs==1.6.1\n"})
    loaded, _ = modules(tmp_path, "check", "--quiet", "docs/requirements.txt")
    assert not {"packaging", "mlaudit.audit", "mlaudit.parsers.requirements", "mlaudit.environments.sources"} & loaded
    assert not {"typer", "yaml"} & loaded
    assert len(own(loaded)) <= 84, sorted(own(loaded))


def checked(folder: Path, asked: str, monkeypatch: pytest.MonkeyPatch, *, is_quick: bool) -> tuple[Report, bool]:
    """The report on a file, and whether a look at names was enough for it."""
    from mlaudit.door import options_of
    from mlaudit.request.asked import Asked
    from mlaudit.request.wanted import Wanted

    sure: list[bool] = []
    shipped = untouched.are_surely_untouched

    def look(paths: tuple[str, ...], options: Options) -> bool:
        sure.append(shipped(paths, options))
        return is_quick and sure[-1]

    monkeypatch.setattr(untouched, "are_surely_untouched", look)
    asked_options = Asked(wanted=Wanted(), define={})
    options = options_of(asked_options, root=folder, start=folder, tree=None, today=date(2026, 11, 26))
    try:
        return api.check([str(folder / asked)], options), sure[0]
    finally:
        monkeypatch.undo()


OTHER = {"docs/requirements.txt": "mkdocs==1.6.1\n"}
PROJECT = dict.fromkeys(
    ("pyproject.toml", "training/pyproject.toml"),
    '[project]\nname = "churn"\nversion = "1"\ndependencies = ["scipy==1.14.1"]\n',
)
NAMING = (
    "flavors:\n  python_function:\n    env:\n      conda: conda.yaml\n      virtualenv: ../../docs/requirements.txt\n"
)
CONDA = "dependencies:\n- python=3.11\n- pip:\n  - -r ../../docs/requirements.txt\n"
COG = "build:\n  python_version: '3.11'\n  python_requirements: ../requirements.txt\npredict: predict.py:Predictor\n"


@pytest.mark.parametrize(
    ("files", "asked", "sure"),
    [
        (OTHER, "docs/requirements.txt", True),
        ({"docs/uv.lock": "version = 1\n"}, "docs/uv.lock", True),
        (
            {**OTHER, "training/requirements.txt": "# see a/b\nnumpy==2.1.3  # via -r x\n"},
            "docs/requirements.txt",
            True,
        ),
        ({**OTHER, "training/requirements.txt": "-r ../docs/requirements.txt\n"}, "docs/requirements.txt", False),
        ({**OTHER, "training/requirements.txt": "numpy==2.1.3\n./docs\n"}, "docs/requirements.txt", False),
        ({**PROJECT, "training/requirements.txt": "numpy==2.1.3\n.\n"}, "training/pyproject.toml", False),
        ({**PROJECT, "training/requirements.txt": "numpy==2.1.3\n  .[gpu]\n"}, "training/pyproject.toml", False),
        ({**PROJECT, "training/requirements.txt": "numpy==2.1.3\n..\n"}, "pyproject.toml", False),
        ({**PROJECT, "training/requirements.txt": "numpy==2.1.3\n\\\n..\n"}, "pyproject.toml", False),
        ({**OTHER, "models/a/MLmodel": NAMING, "models/a/conda.yaml": CONDA}, "docs/requirements.txt", True),
        ({**OTHER, "docs/a/MLmodel": NAMING, "docs/a/conda.yaml": CONDA}, "docs/requirements.txt", True),
        ({**OTHER, "docs/a/cog.yaml": COG}, "docs/requirements.txt", True),
        ({**OTHER, "docs/MLmodel": "flavors: {}\n"}, "docs/requirements.txt", False),
        ({**OTHER, "MLmodel": "flavors: {}\n"}, "docs/requirements.txt", False),
        ({}, "training/requirements.txt", False),
        ({}, "mlaudit.toml", False),
        ({"model.pkl": "\x80\x04N."}, "model.pkl", False),
        ({**OTHER, "mlaudit.toml": DECLARED + '[[same]]\nfiles = ["a.py", "b.py"]\n'}, "docs/requirements.txt", False),
        (
            {
                **OTHER,
                "mlaudit.toml": DECLARED.replace("training/requirements.txt", "uv.lock"),
                "uv.lock": "version = 1",
            },
            "docs/requirements.txt",
            False,
        ),
    ],
)
def test_what_a_look_at_names_tells_is_what_reading_tells(
    files: dict[str, str], asked: str, sure: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, {**PAIR, "mlaudit.toml": DECLARED, **files})
    quick, told = checked(tmp_path, asked, monkeypatch, is_quick=True)
    thorough, _ = checked(tmp_path, asked, monkeypatch, is_quick=False)
    assert told is sure
    assert quick == thorough


ARTIFACTS = {one.format for one in parsers().values() if one.artifact and one.access != "tree"}


def test_no_model_asks_for_a_file_outside_its_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    """The quick look goes by this: a model elsewhere in the tree makes no list a source of anything."""
    asked: set[str] = set()
    shipped = Document.beside

    def spy(doc: Document, path: str) -> Document | None:
        asked.add(path)
        return shipped(doc, path)

    monkeypatch.setattr(Document, "beside", spy)
    for case in (path.parent for path in (FIXTURES / "parsers").glob("*/*/expected.json")):
        if case.parent.name in ARTIFACTS:
            run_case(case)
    assert "README.md" in asked
    assert not {path for path in asked if "/" in path or path == ".."}


def test_a_rule_is_asked_only_at_what_its_decorator_names(tmp_path: Path) -> None:
    write(tmp_path, PAIR)
    loaded, _ = modules(tmp_path, "compare", "training/requirements.txt", "serving/requirements.txt")
    silent = {rule.name for rule in rules().values() if rule.scope == "crossing" and rule.verdicts == ("loose",)}
    silent |= {rule.name for rule in rules().values() if rule.when and rule.when != "is_unreadable"}
    silent |= {rule.name for rule in rules().values() if rule.where in ("artifacts", "unread", "problems", "shared")}
    assert len(silent) >= 30
    assert not {f"mlaudit.rules.{name.replace('-', '_')}" for name in silent} & loaded


def test_what_every_marker_together_demands_is_what_parsing_gives() -> None:
    """The quick look reads the clauses of a requirement as the parser does, for every text that ships."""
    texts = {
        text
        for package in releases.indexed_packages()
        if (known := releases.history(package)) is not None
        for one in known.releases[-1:]
        for text in one.requires or ()
    }
    plain = 0
    for text in sorted(texts):
        name = declared_requirements.required_name(text)
        everything = declared_requirements.LazyRequirements([text]).everything(name)
        parsed = declared_requirements.declared_requirement(text)
        assert parsed is not None
        if everything is not None:
            plain += 1
            assert set(filter(None, joined([everything]).split(","))) == set(filter(None, parsed.specifier.split(",")))
    assert plain > 0.9 * len(texts)


def test_a_range_that_only_a_marker_lifts_accuses_nobody() -> None:
    versions = {"pandas": "2.2.3", "numpy": "1.22.4"}
    assert (
        family.family_mismatches(versions, worlds={"3.10": lambda marker: '"3.11"' in marker and "<" in marker}) == ()
    )
    (found,) = family.family_mismatches(versions, worlds={"3.12": lambda marker: '"3.12"' in marker})
    assert (found.subject, found.other) == ("pandas", "numpy")


def test_a_folder_is_listed_once_and_links_stay_inside(tmp_path: Path) -> None:
    write(tmp_path, {"tree/a/x.txt": "", "outside/y.txt": ""})
    (tmp_path / "tree" / "out").symlink_to(tmp_path / "outside")
    (tmp_path / "tree" / "a" / "in.txt").symlink_to(tmp_path / "tree" / "a" / "x.txt")
    (tmp_path / "tree" / "a" / "away.txt").symlink_to(tmp_path / "outside" / "y.txt")
    tree = WorkingTree(tmp_path / "tree")
    held = {name: tree.holds(tmp_path / "tree" / name) for name in ("a/x.txt", "a/in.txt", "a/away.txt", "out/y.txt")}
    assert held == {"a/x.txt": True, "a/in.txt": True, "a/away.txt": False, "out/y.txt": False}
    assert not tree.holds(tmp_path / "tree" / "a" / ".." / ".." / "outside" / "y.txt")
    assert tree.holds(tmp_path / "tree")
    assert tree.names(tmp_path / "tree" / "a") == ("away.txt", "in.txt", "x.txt")
    assert tree.names(tmp_path / "tree" / "out") == ()


def test_code_without_a_relevant_call_is_not_parsed(monkeypatch: pytest.MonkeyPatch) -> None:
    sources = {f"a/m{number}.py": b"import os\n\ndef main() -> None:\n    print(os.name)\n" for number in range(50)}
    sources["train.py"] = b"import joblib\n\njoblib.dump(1, 'model.joblib')\n"
    parsed: list[str] = []

    def spy(path: str, data: bytes) -> ModuleReading:
        parsed.append(path)
        return parse_source_file(path, data)

    monkeypatch.setattr("mlaudit.code.repository.parse_source_file", spy)
    program = read_program(sources, sources.get)
    assert [use.at.path for use in program.uses] == ["train.py"]
    assert parsed == ["train.py"]


def test_model_files_are_looked_for_once_for_all_environments(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """To ask each path of the tree for each environment took most of an audit of many services."""
    asked: list[str] = []

    def watched(path: str) -> bool:
        asked.append(path)
        return is_loadable_model(path)

    monkeypatch.setattr(loaded_models, "is_loadable_model", watched)
    recipe = "FROM python:3.11\nCOPY . .\nRUN pip install -r requirements.txt\nCMD python app.py\n"
    for number in range(12):
        service = f"services/s{number}"
        write(
            tmp_path,
            {
                f"{service}/requirements.txt": "joblib==1.4.2\nfastapi==0.115.5\n",
                f"{service}/Dockerfile": recipe,
                f"{service}/app.py": "import joblib\nmodel = joblib.load('model.joblib')\n",
                f"{service}/model.joblib": "",
                **{f"{service}/data/{one}.pkl": "" for one in range(10)},
            },
        )
    look([str(tmp_path)], Options(root=tmp_path))
    assert sorted(asked) == sorted(f"services/s{number}/model.joblib" for number in range(12))
