"""Installed environments: what is listed and opened, what hostile folders cannot do, and the law of core metadata."""

from __future__ import annotations

import email.parser
import os
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from importlib.metadata import distributions
from pathlib import Path
from typing import BinaryIO

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mlaudit.document.document import Document
from mlaudit.document.files import read_start
from mlaudit.grammars.pypi import installed_text
from mlaudit.model.errors import Unreadable
from mlaudit.model.names import normalized
from mlaudit.model.nouns import Kind, Layer, Reading
from mlaudit.parsers._read import read
from mlaudit.sources.virtualenv import FolderTree, environment_document, package_folders
from mlaudit.sources.working_tree import WorkingTree

PACKAGES = "lib/python3.11/site-packages"
Install = Callable[..., Path]


@pytest.fixture
def venv(tmp_path: Path) -> Path:
    folder = tmp_path / "venv"
    (folder / PACKAGES).mkdir(parents=True)
    (folder / "pyvenv.cfg").write_text("version = 3.11.7\n", encoding="utf-8")
    return folder


@pytest.fixture
def install(venv: Path) -> Install:
    def made(name: str, version: str, headers: str = "", suffix: str = ".dist-info", file: str = "METADATA") -> Path:
        folder = venv / PACKAGES / f"{name}-{version}{suffix}"
        folder.mkdir()
        text = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{headers}\nVersion: 9.9\n"
        (folder / file).write_text(text, encoding="utf-8")
        return folder

    return made


def reading(folder: Path) -> Reading:
    document = environment_document(folder, WorkingTree(folder.parent))
    assert document is not None
    return read(document)


def test_every_distribution_that_python_sees_is_read_with_its_version() -> None:
    folder = next((Path(path) for path in sys.path if path.endswith("-packages") and Path(path).is_dir()), None)
    if folder is None:
        pytest.skip("this Python has no folder of installed packages")
    found = {(pin.name, pin.version) for pin in reading(folder).pins if pin.kind is not Kind.PYTHON}
    seen = {(normalized(one.metadata["Name"]), one.version) for one in distributions(path=[str(folder)])}
    assert {entry for entry in seen if entry[0]} <= found


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["Name", "version", "VERSION", "Requires-Python", "Requires-Dist", "Summary", "Keywords"]),
            st.text(alphabet="abc123.>=<; '\"", max_size=12),
        ),
        max_size=8,
    ),
    st.text(alphabet="Version: 12\n", max_size=30),
)
@example([("Name", "x")], "Version: 2")
def test_headers_are_those_that_the_email_parser_finds(headers: list[tuple[str, str]], body: str) -> None:
    text = "".join(f"{key}: {value}\n" for key, value in headers) + "\n" + body
    expected = email.parser.Parser().parsestr(text)
    found = installed_text.metadata(text.encode())
    assert (found.name or "") == (expected["Name"] or "").strip()
    assert (found.version or "") == (expected["Version"] or "").strip()
    assert list(found.requires_dist) == [value.strip() for value in expected.get_all("Requires-Dist", [])]
    if found.version and found.version_line:
        line = text.split("\n")[found.version_line - 1]
        assert line[(found.version_column or 0) - 1 :].strip() == found.version


@settings(deadline=None)
@given(st.binary(max_size=400))
def test_no_metadata_raises(data: bytes) -> None:
    assert installed_text.metadata(data) is not None


@pytest.mark.parametrize(
    ("requires", "marker", "extra"),
    [
        ("torch; extra == 'gpu'", None, "gpu"),
        ("torch; extra == 'gpu' and os_name == 'posix'", 'os_name == "posix"', "gpu"),
        ("torch; (os_name == 'a' or os_name == 'b') and extra == 'gpu'", '(os_name == "a" or os_name == "b")', "gpu"),
        ("torch; os_name == 'a' or os_name == 'b' and extra == 'gpu'", None, None),
        ("torch; extra == 'a' or extra == 'b'", None, None),
        ("torch; os_name == 'a'", 'os_name == "a"', None),
    ],
)
def test_the_extra_that_activates_an_edge(requires: str, marker: str | None, extra: str | None) -> None:
    (edge,) = installed_text.edges([requires])
    assert edge.when_extra == extra
    if marker is not None or extra is not None:
        assert edge.marker == marker
    else:
        assert edge.marker is not None
        assert "extra" in edge.marker


def test_only_metadata_is_opened(venv: Path, install: Install, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = install("numpy", "1.26.4")
    (folder / "RECORD").write_text("numpy/__init__.py,,\n", encoding="utf-8")
    (venv / PACKAGES / "numpy.py").write_text("raise SystemExit('imported')\n", encoding="utf-8")
    (venv / PACKAGES / "evil.pth").write_text("import os; os._exit(3)\n", encoding="utf-8")
    opened: list[str] = []
    real = FolderTree.open

    def spied(tree: FolderTree, name: str) -> AbstractContextManager[BinaryIO]:
        opened.append(name)
        return real(tree, name)

    monkeypatch.setattr(FolderTree, "open", spied)
    assert [pin.name for pin in reading(venv).pins] == ["python", "numpy"]
    assert opened == ["pyvenv.cfg", f"{PACKAGES}/numpy-1.26.4.dist-info/METADATA"]


def test_the_place_is_the_line_of_the_version(venv: Path, install: Install) -> None:
    install("numpy", "1.26.4")
    pin = reading(venv).pins[1]
    assert str(pin.at) == f"venv/{PACKAGES}/numpy-1.26.4.dist-info/METADATA:3:10"
    assert (pin.layer, pin.version) == (Layer.INSTALLED, "1.26.4")


def test_links_are_told_and_not_followed(venv: Path, install: Install, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.write_text("Name: outside\nVersion: 6.6.6\n", encoding="utf-8")
    folder = install("inside", "1.0")
    (folder / "METADATA").unlink()
    (folder / "METADATA").symlink_to(outside)
    other = tmp_path / "other-2.0.dist-info"
    other.mkdir()
    (other / "METADATA").write_text("Name: other\nVersion: 6.6.6\n", encoding="utf-8")
    (venv / PACKAGES / "other-2.0.dist-info").symlink_to(other, target_is_directory=True)
    found = reading(venv)
    assert "6.6.6" not in repr(found)
    assert len(found.unread) == 2
    assert all("link" in entry.why for entry in found.unread)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no pipes in folders")
def test_a_pipe_is_not_waited_for(venv: Path, install: Install) -> None:
    folder = install("numpy", "1.26.4")
    (folder / "METADATA").unlink()
    os.mkfifo(folder / "METADATA")
    (entry,) = reading(venv).unread
    assert "regular file" in entry.why


def test_a_folder_of_links_to_itself_ends(venv: Path, install: Install) -> None:
    folder = install("numpy", "1.26.4")
    (folder / "again").symlink_to(folder, target_is_directory=True)
    (venv / "lib64").symlink_to(venv / "lib", target_is_directory=True)
    assert [pin.name for pin in reading(venv).pins] == ["python", "numpy"]


def test_metadata_without_end_is_read_to_its_limit(venv: Path, install: Install) -> None:
    folder = install("numpy", "1.26.4")
    with (folder / "METADATA").open("ab") as stream:
        stream.truncate(64 * 1024 * 1024)
    assert len(read_start(FolderTree(venv), f"{PACKAGES}/numpy-1.26.4.dist-info/METADATA", 100)) == 100
    assert reading(venv).pins[1].version == "1.26.4"


def test_eggs_and_egg_info_in_their_shapes(venv: Path, install: Install) -> None:
    packages = venv / PACKAGES
    install("old", "1.0", suffix=".egg-info", file="PKG-INFO")
    (packages / "older-2.0.egg-info").write_text("Name: older\nVersion: 2.0\n", encoding="utf-8")
    (packages / "zipped-3.0-py3.11.egg").write_bytes(b"PK")
    (packages / "nameless.egg").write_bytes(b"PK")
    (packages / "flat-4.0-py3.11.egg/EGG-INFO").mkdir(parents=True)
    (packages / "flat-4.0-py3.11.egg/EGG-INFO/PKG-INFO").write_text("Name: flat\nVersion: 4.0\n", encoding="utf-8")
    found = reading(venv)
    pins = {(pin.name, pin.version) for pin in found.pins if pin.kind is Kind.PACKAGE}
    assert pins == {("old", "1.0"), ("older", "2.0"), ("zipped", "3.0"), ("flat", "4.0")}
    assert [entry.what for entry in found.unread] == ["nameless.egg"]


def test_which_folders_are_environments(tmp_path: Path, venv: Path, install: Install) -> None:
    install("numpy", "1.26.4")
    target = tmp_path / "target"
    (target / "six-1.16.0.dist-info").mkdir(parents=True)
    checkout = tmp_path / "checkout"
    (checkout / "service.egg-info").mkdir(parents=True)
    windows = tmp_path / "windows"
    (windows / "Lib/site-packages").mkdir(parents=True)
    assert package_folders(venv) == [PACKAGES]
    assert package_folders(venv / PACKAGES) == [""]
    assert package_folders(target) == [""]
    assert "Lib/site-packages" in package_folders(windows)
    for folder in (checkout, tmp_path, tmp_path / "nowhere"):
        assert environment_document(folder, WorkingTree(tmp_path)) is None


def test_a_file_that_vanished_is_told(venv: Path) -> None:
    with pytest.raises(Unreadable):
        read_start(FolderTree(venv), "lib/none", 10)


def test_site_packages_told_for_a_file_is_unreadable() -> None:
    assert read(Document("x", b""), "site-packages").unread[0].whole
