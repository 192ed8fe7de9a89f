"""What discovery takes single words, variables and paths for: `fixtures/discovery/words.toml`."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import tomli

from mlaudit.code.nouns import ArtifactName, ArtifactUse, Direction, NameKind, Sameness
from mlaudit.discovery.candidates import Candidate
from mlaudit.discovery.code_scopes import CodeScope
from mlaudit.discovery.converting_commands import converting_uses, option_of
from mlaudit.discovery.crossings import Handover, _in_folder, _is_common, _is_of_other_project, crossing_artifact
from mlaudit.discovery.environments import DiscoveredEnvironment, Discovery, Pair
from mlaudit.discovery.exchanges import exchanges_of
from mlaudit.discovery.groups import DocumentGroup
from mlaudit.discovery.init_file import quoted
from mlaudit.discovery.loaded_models import loaded_models, models_by_name
from mlaudit.discovery.model_files import by_series, is_loadable_model, likely_models, place, shown_names
from mlaudit.discovery.pipeline_runs import option_settings
from mlaudit.discovery.recipes import AuditedTree, RecipePart, RunCommand
from mlaudit.discovery.registered_names import _mentions
from mlaudit.discovery.role_signs import role_of_command, role_of_program, script_paths
from mlaudit.discovery.service_commands import executed_in_services
from mlaudit.discovery.task_commands import commands_behind
from mlaudit.discovery.variable_files import variables_of
from mlaudit.document.document import Document
from mlaudit.grammars.shell.make_targets import targets
from mlaudit.model.lazy_dataclass import replace
from mlaudit.model.nouns import Place
from mlaudit.sources.working_tree import WorkingTree
from tests.checkout import write
from tests.parser_cases import FIXTURES
from tests.test_code_pieces import name_of

ROWS = tomli.loads((FIXTURES / "discovery" / "words.toml").read_text(encoding="utf-8"))
AT = Place(path="Dockerfile", line=1)


def rows(table: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("row", ROWS[table], ids=lambda row: str(next(iter(row.values())))[:60])


@rows("command")
def test_what_a_command_shows(row: dict[str, Any]) -> None:
    words = tuple(shlex.split(row["words"]))
    assert (role_of_program(words) or "", role_of_command(words) or "") == (row["program"], row["role"])
    assert list(script_paths(words)) == row["paths"]


@rows("option")
def test_the_value_of_an_option(row: dict[str, Any]) -> None:
    assert option_of(shlex.split(row["words"]), row["option"]) == row["value"]


@rows("converting")
@pytest.mark.parametrize("key", ["commands", "built_by"])
def test_what_a_command_writes_itself(row: dict[str, Any], key: str) -> None:
    command = RunCommand(words=tuple(shlex.split(row["words"])), at=AT, folder=row.get("folder", ""))
    given: dict[str, Any] = {key: (command,)}
    uses = list(converting_uses([RecipePart(path="Dockerfile", format="dockerfile", **given)]))
    said = [" ".join([one.form, one.names[0].text, *map("=".join, one.settings)]) for one in uses]
    assert said == [row["writes"]] * bool(row["writes"])


@rows("settings")
def test_options_of_a_task_with_their_values(row: dict[str, Any]) -> None:
    assert list(map("=".join, option_settings(tuple(shlex.split(row["words"]))))) == row["pairs"]


@rows("variables")
def test_variables_of_a_file(row: dict[str, Any]) -> None:
    assert list(map("=".join, variables_of(Document(".env", row["text"].encode())))) == row["pairs"]


@rows("series")
def test_the_first_of_each_series_comes_first(row: dict[str, Any]) -> None:
    assert by_series(row["paths"]) == row["order"]


@rows("likely")
def test_files_that_may_be_models(row: dict[str, Any]) -> None:
    assert likely_models(row["paths"]) == row["models"]


@rows("loadable")
def test_files_that_are_models_where_code_loads_them(row: dict[str, Any]) -> None:
    assert [path for path in row["paths"] if is_loadable_model(path) is not row["is"]] == []


@rows("shown")
def test_how_many_names_are_shown(row: dict[str, Any]) -> None:
    assert shown_names([str(number) for number in range(row["count"])]) == row["text"]


@rows("loaded")
def test_the_file_that_a_name_means(row: dict[str, Any]) -> None:
    pieces = tuple(None if part == "*" else part for part in re.split(r"(\*)", row["name"]) if part)
    at = Place(path=row["module"], line=7)
    name = ArtifactName(kind=NameKind.PATH, pieces=pieces, at=at)
    use = ArtifactUse(at=at, direction=Direction.READS, form="joblib", call="joblib.load", library="", names=(name,))
    scope = CodeScope(files=frozenset((row["module"],)))
    found = loaded_models(scope, [use], models_by_name([use], row["files"]))
    assert found == ({row["file"]: at} if row["file"] else {})


@rows("place")
def test_where_the_models_of_a_folder_belong(row: dict[str, Any]) -> None:
    found = Discovery(
        environments=tuple(_environment(*text.split()) for text in row["environments"]),
        pairs=tuple(_pair(*text.split()) for text in row["pairs"]),
        ignored=(),
    )
    where = place(row["folder"], found)
    assert (where.environment or "", where.is_written, where.why) == (
        row["environment"],
        row["is_written"],
        row["why"],
    )


def _environment(name: str, role: str, folder: str, follows: str = "") -> DiscoveredEnvironment:
    writers = tuple(filter(None, follows.split(",")))
    return DiscoveredEnvironment(name=name, role=role, folder=folder, sources=(), follows=writers)


def _pair(writer: str, reader: str, project: str) -> Pair:
    return Pair(writer=writer, reader=reader, project=project.strip("."), certain=True)


@rows("quoted")
def test_a_text_in_toml(row: dict[str, Any]) -> None:
    assert quoted(row["text"]) == row["toml"]
    assert tomli.loads(f"a = {row['toml']}")["a"] == row["text"]


@rows("launcher")
def test_launchers_before_a_program(row: dict[str, Any]) -> None:
    roles = {word: role_of_program((*word.split(), *row["words"].split())) for word in row["before"]}
    assert roles == dict.fromkeys(row["before"], row["role"] or None)


@rows("behind")
def test_commands_behind_one_that_runs_tasks(row: dict[str, Any], tmp_path: Path) -> None:
    write(tmp_path, row["files"])
    tree = AuditedTree(folder=tmp_path, root=WorkingTree(tmp_path), paths=dict.fromkeys(row["files"]))
    commands = commands_behind(shlex.split(row["words"]), row.get("folder", ""), tree)
    assert [" ".join(command) for command in commands] == row["runs"]


@rows("makefile")
def test_the_lines_that_targets_run(row: dict[str, Any]) -> None:
    found = {name: [f"{line.number} {line.text}" for line in lines] for name, lines in targets(row["text"]).items()}
    assert found == row["runs"]


@rows("mention")
def test_where_a_name_of_a_registry_is_mentioned(row: dict[str, Any], tmp_path: Path) -> None:
    write(tmp_path, row["files"])
    tree = AuditedTree(folder=tmp_path, root=WorkingTree(tmp_path), paths=dict.fromkeys(row["files"]))
    assert [str(at) for at in _mentions(row["name"], row.get("folder", ""), tree)] == row["at"]


@rows("valued")
def test_options_of_docker_that_the_next_word_belongs_to(row: dict[str, Any]) -> None:
    for option in row["options"]:
        (command,) = executed_in_services(shlex.split(row["words"].replace("OPTION", option)))
        assert (command.service, command.words) == (row["service"], tuple(row["inside"].split())), option


@rows("plain")
def test_words_of_forms_that_any_version_reads(row: dict[str, Any]) -> None:
    uses = {form: _named_use(form, "path - churn.x") for form in row["forms"]}
    crossing = {form: Handover(write=use, read=use, sameness=Sameness.CERTAIN) for form, use in uses.items()}
    assert {form: crossing_artifact(one).is_plain for form, one in crossing.items()} == dict.fromkeys(
        row["forms"], row["is"]
    )


@pytest.mark.parametrize(
    ("form", "is_table"),
    [(form, True) for form in ("csv", "json", "text", "excel", "table", "parquet", "feather", "hdf")]
    + [(form, False) for form in ("joblib", "bytes", "numpy.npy")],
)
def test_words_of_forms_of_which_each_project_has_its_own(form: str, is_table: bool) -> None:
    """A table whose name is not known in full, written and read in folders of their own."""
    write_use = replace(_named_use(form, "path - kept/*.x"), at=Place(path="a/fit.py"))
    read_use = replace(write_use, at=Place(path="b/app.py"))
    handover = Handover(write=write_use, read=read_use, sameness=Sameness.LIKELY)
    writer = Candidate(group=DocumentGroup(qualifier=(), documents=[], home=()))
    assert _is_of_other_project(writer, handover, {}, {}) is is_table
    beside = replace(handover, read=replace(read_use, at=Place(path="a/app.py")))
    assert not _is_of_other_project(writer, beside, {}, {})
    known = replace(handover, write=replace(write_use, names=(name_of("bucket acme kept/*"),)))
    assert _is_of_other_project(writer, known, {}, {}) is is_table
    stored = replace(known, read=replace(read_use, names=(name_of("bucket acme kept/*"),)))
    assert not _is_of_other_project(writer, stored, {}, {})
    named = (name_of("path - kept/churn.x"),)
    plain = replace(handover, write=replace(write_use, names=named), read=replace(read_use, names=named))
    assert not _is_of_other_project(writer, plain, {}, {})
    own = {plain.write: [plain.read]}
    assert _is_of_other_project(writer, plain, {plain.read: [writer]}, own) is is_table


@pytest.mark.parametrize(
    ("form", "is_certain", "exchanges"),
    [("joblib", True, 1), ("joblib", False, 0), ("csv", True, 0), ("csv", False, 0), ("bytes", True, 1)],
)
def test_words_of_what_is_exchanged(form: str, is_certain: bool, exchanges: int) -> None:
    use = replace(_named_use(form, "registry mlflow churn"), certain=is_certain)
    assert len(exchanges_of([use])) == exchanges
    for name in ("registry mlflow *", "registry mlflow model", "bucket - a/churn", "path - churn", "hub - //"):
        assert exchanges_of([replace(use, names=(name_of(name),))]) == []
    for name in ("bucket acme model.pkl", "hub huggingface team/churn", "registry - churn"):
        assert len(exchanges_of([replace(use, names=(name_of(name),))])) == exchanges
    assert exchanges_of([replace(use, names=(replace(use.names[0], in_run=True),))]) == []
    assert exchanges_of([replace(use, names=(replace(use.names[0], certain=False),))]) == []


@rows("common")
def test_words_of_names_that_many_artifacts_have(row: dict[str, Any]) -> None:
    uses = {name: _named_use("joblib", f"path - {name}") for name in row["names"]}
    crossing = {name: Handover(write=use, read=use, sameness=Sameness.CERTAIN) for name, use in uses.items()}
    assert {name: _is_common(one) for name, one in crossing.items()} == dict.fromkeys(row["names"], row["is"])
    other = _named_use("joblib", "path - other.pkl")
    assert _is_common(Handover(write=other, read=next(iter(uses.values())), sameness=Sameness.CERTAIN))


@rows("inside")
def test_words_of_folders_that_hold_what_is_read(row: dict[str, Any]) -> None:
    writer, reader = (_named_use("joblib", row[key]) for key in ("written", "read"))
    assert _in_folder(writer, reader).name == row["sure"]
    assert _in_folder(replace(writer, form="csv"), reader) is Sameness.DIFFERENT


def _named_use(form: str, name: str) -> ArtifactUse:
    names = (name_of(name),)
    return ArtifactUse(at=AT, direction=Direction.READS, form=form, call="", library="", names=names)


@rows("executed")
def test_what_runs_inside_a_service(row: dict[str, Any]) -> None:
    found = [
        f"{'container ' if command.is_container else ''}{command.service}: {' '.join(command.words)}"
        for command in executed_in_services(shlex.split(row["words"]))
    ]
    assert "; ".join(found) == row["inside"]
