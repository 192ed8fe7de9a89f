"""What discovery takes single words, variables and paths for: `fixtures/discovery/words.toml`."""

from __future__ import annotations

import re
import shlex
from typing import Any

import pytest
import tomli

from mlaudit.code.nouns import ArtifactName, ArtifactUse, Direction, NameKind
from mlaudit.discovery.code_scopes import CodeScope
from mlaudit.discovery.converting_commands import converting_uses, option_of
from mlaudit.discovery.environments import DiscoveredEnvironment, Discovery, Pair
from mlaudit.discovery.init_file import quoted
from mlaudit.discovery.loaded_models import loaded_models, models_by_name
from mlaudit.discovery.model_files import by_series, likely_models, place, shown_names
from mlaudit.discovery.pipeline_runs import option_settings
from mlaudit.discovery.recipes import RecipePart, RunCommand
from mlaudit.discovery.role_signs import role_of_command, role_of_program, script_paths
from mlaudit.discovery.service_commands import executed_in_services
from mlaudit.discovery.variable_files import variables_of
from mlaudit.document.document import Document
from mlaudit.model.nouns import Place
from tests.parser_cases import FIXTURES

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


@rows("executed")
def test_what_runs_inside_a_service(row: dict[str, Any]) -> None:
    found = [
        f"{'container ' if command.is_container else ''}{command.service}: {' '.join(command.words)}"
        for command in executed_in_services(shlex.split(row["words"]))
    ]
    assert "; ".join(found) == row["inside"]
