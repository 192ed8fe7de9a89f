"""The index of what releases declare: how it is packed, read, judged by, and refreshed from an index on loopback."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.version import Version

from mlaudit.comparison.requirements import worlds_for
from mlaudit.knowledge import KnowledgeError, declared_requirements, releases
from mlaudit.knowledge.family import family_mismatches, wanted
from mlaudit.knowledge.wheels import has_wheel, undeclared_python
from mlaudit.lab import refresh, refresh_releases
from mlaudit.lab.release_clients import InstallerIndex, halves_wanted, metadata_wanted
from mlaudit.lab.release_index import JSON, PackageIndex
from mlaudit.lab.release_rows import (
    GatheredRelease,
    canonical_requirements,
    kept_versions,
    merged,
    of_metadata,
    packed,
    wheel_tags,
)
from mlaudit.lab.release_tags import TaggedProject, tagged_releases
from mlaudit.lab.release_wheels import local_releases
from mlaudit.model.names import normalized
from mlaudit.model.nouns import Target
from mlaudit.model.packaged import HOME
from mlaudit.model.versions import admits, is_prerelease, specifiers

LARGEST_FILE = 300_000
LARGEST_INDEX = 1_500_000


def _release(version: str, *requires: str, **more: object) -> GatheredRelease:
    values: dict[str, object] = {
        "package": "pinbox",
        "version": version,
        "source": "https://pinbox.example/blob/v{version}/pyproject.toml",
        "from_metadata": True,
        "requires": requires,
        **more,
    }
    return GatheredRelease(**values)  # type: ignore[arg-type]


_REQUIREMENTS = st.lists(
    st.sampled_from(
        ["numpy>=1", "numpy<2,>=1", 'torch==2.4.0; sys_platform == "linux"', 'x[a]>=1; extra == "all"', "y!=3"]
    ),
    unique=True,
    max_size=4,
)


@given(st.lists(st.one_of(st.none(), _REQUIREMENTS), min_size=1, max_size=8))
def test_what_is_packed_is_what_is_read(lists: list[list[str] | None]) -> None:
    rows = [
        _release(
            f"{number}.0",
            day=f"2024-01-{number + 1:02}" if number % 3 else None,
            requires=None if texts is None else canonical_requirements(texts),
            wheels=("cp312-cp312-linux_x86_64",) if number % 2 else None,
            requires_python=">=3.9" if number % 2 else None,
        )
        for number, texts in enumerate(lists)
    ]
    data = packed("pinbox", rows, "2026-01-01")
    assert data == packed("pinbox", rows, "2026-01-01")
    found = releases.unpacked(data, "pinbox").releases
    for row, read in zip(rows, found, strict=True):
        assert (read.version, read.day, read.requires_python, read.wheels) == (
            *(row.version, row.day, row.requires_python, row.wheels),
        )
        assert (read.requires is None) is (row.requires is None)
        assert sorted(read.requires or ()) == sorted(row.requires or ())
        assert read.evidence.source == f"https://pinbox.example/blob/v{row.version}/pyproject.toml"


@pytest.mark.parametrize("data", [b"", b"no zlib", packed("other", [], "2026-01-01"), packed("pinbox", [], "")[:-4]])
def test_a_file_that_is_none_is_an_error_that_names_it(data: bytes) -> None:
    with pytest.raises(KnowledgeError, match=r"releases/pinbox\.json\.z"):
        releases.unpacked(data, "pinbox")


def test_final_releases_and_the_newest_pre_release_are_kept_and_metadata_wins() -> None:
    tagged = _release("2.0", "numpy", from_metadata=False, day="2024-05-01")
    rows = merged(
        [
            *(tagged, _release("2.0.0", "numpy<2"), _release("1.0"), _release("1.0rc1")),
            *(_release("3.0a1"), _release("3.0b1")),
        ]
    )
    assert [row.version for row in rows] == ["1.0", "2.0.0", "3.0b1"]
    assert (rows[1].requires, rows[1].day) == (("numpy<2",), "2024-05-01")


def test_all_shipped_files_are_read_and_are_small() -> None:
    files = sorted((HOME / releases.FOLDER).iterdir())
    assert len(files) >= 60
    assert max(path.stat().st_size for path in files) <= LARGEST_FILE
    assert sum(path.stat().st_size for path in files) <= LARGEST_INDEX
    for package in releases.indexed_packages():
        known = releases.history(package)
        assert known is not None
        assert known.releases, package
        for one in known.releases:
            for text in one.requires or ():
                assert declared_requirements.declared_requirement(text) is not None, (package, one.version, text)


def test_requirements_of_the_index_are_what_packaging_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    histories = (releases.history(package) for package in releases.indexed_packages())
    shipped = {text for known in histories if known for one in known.releases for text in one.requires or ()}
    for text in shipped:
        assert declared_requirements.declared_requirement(text) == declared_requirements._parsed_requirement(text), text
    read = declared_requirements._parsed_requirement
    parsed: list[str] = []

    def spy(text: str) -> declared_requirements.DeclaredRequirement | None:
        parsed.append(text)
        return read(text)

    monkeypatch.setattr(declared_requirements, "_parsed_requirement", spy)
    declared_requirements.declared_requirement.cache_clear()
    for text in shipped:
        declared_requirements.declared_requirement(text)
    assert all(" @ " in text for text in parsed), parsed[:20]


@pytest.mark.parametrize("text", ["", "; extra == 'a'", "a (>=1)", "a >=1 nonsense"])
def test_what_the_lab_does_not_write_is_left_to_packaging(text: str) -> None:
    assert declared_requirements.declared_requirement(text) == declared_requirements._parsed_requirement(text)


def test_every_file_belongs_to_a_row_of_the_list() -> None:
    assert set(releases.indexed_packages()) <= {row.name for row in refresh_releases.projects()}


def test_a_package_is_read_when_it_is_asked_for_and_no_other_is() -> None:
    script = """
import sys
from mlaudit.model import packaged
asked = []
loaded = packaged.packaged_bytes
packaged.packaged_bytes = lambda name: asked.append(name) or loaded(name)
import mlaudit.api, mlaudit.knowledge
assert "mlaudit.knowledge.releases" not in sys.modules
from mlaudit.knowledge import releases
releases.packaged_bytes = packaged.packaged_bytes
assert not [name for name in asked if "releases" in name]
releases.requirements("fastapi", "0.95.2")
assert [name for name in asked if "releases" in name] == ["knowledge/releases/fastapi.json.z"], asked
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("version", ["0.95.2", "0.95.2+local"])
def test_a_release_is_known_by_its_public_version(version: str) -> None:
    found = wanted("fastapi", version, "pydantic")
    assert found is not None
    assert found.range.endswith("<2.0.0")
    assert found.evidence[0].source == "METADATA of fastapi 0.95.2"


KNOWLEDGE = os.environ.get("MLAUDIT_KNOWLEDGE")


@pytest.mark.skipif(KNOWLEDGE is None, reason="MLAUDIT_KNOWLEDGE names no folder of ranges read out of wheels")
def test_what_tags_declare_is_what_the_metadata_of_wheels_says() -> None:
    with (Path(KNOWLEDGE or "") / "pairs.csv").open(encoding="utf-8", newline="") as stream:
        rows = [row for row in csv.DictReader(stream) if row["verified"] == "metadata" and "extra" not in row["marker"]]
    differs, compared = [], 0
    for row in rows:
        package, version = row["subject"], row["subject_version"]
        known, required = releases.release(package, version), releases.requirements(package, version)
        if known is None or required is None or known.from_metadata or specifiers(row["other_spec"]) is None:
            continue
        compared += 1
        found = [specifiers(one.specifier) for one in required.get(normalized(row["other"]), ())]
        if specifiers(row["other_spec"]) not in found:
            differs.append((package, version, row["other"], row["other_spec"]))
    assert compared > 150
    assert differs == []


def test_an_unknown_release_is_said_of_nothing() -> None:
    assert releases.release("fastapi", "0.0.0.99") is None
    assert wanted("fastapi", "999.0", "pydantic") is None
    assert releases.history("../fastapi") is None
    assert family_mismatches({"fastapi": "999.0", "pydantic": "0.1"}) == ()


@pytest.mark.parametrize(
    ("asked", "python", "expected"),
    [
        (("pandas",), "3.9", {"pyarrow", "pandas"}),
        (("Secure.Local_Storage", "pandas"), "3.9", {"pyarrow", "pandas", "keyring"}),
        (("old",), "3.6", {"attrs"}),
        (("old",), "3.9", set()),
        (("both",), "3.9", set()),
        (("all",), "3.9", {"pyarrow", "pandas", "keyring"}),
        (("round",), "3.9", set()),
        ((), "3.9", set()),
    ],
)
def test_what_an_extra_requires_counts_where_the_extra_is_asked_for(
    monkeypatch: pytest.MonkeyPatch, asked: tuple[str, ...], python: str, expected: set[str]
) -> None:
    requires = [
        'pyarrow<6; extra == "pandas"',
        "pandas<2; extra == 'pandas'",
        'keyring<22; extra == "secure-local-storage"',
        'attrs<20; python_version < "3.7" and extra == "old"',
        'idna<2; extra == "both" or extra == "pandas"',
        'pinbox[pandas, most]; extra == "all"',
        'pinbox[secure-local-storage]; extra == "most"',
        'pinbox[round]; extra == "round"',
    ]
    known = releases.unpacked(packed("pinbox", [_release("1.0", *requires)], "2026-01-01"), "pinbox")
    monkeypatch.setattr(releases, "history", lambda name: known if name == "pinbox" else None)
    versions = {"pinbox": "1.0", "pyarrow": "9", "pandas": "3", "keyring": "30", "attrs": "25", "idna": "3"}
    extras = {"pinbox": frozenset(normalized(extra) for extra in asked)}
    rows = family_mismatches(versions, worlds=worlds_for(Target(pythons=(python,))), extras=extras)
    assert {row.other for row in rows} == expected


def test_a_range_that_cannot_meet_what_is_required_is_told() -> None:
    (row,) = family_mismatches({"fastapi": "0.95.2"}, ranges={"pydantic": ">=2"})
    assert "fastapi 0.95.2 requires pydantic" in row.says
    assert "pydantic>=2 is required; no version satisfies both" in row.says
    assert family_mismatches({"fastapi": "0.95.2"}, ranges={"pydantic": ">=1"}) == ()


@pytest.fixture
def pinbox(monkeypatch: pytest.MonkeyPatch) -> None:
    """An index that knows one package."""
    rows = [
        _release("1.0", 'numpy<2; python_version < "3.12"', 'numpy>=2; python_version >= "3.12"', day="2024-01-01"),
        _release("1.1", "numpy>=1", day="2024-06-01", requires_python=">=3.10"),
        _release("2.0", "numpy>=2.1", day="2025-01-01", requires_python=">=3.11", wheels=("cp311-cp311-linux_x86_64",)),
        _release("3.0rc1", day="2025-02-01"),
    ]
    known = releases.unpacked(packed("pinbox", rows, "2026-01-01", listed="2025-06-01"), "pinbox")
    shipped = releases.history
    monkeypatch.setattr(releases, "history", lambda name: known if name == "pinbox" else shipped(name))
    releases.requirements.cache_clear()


@pytest.mark.usefixtures("pinbox")
def test_markers_count_for_every_python_that_it_may_be() -> None:
    def old(marker: str) -> bool:
        return marker.startswith("python_version <")

    def new(marker: str) -> bool:
        return not old(marker)

    versions = {"pinbox": "1.0", "numpy": "2.3"}
    assert family_mismatches(versions) == ()
    assert family_mismatches(versions, worlds={"3.11": old, "3.12": new}) == ()
    (row,) = family_mismatches(versions, worlds={"3.11": old})
    assert row.says == "pinbox 1.0 requires numpy<2, and numpy is 2.3."
    assert row.remedy == "Set numpy<2, or pinbox 2.0."


@pytest.mark.usefixtures("pinbox")
def test_the_newest_release_as_of_a_day_for_a_python() -> None:
    assert releases.newest("pinbox") == "2.0"
    assert releases.newest("pinbox", day="2024-12-31") == "1.1"
    assert releases.newest("pinbox", day="2025-06-02") is None
    assert releases.newest("pinbox", admitted_by="<1.1") == "1.0"
    assert releases.newest("pinbox", python="3.9.1") == "1.0"
    assert releases.newest("pinbox", admitted_by=">2") == "3.0rc1"
    assert releases.newest("pinbox", admitted_by=">9") is None
    assert releases.newest("no-such-package") is None


def test_what_a_release_declares_of_pythons_and_wheels(pinbox: None, monkeypatch: pytest.MonkeyPatch) -> None:
    from mlaudit.knowledge import wheels

    monkeypatch.setattr(wheels, "history", releases.history)
    says = undeclared_python("pinbox", "1.1", "3.9", "linux", "x86_64")
    assert says is not None
    assert "pinbox 1.1 declares Requires-Python >=3.10, and Python is 3.9" in says[0]
    assert undeclared_python("pinbox", "1.1", "3.10", "linux", "x86_64") is None
    assert undeclared_python("pinbox", "2.0", "3.11", "linux", "x86_64") is None
    missing = undeclared_python("pinbox", "2.0", "3.12", "linux", "x86_64")
    assert missing is not None
    assert "no wheel for Python 3.12 on linux x86_64" in missing[0]
    assert undeclared_python("pinbox", "9.0", "3.12", "linux", "x86_64") is None


@pytest.mark.parametrize(
    ("file_name", "python", "platform", "machine", "fits"),
    [
        ("p-1-py3-none-any.whl", "3.14", "darwin", "arm64", True),
        ("p-1-py2.py3-none-any.whl", "3.8", "linux", "x86_64", True),
        ("p-1-cp312-cp312-manylinux_2_17_x86_64.manylinux2014_x86_64.whl", "3.12.4", "linux", "x86_64", True),
        ("p-1-cp312-cp312-manylinux2014_x86_64.whl", "3.13", "linux", "x86_64", False),
        ("p-1-cp312-cp312-musllinux_1_2_x86_64.whl", "3.12", "linux", "x86_64", False),
        ("p-1-cp39-abi3-manylinux2014_aarch64.whl", "3.13", "linux", "aarch64", True),
        ("p-1-cp39-abi3-manylinux2014_aarch64.whl", "3.8", "linux", "aarch64", False),
        ("p-1-cp311-cp311-macosx_11_0_universal2.whl", "3.11", "darwin", "arm64", True),
        ("p-1-cp311-cp311-win_amd64.whl", "3.11", "win32", "AMD64", True),
        ("p-1-cp311-cp311-win_amd64.whl", "3.11", "linux", "x86_64", False),
        ("p-1.tar.gz", "3.11", "linux", "x86_64", False),
        ("p-1-cp313-cp313t-manylinux2014_x86_64.whl", "3.13", "linux", "x86_64", False),
    ],
)
def test_which_wheels_install_where(file_name: str, python: str, platform: str, machine: str, *, fits: bool) -> None:
    assert has_wheel(wheel_tags(file_name), python, platform, machine) is fits


METADATA = """Metadata-Version: 2.1
Name: pinbox
Version: {version}
Requires-Python: >=3.12.1
Requires-Dist: NumPy (<2,>=1.20)
Requires-Dist: torch==2.4.0 ; platform_system == 'Linux'
Requires-Dist: pytest ; extra == "test"

Requires-Dist: in-the-description
"""


def _wheel(version: str) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("pinbox/data.bin", bytes(50_000))
        archive.writestr(f"pinbox-{version}.dist-info/METADATA", METADATA.format(version=version))
    return stream.getvalue()


REQUIRED = ("numpy<2,>=1.20", 'pytest; extra == "test"', 'torch==2.4.0; platform_system == "Linux"')


def test_metadata_is_its_headers_and_nothing_of_its_description() -> None:
    assert of_metadata(METADATA) == (">=3.12.1", REQUIRED)


@dataclass
class ServedIndex:
    """What the index on loopback serves, and what it was asked."""

    metadata_served: bool = True
    platform: str = "manylinux2014_x86_64"
    asked: list[str] = field(default_factory=list)
    address: str = ""

    def answer(self, path: str, accept: str, span: str) -> tuple[int, dict[str, str], bytes]:
        self.asked.append(path if not span else f"{path} {span}")
        if path == "/simple/pinbox/":
            assert JSON in accept
            return 200, {"ETag": '"1"', "Content-Type": JSON}, json.dumps(self._listing()).encode()
        version = path.split("-")[1] if "-" in path else ""
        if path.endswith(".metadata") and self.metadata_served:
            return 200, {}, METADATA.format(version=version).encode()
        if path.endswith(".whl") and span:
            whole = _wheel(version)
            first, last = (int(number) for number in span.removeprefix("bytes=").split("-"))
            part = whole[first : last + 1]
            return 206, {"Content-Range": f"bytes {first}-{first + len(part) - 1}/{len(whole)}"}, part
        return 404, {}, b""

    def _listing(self) -> dict[str, object]:
        def served(version: str, tail: str, **more: object) -> dict[str, object]:
            name = f"pinbox-{version}{tail}"
            digest = hashlib.sha256(METADATA.format(version=version).encode()).hexdigest()
            core = {"core-metadata": {"sha256": digest}} if self.metadata_served and tail.endswith(".whl") else {}
            return {
                "filename": name,
                "url": f"/files/{name}",
                "hashes": {"sha256": hashlib.sha256(name.encode()).hexdigest()},
                "upload-time": "2024-03-01T10:00:00Z",
                "requires-python": ">=3.12.1",
                **core,
                **more,
            }

        wheel, other = f"-cp312-cp312-{self.platform}.whl", "-cp311-cp311-win_amd64.whl"
        files = [
            *(served("1.0", wheel), served("1.0", other), served("1.0", ".tar.gz")),
            *(served("1.1", wheel, yanked="broken"), served("1.2", ".tar.gz")),
            *(served("2.0rc1", wheel), served("2.0rc2", wheel), served("2.0.dev3", wheel)),
        ]
        return {"meta": {"api-version": "1.1"}, "name": "pinbox", "files": files}


@contextmanager
def _serving(index: ServedIndex) -> Iterator[ServedIndex]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            if self.headers.get("If-None-Match") == '"1"':
                index.asked.append(f"{self.path} unchanged")
                status, headers, body = 304, dict[str, str](), b""
            else:
                status, headers, body = index.answer(
                    self.path, self.headers.get("Accept", ""), self.headers.get("Range", "")
                )
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    index.address = f"http://127.0.0.1:{server.server_port}/simple"
    try:
        yield index
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)


@pytest.mark.parametrize("metadata_served", [True, False])
def test_an_index_is_asked_for_metadata_once_and_for_nothing_else(tmp_path: Path, *, metadata_served: bool) -> None:
    with _serving(ServedIndex(metadata_served=metadata_served)) as served:
        asking = PackageIndex(served.address, tmp_path)
        found = list(asking.releases("pinbox"))
        first = list(served.asked)
        asking_again = PackageIndex(served.address, tmp_path)
        again = list(asking_again.releases("pinbox"))
        asking.connections.close()
        asking_again.connections.close()
    assert again == found
    assert served.asked[len(first) :] == ["/simple/pinbox/ unchanged"]
    assert not [path for path in first if path.endswith(".whl")]
    assert not [path for path in first if "1.1" in path or "rc1" in path or "dev" in path or "win" in path]
    assert [(one.version, one.day) for one in found] == [
        (version, "2024-03-01") for version in ("1.0", "1.2", "2.0rc2")
    ]
    assert found[0].requires == REQUIRED
    assert found[0].wheels == ("cp311-cp311-win_amd64", "cp312-cp312-linux_x86_64")
    assert (found[1].requires, found[1].wheels, found[1].requires_python) == (None, (), ">=3.12.1")


LONG_PLATFORM = "manylinux2014_x86_64.manylinux_2_17_x86_64.manylinux_2_28_x86_64"
"""uv keeps what it read of a wheel with so long a name under a hash of it."""


@pytest.mark.slow
@pytest.mark.parametrize("platform", ["manylinux2014_x86_64", LONG_PLATFORM], ids=["short", "long"])
def test_pip_and_uv_tell_of_an_index_what_it_has(
    platform: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in os.environ if name.startswith(("PIP_", "UV_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("UV_NO_CONFIG", "1")
    with _serving(ServedIndex(platform=platform)) as served:
        monkeypatch.setenv("PIP_INDEX_URL", served.address)
        monkeypatch.setenv("UV_DEFAULT_INDEX", served.address)
        telling = InstallerIndex(tmp_path / "kept", {"numpy", "torch", "pinbox"}, pause=0)
        files = list(telling.releases("pinbox", "every>=1.0", {"1.0.0": (), "2.0rc2": ()}))
        first = list(served.asked)
        found = list(telling.releases("pinbox", "every>=1.0", {}))
        again = list(InstallerIndex(tmp_path / "kept", (), pause=0).releases("pinbox", "minor>=1.0", {"1.2.0": ()}))
        with pytest.raises(OSError, match="pip index versions no-such-package"):
            list(telling.releases("no-such-package", "none", {}))
    assert set(first) == {"/simple/pinbox/"}
    files_asked = [path for path in served.asked if not path.startswith("/simple/")]
    assert files_asked == [f"/files/pinbox-1.0-cp312-cp312-{platform}.whl.metadata"]
    assert not [path for path in served.asked if path.startswith(("/simple/numpy", "/simple/torch"))]
    assert [(one.version, one.day, one.requires_python) for one in files] == [
        (version, "2024-03-01", ">=3.12.1") for version in ("1.0", "1.2", "2.0rc2")
    ]
    assert [one.wheels for one in files] == [
        ("cp311-cp311-win_amd64", "cp312-cp312-linux_x86_64"),
        (),
        ("cp312-cp312-linux_x86_64",),
    ]
    assert {(one.requires, one.from_metadata, one.source) for one in files} == {
        (None, False, "the package index's list of the files of pinbox {version}")
    }
    assert [one.requires for one in found] == [
        ("numpy<2,>=1.20", 'pytest; extra == "test"', 'torch==2.4.0; sys_platform == "linux"'),
        None,
        None,
    ]
    assert found[0].source == "METADATA of pinbox {version}"
    assert again == found


@pytest.mark.parametrize(
    ("policy", "wanted"),
    [
        ("none", ()),
        ("every>=1.1", ("1.1.0", "1.1.1", "2.0")),
        ("minor>=1.0", ("1.0", "1.1.1", "2.0")),
        ("minor", ("0.9", "1.0", "1.1.1", "2.0")),
        ("minor>=0.9 every>=1.1", ("0.9", "1.0", "1.1.0", "1.1.1", "2.0")),
    ],
)
def test_of_which_releases_metadata_is_asked_for(policy: str, wanted: tuple[str, ...]) -> None:
    assert metadata_wanted(["1.1.1", "1.0", "0.9", "1.1.0", "2.0", "2.1rc1"], policy) == wanted


def test_between_releases_that_require_otherwise_the_middle_is_asked_for() -> None:
    versions = [Version(f"1.{minor}.{patch}") for minor in range(3) for patch in range(9)]
    last: dict[Version, tuple[str, ...]] = {Version("1.0.8"): ("numpy",), Version("1.1.8"): ("numpy<2",)}
    last[Version("1.2.8")] = ("numpy<2", 'pytest; extra == "test"')
    assert halves_wanted(versions, "minor", last) == []
    assert list(map(str, halves_wanted(versions, "minor halves>=1.0.3", last))) == ["1.0.3", "1.1.4"]
    narrowed = {**last, Version("1.0.0"): ("numpy",), Version("1.1.4"): ("numpy",)}
    assert list(map(str, halves_wanted(versions, "halves", narrowed))) == ["1.1.6"]
    borders = {**narrowed, Version("1.1.6"): ("numpy<2",), Version("1.1.5"): ("numpy",)}
    assert halves_wanted(versions, "halves", borders) == []


def test_of_a_project_without_final_releases_every_pre_release_counts() -> None:
    betas = ["0.60b0", "0.60b1", "0.61b0"]
    assert metadata_wanted(betas, "minor") == ("0.60b1", "0.61b0")
    assert [str(version) for version in kept_versions(map(Version, betas))] == betas
    assert [str(version) for version in kept_versions(map(Version, ["1.0", "0.9rc1", "1.1rc1", "1.1rc2"]))] == [
        "1.0",
        "1.1rc2",
    ]
    assert [one.version for one in merged(_release(version) for version in betas)] == betas


def test_what_an_index_lists_completes_what_a_tag_declares() -> None:
    tagged = _release("1.0", "numpy<2", from_metadata=False, day="2024-05-01", requires_python=">=3.8")
    files = _release(
        "1.0", from_metadata=False, requires=None, source="files", day="2024-05-03", requires_python=">=3.9", wheels=()
    )
    for order in ([tagged, files], [files, tagged]):
        (row,) = merged(order)
        assert (row.requires, row.source, row.from_metadata) == (("numpy<2",), tagged.source, False)
        assert (row.day, row.requires_python, row.wheels) == ("2024-05-03", ">=3.9", ())
    told = _release("1.0", "numpy<3", requires_python=">=3.10")
    for order in ([told, files], [files, told]):
        (row,) = merged(order)
        assert (row.requires, row.from_metadata, row.requires_python) == (("numpy<3",), True, ">=3.10")
    newer = _release("1.0", from_metadata=False, requires=None, wheels=("py3-none-any",))
    assert merged([files, newer])[0].wheels == ("py3-none-any",)


def test_an_index_that_answers_no_json_is_an_error_that_says_so(tmp_path: Path) -> None:
    with _serving(ServedIndex()) as served:
        asking = PackageIndex(served.address, tmp_path)
        with pytest.raises(OSError, match="the index answered 404"):
            list(asking.releases("no-such-package"))
        asking.connections.close()


def test_a_rebuild_is_the_same_to_the_byte_whole_and_step_by_step(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    row = refresh_releases.IndexedProject(
        name="pinbox", repository=None, mirrors=(), folder="", tags=(), requirements=()
    )
    monkeypatch.setattr(refresh_releases, "projects", lambda: (row,))
    output = tmp_path / "out" / "pinbox.json.z"

    def written(*words: str) -> bytes:
        paths = ("--cache", str(tmp_path / "cache"), "--output", str(tmp_path / "out"))
        assert refresh.main(["releases", "--checked", "2026-01-01", *paths, *words]) == 0
        return output.read_bytes()

    with _serving(ServedIndex()) as served:
        whole = written("--index", served.address, "--whole")
        assert written("--index", served.address) == whole
    assert written() == whole
    assert [one.version for one in releases.unpacked(whole, "pinbox").releases] == ["1.0", "1.2", "2.0rc2"]


def test_a_package_that_cannot_be_read_keeps_its_file_and_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    row = refresh_releases.IndexedProject(name="gone", repository=None, mirrors=(), folder="", tags=(), requirements=())
    monkeypatch.setattr(refresh_releases, "projects", lambda: (row,))
    with _serving(ServedIndex()) as served:
        words = ("--index", served.address, "--cache", str(tmp_path / "cache"), "--output", str(tmp_path))
        assert refresh_releases.main(words) == 1
    assert "gone: " in capsys.readouterr().out


def test_wheels_and_installed_packages_on_disk(tmp_path: Path) -> None:
    (tmp_path / "pinbox-1.0-py3-none-any.whl").write_bytes(_wheel("1.0"))
    installed = tmp_path / "site" / "pinbox-1.1.dist-info"
    installed.mkdir(parents=True)
    (installed / "METADATA").write_text(METADATA.format(version="1.1"))
    (tmp_path / "other-1.0-py3-none-any.whl").write_bytes(b"never opened")
    found = local_releases([tmp_path], {"pinbox"})
    assert [(one.version, one.requires) for one in found] == [("1.0", REQUIRED), ("1.1", REQUIRED)]


def _git(folder: Path, *words: str) -> None:
    named = ("-c", "user.name=A", "-c", "user.email=a@pinbox.example", "-c", "tag.gpgsign=false")
    subprocess.run(["git", "-C", str(folder), *named, *words], check=True, capture_output=True)


def test_tags_declare_what_can_be_read_without_running_anything(tmp_path: Path) -> None:
    _git(tmp_path, "init", "-q", ".")
    manifests = {
        "0.1": {"setup.py": "from setuptools import setup\nsetup(name='pinbox', install_requires=['numpy<2'])\n"},
        "0.2": {"setup.py": "from setuptools import setup\nimport os\nsetup(install_requires=os.listdir('.'))\n"},
        "1.0": {
            "setup.py": "",
            "pyproject.toml": (
                "[project]\nname = 'pinbox'\nrequires-python = '>=3.9'\ndependencies = ['numpy>=2', 'torch[gpu]']\n"
                "[project.optional-dependencies]\nall = ['pandas>=2']\n"
                "[build-system]\nrequires = ['hatchling']\n[dependency-groups]\ndev = ['pytest']\n"
                "[tool.pixi.workspace]\nchannels = []\nplatforms = []\n[tool.pixi.pypi-dependencies]\nnumpy = '==2.9'\n"
                "[tool.uv]\noverride-dependencies = ['numpy==2.8']\n"
            ),
        },
        "1.1": {"pyproject.toml": "[project]\nname = 'pinbox'\ndynamic = ['dependencies']\n"},
        "1.2": {"pyproject.toml": "[project]\nname = 'pinbox'\n"},
        "2.0": {"pyproject.toml": "[project]\nname = 'Needle_Box'\ndependencies = ['numpy<3']\n"},
        "2.1": {"pyproject.toml": "[tool.poetry]\nname = 'needlebox'\n[tool.poetry.dependencies]\nnumpy = '<3'\n"},
        "2.2": {"pyproject.toml": "", "setup.cfg": "[metadata]\nname = needlebox\n[options]\nname = pinbox\n"},
        "2.3": {
            "setup.cfg": "",
            "setup.py": "from setuptools import setup\nN = 'needlebox'\nsetup(name=N, install_requires=['numpy'])\n",
        },
    }
    for version, files in manifests.items():
        for name, text in files.items():
            (tmp_path / name).write_text(text)
        _git(tmp_path, "add", "-A")
        _git(tmp_path, "commit", "-qm", version, "--allow-empty")
        _git(tmp_path, "tag", f"v{version}")
    _git(tmp_path, "tag", "nightly")
    _git(tmp_path, "tag", "v1.3.dev1")
    project = TaggedProject(package="pinbox", repository="https://pinbox.example", clone=tmp_path)
    found = {one.version: one for one in tagged_releases(project)}
    assert {version: one.requires for version, one in found.items()} == {
        "0.1": ("numpy<2",),
        "0.2": None,
        "1.0": ("numpy>=2", 'pandas>=2; extra == "all"', "torch[gpu]"),
        "1.1": None,
        "1.2": (),
    }
    assert found["1.0"].requires_python == ">=3.9"
    assert found["1.0"].source == "https://pinbox.example/blob/v{version}/pyproject.toml"


def test_upper_bounds_that_a_build_drops_are_not_declared(tmp_path: Path) -> None:
    _git(tmp_path, "init", "-q", ".")
    (tmp_path / "setup.py").write_text("from setuptools import setup\nsetup(install_requires=_loosened())\n")
    lines = (
        "# an upper bound is dropped unless its line says strict",
        "torch >=1.8, <2.1  # tested",
        "numpy >=1.20, <2.0  # strict",
        "packaging <24",
        "typing-extensions >=4, <5; python_version < '3.9'",
    )
    (tmp_path / "r.txt").write_text("\n".join(lines))
    _git(tmp_path, "add", "-A")
    _git(tmp_path, "commit", "-qm", "1.0")
    _git(tmp_path, "tag", "v1.0")
    project = TaggedProject(
        package="pinbox", repository="https://pinbox.example", clone=tmp_path, requirements=("r.txt",), loosened=True
    )
    (found,) = tagged_releases(project)
    assert found.requires == (
        "numpy<2.0,>=1.20",
        "packaging<24",
        "torch>=1.8",
        'typing-extensions>=4; python_version < "3.9"',
    )


RANGES = ("", ">={}", "<{}", "<={}", "=={}", "!={}", ">{}", "~={}", "=={}.*", ">={},<{}", "<{},>=0.1", "<{},!={}")


@pytest.mark.parametrize("package", ["boto3", "numpy", "pydantic", "starlette", "tokenizers", "torch"])
def test_releases_within_a_range_are_those_that_it_admits(package: str) -> None:
    known = releases.history(package)
    assert known is not None
    versions = [release.version for release in known.releases]
    for number, version in enumerate(versions[:: max(len(versions) // 12, 1)]):
        for text in RANGES:
            specifier = text.format(version, versions[-1 - number])
            admitted = [one for one in versions if admits(specifier, one)]
            assert [release.version for release in known.within(specifier)] == admitted, specifier
            assert known.versions_within(specifier, versions) == admitted, specifier
            final = [one for one in admitted if not is_prerelease(one)] or admitted
            assert [release.version for release in known.newest_first(specifier)] == final[::-1], specifier
