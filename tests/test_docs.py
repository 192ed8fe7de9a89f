"""The documentation: pages play as they read, generated ones are those of the live objects, and the site builds."""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path

import pytest
import tomli
import yaml

from mlaudit.document.document import Document
from mlaudit.request.config_file import load
from mlaudit.rules._registry import rules
from tests.played import blocks, play
from tests.reference import COMMANDS, FAMILIES, PAGES

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
REGENERATE = os.environ.get("MLAUDIT_REGENERATE") == "1"
WRITTEN = sorted(path for path in DOCS.rglob("*.md") if path.name != "formats.md" and path.parent.name != "reference")
CHANGING = "contributing"
"""The folder of pages that change the package, in a copy; tests/test_contributing.py plays them."""
SLOW = {"tutorial.md", "how-to/two-repositories.md"}
UNPLAYED = {"yaml", "toml", "python", "groovy", "json", "text"}
CODES = {word for rule in rules().values() for word in (rule.code, rule.name)}


def named(path: Path) -> str:
    return path.relative_to(DOCS).as_posix()


def _marks(page: Path) -> list[pytest.MarkDecorator]:
    return [pytest.mark.slow] if named(page) in SLOW else []


@pytest.mark.skipif(shutil.which("bash") is None or shutil.which("git") is None, reason="pages use bash and git")
@pytest.mark.parametrize(
    "page",
    [pytest.param(page, marks=_marks(page), id=named(page)) for page in WRITTEN if page.parent.name != CHANGING],
)
def test_a_page_plays_as_it_reads(page: Path, tmp_path: Path) -> None:
    text = page.read_text(encoding="utf-8")
    played = play(text, tmp_path)
    if REGENERATE:
        page.write_text(played, encoding="utf-8")
    assert played == page.read_text(encoding="utf-8")


@pytest.mark.parametrize("page", WRITTEN, ids=named)
def test_every_block_is_played_or_well_formed(page: Path) -> None:
    for block in blocks(page.read_text(encoding="utf-8")):
        assert block.title or block.language == "console" or block.language in UNPLAYED, block
        if block.language == "toml":
            assert tomli.loads(block.body)
        if block.language == "yaml":
            assert all(yaml.safe_load_all(block.body))
        if block.language == "python":
            ast.parse(block.body)


@pytest.mark.parametrize("page", [*WRITTEN, ROOT / "README.md"], ids=lambda page: page.stem)
def test_commands_that_are_shown_have_the_options_they_use(page: Path) -> None:
    reference = (DOCS / "reference" / "cli.md").read_text(encoding="utf-8")
    sections = re.split(r"(?m)^## mlaudit ", reference)[1:]
    options = {section.split()[0]: set(re.findall(r"--[a-z][a-z-]*", section)) for section in sections}
    assert set(COMMANDS) <= set(options)
    shown = re.findall(r"\bmlaudit,? ([a-z]+)\b((?:\\\n|[^\n`|&;#])*)", page.read_text(encoding="utf-8"))
    for command, words in shown:
        used = set(re.findall(r"(?<!\S)--[a-z][a-z-]*", words))
        assert used <= options.get(command, used) | {"--help"}, f"mlaudit {command}{words}"


def test_every_promise_names_tests_that_are_there() -> None:
    text = (DOCS / "security.md").read_text(encoding="utf-8")
    promises = [line for line in text.splitlines() if line.startswith("|") and "tests/" in line]
    assert len(promises) >= 9
    for path in re.findall(r"`((?:tests|benchmarks)/\w+\.py)`", text):
        assert (ROOT / path).is_file(), path


@pytest.mark.parametrize("page", [ROOT / "README.md", *WRITTEN], ids=lambda path: path.name)
def test_configurations_that_are_shown_are_understood(page: Path) -> None:
    for block in blocks(page.read_text(encoding="utf-8")):
        if block.language == "toml" and not (block.title or "").startswith("mlaudit/"):
            assert load(Document("mlaudit.toml", data=block.body.encode()), codes=CODES).path == "mlaudit.toml"


@pytest.mark.parametrize("name", PAGES)
def test_a_generated_page_is_that_of_the_live_objects(name: str) -> None:
    path = DOCS / name
    if REGENERATE:
        path.parent.mkdir(exist_ok=True)
        path.write_text(PAGES[name](), encoding="utf-8")
    assert _without_braces(path.read_text(encoding="utf-8")) == _without_braces(PAGES[name]())


def _without_braces(text: str) -> str:
    """Usage lines as typer before 0.27 writes them: `SOURCE...` where later ones write `{SOURCE...}`."""
    return re.sub(r"(?m)(?<=^Usage: )(.*)$", lambda line: line.group().replace("{", "").replace("}", ""), text)


def test_every_command_and_every_family_is_documented() -> None:
    shown = subprocess.run([sys.executable, "-m", "mlaudit", "--help"], capture_output=True, text=True, check=True)
    listed = re.findall(r"^  ([a-z]+)  +[A-Z]", shown.stdout.partition("Commands:")[2], re.MULTILINE)
    assert tuple(listed) == COMMANDS
    assert {code[:4] for code in rules()} <= set(FAMILIES)


def test_the_site_builds_strictly() -> None:
    if find_spec("material") is None:
        pytest.skip("mkdocs-material is not installed; it is in the extra `dev`")
    with tempfile.TemporaryDirectory() as folder:
        # Not with --quiet: it hides the warnings from --strict too, a link to a missing anchor among them.
        done = subprocess.run(
            [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", folder],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        assert (Path(folder) / "tutorial" / "index.html").is_file()
