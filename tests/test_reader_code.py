"""Where the code of a reader comes from: wheels, images, caches and the index, each with a wheel made here."""

from __future__ import annotations

import json
import lzma
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from mlaudit.api import compare
from mlaudit.code.package.installed_names import InstalledNames
from mlaudit.code.package.symbols import PackageSymbols
from mlaudit.lab.code_index import main as build_index
from mlaudit.lab.code_index import packed, reduced, release_of
from mlaudit.model.report import Report
from mlaudit.reporters._registry import Style, render
from mlaudit.request.options import Options
from mlaudit.sources import code_index, package_caches
from mlaudit.sources.code_index import code_in_index
from mlaudit.sources.package_caches import cached_code
from mlaudit.sources.package_sources import MAX_SOURCE
from mlaudit.sources.wheel_code import WheelCode
from tests.image_bytes import SITE, config, docker_legacy, saved, tar
from tests.test_missing_names import naming, write

METADATA = "Metadata-Version: 2.1\nName: acme\nVersion: {version}\n"
SOURCE = '"""A module."""\n\n\nclass Share:\n    pass  # no Ratio any more\n'
WHEEL = "acme-2.0-py3-none-any.whl"


@pytest.fixture(autouse=True)
def _own_caches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "uv"))
    monkeypatch.setenv("PIP_CACHE_DIR", str(tmp_path / "pip"))
    package_caches._files.cache_clear()
    package_caches._wheels_of_answers.cache_clear()


def files(version: str = "2.0", source: str = SOURCE) -> dict[str, str]:
    return {
        "acme/__init__.py": "",
        "acme/scaling.py": source,
        f"acme-{version}.dist-info/METADATA": METADATA.format(version=version),
    }


def wheel(path: Path, version: str = "2.0", source: str = SOURCE) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files(version, source).items():
            archive.writestr(name, text)
    return path


def in_uv(folder: Path) -> str:
    write(folder / "uv" / "archive-v0" / "Xy1", files())
    bucket = folder / "uv" / "wheels-v8" / "pypi" / "acme"
    bucket.mkdir(parents=True)
    (bucket / "2.0-py3-none-any").symlink_to(Path("../../../archive-v0/Xy1"))
    return pinned(folder)


def in_pip(folder: Path) -> str:
    wheel(folder / "pip" / "wheels" / "ab" / "cd" / WHEEL)
    return pinned(folder)


def in_answers_of_pip(folder: Path) -> str:
    wheel(folder / "pip" / "http-v2" / "a" / "b" / "c" / "0f3e.body")
    return pinned(folder)


def beside(folder: Path) -> str:
    wheel(folder / "wheelhouse" / WHEEL)
    return pinned(folder)


def of_wheels(folder: Path) -> str:
    wheel(folder / "house" / WHEEL)
    return "house"


def in_image(folder: Path) -> str:
    layer = tar({f"{SITE}/{name}": text.encode() for name, text in files().items()})
    return saved(folder, docker_legacy([layer], config(["PATH=/usr/local/bin"]))).name


def in_packed_root(folder: Path) -> str:
    content = {f"{SITE}/{name}": text.encode() for name, text in files().items()}
    return saved(folder, {**content, "etc/os-release": b"ID=debian\n"}, "root.tar.gz").name


def in_root(folder: Path) -> str:
    write(folder / "root", {f"{SITE}/{name}": text for name, text in files().items()})
    write(folder / "root", {"etc/os-release": "ID=debian\n", "usr/bin/python3.11": ""})
    return "root"


def pinned(folder: Path, version: str = "2.0") -> str:
    write(folder, {"requirements.txt": f"acme=={version}\n"})
    return "requirements.txt"


PLACES: dict[str, tuple[Callable[[Path], str], str, str]] = {
    "uv": (in_uv, "uv-cache/acme-2.0-py3-none-any/acme/scaling.py", "the cache of an installer"),
    "pip": (in_pip, f"pip-cache/{WHEEL}/acme/scaling.py", "the cache of an installer"),
    "answers of pip": (in_answers_of_pip, "pip-cache/acme-2.0.whl/acme/scaling.py", "the cache of an installer"),
    "beside": (beside, f"wheelhouse/{WHEEL}/acme/scaling.py", "a wheel beside it"),
    "wheelhouse": (of_wheels, f"house/{WHEEL}/acme/scaling.py", "a wheel beside it"),
    "image": (in_image, f"image.tar!/{SITE}/acme/scaling.py", ""),
    "packed root": (in_packed_root, f"root.tar.gz!/{SITE}/acme/scaling.py", ""),
    "root": (in_root, f"root/{SITE}/acme/scaling.py", ""),
}


def report_on(folder: Path, reader: str, *, caches: bool = True) -> Report:
    (folder / "model.pkl").write_bytes(naming("acme.scaling:Ratio"))
    return compare(["model.pkl", reader], Options(root=folder, caches=caches), folder=folder)


@pytest.mark.parametrize("place", PLACES)
def test_the_code_of_a_reader_is_read_where_it_lies(place: str, tmp_path: Path) -> None:
    made, searched, note = PLACES[place]
    report = report_on(tmp_path, made(tmp_path))
    found = [one for one in report.findings if one.code == "MLA410"]
    assert [str(one.related[0].place) for one in found] == [searched]
    notes = [said for one in report.environments for said in one.notes]
    assert any(f"The code of acme 2.0 was read from {note}" in said for said in notes) == bool(note)


def test_no_cache_is_read_where_that_is_not_wanted_or_another_version_is_pinned(tmp_path: Path) -> None:
    reader = in_uv(tmp_path)
    assert not [one for one in report_on(tmp_path, reader, caches=False).findings if one.code == "MLA410"]
    pinned(tmp_path, "2.1")
    assert not [one for one in report_on(tmp_path, reader).findings if one.code == "MLA410"]


def test_a_link_that_leads_out_of_a_cache_is_not_followed(tmp_path: Path) -> None:
    reader = in_uv(tmp_path)
    link = tmp_path / "uv" / "wheels-v8" / "pypi" / "acme" / "2.0-py3-none-any"
    link.unlink()
    write(tmp_path / "outside", files())
    link.symlink_to(tmp_path / "outside")
    assert not [one for one in report_on(tmp_path, reader).findings if one.code == "MLA410"]


def test_a_wheel_whose_name_and_content_differ_is_not_read(tmp_path: Path) -> None:
    wheel(tmp_path / "pip" / "wheels" / WHEEL, version="1.0")
    assert cached_code("acme", "2.0") is None


def test_hostile_wheels_are_bounded(tmp_path: Path) -> None:
    bomb = wheel(tmp_path / "bomb.whl", source="#" * (MAX_SOURCE + 10))
    assert bomb.stat().st_size < 100_000
    code = WheelCode(bomb, "bomb.whl")
    assert code.read("acme/scaling.py") is None
    assert list(code.sources("acme")) == [b"", None]
    with zipfile.ZipFile(tmp_path / "out.whl", "w") as archive:
        archive.writestr("../evil.py", "")
        archive.writestr("/etc/evil.py", "")
    assert WheelCode(tmp_path / "out.whl", "out.whl").members == frozenset()
    whole = wheel(tmp_path / "cut.whl").read_bytes()
    (tmp_path / "cut.whl").write_bytes(whole[: len(whole) // 2])
    assert WheelCode(tmp_path / "cut.whl", "cut.whl").names("") is None
    huge = whole[:-12] + (2**31).to_bytes(4, "little") + whole[-8:]
    (tmp_path / "huge.whl").write_bytes(huge)
    assert WheelCode(tmp_path / "huge.whl", "huge.whl").names("") is None


# The index of code

OLD = "class Ratio:\n    '''Old.'''\n    def fit(self, x):\n        self.a_ = x\n        return self\n"


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "index"
    old, new = wheel(tmp_path / "old.whl", "1.0", OLD), wheel(tmp_path / WHEEL)
    assert build_index([str(folder), str(new), str(old)]) == 0
    monkeypatch.setattr(code_index, "index_folder", lambda: folder)
    return folder


def test_the_index_gives_the_code_of_the_exact_version(index: Path, tmp_path: Path) -> None:
    report = report_on(tmp_path, pinned(tmp_path))
    found = [one for one in report.findings if one.code == "MLA410"]
    assert [str(one.related[0].place) for one in found] == ["code-index/acme-2.0/acme/scaling.py"]
    for version in ("1.0", "3.0"):
        assert not [one for one in report_on(tmp_path, pinned(tmp_path, version)).findings if one.code == "MLA410"]


TO_REDUCE = '''"""A module,
of two lines."""
import os  # why


def plain(x):
    """Says."""
    return 1


class Ratio:
    def transform(self, x):
        raise ValueError(
            f"{x}"
            "y"
        )

    def predict(self, x):
        return self.a_ + x  # here
'''


def test_what_the_index_leaves_out_moves_no_line() -> None:
    text = TO_REDUCE
    kept = reduced(text)
    assert kept.split("\n")[18] == "        return self.a_ + x"
    assert len(kept.split("\n")) == len(text.split("\n"))
    assert kept.split("\n")[6:8] == ["    0", ""]
    assert "Says" not in kept
    assert "why" not in kept


def test_the_index_gives_every_release_back(index: Path) -> None:
    old, new = (code_in_index(index / "acme.xz", "acme", version) for version in ("1.0", "2.0"))
    assert old is not None
    assert new is not None
    assert old.read("acme/scaling.py") == OLD.replace("'''Old.'''", "0").encode()
    assert InstalledNames(PackageSymbols(new)).answer("acme.scaling", "Ratio").value == "no name"
    assert InstalledNames(PackageSymbols(old)).answer("acme.scaling", "Ratio").value == "defined"
    assert list(new.sources("acme")) == [b"", new.read("acme/scaling.py")]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        lzma.compress(b"[]"),
        lzma.compress(b'{"format": 2, "releases": []}'),
        lzma.compress(b"[" * 100_000),
        lzma.compress(json.dumps({"format": 1, "releases": [{"version": "2.0"}]}).encode()),
        lzma.compress(b"[" + b" " * 200_000 + b"]"),
    ],
    ids=["empty", "a list", "another format", "deep", "no files", "a bomb"],
)
def test_a_broken_index_gives_nothing(data: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(code_index, "MAX_UNPACKED", 150_000)
    (tmp_path / "acme.xz").write_bytes(data)
    assert code_in_index(tmp_path / "acme.xz", "acme", "2.0") is None


def test_an_index_cannot_unfold_a_text_without_end(tmp_path: Path) -> None:
    grow = [{"version": "0", "files": {"acme/x.py": ["x" * 1000]}}]
    grow += [{"version": str(n), "files": {"acme/x.py": [[0, 10**9], [0, 10**9]]}} for n in range(1, 60)]
    (tmp_path / "acme.xz").write_bytes(lzma.compress(json.dumps({"format": 1, "releases": grow}).encode()))
    code = code_in_index(tmp_path / "acme.xz", "acme", "59")
    assert code is not None
    assert len(code.read("acme/x.py") or b"") <= 4 * 1024 * 1024


def test_the_builder_says_what_is_no_wheel(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "empty").mkdir()
    assert build_index([str(tmp_path / "index"), str(tmp_path / "empty")]) == 2
    assert "expected a wheel" in capsys.readouterr().err
    assert build_index([]) == 2
    assert packed([release_of(wheel(tmp_path / WHEEL))]).startswith(b"\xfd7zXZ")


def test_the_summary_says_which_code_was_not_at_hand(tmp_path: Path) -> None:
    (tmp_path / "model.pkl").write_bytes(naming("sklearn.linear_model:Ridge"))
    write(tmp_path, {"requirements.txt": "scikit-learn==1.2.2\n"})
    report = compare(["model.pkl", "serving=requirements.txt"], Options(root=tmp_path), folder=tmp_path)
    said = " ".join(render("table")(report, Style()).split())
    assert "The code of scikit-learn in serving is not available, so its models are judged by versions alone" in said
    code = {"sklearn/__init__.py": "", "scikit_learn-1.2.2.dist-info/METADATA": ""}
    write(tmp_path / "uv" / "archive-v0" / "Sk", code)
    (tmp_path / "uv" / "wheels-v8" / "pypi" / "scikit-learn").mkdir(parents=True)
    link = tmp_path / "uv" / "wheels-v8" / "pypi" / "scikit-learn" / "1.2.2-cp311-cp311-linux_x86_64"
    link.symlink_to(tmp_path / "uv" / "archive-v0" / "Sk")
    report = compare(["model.pkl", "serving=requirements.txt"], Options(root=tmp_path), folder=tmp_path)
    assert "not available" not in render("table")(report, Style())
