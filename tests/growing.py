"""Inputs of each text format that grow with a number: the fixture `many` repeated, or a template."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from mlaudit.document.yaml import yaml_load_all
from mlaudit.parsers._registry import parser_of
from tests.parser_cases import FIXTURES

Text = Callable[[int], str]


@dataclass(frozen=True, slots=True)
class Template:
    """A head, a unit that stands once for each number (`<n>`), and a tail."""

    head: str
    unit: str
    tail: str = ""
    between: str = ""

    def __call__(self, count: int) -> str:
        units = (self.unit.replace("<n>", str(number)) for number in range(count))
        return self.head + self.between.join(units) + self.tail


_PIP_ROW = '{"name": "pack<n>", "version": "1.<n>"}'
TEMPLATES: Mapping[str, Text] = {
    "terraform": lambda count: "".join(
        f'resource "aws_sagemaker_model" "m{number}" {{\n  primary_container {{ image = "python:3.{number}" }}\n}}\n'
        for number in range(count)
    ),
    "pip-list": Template("[", _PIP_ROW, "]", ","),
    "pyproject": Template(
        '[project]\nname = "x"\n[dependency-groups]\n',
        'group<n> = ["pack<n>==1.<n>", {include-group = "base"}]\n',
        "base = []\n",
    ),
    "hatch-toml": Template("", '[envs.env<n>]\ndependencies = ["pack<n>==1.<n>"]\npython = "3.10"\n'),
    "pipfile": Template("[packages]\n", 'pack<n> = "==1.<n>"\n'),
    "pixi-toml": Template(
        '[workspace]\nname = "x"\nchannels = ["conda-forge"]\nplatforms = ["linux-64"]\n[dependencies]\n',
        'pack<n> = "1.<n>.*"\n',
    ),
    "tox-ini": Template("[tox]\nenv_list = py310\n[testenv]\ndeps =\n", "    pack<n>==1.<n>\n    {[extra]deps<n>}\n"),
    "setup-cfg": Template("[options]\ninstall_requires =\n", "    pack<n>==%(pin)s\n", "pin = 1.0\n"),
    "setup-py": Template(
        "from setuptools import setup\nwanted = []\n",
        "if x<n>:\n    wanted += ['pack<n>==1.<n>']\nwanted.append('a<n>==1')\n",
        "setup(install_requires=wanted)\n",
    ),
    "noxfile": Template(
        "import nox\n",
        "@nox.session(python='3.11')\ndef job<n>(session):\n    session.install('pack<n>==1.<n>', f(<n>))\n",
    ),
    "github-actions": Template(
        "on: push\njobs:\n", "  job<n>:\n    runs-on: x\n    steps:\n    - run: pip install pack<n>==1.<n>\n"
    ),
    "conda-meta": Template(
        '{"name": "x", "version": "1", "build": "0", "channel": "conda-forge", "depends": [',
        '"pack<n> >=1.<n>"',
        "]}",
        ",",
    ),
    "devcontainer": Template(
        '{"image": "python:3.11", "postCreateCommand": "true', " && pip install pack<n>==1.<n>", '"}'
    ),
    "dvc": Template("outs:\n", "- md5: d41d8cd98f00b204e9800998ecf8427e\n  path: data<n>.csv\n"),
    "egg-info": Template("Metadata-Version: 2.1\nName: x\nVersion: 1.0\n", "Requires-Dist: pack<n>==1.<n>\n"),
    "pipdeptree": Template(
        "[",
        '{"package": {"key": "pack<n>", "package_name": "pack<n>", "installed_version": "1.<n>"}, "dependencies": []}',
        "]",
        ",",
    ),
    "poetry-lock": Template(
        "",
        '[[package]]\nname = "pack<n>"\nversion = "1.<n>"\noptional = false\npython-versions = "*"\nfiles = []\n\n'
        '[package.dependencies]\nnext<n> = ">=1"\n\n',
        '[metadata]\nlock-version = "2.0"\npython-versions = "*"\ncontent-hash = "0"\n',
    ),
    "python-version": Template("", "3.11.<n>\n"),
    "script-metadata": Template("# /// script\n# dependencies = [\n", '#   "pack<n>==1.<n>",\n', "# ]\n# ///\n"),
    "uv-tree": Template("x v1.0\n", "├── pack<n> v1.<n>\n", "└── last v1.0\n"),
    "gitlab-ci": Template(
        ".base:\n  image: python:3.11\n", "job<n>:\n  extends: .base\n  script:\n  - pip install pack<n>==1.<n>\n"
    ),
}


def growing(format_name: str) -> Text:
    """The text of a format by the number of its units. Raises OSError where it has neither fixture nor template."""
    if format_name in TEMPLATES:
        return TEMPLATES[format_name]
    case = FIXTURES / "parsers" / format_name / "many"
    expected = json.loads((case / "expected.json").read_text(encoding="utf-8"))
    return _repeated((case / expected["input"]).read_text(encoding="utf-8"))


def name_of(format_name: str) -> str:
    """A file name under which the format is met."""
    parser = parser_of(format_name)
    assert parser is not None
    return next((pattern for pattern in parser.files if "*" not in pattern and "[" not in pattern), "document")


def _repeated(text: str) -> Text:
    """Repeat the members of the longest collection of JSON or YAML, the blocks `[[...]]` of TOML, else all lines."""
    start = text.find("[[")
    loaders: tuple[Callable[[str], Any], ...] = (json.loads, _one_yaml)
    for load in loaders if start < 0 or text.startswith("{") else ():
        try:
            data = load(text)
        except ValueError:
            continue
        if isinstance(data, (dict, list)):
            return lambda count: json.dumps(_grown(data, count), indent=1)
    head, body = (text[:start], text[start:]) if start >= 0 else ("", text)
    return lambda count: head + (body.rstrip("\n") + "\n") * count


def _one_yaml(text: str) -> Any:
    documents = yaml_load_all(text)
    return documents[0] if len(documents) == 1 else None


def _grown(data: Any, count: int) -> Any:
    """The data with each member of its largest list or table of tables `count` times, names numbered."""
    largest = max(_collections(data), key=lambda found: len(json.dumps(found[1])), default=((), data))
    return _replaced(data, largest[0], count)


def _collections(value: Any, route: tuple[Any, ...] = ()) -> list[tuple[tuple[Any, ...], Any]]:
    found = []
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    if isinstance(value, list) or (
        isinstance(value, dict) and len(value) > 1 and all(isinstance(one, dict) for one in value.values())
    ):
        return [(route, value)]
    for key, member in members:
        found += _collections(member, (*route, key))
    return found


def _replaced(value: Any, route: tuple[Any, ...], count: int) -> Any:
    if route:
        copy = dict(value) if isinstance(value, dict) else list(value)
        copy[route[0]] = _replaced(value[route[0]], route[1:], count)
        return copy
    if isinstance(value, list):
        return [member for _ in range(count) for member in value]
    return {f"{key}{number or ''}": member for number in range(count) for key, member in value.items()}
