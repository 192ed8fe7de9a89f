"""Formats are found by their files' names without importing any parser, and that finds what importing would."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from zipfile import ZipFile

import pytest
import tomli
import yaml

from mlaudit.knowledge.roles import words
from mlaudit.lab.generate import HOOKS, INDEX, RULES, hook_text, index_text
from mlaudit.lab.prepared_knowledge import prepared_files
from mlaudit.model.packaged import packaged, packaged_bytes, packaged_toml, prepared_name, prepared_text
from mlaudit.parsers import _names
from mlaudit.parsers._names import matches
from mlaudit.parsers._registry import Parser, format_names, index, kind_of, parser_of, parsers
from mlaudit.reporters._registry import formats, render
from mlaudit.rules._registry import index_of_rules, registered_rules, rules
from tests.checkout import ROOT, committed

EVERY = tuple(parsers().values())
HOOK = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))[0]
RENEW = "run: python -m mlaudit.lab.generate"
PLAIN_NAMES = (
    "a.txt",
    "notes.md",
    "main.py",
    "data.csv",
    ".yml",
    "yml",
    "",
    "x.tar.gz",
    "environment",
    "environments.yml",
    "environment-.yml",
    "a_environment.yaml",
    "xenvironment.yml",
    "conda-lock-.yl",
    "conda-lock.yml",
    "UV.LOCK",
    "uv.lock.txt",
    "Dockerfile",
    "dockerfile.gpu",
    "api.Dockerfile",
    "Dockerfile/a",
    "requirements/a.txt",
    "requirements/deep/a.txt",
    "x/requirements.txt",
    "wandb/run-1/files/requirements.txt",
    "wandb/files/requirements.txt",
    ".github/workflows/ci.yml",
    "ci/.github/workflows/ci.yml",
    "workflows/ci.yml",
    "a.b.c.pkl.gz",
    ".pkl",
    "site-packages",
    "lib/site-packages",
    "[a].yml",
)


def examples(pattern: str) -> Iterator[str]:
    """Names that fit a glob pattern, and some beside it."""
    for star in ("", "a", "a.b", "-x_"):
        name = re.sub(r"\[(!?)(.)[^\]]*\]", r"\2", pattern.replace("*", star).replace("?", "q"))
        yield from (name, name.upper(), f"top/{name}", f"{name}.bak", f"a{name}")


NAMES = sorted({*PLAIN_NAMES, *(name for one in EVERY for pattern in one.files for name in examples(pattern))})


def test_the_index_is_what_the_decorators_say() -> None:
    assert INDEX.read_text(encoding="utf-8") == index_text(EVERY), RENEW


def test_the_index_of_rules_is_what_their_decorators_say() -> None:
    assert RULES.read_text(encoding="utf-8") == index_of_rules(), RENEW
    assert dict(rules()) == dict(registered_rules())


def test_a_file_of_knowledge_is_read_from_its_json(monkeypatch: pytest.MonkeyPatch) -> None:
    prepared = {prepared_name("knowledge/names.toml"): prepared_text("knowledge/names.toml").encode()}
    expected = tomli.loads(packaged("knowledge/names.toml"))
    monkeypatch.setattr(
        "mlaudit.model.packaged.packaged_bytes", lambda name: prepared.get(name) or packaged_bytes(name)
    )
    monkeypatch.setattr("tomli.loads", lambda _: pytest.fail("the TOML is parsed, though its JSON is at hand"))
    assert packaged_toml("knowledge/names.toml") == expected


def test_a_file_of_knowledge_with_an_old_json_is_read_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    prepared = {prepared_name("knowledge/names.toml"): prepared_text("knowledge/names.toml")}
    changed = packaged("knowledge/names.toml").replace('pytorch = "torch"', 'pytorch = "flame"')
    given = {name: text.encode() for name, text in {**prepared, "knowledge/names.toml": changed}.items()}
    assert "flame" in changed
    monkeypatch.setattr("mlaudit.model.packaged.packaged_bytes", lambda name: given.get(name) or packaged_bytes(name))
    assert packaged_toml("knowledge/names.toml") == tomli.loads(changed)


@pytest.mark.slow
def test_a_wheel_has_every_file_of_knowledge_as_json(tmp_path: Path) -> None:
    words = [sys.executable, "-m", "uv", "build", "--quiet", "--wheel", "--out-dir", str(tmp_path / "dist"), str(ROOT)]
    own_cache = {**os.environ, "UV_CACHE_DIR": str(tmp_path / "cache")}
    done = subprocess.run(words, capture_output=True, text=True, env=own_cache, check=False)
    if re.search(r"error sending request|dns error|Could not connect", done.stderr):
        pytest.skip("what builds a wheel is on a package index, which is not reached")
    assert done.returncode == 0, done.stderr
    (wheel,) = (tmp_path / "dist").glob("*.whl")
    with ZipFile(wheel) as archive:
        built = {name: archive.read(name).decode() for name in archive.namelist() if "/_prepared/" in name}
    assert built == {path.relative_to(ROOT).as_posix(): text for path, text in prepared_files().items()}


def test_naming_the_rules_imports_none_and_a_new_file_is_found_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    code = """
import sys
from mlaudit.rules._registry import rules
known = rules()
print(len(known), [name for name in sys.modules if name.startswith("mlaudit.rules.") and "._" not in name])
assert known["MLA001"].documentation.startswith("Two environments pin")
print([name for name in sys.modules if name.startswith("mlaudit.rules.") and "._" not in name])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == [f"{len(rules())} []", "['mlaudit.rules.version_differs']"]
    monkeypatch.setattr("mlaudit.rules._registry.packaged", lambda name: "[]")
    assert dict(rules.__wrapped__()) == dict(registered_rules())


def _asked_one_by_one(name: str) -> tuple[str, ...]:
    return tuple(one.format for one in EVERY if one.names(name) and one.access != "tree")


def test_the_index_tells_of_a_name_what_asking_every_parser_does() -> None:
    assert len(NAMES) > 1000
    different = {
        name: (format_names(name), by_parsers)
        for name in NAMES
        if format_names(name)
        != (by_parsers := tuple(one.format for one in EVERY if one.names(name) and one.access != "tree"))
    }
    assert different == {}


def test_the_ending_of_code_or_prose_counts_for_more_than_how_a_name_begins() -> None:
    assert format_names("tools/dockerfile.py") == format_names("Dockerfile.md") == ()
    assert format_names("Dockerfile.gpu") == format_names("Dockerfile-cpu") == ("dockerfile",)


def test_nearly_all_names_are_looked_up_and_few_patterns_are_asked() -> None:
    asked = sum(map(len, index().patterns.values()))
    looked_up = len(index().literal) + len(index().endings)
    assert asked < looked_up
    assert max(map(len, index().patterns.values())) < 10


def test_looking_at_names_imports_no_parser_and_reading_one_format_imports_one() -> None:
    code = """
import sys
from mlaudit.parsers._registry import is_named, named
assert is_named("uv.lock") and not is_named("main.py")
print([name for name in sys.modules if name.startswith("mlaudit.parsers.") and "._" not in name])
named("uv.lock")
print([name for name in sys.modules if name.startswith("mlaudit.parsers.") and "._" not in name])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["[]", "['mlaudit.parsers.uv_lock']"]


def test_what_the_hook_looks_for_is_what_the_decorators_say() -> None:
    text = HOOKS.read_text(encoding="utf-8")
    assert text == hook_text(text, EVERY), RENEW


STATING = [one for one in EVERY if one.kind != "artifact" and one.access != "tree" and one.files]


@pytest.mark.parametrize("parser", STATING, ids=lambda parser: parser.format)
def test_the_hook_starts_on_the_names_of_every_format_that_states_versions(parser: Parser) -> None:
    names = [name for pattern in parser.files for name in examples(pattern) if parser.names(name)]
    assert names
    assert [name for name in names if not re.search(HOOK["files"], name)] == []


@pytest.mark.parametrize("name", formats())
def test_every_reporter_is_named_after_its_module(name: str) -> None:
    assert callable(render(name))


def test_the_table_of_words_names_formats_that_there_are() -> None:
    assert set(words().lock_preference) == {one.format for one in EVERY if one.kind == "lock"}
    assert set(words().descriptors) <= {one.format for one in EVERY if one.kind == "descriptor"}


def test_a_format_that_is_not_there() -> None:
    assert parser_of("no-such-format") is None
    assert kind_of("no-such-format") == "list"


def test_the_package_works_from_a_zip_archive(tmp_path: Path) -> None:
    import zipfile

    archive = tmp_path / "mlaudit.zip"
    with zipfile.ZipFile(archive, "w") as made:
        for path in sorted((ROOT / "mlaudit").rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                made.write(path, path.relative_to(ROOT).as_posix())
    (tmp_path / "train.txt").write_text("numpy==2.1.3\nscikit-learn==1.5.2\n", encoding="utf-8")
    (tmp_path / "serve.txt").write_text("numpy==1.26.0\nscikit-learn==1.5.2\n", encoding="utf-8")
    code = f"""
import sys
sys.path.insert(0, {str(archive)!r})
import mlaudit
assert mlaudit.__file__.startswith({str(archive)!r}), mlaudit.__file__
from mlaudit.cli.app import run
sys.exit(run(sys.argv[1:]))
"""

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-P" if sys.version_info >= (3, 11) else "-s", "-c", code, *arguments]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)

    compared = run("compare", "train.txt", "serve.txt", "--format", "html")
    assert (compared.returncode, compared.stderr) == (1, "")
    assert "MLA101" in compared.stdout
    committed(tmp_path)
    of_revision = run("compare", "HEAD:train.txt", "serve.txt", "--format", "json")
    assert (of_revision.returncode, of_revision.stderr) == (1, "")
    explained = run("explain", "numpy")
    assert explained.returncode == 0, explained.stderr


def test_a_name_is_held_against_few_patterns(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = 0

    def counted(pattern: str, path: str) -> bool:
        nonlocal asked
        asked += 1
        return matches(pattern, path)

    monkeypatch.setattr(_names, "matches", counted)
    endings = ("py", "md", "csv", "txt", "yml", "json", "png", "lock", "toml", "cfg")
    for number in range(1000):
        format_names(f"src/part{number}/module_{number}.{endings[number % len(endings)]}")
    assert asked < 100
    format_names("src/part/dev-requirements.txt")
    assert asked > 0
