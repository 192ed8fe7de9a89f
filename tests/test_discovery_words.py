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
from mlaudit.discovery.compose_services import is_compose
from mlaudit.discovery.converting_commands import converting_uses, option_of
from mlaudit.discovery.crossing_artifacts import crossing_artifact
from mlaudit.discovery.crossings import _is_of_other_project
from mlaudit.discovery.descriptor_uses import copied_uses, moved_uses, server_uses
from mlaudit.discovery.environments import DiscoveredEnvironment, Discovery, Pair
from mlaudit.discovery.exchanges import exchanges_of
from mlaudit.discovery.groups import DocumentGroup, named_document
from mlaudit.discovery.handovers import Handover, _in_folder, _in_mount, has_common_name, with_real_names
from mlaudit.discovery.init_file import quoted
from mlaudit.discovery.loaded_models import loaded_models, models_by_name
from mlaudit.discovery.model_files import by_series, is_loadable_model, likely_models, place, shown_names
from mlaudit.discovery.pipeline_runs import option_settings
from mlaudit.discovery.reader_code import _is_whole, _starts
from mlaudit.discovery.recipes import AuditedTree, RecipePart, RunCommand
from mlaudit.discovery.registered_names import _mentions, join_registered
from mlaudit.discovery.role_signs import RoleSign, judged_role, role_of_command, role_of_program, script_paths
from mlaudit.discovery.service_commands import executed_in_services
from mlaudit.discovery.task_commands import commands_behind
from mlaudit.discovery.variable_files import stated_variables, variables_of
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


@rows("judged")
def test_the_role_that_signs_add_up_to(row: dict[str, Any]) -> None:
    parts = [text.split() for text in row["signs"]]
    judged = judged_role(RoleSign(role=role, weight=float(weight), why=why) for role, weight, why in parts)
    assert (f"{judged.role} {judged.why}" if judged is not None else "") == row["says"]


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


@pytest.mark.parametrize(
    ("written", "form", "read_name", "direction", "is_joined"),
    [
        ("registry wandb run-*", "joblib", "registry wandb churn", Direction.READS, True),
        ("registry wandb run-*", "csv", "registry wandb churn", Direction.READS, False),
        ("registry wandb run-*", "joblib", "registry wandb churn", Direction.WRITES, False),
        ("registry wandb run-*", "joblib", "registry wandb ch*rn", Direction.READS, False),
        ("registry wandb run-*", "joblib", "registry wandb model", Direction.READS, False),
        ("registry wandb run-*", "joblib", "registry wandb gone", Direction.READS, False),
        ("registry wandb run-*", "joblib", "registry mlflow churn", Direction.READS, False),
        ("registry wandb run-*", "joblib", "registry - churn", Direction.READS, False),
        ("registry wandb run-*", "joblib", "path - churn", Direction.READS, False),
        ("registry wandb fraud", "joblib", "registry wandb churn", Direction.READS, False),
    ],
)
def test_models_that_are_registered_by_hand(
    written: str, form: str, read_name: str, direction: Direction, is_joined: bool, tmp_path: Path
) -> None:
    write(tmp_path, {"a/settings.yaml": "model: churn\nother: model\n"})
    tree = AuditedTree(folder=tmp_path, root=WorkingTree(tmp_path), paths=["a/settings.yaml"])
    group = named_document("a/requirements.txt", "requirements")
    writer = Candidate(group=DocumentGroup(qualifier=(), documents=[group], home=("a",)))
    reader = Candidate(group=DocumentGroup(qualifier=(), documents=[], home=("b",)))
    write_use = replace(_named_use(form, written), direction=Direction.WRITES, at=Place(path="a/fit.py"))
    read_use = replace(_named_use(form, read_name), direction=direction, at=Place(path="b/app.py"))
    scopes = {one: CodeScope(uses=frozenset((use,))) for one, use in ((writer, write_use), (reader, read_use))}
    join_registered([writer, reader], scopes, [write_use, read_use], tree)
    assert (writer in reader.crosses, reader.writers) == (is_joined, [writer] * is_joined)
    assert not writer.crosses


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
    assert {name: has_common_name(one) for name, one in crossing.items()} == dict.fromkeys(row["names"], row["is"])
    other = _named_use("joblib", "path - other.pkl")
    assert has_common_name(Handover(write=other, read=next(iter(uses.values())), sameness=Sameness.CERTAIN))


@rows("inside")
def test_words_of_folders_that_hold_what_is_read(row: dict[str, Any]) -> None:
    writer, reader = (_named_use("joblib", row[key]) for key in ("written", "read"))
    assert _in_folder(writer, reader).name == row["sure"]
    assert _in_folder(replace(writer, form="csv"), reader) is Sameness.DIFFERENT


@pytest.mark.parametrize(
    ("call", "written", "read", "sure"),
    [
        ("service api", "path - x/kept/churn.joblib", "path - kept/churn.joblib", "LIKELY"),
        ("service api", "path - kept/churn.joblib", "path - kept/churn.joblib", "LIKELY"),
        ("joblib.load", "path - x/kept/churn.joblib", "path - kept/churn.joblib", "DIFFERENT"),
        ("service api", "path - x/kept/churn.joblib", "path - churn.joblib", "DIFFERENT"),
        ("service api", "path - x/unkept/churn.joblib", "path - kept/churn.joblib", "DIFFERENT"),
        ("service api", "bucket acme x/kept/churn.joblib", "path - kept/churn.joblib", "DIFFERENT"),
        ("service api", "path - x/kept/churn.joblib", "bucket acme kept/churn.joblib", "DIFFERENT"),
    ],
)
def test_words_of_files_that_a_server_mounts(call: str, written: str, read: str, sure: str) -> None:
    write_use, read_use = _named_use("joblib", written), replace(_named_use("joblib", read), call=call)
    assert _in_mount(write_use, read_use).name == sure
    assert _in_mount(replace(write_use, form="csv"), read_use) is Sameness.DIFFERENT


def _named_use(form: str, name: str) -> ArtifactUse:
    names = (name_of(name),)
    return ArtifactUse(at=AT, direction=Direction.READS, form=form, call="", library="", names=names)


@rows("launcher_option")
def test_options_of_launchers_that_the_next_word_belongs_to(row: dict[str, Any]) -> None:
    roles = {option: role_of_program(row["words"].replace("OPTION", option).split()) for option in row["options"]}
    assert roles == dict.fromkeys(row["options"], row["role"] or None)


@rows("unnamed")
def test_names_that_name_nothing(row: dict[str, Any]) -> None:
    left = {name: with_real_names(_named_use("joblib", f"path - {name}")).names for name in row["names"]}
    assert {name: not names for name, names in left.items()} == dict.fromkeys(row["names"], row["is"])


@rows("started")
def test_what_may_run_as_main_in_an_image(row: dict[str, Any]) -> None:
    for words in row["words"]:
        commands = (RunCommand(words=tuple(words.split()), at=AT),)
        part = RecipePart(path="Dockerfile", format="dockerfile", commands=commands)
        assert _starts(part, row["files"]) == row.get("started"), words
        assert _starts(replace(part, commands=commands * 2), row["files"]) is None
    assert _starts(replace(part, commands=(RunCommand(words=(), at=AT),)), row["files"]) is None


@rows("whole")
def test_images_that_hold_no_code_but_of_the_tree(row: dict[str, Any], tmp_path: Path) -> None:
    files = {str(number): text for number, text in enumerate(row["texts"])}
    write(tmp_path, files)
    tree = AuditedTree(folder=tmp_path, root=WorkingTree(tmp_path), paths=files)
    assert [files[path] for path in files if _is_whole(path, tree) is not row["is"]] == []
    assert not _is_whole("gone", tree)


def test_exchanges_in_the_order_of_their_places() -> None:
    places = [
        Place(path="a"),
        Place(path="a", line=1),
        Place(path="a", line=1, column=1),
        Place(path="b"),
        Place(path="c"),
    ]
    names = [f"registry mlflow churn-{9 - at}" for at in range(len(places))]
    uses = [replace(_named_use("joblib", name), at=at, call=name) for name, at in zip(names, places, strict=True)]
    assert [exchange.at for exchange in exchanges_of(reversed(uses))] == places
    same = [replace(use, at=AT) for use in uses]
    assert [exchange.name for exchange in exchanges_of(same)] == [f"churn-{at}" for at in range(5, 10)]


def test_a_name_of_another_kind_means_no_file() -> None:
    names = tuple(
        map(name_of, ("path - out/churn.joblib", "bucket acme kept/churn.joblib", "path - kept/other.joblib"))
    )
    use = replace(_named_use("joblib", "path - x"), names=names)
    files = ["out/churn.joblib", "kept/churn.joblib", "kept/other.joblib"]
    scope = CodeScope(files=frozenset((AT.path,)))
    assert list(loaded_models(scope, [use], models_by_name([use], files))) == ["out/churn.joblib", "kept/other.joblib"]
    bucket = replace(use, names=names[1:2])
    assert models_by_name([bucket], files) == {}
    assert loaded_models(CodeScope(), [use], models_by_name([use], files)) == {}
    for other in (replace(use, form="csv"), replace(use, form="bytes"), replace(use, direction=Direction.WRITES)):
        assert models_by_name([other], files) == {}
        assert loaded_models(scope, [other], models_by_name([use], files)) == {}


@rows("handed")
def test_what_a_report_shows_of_what_crosses(row: dict[str, Any]) -> None:
    uses = []
    for key, settings in (("write", (("a", "1"),)), ("read", (("b", "2"),))):
        form, holds, name = row[key].split(" ", 2)
        use = replace(_named_use(form, name), holds=tuple(holds.strip("-").split()), settings=settings)
        uses.append(replace(use, call=row.get("call", ""), at=Place(path=key)))
    handover = Handover(write=uses[0], read=uses[1], sameness=Sameness.LIKELY, is_converted=row.get("converted", False))
    artifact = crossing_artifact(handover)
    assert f"{artifact.artifact}: {artifact.form}, {' '.join(artifact.kinds)}" == row["shows"]
    assert (artifact.certain, artifact.written.path, artifact.read.path) == (row["is_certain"], "write", "read")
    assert (artifact.stated, artifact.settings) == ((("a", "1"),), (("b", "2"),))
    assert not crossing_artifact(replace(handover, sameness=Sameness.POSSIBLE)).certain


def test_what_crosses_without_a_name() -> None:
    use = _named_use("joblib", "path - ")
    handover = Handover(write=use, read=use, sameness=Sameness.LIKELY)
    assert crossing_artifact(handover).artifact == "*"


@rows("example_file")
def test_the_file_of_variables_or_an_example_of_it(row: dict[str, Any], tmp_path: Path) -> None:
    write(tmp_path, dict.fromkeys(row["files"], "A=1\n"))
    for path in row["files"]:
        tree = AuditedTree(folder=tmp_path, root=WorkingTree(tmp_path), paths=[path])
        assert bool(list(stated_variables(row["path"], tree))) is row["is"], path


@rows("compose")
def test_names_of_compose_files(row: dict[str, Any]) -> None:
    assert [path for path in row["paths"] if is_compose(path) is not row["is"]] == []


@rows("copied")
def test_what_an_image_copies_that_is_no_model(row: dict[str, Any]) -> None:
    paths = ("code/a.py", "web/a.ts", "web/a.js", "kept/a.txt")
    tree = AuditedTree(folder=Path(), root=WorkingTree(Path()), paths=paths)
    for path in row["paths"]:
        part = RecipePart(path="Dockerfile", format="dockerfile", copies=(path,))
        assert [use.names[0].text for use in copied_uses(part, tree)] == [path] * row["is"]
    assert list(copied_uses(replace(part, copies=None), tree)) == []


@rows("runtime")
def test_what_the_settings_of_mlserver_have_loaded(row: dict[str, Any], tmp_path: Path) -> None:
    write(tmp_path, {"m/model-settings.json": row["settings"], "m/settings.json": row["settings"]})
    paths = ["m/settings.json", "m/gone/model-settings.json", "m/model-settings.json"]
    tree = AuditedTree(folder=tmp_path, root=WorkingTree(tmp_path), paths=paths)
    loads = [f"{use.form} {use.names[0].text}" for folder, use in server_uses(tree) if folder == "m"]
    assert loads == [row["loads"]] * bool(row["loads"])


@rows("moved")
def test_what_stages_of_dvc_move(row: dict[str, Any], tmp_path: Path) -> None:
    write(tmp_path, {"in/dvc.yaml": f"stages: {row['stages']}\n"})
    paths = ["gone/dvc.yaml", "in/other.yaml", "in/dvc.yaml"]
    tree = AuditedTree(folder=tmp_path, root=WorkingTree(tmp_path), paths=paths)
    moves = [f"{use.call} {use.direction.name} {use.names[0].text}" for use in moved_uses(tree)]
    assert moves == row["moves"]


def test_signs_that_have_no_form_in_toml() -> None:
    """Halves of surrogate pairs; what is beside them has one."""
    signs = {0x7F: "\\U0000007F", 0xD7FF: "\\U0000D7FF", 0xD800: "\ufffd", 0xDFFF: "\ufffd", 0xE000: "\\U0000E000"}
    assert {code: quoted(chr(code)) for code in signs} == {code: f'"{text}"' for code, text in signs.items()}


@rows("executed")
def test_what_runs_inside_a_service(row: dict[str, Any]) -> None:
    found = [
        f"{'container ' if command.is_container else ''}{command.service}: {' '.join(command.words)}"
        for command in executed_in_services(shlex.split(row["words"]))
    ]
    assert "; ".join(found) == row["inside"]
