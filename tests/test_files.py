"""Every kind of files lists, opens and tells what exists; every one is confined to what it holds."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from mlaudit.discovery.recipes import AuditedTree
from mlaudit.document.document import Document
from mlaudit.document.files import Files, read_start
from mlaudit.model.errors import Unreadable
from mlaudit.sources.folder_files import FolderFiles
from mlaudit.sources.git_revision import document as document_at
from mlaudit.sources.git_revision import files_at
from mlaudit.sources.images.file_system import FileSystem, LayerFile, Setup
from mlaudit.sources.package_sources import PackageSources
from mlaudit.sources.virtualenv import ArchiveTree, FolderTree
from mlaudit.sources.working_tree import WorkingTree
from tests.checkout import environment

METADATA = "site-packages/numpy-1.26.4.dist-info/METADATA"
CONTENT = b"Name: numpy\nVersion: 1.26.4\n"


def written(folder: Path, *paths: str) -> Path:
    for path in paths:
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(CONTENT)
    return folder


def of_folder(folder: Path) -> tuple[Files, str]:
    written(folder, "api/base.txt", "api/deep/more.txt")
    return FolderFiles(WorkingTree(folder), folder), "api/base.txt"


def of_walk(folder: Path) -> tuple[Files, str]:
    written(folder, "api/base.txt", "api/deep/more.txt")
    paths = ("api/base.txt", "api/deep/more.txt")
    return AuditedTree(folder=folder, root=WorkingTree(folder), paths=paths), "api/base.txt"


def of_revision(folder: Path) -> tuple[Files, str]:
    written(folder, "api/base.txt", "api/deep/more.txt")
    for arguments in (["init", "-q"], ["add", "."], ["commit", "-qm", "first"]):
        subprocess.run(["git", *arguments], cwd=folder, env=environment(), check=True)
    (folder / "api/base.txt").write_bytes(b"changed since\n")
    return files_at(folder, "HEAD"), "api/base.txt"


def of_environment(folder: Path) -> tuple[Files, str]:
    written(folder, f"lib/python3.11/{METADATA}")
    return FolderTree(folder), f"lib/python3.11/{METADATA}"


def of_wheelhouse(folder: Path) -> tuple[Files, str]:
    written(folder, "numpy-1.26.4-py3-none-any.whl")
    return ArchiveTree(folder), "numpy-1.26.4-py3-none-any.whl"


def of_image(_folder: Path) -> tuple[Files, str]:
    path = f"usr/lib/python3/{METADATA}"
    return FileSystem("image.tar!/", {path: LayerFile(content=CONTENT, size=len(CONTENT))}, Setup()), path


def of_packages(folder: Path) -> tuple[Files, str]:
    written(folder, "numpy/core.py", "numpy/deep/more.py")
    return PackageSources(folder), "numpy/core.py"


EVERY_KIND = [of_folder, of_walk, of_revision, of_environment, of_wheelhouse, of_image, of_packages]


@pytest.mark.parametrize("made_in", EVERY_KIND)
def test_every_kind_of_files_answers_alike(made_in: Callable[[Path], tuple[Files, str]], tmp_path: Path) -> None:
    files, path = made_in(tmp_path)
    top, _, rest = path.partition("/")
    paths = list(files.list())
    assert paths == sorted(paths)
    assert path in paths
    assert top in files.list(deep=False)
    if rest:
        assert path in list(files.list(top))
        assert rest.partition("/")[0] in list(files.list(top, deep=False))
    assert all(files.exists(one) for one in paths)
    assert read_start(files, path, 11) == CONTENT[:11]
    with files.open(path) as stream:
        assert stream.seek(6) == 6
        assert stream.read() == CONTENT[6:]
    assert not files.exists("none.txt")
    with pytest.raises(Unreadable):
        files.open("none.txt")


@pytest.mark.parametrize("made_in", EVERY_KIND)
def test_nothing_outside_is_given_out(made_in: Callable[[Path], tuple[Files, str]], tmp_path: Path) -> None:
    written(tmp_path, "secret.txt")
    inside = tmp_path / "inside"
    inside.mkdir()
    files, _ = made_in(inside)
    if isinstance(files, (FolderTree, PackageSources)):
        # Their paths come from their own lists alone.
        assert all(".." not in one for one in files.list())
        return
    assert not files.exists("../secret.txt")
    with pytest.raises(Unreadable):
        files.open("../secret.txt")


def test_a_document_of_a_revision_has_the_names_beside_it(tmp_path: Path) -> None:
    of_revision(tmp_path)
    document = document_at(tmp_path, "HEAD", "api/base.txt")
    assert document.names(".") == ("base.txt", "deep")
    assert document.names("deep") == ("more.txt",)
    assert document.names("..") == ("api",)
    assert document.names("../..") == ()
    neighbour = document.beside("deep/more.txt")
    assert isinstance(neighbour, Document)
    assert neighbour.data == CONTENT
