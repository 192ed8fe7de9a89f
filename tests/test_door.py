"""The Python door: keyword arguments in, a report that shows itself out, one base of errors, nothing loaded early."""

from __future__ import annotations

import ast
import inspect
import json
import re
import subprocess
import sys
from collections.abc import Callable
from datetime import date
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages

import pytest

import mlaudit
from mlaudit.cli.commands.check import check as check_command
from mlaudit.cli.commands.compare import compare as compare_command
from mlaudit.cli.commands.history import history as history_command
from mlaudit.cli.commands.list_ import list_ as list_command
from mlaudit.cli.commands.map_ import map_ as map_command
from mlaudit.cli.commands.why import why as why_command
from mlaudit.questions import ShownHistory, ShownMap, ShownReason
from mlaudit.request.options import Options
from tests.checkout import HANDED_OVER, ROOT, committed, write
from tests.command_line import run

PAGE = (ROOT / "docs" / "reference" / "python.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
ALIGNED = {
    **HANDED_OVER,
    "training/requirements.txt": "numpy==2.1.3\nscikit-learn==1.5.2\n",
    "serving/requirements.txt": "numpy==2.1.3\nscikit-learn==1.5.2\n",
}
DRIFTED = {**ALIGNED, "serving/requirements.txt": "numpy==1.26.0\nscikit-learn==1.5.2\n"}
SIGNALS = {
    *("RefusedImport", "_Done", "_NotOne", "_OutOfSteps", "BudgetExceeded", "CommandEnd"),
    *("UnfollowedSetup", "LeftFunction"),
}
"""What ends a loop inside one module, or a command of the command line, and never leaves it, needs no base."""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    write(tmp_path, DRIFTED)
    return tmp_path


def loaded_after(code: str, folder: Path) -> list[str]:
    """The modules that a fresh process has loaded after some code."""
    text = f"{code}\nimport sys\nprint(*sorted(sys.modules))"
    done = subprocess.run([sys.executable, "-c", text], cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout.splitlines()[-1].split()


def test_importing_the_package_loads_nothing_else(tmp_path: Path) -> None:
    before = set(loaded_after("import importlib", tmp_path))
    assert set(loaded_after("import mlaudit", tmp_path)) - before == {"mlaudit"}


def test_comparing_loads_neither_typer_nor_rich_nor_yaml(project: Path) -> None:
    code = "import mlaudit\nmlaudit.compare('training/requirements.txt', 'serving/requirements.txt').to_json()"
    assert {"typer", "rich", "yaml"}.isdisjoint(loaded_after(code, project))


@pytest.mark.parametrize("call", ["why('numpy', 'training/requirements.txt')", "map()", "history()"])
def test_asking_loads_neither_typer_nor_rich_nor_yaml(call: str, project: Path) -> None:
    committed(project)
    loaded = loaded_after(f"import mlaudit\nmlaudit.{call}.to_json()", project)
    assert {"typer", "rich", "yaml"}.isdisjoint(loaded)
    assert not any(name.startswith("mlaudit.cli") for name in loaded)


@pytest.mark.parametrize("name", [*mlaudit.__all__, "map"])
def test_every_name_is_there_and_listed(name: str) -> None:
    assert getattr(mlaudit, name) is not None
    assert name in dir(mlaudit)


def test_a_name_that_is_not_there() -> None:
    with pytest.raises(AttributeError, match="no attribute 'chekc'"):
        _ = mlaudit.chekc  # type: ignore[attr-defined]


def test_the_root_is_what_it_says(project: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))
    (project / "mlaudit.toml").write_text(
        '[environments.train]\nsources = ["training/requirements.txt"]\n'
        '[environments.serve]\nsources = ["serving/requirements.txt"]\nfollows = "train"\n',
        encoding="utf-8",
    )
    declared = mlaudit.check(project)
    assert [(one.code, str(one.at)) for one in declared.findings] == [("MLA101", "serving/requirements.txt:1:1")]
    assert declared.pairs == (("train", "serve"),)
    assert mlaudit.check(str(project), paths=[Path("serving")]).pairs == (("train", "serve"),)
    discovered = mlaudit.check(project, no_config=True)
    assert discovered.pairs == (("training", "serving"),)
    assert [str(one.at) for one in discovered.findings] == ["serving/requirements.txt:1:1"]
    compared = mlaudit.compare(Path("training/requirements.txt"), "serving/requirements.txt", root=project)
    assert [str(one.at) for one in compared.findings] == ["serving/requirements.txt:1:1"]
    reading = mlaudit.read("training/requirements.txt", root=project)
    assert (reading.path, [pin.version for pin in reading.pins]) == ("training/requirements.txt", ["2.1.3", "1.5.2"])


def test_includes_may_lie_anywhere_in_the_repository_around_the_root(project: Path) -> None:
    write(project, {".git/HEAD": "", "common.txt": "numpy==2.1.3\n", "serving/requirements.txt": "-r ../common.txt\n"})
    reading = mlaudit.read("requirements.txt", root=project / "serving")
    assert ([pin.name for pin in reading.pins], reading.unread) == (["numpy"], ())


def test_options_mean_what_they_do_on_the_command_line(project: Path) -> None:
    sources = ("training/requirements.txt", "serving/requirements.txt")
    assert mlaudit.compare(*sources, root=project).exit_code == 1
    assert mlaudit.compare(*sources, root=project, fail_on="never").exit_code == 0
    assert mlaudit.compare(*sources, root=project, ignore="MLA101").findings == ()
    assert [one.package for one in mlaudit.compare(*sources, root=project, package="scikit-*").rows] == ["scikit-learn"]
    assert mlaudit.compare(*sources, root=project, select=["MLA501"]).findings == ()


def test_a_history_a_map_and_a_reason_are_those_of_the_command_line(
    project: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    committed(project)
    write(project, {"serving/requirements.txt": "numpy==1.25.0\n"})
    committed(project, "older still")
    questions: dict[tuple[str, ...], Callable[[], ShownHistory | ShownMap | ShownReason]] = {
        ("history", "numpy", "--format", "json"): lambda: mlaudit.history("numpy", root=project),
        ("map", "--format", "json"): lambda: mlaudit.map(project),
        ("map", "--package", "numpy", "--format", "json"): lambda: mlaudit.map(project, package="numpy"),
        ("why", "numpy", "serving", "--format", "json"): lambda: mlaudit.why("numpy", "serving", root=project),
        ("why", "numpy", "serving/requirements.txt", "--format", "json"): lambda: mlaudit.why(
            "numpy", Path("serving/requirements.txt"), root=project
        ),
    }
    printed = {words: run(project, *words).stdout for words in questions}
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))
    assert {words: ask().to_json() for words, ask in questions.items()} == printed
    (drift,) = mlaudit.history(root=project, since="2020-01-01").drifts
    assert [step.commit.subject for step in drift.periods[-1].steps] == ["older still"]
    impact = mlaudit.map(project, impact=["training/requirements.txt"])
    assert "environment:serving" in {node.key for node in impact.nodes}
    assert "reaches 1 model (churn.joblib) and 1 service (serving)" in impact.render()
    assert impact.render("mermaid").startswith("flowchart")
    assert "numpy 1.25.0" in mlaudit.why("numpy", "serving/requirements.txt", root=project).render()


def test_a_history_has_a_page_and_a_picture(
    project: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    committed(project)
    write(project, {"serving/requirements.txt": "numpy==1.25.0\n"})
    committed(project, "<b>older</b> still")
    printed = run(project, "history", "numpy", "--format", "html").stdout
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))
    history = mlaudit.history("numpy", root=project)
    picture = re.search(r"<svg.*?When each package differed.*?</details>", printed, re.DOTALL)
    assert picture is not None
    assert picture[0] in history.render("html")
    shown = history._repr_html_()
    assert shown.startswith("<p>History: 1 apart, 0 fixed in 2 commits</p>")
    assert shown.replace("\n", "").endswith(picture[0].replace("\n", ""))
    assert "&lt;b&gt;older&lt;/b&gt; still" in shown
    assert "<b>" not in shown
    with pytest.raises(mlaudit.UsageError, match="expected one of table, json, html"):
        history.render("pdf")


@pytest.mark.parametrize(
    ("function", "command", "without"),
    [
        (mlaudit.check, check_command, {"paths"}),
        (mlaudit.compare, compare_command, {"sources"}),
        (mlaudit.read, list_command, {"sources"}),
        (mlaudit.history, history_command, {"first_bad"}),
        (mlaudit.map, map_command, set()),
        (mlaudit.why, why_command, set()),
    ],
    ids=["check", "compare", "read", "history", "map", "why"],
)
def test_there_is_a_keyword_for_every_option_that_is_not_about_printing(function, command, without) -> None:  # type: ignore[no-untyped-def]
    printing = {
        "format_",
        "output",
        "quiet",
        "verbose",
        "no_color",
        "write_baseline",
        "exit_zero",
        "statistics",
        "jobs",
    }
    options = set(inspect.signature(command).parameters) - printing - without
    assert options - set(inspect.signature(function).parameters) == set()


def ignoring(until: str) -> str:
    return f'[[ignore]]\npackage = "numpy"\ncode = "MLA101"\nreason = "measured"\nuntil = {until}\n'


def test_dated_ignores_are_judged_on_the_given_day_and_today_by_default(project: Path) -> None:
    (project / "mlaudit.toml").write_text(ignoring("2999-01-01"), encoding="utf-8")
    assert mlaudit.check(project).exit_code == 0
    assert mlaudit.check(project, today=date(2999, 1, 2)).exit_code == 1
    (project / "mlaudit.toml").write_text(ignoring("2020-01-01"), encoding="utf-8")
    assert mlaudit.check(project).exit_code == 1
    assert mlaudit.check(project, today=date(2020, 1, 1)).exit_code == 0
    assert Options().today == date.today()


def test_a_report_shows_itself(project: Path) -> None:
    report = mlaudit.compare("training/requirements.txt", "serving/requirements.txt", root=project)
    assert isinstance(report, mlaudit.Report)
    assert repr(report) == "<Report: 1 error, 0 warnings, 0 info, 0 unread in 2 environments; exit code 1>"
    assert repr(report.environments[0]) == "<Environment training: 2 packages, 0 unread>"
    assert json.loads(report.to_json())["schema"] == "mlaudit.report/1"
    assert "<td>MLA101 artifact-unreadable</td><td>numpy</td>" in report._repr_html_()
    assert report._repr_markdown_() == report.render("markdown")
    assert "MLA101" in report.render("table")
    with pytest.raises(mlaudit.UsageError, match="expected one of concise, csv"):
        report.render("xml")


def test_the_table_of_a_notebook_is_escaped_and_bounded(tmp_path: Path) -> None:
    names = "".join(f"torch-x{number}==1.0\n" for number in range(60))
    write(tmp_path, {"<b>/a.txt": names, "<b>/b.txt": names.replace("1.0", "2.0")})
    page = mlaudit.compare("<b>/a.txt", "<b>/b.txt", root=tmp_path, package="*")._repr_html_()
    assert "<b>" not in page
    assert "&lt;b&gt;/b.txt:1:1" in page
    assert page.count("<tr>") == 51
    assert "and 10 more" in page


def test_a_folder_of_several_documents_is_one_reading(tmp_path: Path) -> None:
    write(
        tmp_path,
        {"Dockerfile": "FROM python:3.11\nRUN pip install numpy==2.1.3\n", "requirements.txt": "scipy==1.14.1\n"},
    )
    reading = mlaudit.read(".", root=tmp_path)
    assert {"numpy", "scipy"} <= {pin.name for pin in reading.pins}
    assert reading.format == "requirements, dockerfile" or reading.format == "dockerfile, requirements"


def test_what_cannot_be_read_is_told_and_no_error(tmp_path: Path) -> None:
    write(tmp_path, {"odd.bin": "\0\1"})
    (entry,) = mlaudit.read("odd.bin", root=tmp_path).unread
    assert entry.why


MISTAKES = {
    "root": lambda folder: mlaudit.check(folder / "nowhere"),
    "path": lambda folder: mlaudit.check(folder, paths=["nowhere"]),
    "level": lambda folder: mlaudit.check(folder, fail_on="fatal"),
    "config": lambda folder: mlaudit.check(folder, config="no.toml"),
    "baseline": lambda folder: mlaudit.check(folder, baseline="no.json"),
    "platform": lambda folder: mlaudit.check(folder, platform="amiga"),
    "part": lambda folder: mlaudit.compare("a.txt#colour=red", "b.txt", root=folder),
    "source": lambda folder: mlaudit.read("not-there.txt", root=folder),
    "python": lambda folder: mlaudit.read("a.txt", root=folder, python="three"),
    "no repository": lambda folder: mlaudit.history(root=folder),
    "no day": lambda folder: mlaudit.history(root=folder, since="yesterday"),
    "no node": lambda folder: mlaudit.map(folder, model="nowhere"),
    "no package": lambda folder: mlaudit.why("scipy", "training/requirements.txt", root=folder),
    "no format": lambda folder: mlaudit.map(folder).render("xml"),
}


@pytest.mark.parametrize("call", MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_an_error_of_the_one_base(call, project: Path) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(mlaudit.MlauditError) as raised:
        call(project)
    assert str(raised.value)


def test_a_broken_configuration_is_an_error_with_its_place(project: Path) -> None:
    (project / "mlaudit.toml").write_text("fail-on = 3\n", encoding="utf-8")
    with pytest.raises(mlaudit.ConfigError) as raised:
        mlaudit.check(project)
    assert str(raised.value.at) == "mlaudit.toml:1:11"


def test_type_checkers_are_told_of_every_name() -> None:
    stub = ast.parse((ROOT / "mlaudit" / "__init__.pyi").read_text(encoding="utf-8"))
    aliases = [alias for node in stub.body if isinstance(node, ast.ImportFrom) for alias in node.names]
    told = {alias.asname or alias.name for alias in aliases} | {"__version__"}
    assert told == {*mlaudit.__all__, "_map"}
    assert "map" not in mlaudit.__all__


def test_every_error_of_the_package_has_the_one_base() -> None:
    modules = [
        import_module(one.name) for one in walk_packages(mlaudit.__path__, "mlaudit.") if "__main__" not in one.name
    ]
    errors = {
        value
        for module in modules
        for value in vars(module).values()
        if inspect.isclass(value) and issubclass(value, Exception) and value.__module__ == module.__name__
    }
    assert len(errors) > 8
    others = {one.__name__ for one in errors if not issubclass(one, (mlaudit.MlauditError, Warning))}
    assert others <= SIGNALS


@pytest.mark.parametrize("block", BLOCKS, ids=range(len(BLOCKS)))
def test_the_page_shows_code_that_works(block: str, project: Path, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    write(project, ALIGNED)
    committed(project)
    monkeypatch.chdir(project)
    names: dict[str, object] = {"__name__": "page"}
    exec(compile(block, "python.md", "exec"), names)  # noqa: S102
    for name, value in names.items():
        if name.startswith("test_") and callable(value):
            value()


def test_the_recipe_fails_where_there_is_drift(project: Path, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.chdir(project)
    names: dict[str, object] = {"__name__": "page"}
    exec(compile(BLOCKS[-1], "python.md", "exec"), names)  # noqa: S102
    recipe = names["test_serving_reads_what_training_writes"]
    assert callable(recipe)
    with pytest.raises(AssertionError, match=r"serving/requirements\.txt:1:1"):
        recipe()


def test_the_page_names_every_function_and_error() -> None:
    functions = [name for name in ("check", "compare", "read", "history", "map", "why") if f"## `{name}(" not in PAGE]
    errors = [
        name for name in mlaudit.__all__ if name.endswith("Error") and f"`{name}`" not in PAGE.replace("mlaudit.", "")
    ]
    assert (functions, errors) == ([], [])


@pytest.mark.slow
def test_a_users_snippet_passes_strict_types(tmp_path: Path) -> None:
    snippet = tmp_path / "snippet.py"
    snippet.write_text(
        "".join(f"def block_{number}() -> None:\n{_indented(block)}\n" for number, block in enumerate(BLOCKS))
        + "import mlaudit\nreport: mlaudit.Report = mlaudit.check()\n"
        + "version: str | None = mlaudit.read('a').pins[0].version\n"
        + "place: mlaudit.Place = report.findings[0].at\n",
        encoding="utf-8",
    )
    ast.parse(snippet.read_text(encoding="utf-8"))
    command = [sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(tmp_path / "cache"), str(snippet)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def _indented(block: str) -> str:
    return "".join(f"    {line}" if line.strip() else line for line in block.splitlines(keepends=True))


def modules_of(words: str, folder: Path) -> set[str]:
    """The modules of the package that a command loads, in a process of its own."""
    code = f"from mlaudit.cli.app import run\nrun({words.split()!r})"
    return {name for name in loaded_after(code, folder) if name.partition(".")[0] == "mlaudit"}


def test_the_version_is_told_without_any_stage_of_an_audit(tmp_path: Path) -> None:
    stages = ("api", "audit", "environments", "comparison", "rules", "policy", "parsers", "knowledge", "grammars")
    loaded = modules_of("--version", tmp_path)
    assert sorted(name for name in loaded if name.partition(".")[2].startswith(stages)) == []


def test_comparing_two_lists_loads_one_parser_and_nothing_for_models_and_images(project: Path) -> None:
    loaded = modules_of("compare training/requirements.txt serving/requirements.txt", project)
    parsers = {name for name in loaded if name.startswith("mlaudit.parsers.") and "._" not in name}
    assert parsers == {"mlaudit.parsers.requirements"}
    for unneeded in ("grammars.model_file", "grammars.container", "grammars.shell", "grammars.conda", "lab", "guard"):
        assert not any(name.startswith(f"mlaudit.{unneeded}.") for name in loaded), unneeded
    assert "mlaudit.grammars.pypi.pyproject_text" not in loaded


def test_files_that_touch_no_environment_ask_no_rule(project: Path) -> None:
    write(project, {"docs/requirements.txt": "mkdocs==1.6.1\n"})
    write(project, {"mlaudit.toml": "".join(
        f'[environments.{name}]\nsources = ["{name}/requirements.txt"]\n' for name in ("training", "serving")
    )})  # fmt: skip
    loaded = modules_of("check --quiet docs/requirements.txt", project)
    assert sorted(name for name in loaded if name.startswith("mlaudit.rules.") and "._" not in name) == []
