"""Who requires what of the environment that runs the tests, as `mlaudit why` has it, against `pipdeptree --reverse`."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from mlaudit.model.names import normalized
from tests.command_line import run

Edge = tuple[str, str]
"""Who requires, and what."""
PIPDEPTREE = Path(sys.executable).with_name("pipdeptree")
pytestmark = [
    pytest.mark.skipif(not PIPDEPTREE.is_file(), reason="pipdeptree, of the dev extra, is not installed"),
    pytest.mark.slow,
]


def reversed_tree(package: str) -> set[Edge]:
    words = [str(PIPDEPTREE), "--reverse", "--packages", package, "--python", sys.executable, "--output", "json-tree"]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    return {edge for root in json.loads(done.stdout) for edge in edges(root)}


def edges(node: Mapping[str, Any]) -> Iterator[Edge]:
    for parent in node["dependencies"]:
        yield normalized(parent["key"]), normalized(node["key"])
        yield from edges(parent)


@pytest.mark.parametrize("package", ["markupsafe", "six", "urllib3", "idna", "attrs", "click", "typer", "pyyaml"])
def test_requirements_of_what_is_installed_are_those_of_pipdeptree(package: str) -> None:
    done = run(Path(sys.prefix).parent, "why", package, sys.prefix, "--all", "--format", "json")
    assert done.returncode == 0, done.stderr
    paths = [[normalized(step["name"]) for step in path["steps"]] for path in json.loads(done.stdout)["paths"]]
    found = {edge for path in paths for edge in pairwise(path)}
    assert found == reversed_tree(package)
