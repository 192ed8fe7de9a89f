"""Dockerfiles: the language, stages, and what comes of hostile ones."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlaudit.document.document import Document
from mlaudit.grammars.container.dockerfile_text import Instruction, instructions
from mlaudit.grammars.shell.shell_words import MAX_SCRIPT
from mlaudit.model.nouns import Pin, Reading
from mlaudit.parsers._read import read
from mlaudit.sources.working_tree import WorkingTree


def keywords(text: str) -> list[tuple[str, str]]:
    doc = Document("Dockerfile", text.encode())
    return [(one.keyword, one.rest.text.strip()) for one in instructions(doc) if isinstance(one, Instruction)]


def reading(text: str, **defines: str) -> Reading:
    return read(Document("Dockerfile", text.encode(), defines=defines), "dockerfile")


def installed(found: Reading, stage: str) -> dict[str, str | None]:
    """The last install of each package of a stage, as an image would hold them."""
    pins = sorted((pin for pin in found.pins if stage in pin.parts), key=lambda pin: pin.step)
    return {pin.package: pin.version or pin.specifier for pin in pins if pin.kind.value == "package"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("FROM a\nRUN b\n", [("FROM", "a"), ("RUN", "b")]),
        ("from a\r\nrun b \\\r\n  c\r\n", [("FROM", "a"), ("RUN", "b   c")]),
        ("\ufeffFROM a", [("FROM", "a")]),
        ("FROM a\nRUN b \\\n# no\n\n  c\n", [("FROM", "a"), ("RUN", "b   c")]),
        ("# escape=`\nFROM a\nRUN b `\n c\n", [("FROM", "a"), ("RUN", "b  c")]),
        ("FROM a\n# escape=`\nRUN b \\\n c\n", [("FROM", "a"), ("RUN", "b  c")]),
        ("FROM --platform=$X a AS b", [("FROM", "a AS b")]),
        ("FROM a\nONBUILD RUN b", [("FROM", "a"), ("RUN", "b")]),
        ("FROM a\nRUN <<E\nFROM c\nE\nRUN d", [("FROM", "a"), ("RUN", "<<E"), ("RUN", "d")]),
        ("FROM a\nRUN <<-E\n\tx\n\tE\nRUN d", [("FROM", "a"), ("RUN", "<<-E"), ("RUN", "d")]),
        ("FROM a\nRUN cat <<<x\nRUN d", [("FROM", "a"), ("RUN", "cat <<<x"), ("RUN", "d")]),
        ("FROM a\nCOPY <<A <<B /x\n1\nA\n2\nB\nRUN d", [("FROM", "a"), ("COPY", "<<A <<B /x"), ("RUN", "d")]),
        ("FROM a\nRUN b \\", [("FROM", "a"), ("RUN", "b")]),
    ],
)
def test_instructions(text: str, expected: list[tuple[str, str]]) -> None:
    assert keywords(text) == expected


def test_the_last_install_of_a_stage_comes_last() -> None:
    found = reading(
        "FROM python AS base\nRUN pip install scikit-learn==1.4.2\nFROM base\nRUN pip install scikit-learn==1.9.0\n"
    )
    assert installed(found, "base") == {"scikit-learn": "1.4.2"}
    assert installed(found, "1") == {"scikit-learn": "1.9.0"}


def test_the_last_stage_is_taken_by_default() -> None:
    found = reading("FROM a AS train\nFROM b AS serve\nFROM train AS test\n")
    assert [(root.name, root.kind, root.default) for root in found.roots] == [
        ("train", "stage", False),
        ("serve", "stage", False),
        ("test", "stage", True),
    ]


@pytest.mark.parametrize(
    ("source", "held"),
    [
        ("/venv", True),
        ("/home/prod_venv", True),
        ("/usr/local/lib/python3.11/site-packages", True),
        ("/home/me/.local", True),
        ("/opt/conda", True),
        ("/", True),
        ("/app/model.bin", False),
        ("/build/output.so", False),
    ],
)
def test_a_copied_environment_brings_its_packages(source: str, held: bool) -> None:
    found = reading(
        f"FROM python:3.11 AS build\nRUN pip install a==1\nFROM python:3.12\nCOPY --from=build {source} /x\n"
    )
    assert (installed(found, "1") == {"a": "1"}) is held


def test_a_copied_environment_does_not_bring_the_python_of_its_image() -> None:
    found = reading("FROM python:3.11 AS build\nFROM python:3.12\nCOPY --from=build /venv /venv\n")
    pythons = [(pin.version, pin.parts) for pin in found.pins if pin.kind.value == "python"]
    assert pythons == [("3.11", ("build",)), ("3.12", ("1",))]


@pytest.mark.parametrize(
    ("text", "defines", "expected"),
    [
        ("ARG V=1\nFROM x\nARG V\nRUN pip install a==$V", {}, "1"),
        ("ARG V=1\nFROM x\nARG V\nRUN pip install a==$V", {"V": "2"}, "2"),
        ("ARG V=1\nFROM x\nRUN pip install a==$V", {}, None),
        ("FROM x\nARG V=1\nENV V=3\nRUN pip install a==$V", {"V": "2"}, "3"),
        ("FROM x\nENV V 1\nRUN pip install a==${V}", {}, "1"),
        ('FROM x\nENV V="1" W=2\nRUN pip install a==${W}', {}, "2"),
        ("FROM x\nENV V=1\nENV V=2 W=$V\nRUN pip install a==$W", {}, "1"),
        ("FROM x AS b\nENV V=1\nFROM b\nRUN pip install a==$V", {}, "1"),
        ("FROM x AS b\nARG V=1\nFROM b\nRUN pip install a==$V", {}, None),
        ("FROM x\nRUN export V=1 && pip install a==$V\nRUN pip install b==$V", {}, "1"),
    ],
)
def test_arguments_and_variables(text: str, defines: dict[str, str], expected: str | None) -> None:
    found = reading(text, **defines)
    assert [pin.version for pin in found.pins if pin.name == "a"] == ([expected] if expected else [])
    assert bool([unread for unread in found.unread if unread.template]) is (expected is None or "b==" in text)


def test_a_stage_is_no_image() -> None:
    found = reading("FROM python:3.11 AS Base\nFROM base\n")
    assert [pin.parts for pin in found.pins if pin.kind.value == "image"] == [("Base", "1")]


@pytest.mark.parametrize("context", [".", "..", "../.."])
def test_the_build_context_may_be_a_folder_above(tmp_path: Path, context: str) -> None:
    folder = tmp_path / "docker" / "serve"
    folder.mkdir(parents=True)
    (folder / "Dockerfile").write_text("FROM x\nCOPY requirements.txt /tmp/r.txt\nRUN pip install -r /tmp/r.txt\n")
    (folder / context / "requirements.txt").write_text("numpy==1.26.4\n")
    found = read(WorkingTree(tmp_path).document(folder / "Dockerfile"))
    assert [(pin.name, pin.version) for pin in found.pins if pin.kind.value == "package"] == [("numpy", "1.26.4")]


def test_a_file_from_another_stage_is_found_where_that_stage_has_it(tmp_path: Path) -> None:
    text = "FROM x AS a\nCOPY deps/r.txt /out/\nFROM x\nCOPY --from=a /out/r.txt /r.txt\nRUN pip install -r /r.txt\n"
    (tmp_path / "Dockerfile").write_text(text)
    (tmp_path / "deps").mkdir()
    (tmp_path / "deps" / "r.txt").write_text("numpy==1.26.4\n")
    found = read(WorkingTree(tmp_path).document(tmp_path / "Dockerfile"))
    assert [include.target for include in found.includes] == ["deps/r.txt"]


def test_a_mounted_file_is_there_for_one_command(tmp_path: Path) -> None:
    mount = "--mount=type=bind,source=deps.txt,target=/m.txt"
    (tmp_path / "Dockerfile").write_text(f"FROM x\nRUN {mount} pip install -r /m.txt\nRUN pip install -r /m.txt\n")
    (tmp_path / "deps.txt").write_text("numpy==1.26.4\n")
    found = read(WorkingTree(tmp_path).document(tmp_path / "Dockerfile"))
    assert [include.target for include in found.includes] == ["deps.txt", "/m.txt"]


def test_two_stages_that_install_one_file_both_have_its_pins(tmp_path: Path) -> None:
    stage = "COPY r.txt .\nRUN pip install -r r.txt\n"
    (tmp_path / "Dockerfile").write_text(f"FROM x AS a\n{stage}FROM y AS b\n{stage}")
    (tmp_path / "r.txt").write_text("numpy==1.26.4\n")
    found = read(WorkingTree(tmp_path).document(tmp_path / "Dockerfile"))
    assert [pin.parts for pin in found.pins if pin.name == "numpy"] == [("a",), ("b",)]


def test_triggers_run_where_another_image_is_built_from_theirs(tmp_path: Path) -> None:
    for folder in ("base", "serve"):
        (tmp_path / folder).mkdir()
    trigger = "ONBUILD COPY requirements.txt .\nONBUILD RUN pip install -r requirements.txt\n"
    (tmp_path / "base/Dockerfile").write_text(f"FROM python:3.11\n{trigger}")
    (tmp_path / "serve/Dockerfile").write_text("FROM team-base:1\nRUN pip install torch==2.3.1\n")
    (tmp_path / "serve/requirements.txt").write_text("numpy==1.26.4\n")
    (tmp_path / "compose.yml").write_text("services: {b: {image: 'team-base:1', build: base}, s: {build: serve}}\n")
    tree = WorkingTree(tmp_path)
    found = [read(tree.document(tmp_path / folder / "Dockerfile")) for folder in ("base", "serve")]
    assert [sorted(installed(one, "0")) for one in found] == [[], ["numpy", "torch"]]
    assert [len(one.unread) for one in found] == [1, 0]


def test_a_file_that_the_recipe_writes_is_not_looked_for() -> None:
    found = reading("FROM x\nRUN poetry export -o requirements.txt && pip install -r requirements.txt\n")
    assert found.includes == ()
    assert [unread.template for unread in found.unread] == [False]


@given(st.text(alphabet="FROM RUN COPY ARG ENV pip install=<>&|;()'\"\\$`{}#\n\r\t-.aA1*[]:@/", max_size=300))
def test_any_text_is_read_without_an_exception(text: str) -> None:
    found = reading("FROM a\n" + text)
    assert all(isinstance(pin, Pin) for pin in found.pins)


@pytest.mark.parametrize(
    "text",
    [
        "FROM a\n" + "RUN x \\\n" * 20_000,
        "FROM a\n" * 2_000,
        "FROM a\nRUN " + "<<A " * 5_000,
        "FROM a\nENV " + "A=$A " * 10_000,
        "FROM a\nCOPY " + "a " * 5_000 + "/x/\nRUN pip install " + "-r /x/b " * 50,
        "FROM a\nRUN [" + '"a",' * 20_000,
        "FROM a\nCOPY --from=0 a a\nRUN pip install -r a",
    ],
    ids=["continuations", "stages", "here-documents", "variables", "copies", "open list", "copy of itself"],
)
def test_long_and_odd_files_end(text: str) -> None:
    assert reading(text).format == "dockerfile"


def test_a_script_longer_than_is_read_is_told(tmp_path: Path) -> None:
    (tmp_path / "long.sh").write_text("pip install numpy==2.1.3\n" + "#" * MAX_SCRIPT, encoding="utf-8")
    (tmp_path / "Dockerfile").write_text("FROM a\nCOPY long.sh .\nRUN bash long.sh\n", encoding="utf-8")
    found = read(WorkingTree(tmp_path).document(tmp_path / "Dockerfile"))
    assert [str(entry.at) + ": " + entry.why for entry in found.unread] == [
        "Dockerfile:3:10: the script is longer than those that are read"
    ]
