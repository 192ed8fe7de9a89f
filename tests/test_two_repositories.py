"""Sources that lie in another repository: a local clone at a revision, and what the other one's pipeline stored."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlaudit.api import check, compare, listing
from mlaudit.discovery.configuration import settings_for
from mlaudit.model.report import Environment
from mlaudit.parsers._read import read
from mlaudit.reporters._inventory import as_json
from mlaudit.request.asked import Overlay
from mlaudit.request.options import Options
from mlaudit.request.source_spec import BadSource, SourcePart, source_parts
from mlaudit.sources.working_tree import WorkingTree
from tests.checkout import committed, write


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "git+file:///srv/train@v1.2#path=api/uv.lock,package=api,extra=gpu",
            {"clone": "/srv/train", "revision": "v1.2", "path": "api/uv.lock", "extras": ("gpu",)},
        ),
        ("git+file:///srv/train#path=uv.lock", {"clone": "/srv/train", "revision": "HEAD", "path": "uv.lock"}),
        (
            "training=git+file:///srv/my train@a/b#package=x,path=uv.lock",
            {"name": "training", "clone": "/srv/my train", "revision": "a/b", "path": "uv.lock"},
        ),
        ("v1:serving/uv.lock", {"clone": None, "revision": "v1", "path": "serving/uv.lock"}),
    ],
)
def test_how_a_clone_is_spelled(text: str, expected: dict[str, object]) -> None:
    (one,) = source_parts(text, lambda path: False)
    assert {key: getattr(one, key) for key in expected} == expected
    assert one.text == text


def test_sources_of_two_clones_make_one_environment() -> None:
    parts = source_parts("a=git+file:///one#path=uv.lock,a=git+file:///two@v1#path=x.txt", lambda path: False)
    assert [(part.clone, part.path) for part in parts] == [("/one", "uv.lock"), ("/two", "x.txt")]
    assert all(isinstance(part, SourcePart) for part in parts)


@pytest.mark.parametrize("text", ["git+file:///srv/train", "git+file:///srv/train#package=a", "git+file:///s#path="])
def test_a_clone_without_a_file_says_how_to_name_one(text: str) -> None:
    with pytest.raises(BadSource, match="#path=FILE"):
        source_parts(text, lambda path: False)


@pytest.fixture
def training(tmp_path: Path) -> Path:
    """A repository whose working tree is ahead of what it committed."""
    folder = tmp_path / "training"
    write(folder, {"requirements.txt": "-r base.txt\nnumpy==2.1.3\n", "base.txt": "scipy==1.14.1\n"})
    committed(folder)
    write(folder, {"base.txt": "scipy==1.99\n"})
    return folder


def test_a_clone_is_read_at_its_revision_with_what_it_includes(training: Path) -> None:
    (one,) = listing([f"training=git+file://{training}@main#path=requirements.txt"], Options())
    assert {name: cell.version for name, cell in one.cells.items()} == {"numpy": "2.1.3", "scipy": "1.14.1"}
    assert one.cells["scipy"].at is not None
    assert str(one.cells["scipy"].at) == "training@main:base.txt:1:1"


def test_what_cannot_be_read_of_a_clone_is_unread(training: Path) -> None:
    sources = [f"git+file://{training}@gone#path=requirements.txt", f"git+file://{training}#path=gone.txt"]
    assert [bool(one.unread[0].why) for one in listing(sources, Options())] == [True, True]


def test_nothing_outside_of_the_clone_is_read(training: Path) -> None:
    write(training.parent, {"secret.txt": "secret==1.0\n"})
    (one,) = listing([f"git+file://{training}#path=../secret.txt"], Options())
    assert not one.cells
    assert "outside" in one.unread[0].why


def stored(folder: Path, environments: tuple[Environment, ...]) -> str:
    write(folder, {"other.mlaudit-list.json": as_json(environments)})
    return str(folder / "other.mlaudit-list.json")


def test_a_stored_listing_says_what_the_sources_said(tmp_path: Path) -> None:
    text = (
        "numpy==2.1.3\ntorch==2.5.1+cu124\npandas>=2,<3\nray[serve]==2.9.0\n"
        "old==1.0 ; python_version < '3.9'\n=oops=\nown @ git+https://git.example/own.git@0123456\n"
    )
    write(tmp_path, {"requirements.txt": text})
    direct = listing([f"training={tmp_path / 'requirements.txt'}"], Options())
    again = listing([f"training={stored(tmp_path, direct)}"], Options())

    def plain(one: Environment) -> dict[str, object]:
        return {
            name: (cell.state, cell.versions, cell.specifier, cell.variant, cell.layer, cell.pins[0].extras)
            for name, cell in one.cells.items()
            if cell.pins
        }

    assert plain(again[0]) == plain(direct[0])
    assert len(plain(again[0])) >= 5
    assert again[0].complete == direct[0].complete
    assert len(again[0].unread) == len(direct[0].unread) == 1


def test_a_listing_of_several_environments_gives_one(tmp_path: Path) -> None:
    write(tmp_path, {"a/requirements.txt": "numpy==2.1.3\n", "b/requirements.txt": "numpy==1.26.0\n"})
    path = stored(
        tmp_path,
        listing([f"one={tmp_path / 'a/requirements.txt'}", f"two={tmp_path / 'b/requirements.txt'}"], Options()),
    )
    first, second = (listing([f"{path}{part}"], Options())[0] for part in ("", "#environment=two"))
    assert (first.cell("numpy").version, second.cell("numpy").version) == ("2.1.3", "1.26.0")
    assert any("several environments" in fact.value for fact in read(WorkingTree(tmp_path).document(Path(path))).facts)


def test_drift_is_seen_across_repositories(training: Path, tmp_path: Path) -> None:
    write(tmp_path, {"serving.txt": "numpy==1.26.0\n"})
    report = compare([f"git+file://{training}#path=requirements.txt", str(tmp_path / "serving.txt")], Options())
    assert report.exit_code == 1
    assert report.findings[0].code == "MLA101"


@pytest.mark.parametrize(
    ("paths", "code", "audited"),
    [
        (["serving/requirements.txt"], 1, {"training", "serving"}),
        (["batch/requirements.txt"], 0, {"batch"}),
        (["mlaudit.toml"], 1, {"training", "serving", "batch"}),
        (["README.md"], 0, set()),
        (["docs"], 3, set()),
        ([], 1, {"training", "serving", "batch"}),
    ],
)
def test_paths_choose_what_is_audited(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, paths: list[str], code: int, audited: set[str]
) -> None:
    """Files that a hook names and that are of no environment are no failure; a folder without one is."""
    write(
        tmp_path,
        {
            "training/requirements.txt": "numpy==2.1.3\n",
            "serving/requirements.txt": "numpy==1.26.0\n",
            "batch/requirements.txt": "numpy==1.26.0\n",
            "README.md": "",
            "docs/index.md": "",
            "mlaudit.toml": (
                '[environments.training]\nsources = ["training/requirements.txt"]\n'
                '[environments.serving]\nsources = ["serving/requirements.txt"]\nfollows = "training"\n'
                '[environments.batch]\nsources = ["batch/requirements.txt"]\n'
            ),
        },
    )
    monkeypatch.chdir(tmp_path)
    settings = settings_for(Path(), Path(), None, Overlay(), codes=frozenset())
    report = check(paths, Options(settings=settings))
    assert (report.exit_code, {one.name for one in report.environments}) == (code, audited)
