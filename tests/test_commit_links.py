"""Links of a commit: what they lead to inside of it is read, and nothing outside."""

from __future__ import annotations

import os
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from mlaudit.model.errors import Unreadable
from mlaudit.sources.commit_tree import CommitTree
from mlaudit.sources.object_reader import ObjectReader
from mlaudit.sources.repository import find_repository

LINKS = {
    "plain": "serving/requirements.txt",
    "folder": "serving",
    "serving/up": "../training/requirements.txt",
    "through": "./folder/up",
    "outside": "../elsewhere.txt",
    "absolute": "/etc/hostname",
    "loop": "loop",
    "first": "second",
    "second": "first",
    "nowhere": "gone.txt",
}


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CommitTree]:
    """The commit of a repository whose working tree is empty by now."""
    folder = tmp_path_factory.mktemp("links") / "repository"
    for name in ("serving", "training"):
        (folder / name).mkdir(parents=True)
        (folder / name / "requirements.txt").write_text(f"# {name}\n", encoding="utf-8")
    for path, target in LINKS.items():
        (folder / path).symlink_to(target)
    for words in (["init", "-q"], ["add", "-A"], ["-c", "user.name=a", "-c", "user.email=a@b.c", "commit", "-qm", "a"]):
        subprocess.run(["git", *words], cwd=folder, check=True)
    head = subprocess.run(["git", "rev-parse", "HEAD"], cwd=folder, check=True, capture_output=True, text=True)
    subprocess.run(["git", "rm", "-rq", "--cached", "."], cwd=folder, check=True)
    repository, _ = find_repository(folder, bare=False)
    reader = ObjectReader(repository.store)
    yield CommitTree(repository, head.stdout.strip(), reader)
    reader.close()


@pytest.mark.parametrize(
    ("path", "content", "real"),
    [
        ("plain", "# serving\n", "serving/requirements.txt"),
        ("folder/requirements.txt", "# serving\n", "serving/requirements.txt"),
        ("serving/up", "# training\n", "training/requirements.txt"),
        ("through", "# training\n", "training/requirements.txt"),
        ("serving/../training/requirements.txt", "# training\n", "training/requirements.txt"),
    ],
)
def test_links_inside_are_followed(path: str, content: str, real: str, tree: CommitTree) -> None:
    with tree.open(path, follow=True) as stream:
        assert stream.read().decode() == content
    assert tree.status(path, follow=True).st_size == len(content)
    assert tree.real_path(path) == str(Path(tree.root, real))


@pytest.mark.parametrize(
    ("path", "why", "real"),
    [
        ("outside", "", "../elsewhere.txt"),
        ("absolute", "", "/etc/hostname"),
        ("loop", "it is a link that leads back to itself", "loop"),
        ("first", "it is a link that leads back to itself", "first"),
        ("nowhere", "", "gone.txt"),
    ],
)
def test_links_that_lead_nowhere_are_not_followed(path: str, why: str, real: str, tree: CommitTree) -> None:
    with pytest.raises(Unreadable, match=why or None), tree.open(path, follow=True):
        pass
    assert tree.real_path(path) == os.path.normpath(Path(tree.root, real))


@pytest.mark.parametrize("path", LINKS)
def test_a_link_itself_is_seen_as_one(path: str, tree: CommitTree) -> None:
    status = tree.status(path, follow=False)
    assert (stat.S_ISLNK(status.st_mode), status.st_size) == (True, len(LINKS[path]))
    assert tree.link_target(path) == LINKS[path]
    above, _, name = path.rpartition("/")
    (entry,) = [entry for entry in tree.entries(above) if entry.name == name]
    assert (entry.is_symlink(), entry.is_dir(), entry.is_file()) == (True, False, False)


def test_what_is_no_link_or_no_folder_is_told(tree: CommitTree) -> None:
    with pytest.raises(Unreadable, match="there is no such file"):
        tree.link_target("serving/requirements.txt")
    with pytest.raises(Unreadable, match="a part of its path is a file and no folder"):
        list(tree.entries("serving/requirements.txt"))
    assert tree.token("loop/") is None
