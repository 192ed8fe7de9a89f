"""The quick look at installed packages: folders' names first, metadata where they tell too little."""

from __future__ import annotations

import json
import sys
from importlib.metadata import distributions as slowly
from pathlib import Path

import pytest

from mlaudit.model.names import normalized
from mlaudit.snapshot import came_from
from mlaudit.sources.installed import distributions


def info(folder: Path, name: str, **files: str) -> Path:
    made = folder / name
    made.mkdir(parents=True)
    for file, text in files.items():
        (made / {"pkg_info": "PKG-INFO", "direct": "direct_url.json"}.get(file, file)).write_text(
            text, encoding="utf-8"
        )
    return made


HEAD = "Metadata-Version: 2.1\nName: {}\nVersion: {}\n\nName: of the description\n"


@pytest.mark.parametrize(
    ("folder", "files", "expected"),
    [
        ("scikit_learn-1.5.2.dist-info", {"METADATA": ""}, ("scikit-learn", "1.5.2")),
        ("torch-2.5.1+cu124.dist-info", {"METADATA": ""}, ("torch", "2.5.1+cu124")),
        ("ruamel.yaml-0.18.6.dist-info", {"METADATA": ""}, ("ruamel-yaml", "0.18.6")),
        ("odd-name.dist-info", {"METADATA": HEAD.format("odd-name", "1.0")}, ("odd-name", "1.0")),
        ("old-1.0-py3.11.egg-info", {"pkg_info": HEAD.format("old", "1.0")}, ("old", "1.0")),
        ("gone-1.0.dist-info", {}, None),
        ("nameless.egg-info", {"pkg_info": "Version: 1.0\n"}, None),
        ("~umpy-1.26.0.dist-info", {"METADATA": ""}, None),
        ("numpy", {"METADATA": HEAD.format("numpy", "1.0")}, None),
    ],
)
def test_a_folder_tells_a_package(
    tmp_path: Path, folder: str, files: dict[str, str], expected: tuple[str, str] | None
) -> None:
    info(tmp_path, folder, **files)
    found = [(one.name, one.version) for one in distributions([str(tmp_path)]).values()]
    assert found == ([expected] if expected else [])


def test_the_first_folder_of_the_path_counts(tmp_path: Path) -> None:
    for folder, version in (("user", "2.0"), ("system", "1.0")):
        info(tmp_path / folder, f"numpy-{version}.dist-info", METADATA="")
    found = distributions([str(tmp_path / "nowhere"), str(tmp_path / "user"), str(tmp_path / "system")])
    assert found["numpy"].version == "2.0"


def test_an_egg_file_of_metadata_is_read(tmp_path: Path) -> None:
    (tmp_path / "flat-1.0.egg-info").write_text(HEAD.format("flat", "1.0"), encoding="utf-8")
    egg = tmp_path / "old-2.0-py3.11.egg"
    info(egg, "EGG-INFO", pkg_info=HEAD.format("old", "2.0"))
    found = distributions([str(tmp_path), str(egg)])
    assert {name: one.version for name, one in found.items()} == {"flat": "1.0", "old": "2.0"}


@pytest.mark.parametrize(
    ("direct", "expected"),
    [
        (None, ("index", None)),
        ({"url": "file:///src", "dir_info": {"editable": True}}, ("path", "file:///src")),
        (
            {"url": "https://user:secret@git.example/r.git", "vcs_info": {"vcs": "git", "commit_id": "abc"}},
            ("git", "git+https://***@git.example/r.git@abc"),
        ),
        ({"url": "https://files.example/a.whl", "archive_info": {}}, ("url", "https://files.example/a.whl")),
        ({"url": 7}, ("url", None)),
    ],
)
def test_an_address_is_told_without_its_password(
    tmp_path: Path, direct: object, expected: tuple[str, str | None]
) -> None:
    files = {} if direct is None else {"direct": json.dumps(direct)}
    info(tmp_path, "thing-1.0.dist-info", METADATA="", **files)
    (one,) = distributions([str(tmp_path)]).values()
    assert came_from(one) == expected


def test_it_finds_what_importlib_finds() -> None:
    known = {normalized(one.metadata["Name"]): one.version for one in slowly() if one.metadata["Name"]}
    found = {name: one.version for name, one in distributions(sys.path).items()}
    assert found == known
    assert "pytest" in found
