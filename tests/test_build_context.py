"""From which folder and up to which stage a Dockerfile is built, as files beside it say (build-contexts.toml)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import tomli

from mlaudit.environments.sources import assemble
from mlaudit.model.nouns import Kind
from mlaudit.model.report import Environment
from mlaudit.request.audit_request import EnvironmentRequest
from mlaudit.request.options import Options
from mlaudit.request.source_spec import SourcePart
from tests.checkout import ROOT

ROWS = tomli.loads((ROOT / "fixtures" / "build-contexts.toml").read_text(encoding="utf-8"))["case"]
TREE = {
    "api/Dockerfile": """\
FROM python:3.11-slim AS base
COPY needs.txt .
RUN pip install -r needs.txt
FROM base AS test
RUN pip install pytest==8.0.0
""",
    "api/needs.txt": "numpy==1.26.4\n",
    "needs.txt": "numpy==2.1.3\n",
}


def _read(folder: Path, files: dict[str, str], recipe: str = "api/Dockerfile") -> Environment:
    for name, text in {**TREE, **files}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    source = str(folder / recipe)
    return assemble(
        [SourcePart(text=source, path=source)], EnvironmentRequest(name="api", role="serving"), Options(root=folder)
    )


def _installed(environment: Environment) -> dict[str, str | None]:
    return {
        pin.name: pin.version
        for reading, selected in zip(environment.readings, environment.selected, strict=True)
        for pin, is_selected in zip(reading.pins, selected, strict=True)
        if is_selected and pin.kind is Kind.PACKAGE
    }


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["name"])
def test_reads_the_file_of_the_context(row: dict[str, Any], tmp_path: Path) -> None:
    environment = _read(tmp_path, {row["file"]: row["text"]})
    installed = _installed(environment)
    assert installed.get("numpy", "") == row["numpy"]
    assert ("pytest" in installed) is ("test" in row["stages"])
    doubts = [note for note in environment.notes if "is read" in note]
    assert [row["note"] in note for note in doubts] == ([True] if "note" in row else [])


def test_stages_that_builds_name_differently_are_a_doubt(tmp_path: Path) -> None:
    script = "docker build --target base -f api/Dockerfile .\ndocker build --target test -f api/Dockerfile .\n"
    environment = _read(tmp_path, {"build.sh": script})
    assert "pytest" in _installed(environment)
    assert any("`base` and `test`" in note for note in environment.notes)


def test_a_large_script_beside_takes_nothing_from_the_dockerfile(tmp_path: Path) -> None:
    script = "docker\n" + "a;" * 60_000
    environment = _read(tmp_path, {"build.sh": script})
    assert _installed(environment)["numpy"] == "1.26.4"
    assert not environment.unread


@pytest.mark.parametrize(
    ("files", "numpy"),
    [
        ({"compose.yaml": "services: {api: {build: {context: api, args: {NUMPY: 2.1.3}}}}\n"}, "2.1.3"),
        (
            {
                "compose.yaml": "services:\n  api: {build: {context: api, args: {NUMPY: 2.1.3}}}\n"
                "  own: {build: {context: api, dockerfile_inline: FROM python}}\n"
            },
            "2.1.3",
        ),
        ({"b.sh": "docker build --build-arg NUMPY=2.1.3 api\n"}, "2.1.3"),
        ({"b.sh": "docker build --build-arg NUMPY=$WANTED api\n"}, "1.26.4"),
        ({"b.sh": "docker build --build-arg NUMPY=2.1.3 api\ndocker build api\n"}, "1.26.4"),
    ],
)
def test_arguments_count_that_every_build_gives(files: dict[str, str], numpy: str, tmp_path: Path) -> None:
    recipe = "FROM python:3.11\nARG NUMPY=1.26.4\nRUN pip install numpy==$NUMPY\n"
    assert _installed(_read(tmp_path, {**files, "api/Dockerfile": recipe}))["numpy"] == numpy


@pytest.mark.parametrize(
    ("image", "files", "numpy"),
    [
        ("shop/base", {"b.sh": "docker build -t shop/base base\n"}, "1.24.4"),
        ("shop/base:2", {"b.sh": "docker build -t shop/base base\n"}, None),
        ("acme.example/shop/base:2", {"b.sh": "docker build -t $HOST/shop/base:$TAG base\n"}, "1.24.4"),
        ("shop/base", {"compose.yaml": "services: {base: {image: shop/base, build: ./base}}\n"}, "1.24.4"),
        ("shop/base", {"b.sh": "docker build -t shop/base base\ndocker build -t shop/base api\n"}, None),
    ],
)
def test_an_image_of_the_tree_is_read_where_it_is_built(
    image: str, files: dict[str, str], numpy: str | None, tmp_path: Path
) -> None:
    base = {"base/Dockerfile": "FROM python:3.11\nCOPY base.txt .\nRUN pip install -r base.txt\n"}
    listed = {"base/base.txt": "numpy==1.24.4\n", "api/Dockerfile": f"FROM {image}\nRUN pip install scipy==1.11.4\n"}
    environment = _read(tmp_path, {**files, **base, **listed})
    assert _installed(environment).get("numpy") == numpy
    assert ("python" in {pin.name for one in environment.readings for pin in one.pins}) is (numpy is not None)


@pytest.mark.parametrize(
    ("copied", "numpy"),
    [
        ("api/needs.txt", "1.26.4"),
        # The context that is stated holds neither; what lies above under the same name is another file.
        ("wants.txt", None),
    ],
)
def test_a_stated_context_whose_own_name_is_copied_from_is_the_folder_above(
    copied: str, numpy: str | None, tmp_path: Path
) -> None:
    recipe = f"FROM python:3.11\nCOPY {copied} ./list.txt\nRUN pip install -r list.txt\n"
    files = {"api/docker/Dockerfile": recipe, "api/Dockerfile": "FROM python:3.11\n", "wants.txt": "numpy==2.1.3\n"}
    script = {"api/build.sh": "docker build -f docker/Dockerfile .\n"}
    assert _installed(_read(tmp_path, {**files, **script}, "api/docker/Dockerfile")).get("numpy") == numpy
