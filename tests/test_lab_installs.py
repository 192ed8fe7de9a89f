"""The maintainers' tools that ask an index and install: with the real pip and uv, from an index on the loopback."""

from __future__ import annotations

import json
import os
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from mlaudit.document.node import Node
from mlaudit.lab import installers, measure, name_check, refresh, release_sources, removed_names, row_borders
from mlaudit.lab.battery import battery
from mlaudit.lab.name_check import CheckedEnvironment, pairs_of, proposals_in, said_in
from mlaudit.lab.release_clients import ListedFile
from mlaudit.lab.release_sources import SourceCache, unpacked_releases
from tests.plain_wheels import UV
from tests.test_knowledge_measure import BATTERY
from tests.wheel_index import WheelIndex, served

needs_uv = pytest.mark.skipif(UV is None, reason="uv is neither beside this Python nor on the PATH")
HERE = f"{sys.version_info.major}.{sys.version_info.minor}"
COMPILED = "\0numpy._core._multiarray_umath\0"
OLD_COMPILED = "\0numpy.core._multiarray_umath\0"


@pytest.fixture(scope="module")
def index() -> Iterator[WheelIndex]:
    index = WheelIndex()
    for version in ("1.0", "1.1", "2.0", "2.1rc1"):
        modules = {
            "pinbox/__init__.py": f"VALUE = '{version}'\n",
            "pinbox/tests/test_it.py": "",
            "pinbox/fast.so": COMPILED,
        }
        index.add_wheel("pinbox", version, ["needed>=1 ; extra == 'all'", "needed<2"], modules=modules)
    index.add_wheel("needed", "1.0", modules={"needed.py": "LATER = 1\n"})
    index.add_wheel("needed", "1.5", modules={"needed.py": ""})
    index.add_wheel("aged", "1.0", modules={"aged/a.so": OLD_COMPILED})
    index.add_wheel("aged", "2.0", modules={"aged/__init__.py": ""})
    index.add_source("unbuilt", "1.0", "raise SystemExit('never run')")
    with served(index):
        yield index


@pytest.fixture
def _asking(index: WheelIndex, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith(("PIP_", "UV_"))]:
        monkeypatch.delenv(name)
    for name, value in {
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_INDEX_URL": index.url,
        "PIP_NO_CACHE_DIR": "1",
        "UV_NO_CONFIG": "1",
        "UV_DEFAULT_INDEX": index.url,
        "UV_CACHE_DIR": str(tmp_path / "uv-cache"),
    }.items():
        monkeypatch.setenv(name, value)
    for module in (release_sources, removed_names):
        monkeypatch.setattr(module, "PAUSE", 0)


def names_in(path: Path) -> list[str]:
    with zipfile.ZipFile(path) as archive:
        return sorted(name for name in archive.namelist() if not name.endswith(("/WHEEL", "/RECORD")))


@pytest.mark.slow
@needs_uv
@pytest.mark.usefixtures("_asking")
def test_releases_are_fetched_once_and_kept_without_tests(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], index: WheelIndex
) -> None:
    unpacked = tmp_path / "archive" / "one"
    (unpacked / "aged-1.0.dist-info").mkdir(parents=True)
    (unpacked / "aged-1.0.dist-info" / "METADATA").write_text("Name: aged\nVersion: 1.0\nRequires-Python: >=3.8\n")
    (unpacked / "odd-one.two.dist-info").mkdir()
    (unpacked / "aged.py").write_text("")
    folders = ["--cache", str(tmp_path / "kept"), "--scratch", str(tmp_path), "--unpacked", str(tmp_path / "archive")]
    assert release_sources.main(["pinbox>=1.0", "aged==1.0", "pinbox==9.0", "unbuilt", *folders]) == 0
    assert "pinbox==9.0: no files" in capsys.readouterr().err
    cache = SourceCache(tmp_path / "kept")
    # The last patch of each minor version of what has wheels.
    assert [release.version for release in cache.releases("pinbox")] == ["1.0", "1.1", "2.0"]
    assert (cache.versions("pinbox"), cache.versions("other")) == (("1.0", "1.1", "2.0"), ())
    one, *_ = cache.releases("pinbox")
    assert names_in(one.path) == ["pinbox-1.0.dist-info/METADATA", "pinbox/__init__.py", "pinbox/fast.so"]
    assert dict(one.modules()) == {"pinbox/__init__.py": b"VALUE = '1.0'\n"}
    assert one.names == ("pinbox/__init__.py", "pinbox/fast.so")
    assert one.requirements == (None, ("needed<2", 'needed>=1; extra == "all"'))
    (aged,) = cache.releases("aged")
    assert aged.requirements == (">=3.8", ())
    assert unpacked_releases([tmp_path / "archive"]) == {("aged", "1.0"): unpacked}
    # What is kept is not asked for again.
    before = len(index.asked)
    assert release_sources.main(["pinbox==1.0", "aged==1.0", *folders]) == 0
    assert len(index.asked) == before


def test_a_wheel_for_no_python_of_linux_is_not_fetched() -> None:
    files = [
        ListedFile(name=name, requires_python=python)
        for name, python in (
            ("p-1-cp27-cp27m-manylinux1_x86_64.whl", None),
            ("p-1-cp311-cp311-win_amd64.whl", None),
            ("p-1-cp311-cp311-manylinux1_x86_64.whl", "<3.11"),
        )
    ]
    assert release_sources._python(files) is None
    files.append(ListedFile(name="p-1-py3-none-any.whl", requires_python="<3.10"))
    assert release_sources._python(files) == 9


@pytest.mark.slow
@needs_uv
@pytest.mark.usefixtures("_asking")
def test_wheels_are_read_for_names_that_they_use(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["pinbox==1.0", "pinbox==9.0", "--cache", str(tmp_path)]
    assert removed_names.main(words) == 0
    assert capsys.readouterr() == ("", "pinbox==9.0: no files\n")
    assert (tmp_path / "pinbox==1.0" / "pinbox" / "__init__.py").is_file()
    assert removed_names.main(words[:1] + words[2:]) == 0


@pytest.mark.slow
@needs_uv
@pytest.mark.usefixtures("_asking")
def test_the_ends_of_rows_are_fetched_and_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    row = SimpleNamespace(id="pinbox-needed", package="pinbox", versions=">=1.1", says="pinbox does not import: `x`")
    quoted = row_borders.QuotedRow(row=row, names=("needed.LATER",))  # type: ignore[arg-type]
    monkeypatch.setattr(row_borders, "quoted_rows", lambda _: iter((quoted,)))
    folders = ["--cache", str(tmp_path / "kept"), "--scratch", str(tmp_path)]
    assert row_borders.main(["pinbox", *folders]) == 1
    doubts = capsys.readouterr().out.splitlines()
    assert doubts == [
        "pinbox-needed: needed.LATER: 1.1 uses it nowhere",
        "pinbox-needed: needed.LATER: 2.0 uses it nowhere",
    ]
    monkeypatch.setattr(row_borders, "quoted_rows", lambda _: iter(()))
    assert row_borders.main(folders) == 0


def proposal(**values: Any) -> dict[str, Any]:
    row: dict[str, Any] = {
        "package": "pinbox",
        "first": "1.0",
        "last": "2.0",
        "fixed": None,
        "other": "needed",
        "before": "1.0",
        "lacks_first": "1.5",
        "lacks_last": "1.5",
        "after": None,
        "below": "1.5",
        "above": None,
        "kind": "name",
        "name": "needed.LATER",
        "moment": "import",
        "sure": True,
        "place": "pinbox/__init__.py:1",
        "pair": ["1.1", "1.5"],
        "python": HERE,
    }
    return {**row, **values}


@pytest.mark.slow
@needs_uv
@pytest.mark.usefixtures("_asking")
def test_proposals_are_tried_where_they_are_installed_and_each_once(tmp_path: Path) -> None:
    rows = [
        proposal(),
        proposal(kind="module", name="needed.inner", sure=False),
        proposal(kind="attribute", name="needed.LATER", lacks_first="9.0", lacks_last="9.0", sure=False),
    ]
    (tmp_path / "proposals").write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    results = tmp_path / "results"
    words = [str(tmp_path / "proposals"), "--results", str(results), "--scratch", str(tmp_path / "scratch")]
    assert name_check.main([*words, "--owners", "--pairs", "1"]) == 0
    said = {row["key"]: row["said"] for row in map(json.loads, results.read_text().splitlines())}
    assert said == {
        f"{HERE} needed==1.0": {
            "from needed import LATER": "",
            "import needed.inner": "ModuleNotFoundError: No module named 'needed.inner'; 'needed' is not a package",
            "import needed; needed.LATER": "",
        },
        f"{HERE} needed==1.5": {
            "from needed import LATER": said[f"{HERE} needed==1.5"]["from needed import LATER"],
            "import needed.inner": "ModuleNotFoundError: No module named 'needed.inner'; 'needed' is not a package",
        },
        # There is no such release, and the environment was tried with every Python.
        f"{HERE} needed==9.0": None,
        f"{HERE} pinbox==1.1 needed==1.5": {"import pinbox": ""},
    }
    assert said[f"{HERE} needed==1.5"]["from needed import LATER"].startswith("ImportError: cannot import name 'LATER'")
    # What is known is not tried again; only what is unsure, where that is asked for.
    lines = results.read_text()
    assert name_check.main([*words, "--owners", "--unsure"]) == 0
    assert results.read_text() == lines
    assert list((tmp_path / "scratch").iterdir()) == []


def test_pairs_are_taken_in_turn_beside_what_works(tmp_path: Path) -> None:
    rows = [
        proposal(pair=["1.0", "1.5"]),
        proposal(pair=["1.1", "1.5"]),
        proposal(other="aged", below=None, above="2.0", pair=["2.0", "1.0"], moment="import"),
        proposal(package="other", moment="other.part", pair=["1.0", "1.5"]),
    ]
    (tmp_path / "proposals").write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    every = proposals_in(tmp_path / "proposals")
    shown = [(one.requirements, one.statements) for one in pairs_of(every, 10)]
    assert shown == [
        (("pinbox==1.1", "needed==1.5", "aged>=2.0"), ("import pinbox",)),
        (("pinbox==2.0", "aged==1.0", "needed<1.5", "needed<1.5"), ("import pinbox",)),
        (("other==1.0", "needed==1.5"), ("import other.part",)),
        (("pinbox==1.0", "needed==1.5", "aged>=2.0"), ("import pinbox",)),
    ]
    assert len(list(pairs_of(every, 2))) == 2


def test_an_environment_that_takes_too_long_says_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(name_check, "SECONDS", 0)
    monkeypatch.setattr(name_check, "_is_made", lambda *_: _python_in(tmp_path / "environment"))
    assert said_in(CheckedEnvironment(HERE, (), ("import json",)), tmp_path) is None


def _python_in(folder: Path) -> bool:
    (folder / "bin").mkdir(parents=True)
    (folder / "bin" / "python").symlink_to(sys.executable)
    return True


@pytest.fixture
def _tables(monkeypatch: pytest.MonkeyPatch) -> None:
    tables: dict[str, Any] = {
        "demands.toml": {"demand": {"pinbox": {"needed": {"family": "f", "runs": [["0.9", "1.0", "<2"]]}}}},
        "pythons.toml": {"wheels": {"pinbox": {"3.11": ["1.0", "1.0"]}}},
        "abi.toml": {"built": [{"package": "pinbox", "last_numpy1": "1.0"}, {"package": "aged", "last_numpy1": "1.0"}]},
    }
    monkeypatch.setattr(refresh, "parse", lambda name: Node(tables[name]))


@pytest.mark.slow
@pytest.mark.usefixtures("_asking", "_tables")
def test_tables_are_derived_from_metadata_again(capsys: pytest.CaptureFixture[str]) -> None:
    def printed(table: str) -> list[str]:
        assert refresh.main([table]) == 0
        first, _, *lines = capsys.readouterr().out.splitlines()
        assert first.startswith('checked = "20')
        return lines

    assert printed("demands") == [
        "[demand.pinbox.needed]",
        'family = "f"',
        "runs = [",
        '  ["0.9", "1.0", "<2"],',
        '  ["1.1", "2.0", "<2"],',
        "]",
        "",
    ]
    assert printed("pythons") == ["[wheels.pinbox]", '"3.11" = ["1.0", "2.0"]', ""]
    assert printed("abi") == [
        "pinbox 1.0: numpy 2, runs on 1 and 2",
        "pinbox 2.0: numpy 2, runs on 1 and 2",
        "aged 1.0: numpy 1 only",
        "aged 2.0: no compiled code for numpy",
    ]


@pytest.mark.slow
@needs_uv
@pytest.mark.usefixtures("_asking")
def test_one_pair_is_measured_in_environments_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    text = f"{BATTERY}\nimport pinbox\nMADE = 1.5\nUSED = lambda it: pinbox.VALUE\n"
    (tmp_path / "pinbox.py").write_text(text, encoding="utf-8")
    monkeypatch.setattr(measure, "battery", lambda name: battery(name, tmp_path))
    words = ["pinbox", "1.0", "--pythons", HERE, HERE, "--only", "one"]
    assert measure.main([*words[:2], "2.0", *words[2:]]) == 1
    assert capsys.readouterr().out.split() == ["different", "python.pickle", "one.pickle", "'1.0'", "became", "'2.0'"]
    assert measure.main([*words[:2], "1.0", *words[2:-1], "none"]) == 0


HELP = {
    "pip": "Usage:\n  pip <command>\n\nGeneral Options:\n  -h, --help                  Show help.\n",
    "pip install": (
        "Install Options:\n  -r, --requirement <file>    Install from the file.\n  --no-deps                   None.\n"
        "  --pre   Pre-releases.\n     --report=FILE  a file\n  text that is no option\n"
    ),
}


def test_options_of_installers_are_read_out_of_their_help(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    script = "#!/bin/sh\ncase \"$1\" in\ninstall) cat <<'END'\n{}END\n;;\n*) cat <<'END'\n{}END\n;;\nesac\n"
    (tmp_path / "pip").write_text(script.format(HELP["pip install"], HELP["pip"]))
    (tmp_path / "pip").chmod(0o755)
    for name in ("cat", "sh"):
        (tmp_path / name).symlink_to(f"/bin/{name}")
    monkeypatch.setattr(
        installers,
        "packaged",
        lambda _: (
            '[[tool]]\ntool = "pip"\ncommands = ["install"]\nvalued = []\nflags = []\nalso-flags = ["--old"]\n'
            'source = { "--old" = "documented" }\nchecked = "2026-01-01"\n'
            '[[tool]]\ntool = "gone"\nvalued = ["--kept"]\nflags = []\n'
        ),
    )
    installers.main(str(tmp_path))
    written = capsys.readouterr().out
    assert 'valued = [\n    "--report", "--requirement", "-r",\n]\n' in written
    assert 'flags = [\n    "--help", "--no-deps", "--pre", "-h",\n]\n' in written
    assert 'source = { "--old" = "documented" }\n' in written
    # What is not found stays as it was.
    assert written.endswith('[[tool]]\ntool = "gone"\nvalued = [\n    "--kept",\n]\nflags = []\n')
    assert installers.help_text(("no-such-tool",), None) is None


def test_long_lists_are_wrapped() -> None:
    (text,) = [installers.written([{"valued": [f"--option-{number}" for number in range(12)]}])]
    lines = text.partition("valued = [\n")[2].splitlines()
    assert all(len(line) <= 120 for line in lines)
    assert len(lines) == 3
