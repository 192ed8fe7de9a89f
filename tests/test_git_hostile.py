"""Revisions of repositories that nobody vouches for: their configuration is never read, and nothing is fetched."""

from __future__ import annotations

import os
import socket
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from mlaudit.model.errors import Unreadable
from mlaudit.sources import git_revision as revisions
from mlaudit.sources import prepared_git
from mlaudit.sources.repository import find_repository
from tests import hostile_trees
from tests.checkout import committed, git, write
from tests.command_line import run


def text(folder: Path, revision: str, path: str = "requirements.txt", *, bare: bool = False) -> str:
    return revisions.document(folder, revision, path, bare=bare).text


def why(folder: Path, revision: str = "HEAD", path: str = "requirements.txt", *, bare: bool = False) -> str:
    with pytest.raises(Unreadable) as error:
        _ = revisions.document(folder, revision, path, bare=bare).data
    return error.value.why


@pytest.fixture
def mark(tmp_path: Path) -> Path:
    return tmp_path / "ran"


@pytest.fixture
def listening() -> Iterator[socket.socket]:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        server.setblocking(False)
        yield server


@pytest.fixture(params=["measures", "no measures"])
def any_git(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the variables and options that only newer versions of git know, the same holds."""
    if request.param == "no measures":
        monkeypatch.setattr(prepared_git, "_SETTLED", {})
        monkeypatch.setattr(prepared_git, "_OPTIONS", ())


@pytest.mark.usefixtures("any_git")
@pytest.mark.parametrize("url", [".", "ext::sh -c touch% {mark}", "ssh://127.0.0.1:9/x.git", "file://{mark}.git"])
def test_a_missing_object_runs_nothing(tmp_path: Path, mark: Path, url: str) -> None:
    configuration = hostile_trees.promisor_configuration(mark, url=url.format(mark=mark))
    repository = hostile_trees.partial_repository(tmp_path / "repository", configuration)
    assert "missing in the repository" in why(repository)
    assert not mark.exists()


@pytest.mark.usefixtures("any_git")
def test_a_missing_object_opens_no_connection(tmp_path: Path, mark: Path, listening: socket.socket) -> None:
    url = f"http://127.0.0.1:{listening.getsockname()[1]}/x.git"
    configuration = hostile_trees.promisor_configuration(mark, url=url)
    repository = hostile_trees.partial_repository(tmp_path / "repository", configuration)
    assert "nothing is fetched" in why(repository)
    with pytest.raises(BlockingIOError):
        listening.accept()


def test_an_included_configuration_counts_as_little(tmp_path: Path, mark: Path) -> None:
    write(tmp_path, {"elsewhere": hostile_trees.promisor_configuration(mark)})
    repository = hostile_trees.partial_repository(tmp_path / "r", f"[include]\n\tpath = {tmp_path / 'elsewhere'}\n")
    assert "missing" in why(repository)
    assert not mark.exists()


def test_a_repository_without_a_working_tree_is_read_where_it_is_named(tmp_path: Path, mark: Path) -> None:
    bare = hostile_trees.bare_repository(tmp_path / "data.git", hostile_trees.promisor_configuration(mark))
    assert "missing in the repository" in why(bare, bare=True)
    assert "no git repository" in why(bare)
    done = run(tmp_path, "list", f"git+file://{bare}@HEAD#path=requirements.txt")
    assert done.returncode == 2
    assert not mark.exists()


@pytest.mark.parametrize(
    "variables",
    [
        {"GIT_DIR": "other/.git"},
        {"GIT_DIR": "other/.git", "GIT_WORK_TREE": "other"},
        {"GIT_OBJECT_DIRECTORY": "other/.git/objects"},
        {"GIT_ALTERNATE_OBJECT_DIRECTORIES": "other/.git/objects"},
        {"GIT_COMMON_DIR": "other/.git", "GIT_NAMESPACE": "x", "GIT_PREFIX": "x", "GIT_CEILING_DIRECTORIES": "/"},
        {"GIT_EXEC_PATH": "other"},
        {"GIT_TRACE": "trace.txt", "GIT_TRACE2_EVENT": "trace.txt"},
    ],
)
def test_variables_of_the_caller_lead_nowhere_else(tmp_path: Path, variables: dict[str, str]) -> None:
    for name, version in (("one", "1.0"), ("other", "2.0")):
        write(tmp_path / name, {"requirements.txt": f"numpy=={version}\n"})
        committed(tmp_path / name)
    env = {key: str(tmp_path / value) for key, value in variables.items()}
    done = run(tmp_path / "other", "list", f"git+file://{tmp_path / 'one'}@HEAD#path=requirements.txt", env=env)
    assert "numpy   1.0" in done.stdout, done.stdout
    assert not (tmp_path / "trace.txt").exists()


def test_no_git_of_the_audited_tree_is_run(tmp_path: Path, mark: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "r", {"requirements.txt": "numpy==1.0\n", "bin/git": f"#!/bin/sh\ntouch '{mark}'\n"})
    committed(tmp_path / "r")
    (tmp_path / "r/bin/git").chmod(0o755)
    monkeypatch.chdir(tmp_path / "r" / "bin")
    monkeypatch.setenv("PATH", os.pathsep.join((".", "", str(tmp_path / "r" / "bin"), os.environ["PATH"])))
    assert text(tmp_path / "r", "HEAD") == "numpy==1.0\n"
    assert not mark.exists()


def test_what_git_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A git that writes down how it was called."""
    write(tmp_path / "bin", {"git": f"#!/bin/sh\nenv > {tmp_path}/env\nprintf '%s\\n' \"$@\" > {tmp_path}/argv\n"})
    (tmp_path / "bin/git").chmod(0o755)
    write(tmp_path / "r", {"requirements.txt": ""})
    committed(tmp_path / "r")
    monkeypatch.setenv("PATH", os.pathsep.join((str(tmp_path / "bin"), os.environ["PATH"])))
    for name in ("GIT_DIR", "GIT_CONFIG_COUNT", "GIT_SSH", "GIT_EXTERNAL_DIFF", "HTTPS_PROXY", "PRIVATE_TOKEN"):
        monkeypatch.setenv(name, "of-the-caller")
    store = find_repository(tmp_path / "r", bare=False)[0].store
    prepared_git.run_git(store, "rev-parse", "HEAD")
    environment = (tmp_path / "env").read_text()
    assert "of-the-caller" not in environment
    for line in ("GIT_NO_LAZY_FETCH=1", "GIT_ALLOW_PROTOCOL=none", "GIT_CONFIG_NOSYSTEM=1", "GIT_TERMINAL_PROMPT=0"):
        assert f"{line}\n" in environment
    assert f"GIT_CONFIG_GLOBAL={os.devnull}\n" in environment
    argv = (tmp_path / "argv").read_text().splitlines()
    assert {"protocol.allow=never", "safe.bareRepository=explicit", "core.fsmonitor=false"} <= set(argv)


# What users name


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "repository"
    write(folder, {"requirements.txt": "numpy==1.0\n", "sub/requirements.txt": "scipy==1.0\n"})
    (folder / "link.txt").symlink_to("sub/requirements.txt")
    (folder / "out.txt").symlink_to("../secret.txt")
    committed(folder)
    git(folder, "tag", "v1")
    git(folder, "tag", "-a", "annotated", "-m", "x")
    git(folder, "branch", "feature/one")
    write(folder, {"requirements.txt": "numpy==2.0\n"})
    committed(folder, "two")
    return folder


@pytest.mark.parametrize("packed", [False, True])
def test_every_way_to_name_a_commit(repository: Path, packed: bool) -> None:
    first = git(repository, "rev-parse", "v1^{commit}").stdout.strip()
    git(repository, "update-ref", "refs/remotes/origin/main", first)
    git(repository, "symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/main")
    described = git(repository, "describe", "--tags", "--match", "v1", "HEAD").stdout.strip()
    if packed:
        git(repository, "gc", "-q")
        git(repository, "pack-refs", "--all")
    old = ("v1", "annotated", "feature/one", "tags/v1", "refs/tags/v1", "origin", "origin/main", "HEAD~1", "main^")
    for revision in (*old, "HEAD~1^{commit}", "@~1", first, first[:9]):
        assert text(repository, revision) == "numpy==1.0\n", revision
    for revision in ("HEAD", "@", "main", "heads/main", "v1^0^{commit}~0"[:0] or "main~0", described):
        assert text(repository, revision) == "numpy==2.0\n", revision


@pytest.mark.parametrize(
    "revision", ["gone", "HEAD~9", "main@{1}", "@{u}", "-x", "--all", "../HEAD", "a..b", "v1:x", ""]
)
def test_what_names_no_commit(repository: Path, revision: str) -> None:
    if revision == "":
        assert text(repository, revision) == "numpy==2.0\n"
    else:
        assert why(repository, revision)


def test_files_of_a_commit(repository: Path) -> None:
    assert text(repository, "v1", "link.txt") == "scipy==1.0\n"
    assert text(repository / "sub", "v1", "../requirements.txt") == "numpy==1.0\n"
    assert text(repository / "sub", "v1") == "scipy==1.0\n"
    assert "leads out" in why(repository, "v1", "out.txt")
    assert "no file" in why(repository, "v1", "sub")
    assert "outside" in why(repository, "v1", "../secret.txt")
    assert "outside" in why(repository, "v1", "/etc/passwd")
    assert "line break" in why(repository, "v1", "a\nb")
    assert "not in that commit" in why(repository, "v1", "gone.txt")


def test_a_linked_working_tree_and_a_submodule(repository: Path, tmp_path: Path) -> None:
    assert git(repository, "worktree", "add", "-q", "--detach", str(tmp_path / "linked"), "v1").returncode == 0
    assert text(tmp_path / "linked", "HEAD") == "numpy==1.0\n"
    assert text(tmp_path / "linked", "main") == "numpy==2.0\n"
    write(tmp_path / "super", {"README.md": ""})
    committed(tmp_path / "super")
    added = git(tmp_path / "super", "-c", "protocol.file.allow=always", "submodule", "add", "-q", str(repository), "in")
    assert added.returncode == 0, added.stderr
    assert text(tmp_path / "super" / "in", "HEAD") == "numpy==2.0\n"
    committed(tmp_path / "super")
    assert "submodule" not in run(tmp_path / "super", "check").stdout
    git(tmp_path, "clone", "-q", str(tmp_path / "super"), str(tmp_path / "clone"))
    assert (
        "1 git submodule is not checked out, so nothing in it was read: in." in run(tmp_path / "clone", "check").stdout
    )


def test_a_repository_by_sha256(tmp_path: Path) -> None:
    write(tmp_path / "r", {"requirements.txt": "numpy==1.0\n"})
    if git(tmp_path / "r", "init", "-q", "-b", "main", "--object-format=sha256").returncode:
        pytest.skip("this git knows no sha256")
    head = committed(tmp_path / "r")
    assert len(head) == 64
    assert [text(tmp_path / "r", name) for name in ("main", head, head[:12])] == ["numpy==1.0\n"] * 3


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root gives files away")
def test_a_repository_of_another_owner_is_read(repository: Path) -> None:
    for path in (repository, *repository.rglob("*")):
        os.chown(path, 12345, 12345, follow_symlinks=False)
    assert text(repository, "HEAD") == "numpy==2.0\n"


# Ways out of a repository


def test_objects_of_another_repository_are_not_borrowed(repository: Path, tmp_path: Path) -> None:
    git(tmp_path, "clone", "-q", "--shared", str(repository), str(tmp_path / "shared"))
    assert "alternates" in why(tmp_path / "shared")


def test_a_pipe_among_the_objects_is_not_waited_for(repository: Path) -> None:
    os.mkfifo(repository / ".git/objects/pack/pack-x.idx")
    assert "is not a regular file" in why(repository)


@pytest.mark.parametrize(
    "name", [".git", ".git/objects", ".git/refs", ".git/refs/heads", ".git/packed-refs", ".git/HEAD"]
)
def test_no_link_leads_out(repository: Path, tmp_path: Path, name: str) -> None:
    """What another repository of the user holds must not be reached by a tree that only points there."""
    git(repository, "pack-refs", "--all", "--no-prune")
    hostile = tmp_path / "hostile"
    write(hostile, {"requirements.txt": "numpy==9.0\n"})
    committed(hostile)
    victim, path = repository / name, hostile / name
    assert stat.S_ISDIR(victim.stat().st_mode) or victim.is_file()
    git(hostile, "gc", "-q") if name == ".git/packed-refs" else None
    for old in [path, hostile / ".git/refs/heads/main"] if name != ".git" else [path]:
        if old.is_dir():
            __import__("shutil").rmtree(old)
        else:
            old.unlink(missing_ok=True)
    path.parent.mkdir(exist_ok=True, parents=True)
    path.symlink_to(victim)
    assert why(hostile, "main")


def test_a_file_in_the_place_of_git_names_no_foreign_repository(repository: Path, tmp_path: Path) -> None:
    write(tmp_path / "hostile", {".git": f"gitdir: {repository / '.git'}\n", "requirements.txt": ""})
    assert "does not know of it" in why(tmp_path / "hostile")


def test_a_common_folder_elsewhere_is_not_followed(repository: Path, tmp_path: Path) -> None:
    write(tmp_path / "hostile/.git", {"HEAD": "ref: refs/heads/main\n", "commondir": f"{repository / '.git'}\n"})
    assert "commondir" in why(tmp_path / "hostile")


def test_a_reftable_is_said(repository: Path) -> None:
    (repository / ".git/reftable").mkdir()
    assert "reftable" in why(repository, "unknown")
