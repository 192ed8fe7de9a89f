"""What README shows is what happens: its commands are run, and the formats page lists the registered ones."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import venv
from html import unescape
from pathlib import Path

import pytest

from mlaudit.lab.picture import PICTURE, drawn, printed
from mlaudit.lab.publish import naming_files, publish
from mlaudit.model.addresses import OPEN_OWNER
from mlaudit.parsers._registry import parsers
from tests.checkout import clone, environment
from tests.environments import OFFLINE, python_of
from tests.played import blocks

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
CONTRIBUTING = ROOT / "CONTRIBUTING.md"
CONSOLE = re.compile(r"```console\n\$ (?P<command>mlaudit [^\n]*)\n(?P<output>.*?)```", re.DOTALL)
FORMATS = ROOT / "docs" / "formats.md"
REGENERATE = os.environ.get("MLAUDIT_REGENERATE") == "1"


def ran(command: str) -> str:
    """What a command prints, as in a pipe."""
    environment = {
        name: value for name, value in os.environ.items() if name not in ("CI", "NO_COLOR", "GITHUB_ACTIONS", "COLUMNS")
    }
    environment["COLUMNS"] = environment["TERMINAL_WIDTH"] = "80"
    done = subprocess.run(
        [sys.executable, "-m", *command.split()], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    return done.stdout.replace("Usage: python -m mlaudit", "Usage: mlaudit")


def formats() -> str:
    """The formats that are registered, each with the names of its files and the first line of its documentation."""
    rows = ["# Formats", "", "| format | files | |", "|---|---|---|"]
    for parser in parsers().values():
        files = ", ".join(f"`{pattern}`" for pattern in parser.files) or "by content"
        what = parser.title.partition(": ")[2] or parser.title
        rows.append(f"| {parser.format} | {files} | {what.rstrip('.')} |")
    return "\n".join(rows) + "\n"


if REGENERATE:
    text = README.read_text(encoding="utf-8")
    text = CONSOLE.sub(lambda found: f"```console\n$ {found['command']}\n{ran(found['command'])}```", text)
    README.write_text(text, encoding="utf-8")
    FORMATS.write_text(formats(), encoding="utf-8")

BLOCKS = [(found["command"], found["output"]) for found in CONSOLE.finditer(README.read_text(encoding="utf-8"))]


@pytest.mark.parametrize(("command", "output"), BLOCKS, ids=[command for command, _ in BLOCKS])
def test_prints_what_readme_shows(command: str, output: str) -> None:
    assert ran(command) == output


def test_readme_shows_commands() -> None:
    assert BLOCKS


def test_the_picture_shows_what_is_printed() -> None:
    """Its text, since another version of rich draws the same text in other shapes."""
    assert _shown(PICTURE.read_text(encoding="utf-8")) == _shown(drawn(printed()))
    assert PICTURE.name in README.read_text(encoding="utf-8")


def _shown(picture: str) -> list[str]:
    texts = re.findall(r"<text[^>]*>(.*?)</text>", picture)
    return [word for text in texts for word in unescape(text).replace("\u00a0", " ").split()]


def test_readme_works_on_a_package_index() -> None:
    """Every link is absolute, and leads to a page of this checkout or out of it."""
    targets = re.findall(r"\]\(([^)]+)\)", README.read_text(encoding="utf-8"))
    assert len(targets) > 15
    for target in targets:
        assert target.startswith("https://")
        _, inside, path = target.partition("/main/")
        assert not inside or (ROOT / path).is_file(), target


def test_one_command_publishes_every_address(tmp_path: Path) -> None:
    for path in naming_files():
        copy = tmp_path / path.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, copy)
    assert tmp_path / "README.md" in publish("https://git.example/acme/audit", tmp_path)
    left = [path for path in naming_files(tmp_path) if OPEN_OWNER in path.read_text(encoding="utf-8")]
    # The one place says what an unpublished address looks like.
    assert [path.name for path in left] == ["addresses.py"]


SHELL = [
    block.body.strip()
    for page in (README, CONTRIBUTING)
    for block in blocks(page.read_text(encoding="utf-8"))
    if block.language == "bash"
]


@pytest.mark.slow
def test_the_first_block_installs_and_audits_the_example(tmp_path: Path) -> None:
    """In an environment and a checkout of its own."""
    clone(tmp_path / "mlaudit")
    shutil.copytree(ROOT / "fixtures" / "example", tmp_path / "mlaudit" / "fixtures" / "example")
    venv.create(tmp_path / "venv", with_pip=True)
    path = f"{Path(python_of(tmp_path / 'venv')).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-c", SHELL[0]],
        cwd=tmp_path / "mlaudit",
        env=environment(PATH=path, PIP_DISABLE_PIP_VERSION_CHECK="1"),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 1 and OFFLINE.search(done.stderr):
        pytest.skip("no package index answers")
    assert done.returncode == 1, done.stderr
    assert "error[MLA101] numpy 2.1.3 → 1.26.0: artifacts do not load" in done.stdout


def test_the_block_that_runs_the_tests_is_what_the_checks_do() -> None:
    checks = ROOT / ".ci" / "run"
    if not checks.is_file():
        pytest.skip("the checks are not part of a source distribution")
    text = checks.read_text(encoding="utf-8")
    install, tests = SHELL[1].split(" && ")
    assert install.removeprefix("pip install") in text
    assert tests in text
    assert len(SHELL) == 2


def test_the_formats_page_lists_what_is_registered() -> None:
    assert FORMATS.read_text(encoding="utf-8") == formats()
