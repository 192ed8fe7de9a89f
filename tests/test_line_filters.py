"""What filters of lines leave, beside the real sed and grep, and that no pattern takes long."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlaudit.document.document import Document
from mlaudit.grammars.shell.line_filters import filtered, python_pattern
from mlaudit.grammars.shell.recipe import Call, Recipe
from mlaudit.grammars.shell.script_text import whole_text
from mlaudit.grammars.shell.shell_words import Word
from mlaudit.parsers._read import read
from mlaudit.sources.working_tree import WorkingTree

LINES = (
    "torch==2.3.0",
    "torchvision>=0.18 ; python_version < '3.12'",
    "numpy==1.26.4  # pinned",
    "# a comment",
    "",
    "  pandas[excel]~=2.2 \\",
    "    --hash=sha256:00",
    "a+b(c)|d?{e}[f]*^$",
    "Torch.Audio",
)
TEXT = "".join(f"{line}\n" for line in LINES)

PATTERNS = st.lists(
    st.sampled_from([*"ab.*+?()|[]^$\\-", r"\(", r"\)", r"\|", r"\?", r"\+"]), min_size=1, max_size=8
).map("".join)

COMMANDS = (
    ("sed", "/torch/d"),
    ("sed", "/^torch/d;/numpy/d"),
    ("sed", "-e", "/--hash=/d", "-e", r"s/ \\$//", "-e", r"/^[[:space:]]*#/d", "-e", r"/^[[:space:]]*$/d"),
    ("sed", "s/==/>=/"),
    ("sed", "s/o/0/g"),
    ("sed", "s|2.3.0|2.1.0+cpu|"),
    ("sed", r"s/\(torch\)==.*/torch-cpu/"),
    ("sed", "-E", "s/^(torch|numpy)==[0-9.]+/x/"),
    ("sed", "-E", r"/^torch(vision|audio)?\b/d"),
    ("sed", "s/TORCH/x/I"),
    ("sed", "/TORCH/Id"),
    ("sed", "s/ *#.*$//"),
    ("sed", r"s/a+b(c)|d?{e}/plain/"),
    ("sed", r"s/[]f[]/x/g"),
    ("sed", r"s/[^a-z]/_/g"),
    ("sed", r"s/\*^\$/end/"),
    ("grep", "-v", "torch"),
    ("grep", "-iv", "torch"),
    ("grep", "torch"),
    ("grep", "-vE", "^(torch|torchvision)[=<>~ ]"),
    ("grep", "-v", "-e", r"torch\|numpy"),
    ("grep", "-F", "a+b(c)"),
    ("egrep", "-v", r"^\s*#|^\s*$"),
    ("grep", "-v", r"^$"),
    ("grep", "-v", r"\<numpy\>"),
    ("grep", "-v", r"^torch\|^numpy"),
    ("grep", "-v", r"\(^torch\|[.]Audio$\)"),
    ("grep", "-v", r"0$\|^$"),
    ("grep", "-v", r"a\\|^$"),
    ("sed", r"s/\(^torch\|^numpy\)==/x/"),
    ("sed", "-E", "s/torch(vision)?[>=]=|numpy/x/"),
)


def left_by(command: tuple[str, ...], text: str) -> str | None:
    doc = Document("requirements.txt", text.encode())
    words = tuple(Word(text=word, start=0, end=0, unresolved=word[1:] if word[:1] == "$" else "") for word in command)
    call = Call(script=whole_text(doc), recipe=Recipe(doc), words=words, stdin=whole_text(doc))
    found = filtered(call, command[0])
    return None if found is None else found.text


def really_left_by(command: tuple[str, ...], text: str) -> str:
    program = {"egrep": ("grep", "-E")}.get(command[0], command[:1])
    run = subprocess.run([*program, *command[1:]], input=text, capture_output=True, text=True, env={"LC_ALL": "C"})
    assert not run.stderr, run.stderr
    return run.stdout


@pytest.mark.skipif(shutil.which("sed") is None or shutil.which("grep") is None, reason="sed and grep are not here")
@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_leaves_what_the_real_command_leaves(command: tuple[str, ...]) -> None:
    assert left_by(command, TEXT) == really_left_by(command, TEXT)


@pytest.mark.skipif(shutil.which("grep") is None, reason="grep is not here")
@pytest.mark.parametrize("extended", [False, True])
@given(pattern=PATTERNS)
@settings(max_examples=60, deadline=None)
def test_a_pattern_that_is_followed_means_what_grep_means(pattern: str, extended: bool) -> None:
    options = ("-E",) if extended else ()
    left = left_by(("grep", *options, "-e", pattern), TEXT)
    if left is None:
        return
    run = subprocess.run(
        ["grep", *options, "-e", pattern], input=TEXT, capture_output=True, text=True, env={"LC_ALL": "C"}
    )
    # What grep refuses or warns of has no meaning to agree on.
    if run.returncode < 2 and not run.stderr:
        assert left == run.stdout


@pytest.mark.skipif(shutil.which("sed") is None, reason="sed is not here")
@pytest.mark.parametrize("extended", [False, True])
@given(pattern=PATTERNS, every=st.booleans())
@settings(max_examples=60, deadline=None)
def test_what_is_followed_is_replaced_as_sed_replaces_it(pattern: str, extended: bool, every: bool) -> None:
    command = ("sed", *(("-E",) if extended else ()), "-e", f"s/{pattern}/X/{'g' if every else ''}")
    left = left_by(command, TEXT)
    if left is None:
        return
    run = subprocess.run(command, input=TEXT, capture_output=True, text=True, env={"LC_ALL": "C"})
    if run.returncode == 0:
        assert left == run.stdout


@pytest.mark.parametrize("pattern", ["a*", "a\\|", "t\\|torch"])
def test_a_replacement_whose_place_depends_on_the_program_is_not_followed(pattern: str) -> None:
    assert left_by(("sed", f"s/{pattern}/X/"), TEXT) is None


@pytest.mark.parametrize("pattern", [r"\(a*\)*b", r"\(a\|a\)*", "a**", r"a\{1,9\}", "[[.a.]]", "a" * 500, r"\1", "["])
def test_a_pattern_that_could_take_long_or_is_unknown_is_not_followed(pattern: str) -> None:
    assert python_pattern(pattern, extended=False) is None


@pytest.mark.parametrize(
    "command",
    [
        ("sed", "--posix", "/torch/d"),
        ("sed", ""),
        ("sed", "$ORDER"),
        ("sed", "s/a$|b/X/"),
        ("grep", "-v", "--colour", "torch"),
        ("grep", "-v", "$WORD"),
    ],
    ids=" ".join,
)
def test_a_filter_that_is_not_understood_is_not_followed(command: tuple[str, ...]) -> None:
    assert left_by(command, TEXT) is None


def test_long_lines_are_not_searched_by_patterns_that_repeat() -> None:
    assert left_by(("sed", "s/a*b*c*d//"), "a" * 10_000) is None
    assert left_by(("sed", "/aab/d"), "a" * 10_000) == "a" * 10_000


def test_many_filters_of_one_recipe_are_read_up_to_a_limit(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text("numpy==1.26.4\n" * 20_000, encoding="utf-8")
    commands = "\n".join("RUN sed -i '/torch/d' requirements.txt" for _ in range(100))
    recipe = f"FROM python:3.12\nCOPY requirements.txt .\n{commands}\nRUN pip install -r requirements.txt\n"
    (tmp_path / "Dockerfile").write_text(recipe, encoding="utf-8")
    reading = read(WorkingTree(tmp_path).document(tmp_path / "Dockerfile"))
    assert any("characters that filters" in entry.why for entry in reading.unread)


def test_what_is_left_keeps_its_places() -> None:
    doc = Document("requirements.txt", b"torch==2.3.0\nnumpy==1.26.4\n")
    words = tuple(Word(text=word, start=0, end=0) for word in ("sed", "/torch/d; s/1.26/1.24/"))
    call = Call(script=whole_text(doc), recipe=Recipe(doc), words=words, stdin=whole_text(doc))
    left = filtered(call, "sed")
    assert left is not None
    assert left.text == "numpy==1.24.4\n"
    name, version = left.place(0, 5), left.place(7, 13)
    assert (name.line, name.column, name.start) == (2, 1, 13)
    # A version that the command wrote is in no file: nobody may edit it there.
    assert version.start is None
