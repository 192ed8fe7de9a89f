"""Work that a small document asks for: it ends after a counted number of steps, with what was read or a reason."""

from __future__ import annotations

import json
import sys
from dataclasses import replace

import pytest

from mlaudit.document import yaml
from mlaudit.document.document import Document
from mlaudit.document.json_stream import WHOLE
from mlaudit.document.positions import json_locator
from mlaudit.grammars import notebook_cells, python_source, python_value_nouns, python_values, sbom
from mlaudit.grammars.container import dockerfile_text
from mlaudit.grammars.pypi import hatch_environments, pyproject_text
from mlaudit.model.caches import clear_content_caches
from mlaudit.model.nouns import Reading
from mlaudit.parsers import compose, cyclonedx, gitlab_ci, noxfile, setup_cfg, tox_ini
from mlaudit.parsers._read import read
from tests.test_linear import steps_of

STEPS = 400_000
"""Calls that any of the documents below may take; each would take many times more, or never end, without its limit."""


def reading(name: str, text: str, as_format: str | None = None) -> Reading:
    return read(Document(name, text.encode()), as_format)


def reasons(found: Reading) -> str:
    return "\n".join(unread.why for unread in found.unread)


_TOX_DOUBLING = "[testenv]\ndeps =\n  {[a0]deps}\n" + "".join(
    f"[a{level}]\ndeps =\n" + f"  {{[a{level + 1}]deps}}\n" * 8 for level in range(14)
)
_SETUP_DOUBLING = "from setuptools import setup\na = ['x']\n" + "a = a + a\n" * 40 + "setup(install_requires=a)\n"
_SETUP_TEXTS = (
    "from setuptools import setup\na = '"
    + "x" * 19_000
    + "'\n"
    + "".join(f"a{number} = a + 'y'\n" for number in range(20))
    + "setup(install_requires=[a])\n"
)
_SETUP_CONDITIONS = "from setuptools import setup\na = []\n" + "if x: a = 1\n" * 400 + "setup(install_requires=a)\n"
_NOX_DOUBLING = (
    "import nox\na = ['x']\n" + "a = [*a, *a]\n" * 40 + "@nox.session\ndef job(session):\n    session.install(*a)\n"
)
_NOX_TEXTS = (
    "import nox\na = 'x'\n" + "a = f'{a}{a}'\n" * 40 + "@nox.session\ndef job(session):\n    session.install(a)\n"
)
_CFG_DOUBLING = (
    "[options]\ninstall_requires = %(a0)s\n"
    + "".join(f"a{level} =\n" + f"  %(a{level + 1})s\n" * 8 for level in range(9))
    + "a9 = numpy\n"
)
_EXTENDS = "".join(f".a{level}:\n  extends: [{', '.join([f'.a{level + 1}'] * 8)}]\n" for level in range(40)) + (
    "job:\n  extends: .a0\n  script: [pip install numpy==1]\n"
)
_REFERENCES = "job:\n  script: [[.a0, script]]\n" + "".join(
    f".a{level}:\n  script: [{', '.join([f'[.a{level + 1}, script]'] * 8)}]\n" for level in range(11)
)
_GROUPS = "[dependency-groups]\n" + "".join(
    f"g{number} = [{', '.join(f'{{include-group = {chr(34)}g{other}{chr(34)}}}' for other in range(number))}]\n"
    for number in range(30)
)
_HATCH = (
    '[envs.default]\ndependencies = ["a"'
    + ', "a"' * 1_000
    + "]\n"
    + "".join(f"[envs.e{number}]\n" for number in range(1_000))
)
_CELLS = json.dumps({"cells": [{"cell_type": "code", "source": "x"}] * 300, "metadata": {}, "nbformat": 4})
_BILL = json.dumps(
    {"bomFormat": "CycloneDX", "specVersion": "1.5", "components": [{"type": "library", "name": "x"}] * 300}
)
_HATCH_CHAIN = "".join(f'[envs.e{number}]\ntemplate = "e{number + 1}"\n' for number in range(30))
_MERGES = "".join(
    f"a{number}: &a{number}\n  k{number}: 1\n" + (f"  <<: *a{number - 1}\n" if number else "") for number in range(100)
)

HOSTILE = {
    "tox-doubling": ("tox.ini", _TOX_DOUBLING, tox_ini, "LINES"),
    "setup-doubling": ("setup.py", _SETUP_DOUBLING, python_values, "MEMBERS"),
    "setup-texts": ("setup.py", _SETUP_TEXTS, python_value_nouns, "CHARACTERS"),
    "setup-conditions": ("setup.py", _SETUP_CONDITIONS, python_values, "MEMBERS"),
    "setup-steps": ("setup.py", _SETUP_CONDITIONS, python_values, "STEPS"),
    "nox-doubling": ("noxfile.py", _NOX_DOUBLING, noxfile, "TEXTS"),
    "nox-texts": ("noxfile.py", _NOX_TEXTS, noxfile, "CHARACTERS"),
    "setup-cfg-doubling": ("setup.cfg", _CFG_DOUBLING, setup_cfg, "LINES"),
    "gitlab-references": (".gitlab-ci.yml", _REFERENCES, gitlab_ci, "ENTRIES"),
    "dependency-groups": ("pyproject.toml", _GROUPS, pyproject_text, "INCLUDES"),
    "hatch-requirements": ("hatch.toml", _HATCH, hatch_environments, "REQUIREMENTS"),
    "hatch-templates": ("hatch.toml", _HATCH_CHAIN, hatch_environments, "TEMPLATES"),
    "yaml-merges": ("conda.yaml", _MERGES, yaml, "VALUES"),
    "notebook-cells": ("a.ipynb", _CELLS, notebook_cells, "CELLS"),
    "bill-components": ("bom.json", _BILL, sbom, "COMPONENTS"),
    "bill-depth": ("bom.json", _BILL, cyclonedx, "STEPS"),
}
"""Documents whose work grows with a power of their size, the module whose limit ends it, and the limit's name."""


@pytest.mark.parametrize("case", HOSTILE)
def test_growth_ends_at_its_limit_and_is_told(case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    name, text, module, constant = HOSTILE[case]
    shipped = getattr(module, constant)
    limit = replace(shipped, most=200)
    for importer in [one for name, one in sys.modules.items() if name.startswith("mlaudit.")]:
        if vars(importer).get(constant) is shipped:
            monkeypatch.setattr(importer, constant, limit)
    clear_content_caches()
    found: list[Reading] = []
    steps_of(lambda: found.append(reading(name, text)), STEPS)
    assert f"it needs more than 200 {limit.name}" in reasons(found[0])


def test_a_reference_of_tox_to_itself_is_told() -> None:
    found = reading("tox.ini", "[testenv]\ndeps =\n  numpy==1.0\n" + "  {[testenv]deps}\n" * 10)
    assert [pin.name for pin in found.pins] == ["numpy"]
    assert "leads back to itself" in reasons(found)


def test_templates_of_gitlab_are_each_looked_into_once() -> None:
    steps_of(lambda: reading(".gitlab-ci.yml", _EXTENDS), STEPS)
    assert [pin.name for pin in reading(".gitlab-ci.yml", _EXTENDS).pins] == ["numpy"]


def test_more_lines_than_are_read_are_told() -> None:
    found = reading("tox.ini", "[testenv]\n" + "# x\n" * 100_000 + "deps = numpy==1\n")
    assert "100,000 lines" in reasons(found)


def test_more_arguments_than_are_read_are_told() -> None:
    words = ", ".join(f"'p{number}==1'" for number in range(2_001))
    found = reading("noxfile.py", f"import nox\n@nox.session\ndef job(session):\n    session.install({words})\n")
    assert "2,000 arguments" in reasons(found)


def test_more_tasks_than_are_read_are_told() -> None:
    task = "@task.virtualenv(requirements=['numpy==2.1.3'])\ndef job(): pass\n"
    found = reading("dag.py", "from airflow.sdk import task\n" + task * 201, "python-image")
    assert len(found.pins) == len(found.roots) == 200
    assert reasons(found) == "it has more than 200 tasks with environments; the others are not read"


def test_more_instructions_and_services_than_are_read_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dockerfile_text, "MAX_INSTRUCTIONS", 2)
    install = "RUN pip install numpy==2.1.3\n"
    assert reasons(reading("Dockerfile", f"FROM a\n{install}")) == ""
    assert reasons(reading("Dockerfile", f"FROM a\n{install * 2}")) == "more than 2 instructions are not read"
    monkeypatch.setattr(compose, "MAX_SERVICES", 1)
    services = "services:\n  a: {image: python:3.12}\n  b: {image: python:3.11}\n"
    found = reading("compose.yaml", services)
    assert [pin.version for pin in found.pins if pin.kind.value == "image"] == ["3.12"]
    assert reasons(found) == "it has more than 1 services; the others are not read"


def test_an_axis_of_a_matrix_that_is_cut_is_told() -> None:
    axis = ", ".join(f"'{number}'" for number in range(33))
    steps = "    runs-on: x\n    steps:\n    - run: pip install numpy==${{ matrix.v }}\n"
    found = reading("ci.yml", f"jobs:\n  a:\n    strategy: {{matrix: {{v: [{axis}]}}}}\n{steps}", "github-actions")
    assert "32 entries" in reasons(found)


def test_a_component_is_found_however_deep_it_is_nested() -> None:
    component = {"type": "library", "name": "numpy", "version": "1.0", "purl": "pkg:pypi/numpy@1.0"}
    for level in range(200):
        component = {"type": "library", "name": f"n{level}", "version": "1", "components": [component]}  # type: ignore[dict-item]
    found = reading("bom.json", json.dumps({"bomFormat": "CycloneDX", "specVersion": "1.5", "components": [component]}))
    assert "numpy" in {pin.name for pin in found.pins}


def test_a_source_is_not_parsed_beyond_its_limit() -> None:
    found = reading("setup.py", "from setuptools import setup\n" + "a\n" * python_source.MAX_SOURCE)
    assert "a Python source may have" in reasons(found)


@pytest.mark.parametrize("text", ["[t.a<n>]\n", "a<n>.b.c.d = 1\n"], ids=["tables", "dotted"])
def test_toml_of_many_tables_is_refused(text: str) -> None:
    body = "".join(text.replace("<n>", str(number)) for number in range(110_000))
    assert "tables and dotted keys of TOML" in reasons(reading("pyproject.toml", body))


def test_toml_of_many_values_is_refused() -> None:
    assert "lines and commas of TOML" in reasons(reading("pyproject.toml", f"a = [{'1,' * 500_001}]\n"))


def _large_bill() -> str:
    components = [
        {
            "type": "library",
            "name": f"p{number}",
            "version": "1.0",
            "purl": f"pkg:pypi/p{number}@1.0",
            "bom-ref": f"r{number}",
        }
        for number in range(WHOLE // 8)
    ]
    dependencies = [{"ref": "r0", "dependsOn": ["r1"]}]
    bill = {"bomFormat": "CycloneDX", "specVersion": "1.5", "components": components, "dependencies": dependencies}
    return json.dumps(bill, indent=1)


@pytest.mark.slow
def test_a_large_bill_read_in_parts_states_what_a_whole_one_does() -> None:
    text = _large_bill()
    document = Document("bom.json", text.encode())
    assert document.json_outline.get("components").value == []
    found = read(document, "cyclonedx")
    assert len(found.pins) == WHOLE // 8
    first, last = found.pins[0], found.pins[-1]
    assert [edge.name for edge in first.requires] == ["p1"]
    span = json_locator(text).at("components", WHOLE // 8 - 1, "version")
    assert span is not None
    assert (last.at.line, last.at.column) == (span.line, span.column)


@pytest.mark.slow
def test_a_large_broken_document_says_where() -> None:
    text = _large_bill()
    cut = reading("bom.json", text[: len(text) // 2], "cyclonedx")
    assert "not valid JSON" in reasons(cut)
    broken = reading("bom.json", text.replace('"name": "p9",', '"name" "p9",', 1), "cyclonedx")
    assert "not valid JSON" in reasons(broken)
    line = text[: text.index('"name": "p9",')].count("\n") + 1
    assert broken.unread[0].at.line == line


def test_places_in_lines_of_wide_characters() -> None:
    text = "from setuptools import setup\nsetup(install_requires=['é" + "é" * 3_000 + "', 'numpy==1.0'])\n"
    found = reading("setup.py", text)
    pin = next(pin for pin in found.pins if pin.name == "numpy")
    assert pin.at.start is not None
    assert text[pin.at.start : pin.at.end] == "'numpy==1.0'"
    assert pin.at.column == text.split("\n")[1].index("'numpy") + 1
