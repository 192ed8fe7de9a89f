"""Who required a package: paths through real locks, against what the tools that made them say."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from mlaudit.cli.app import run
from mlaudit.grammars.pypi.via_comments import via_comments
from tests.test_reporters import problems

FIXTURES = Path(__file__).parent.parent / "fixtures"
WHY = FIXTURES / "why"


Call = Callable[..., tuple[int, str]]


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Call:
    """Calls the command in a folder: its exit code, and what it printed, without line breaks on errors."""

    def called(folder: Path, *arguments: str) -> tuple[int, str]:
        monkeypatch.chdir(folder)
        capsys.readouterr()
        code = run(["why", *arguments])
        printed = capsys.readouterr()
        return code, printed.out or printed.err.replace("\n", " ")

    return called


def asked(call: Call, folder: Path, *arguments: str) -> dict[str, Any]:
    code, text = call(folder, *arguments, "--format", "json")
    assert code == 0, text
    data: dict[str, Any] = json.loads(text)
    assert problems("why-1", data) == []
    return data


def names(data: dict[str, Any]) -> set[str]:
    return {" > ".join(step["name"] for step in path["steps"]) for path in data["paths"]}


def inverted(folder: Path, package: str) -> set[str]:
    """The paths of `uv tree --invert`, the root first."""
    command = ["uv", "tree", "--frozen", "--offline", "--invert", "--no-dedupe", "--no-dev", "--package", package]
    environment = {**os.environ, "UV_PYTHON": sys.executable, "UV_PYTHON_DOWNLOADS": "never"}
    environment["UV_CACHE_DIR"] = str(folder.parent / "cache")
    done = subprocess.run(
        [*command, "--python-version", "3.9", "--python-platform", "linux"],
        cwd=folder, env=environment, capture_output=True, text=True, check=True,
    )  # fmt: skip
    found = (
        re.fullmatch(r"((?:[│ ] {3})*)([├└]── )?(\S+?)(?:\[.*\])? v\S+.*", line) for line in done.stdout.split("\n")
    )
    return leaves([((len(one[1]) // 4 + bool(one[2])), one[3]) for one in found if one is not None])


def leaves(items: Sequence[tuple[int, str]]) -> set[str]:
    stack: list[str] = []
    ends: set[str] = set()
    for (depth, name), following in zip(items, [*(depth for depth, _ in items[1:]), 0], strict=True):
        stack[depth:] = [name]
        if following <= depth:
            ends.add(" > ".join(reversed(stack)))
    return ends


@pytest.mark.skipif(shutil.which("uv") is None, reason="uv, of the dev extra, is not installed")
@pytest.mark.parametrize("package", ["markupsafe", "urllib3", "zipp", "pysocks", "click"])
def test_paths_are_those_of_uv(package: str, tmp_path: Path, call: Call) -> None:
    shutil.copytree(WHY / "uv", tmp_path / "uv")
    data = asked(call, tmp_path / "uv", package, "uv.lock", "--all", "--python", "3.9", "--extra", "s3")

    assert names(data) == inverted(tmp_path / "uv", package)
    lengths = [len(path["steps"]) for path in data["paths"]]
    assert lengths == sorted(lengths)


def test_an_extra_that_nobody_asks_for_requires_nothing(call: Call) -> None:
    without = asked(call, WHY / "uv", "urllib3", "uv.lock", "--python", "3.9")
    with_extra = asked(call, WHY / "uv", "urllib3", "uv.lock", "--python", "3.9", "--extra", "s3")

    assert names(without) == {"shop > requests > urllib3"}
    assert names(with_extra) == {"shop > requests > urllib3", "shop > botocore > urllib3"}
    (by_extra,) = [path["steps"] for path in with_extra["paths"] if path["steps"][1]["name"] == "botocore"]
    assert by_extra[1]["because"] == "extra s3"
    assert call(WHY / "uv", "zipp", "uv.lock", "--python", "3.12")[0] == 2


@pytest.mark.parametrize("tool", ["compiled", "pip-tools"])
def test_comments_of_compiled_requirements_are_a_graph(tool: str, call: Call) -> None:
    data = asked(call, WHY / tool, "markupsafe", "requirements.txt")

    assert names(data) == {"flask > jinja2 > markupsafe", "flask > werkzeug > markupsafe"}
    first = data["paths"][0]["steps"][0]
    assert (first["path"].rpartition("/")[2], first["line"]) == ("requirements.in", 1)


def test_a_package_that_the_project_names(call: Call) -> None:
    code, text = call(WHY / "uv", "flask", "uv.lock")

    assert code == 0
    assert "named directly in pyproject.toml:5:" in text
    assert "1. shop   uv.lock:" in text


def test_a_lock_without_a_graph_says_so(call: Call) -> None:
    _, text = call(FIXTURES / "native-locks" / "pipenv", "numpy", "Pipfile.lock")

    assert "named directly in Pipfile:" in text
    assert "a Pipfile.lock does not record which package requires which" in text.replace("\n", " ")


def test_what_is_not_there_is_an_error_with_advice(call: Call) -> None:
    absent, unknown = call(WHY / "uv", "flsk", "uv.lock"), call(WHY / "uv", "flask", "servng")

    assert (absent[0], unknown[0]) == (2, 2)
    assert "did you mean flask?" in absent[1]
    assert "neither a file or folder nor an environment" in unknown[1]


def test_paths_are_bounded(tmp_path: Path, call: Call) -> None:
    """Layers of packages that each require all of the next have more paths than anybody waits for."""
    layers, wide = 9, 6
    lines = ['version = 1\nrequires-python = ">=3.11"\n']
    for layer in range(layers):
        for number in range(wide):
            lines.append(f'[[package]]\nname = "p{layer}-{number}"\nversion = "1"\nsource = {{ registry = "x" }}')
            below = ", ".join(f'{{ name = "p{layer + 1}-{other}" }}' for other in range(wide))
            lines.append(f"dependencies = [{below}]\n" if layer < layers - 1 else "")
    roots = ", ".join(f'{{ name = "p0-{number}" }}' for number in range(wide))
    lines.append(f'[[package]]\nname = "top"\nversion = "1"\nsource = {{ virtual = "." }}\ndependencies = [{roots}]\n')
    (tmp_path / "uv.lock").write_text("\n".join(lines))

    data = asked(call, tmp_path, f"p{layers - 1}-0", "uv.lock", "--all")

    assert data["limited"]
    assert len(data["paths"]) <= 1_000


def test_comments_in_every_form() -> None:
    text = """\
# via nobody
a==1  # via b, c
b==1 \\
    --hash=sha256:00
    # via
    #   -r in/base.in
    #   d[x]
    #   shop (pyproject.toml)
c==1
# via d
"""
    found = via_comments(text)

    assert {line: one.packages for line, one in found.items()} == {2: ("b", "c"), 3: ("d",), 9: ("d",)}
    assert found[3].files == ("in/base.in", "pyproject.toml")
