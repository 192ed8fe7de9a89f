"""Images and root file systems: every form says the same, layers hide what they should, all is held against pip."""

from __future__ import annotations

import csv
import datetime
import gzip
import io
import json
import os
import shutil
import subprocess
import sys
import sysconfig
import tarfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from mlaudit.api import compare
from mlaudit.model.names import normalized
from mlaudit.model.nouns import Kind
from mlaudit.request.options import Options
from tests.image_bytes import (
    SITE,
    Files,
    blob_name,
    config,
    dist,
    docker_legacy,
    docker_oci,
    dumped,
    image_of,
    metadata,
    oci,
    saved,
    seen,
    tar,
    unpack,
)

SAMPLES = Path(os.environ.get("MLAUDIT_ARTIFACTS", Path(__file__).parent.parent.parent / "shared" / "artifact-samples"))
NUMPY, NEWER = dist("numpy", "1.26.4"), dist("numpy", "2.1.0")
SETUP = config(["PATH=/usr/local/bin:/usr/bin", "PYTHON_VERSION=3.11.9"])


def _layers() -> list[bytes]:
    """A base with numpy, and above it another numpy: the older one is whited out."""
    below = tar({**NUMPY, **dist("torch", "2.4.0"), "usr/local/bin/python3": "python3.11"})
    above = tar({f"{SITE}/.wh.numpy-1.26.4.dist-info": b"", **NEWER})
    return [below, gzip.compress(above)]


FORMS: Mapping[str, Callable[[], Files]] = {
    "docker-legacy": lambda: docker_legacy(_layers(), SETUP),
    "docker-oci": lambda: docker_oci(_layers(), SETUP),
    "oci": lambda: oci([(_layers(), SETUP)]),
    "oci-nested": lambda: oci([(_layers(), SETUP)], nested=True),
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("holder", ["image.tar", "image.tar.gz", "folder"])
def test_every_form_of_an_image_says_the_same(tmp_path: Path, form: str, holder: str) -> None:
    files = FORMS[form]()
    path = unpack(files, tmp_path / "image") if holder == "folder" else saved(tmp_path, files, holder)
    found = seen(path)
    assert found.versions() == {"numpy": "2.1.0", "torch": "2.4.0"}
    assert (found.python(), found.chosen, found.reading.complete) == ("3.11.9", "/usr/local", True)
    assert not found.reading.unread
    facts = {fact.key: fact.value for fact in found.reading.facts}
    assert (facts["platform"], facts["machine"]) == ("linux", "x86_64")
    numpy = next(pin for pin in found.pins if pin.name == "numpy")
    assert str(numpy.at) == f"{path.name}!/{SITE}/numpy-2.1.0.dist-info/METADATA:3:10"


@pytest.mark.parametrize("name", ["root.tar", "root.tar.gz", "root"])
def test_an_exported_root_file_system_is_one_layer(tmp_path: Path, name: str) -> None:
    found = seen(saved(tmp_path, {**NUMPY, "etc/os-release": b"ID=debian\n"}, name))
    assert found.versions() == {"numpy": "1.26.4"}
    assert found.reading.complete


def test_docker_links_a_layer_that_it_wrote_before(tmp_path: Path) -> None:
    files = docker_legacy([tar(NUMPY), tar({})], SETUP)
    files[f"{1:064x}/layer.tar"] = f"../{0:064x}/layer.tar"
    assert seen(saved(tmp_path, files)).versions() == {"numpy": "1.26.4"}
    assert seen(saved(tmp_path, files, "image.tgz")).versions() == {"numpy": "1.26.4"}


def test_an_opaque_folder_hides_what_lies_below(tmp_path: Path) -> None:
    below = tar({**NUMPY, **dist("torch", "2.4.0", "opt/venv/lib/python3.11/site-packages")})
    found = image_of(tmp_path, below, tar({f"{SITE}/.wh..wh..opq": b"", **NEWER}))
    assert found.versions("/usr/local") == {"numpy": "2.1.0"}
    assert found.versions("/opt/venv") == {"torch": "2.4.0"}


@pytest.mark.parametrize("path", ["usr/local/lib", "usr", SITE])
def test_a_link_or_file_in_the_place_of_a_folder_takes_what_was_in_it(tmp_path: Path, path: str) -> None:
    above = dist("scipy", "1.14.0", "opt/app/lib/python3.11/site-packages")
    found = image_of(tmp_path, tar(NUMPY), tar({path: "elsewhere", **above}))
    assert [pin.name for pin in found.pins if pin.kind is Kind.PACKAGE] == ["scipy"]


def test_a_folder_in_the_place_of_a_file_takes_it_away(tmp_path: Path) -> None:
    below = tar({f"{SITE}/a.egg-info": metadata("a", "1.0")})
    above = tar({f"{SITE}/a.egg-info/PKG-INFO": metadata("a", "2.0")})
    assert image_of(tmp_path, below, above).versions() == {"a": "2.0"}


def test_hard_links_are_the_file_that_they_lead_to(tmp_path: Path) -> None:
    """Conda and uv link from their caches, and which of the two names comes first in a layer is chance."""
    path = tmp_path / "layer.tar"
    with tarfile.open(path, "w") as archive:
        original = tarfile.TarInfo("root/.cache/uv/archive-v0/x/numpy-1.26.4.dist-info/METADATA")
        original.size = len(metadata("numpy", "1.26.4"))
        archive.addfile(original, io.BytesIO(metadata("numpy", "1.26.4")))
        link = tarfile.TarInfo(f"{SITE}/numpy-1.26.4.dist-info/METADATA")
        link.type, link.linkname = tarfile.LNKTYPE, original.name
        archive.addfile(link)
    found = image_of(tmp_path, path.read_bytes())
    assert [(root.name, root.default) for root in found.reading.roots] == [("/usr/local", True)]
    assert found.versions() == {"numpy": "1.26.4"}


def test_an_index_of_several_platforms_is_read_for_the_one_asked_for(tmp_path: Path) -> None:
    images = [([tar(NUMPY)], config()), ([tar(NEWER)], config(architecture="arm64"))]
    path = saved(tmp_path, oci(images, nested=True))
    assert seen(path, "linux-aarch64").versions() == {"numpy": "2.1.0"}
    usual = seen(path)
    assert usual.versions() == {"numpy": "1.26.4"}
    assert usual.notes == ["it is for linux/amd64 and linux/arm64; linux/amd64 is read (`#platform=` chooses)"]
    listed = compare([f"a={path}#platform=linux-amd64", f"b={path}#platform=linux-arm64"], _options(tmp_path))
    assert {cell.version for row in listed.rows if row.package == "numpy" for cell in row.cells} == {"1.26.4", "2.1.0"}


def test_a_platform_that_is_not_there_and_several_images_are_refused(tmp_path: Path) -> None:
    path = saved(tmp_path, oci([([tar(NUMPY)], config())]))
    report = compare([f"a={path}#platform=linux-s390x", f"b={path}"], _options(tmp_path))
    assert any("linux/amd64, and linux-s390x was requested" in finding.message for finding in report.findings)
    several = [{"Config": name, "RepoTags": [name], "Layers": []} for name in ("a.json", "b.json")]
    both = saved(tmp_path, {"manifest.json": dumped(several)}, "both.tar")
    report = compare([f"a={both}", f"b={path}"], _options(tmp_path))
    assert any("it holds 2 images (a.json, b.json)" in finding.message for finding in report.findings)


def test_a_layer_that_is_not_there_is_told_and_the_image_is_not_complete(tmp_path: Path) -> None:
    layers = _layers()
    files = docker_oci(layers, SETUP)
    del files[blob_name(layers[0])]
    found = seen(saved(tmp_path, files))
    assert found.versions() == {"numpy": "2.1.0"}
    assert not found.reading.complete
    assert found.reasons == [f"a layer of the image is not read: it is not in the archive ({blob_name(layers[0])})"]


def test_an_image_without_packages_is_unread_and_not_empty(tmp_path: Path) -> None:
    found = image_of(tmp_path, tar({"etc/os-release": b"ID=alpine\n"}))
    assert [entry.whole for entry in found.reading.unread] == [True]
    assert not found.reading.complete


def test_an_archive_that_is_no_image_is_refused_by_name(tmp_path: Path) -> None:
    path = saved(tmp_path, {"a.txt": b"a"})
    report = compare([f"a={path}", f"b={path}"], _options(tmp_path))
    assert "no image" in report.findings[0].message


def test_a_training_image_against_a_serving_image_is_one_command(tmp_path: Path) -> None:
    train = saved(tmp_path, docker_legacy([tar({**NEWER, **dist("scikit-learn", "1.5.2")})], SETUP), "train.tar")
    serve = saved(tmp_path, oci([([tar({**NUMPY, **dist("scikit-learn", "1.5.2")})], SETUP)]), "serve.tar")
    report = compare([str(train), str(serve)], _options(tmp_path))
    assert [one.name for one in report.environments] == ["train.tar", "serve.tar"]
    verdicts = {row.package: row.verdict.value for row in report.rows}
    assert verdicts == {"numpy": "differs", "scikit-learn": "aligned", "python": "aligned"}
    assert {finding.package for finding in report.findings} == {"numpy"}


def _options(folder: Path) -> Options:
    return Options(root=folder, today=datetime.date(2026, 11, 1))


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no pipes in folders")
def test_folders_with_cycles_pipes_and_locked_doors_are_walked(tmp_path: Path) -> None:
    root = unpack({"etc/os-release": b"", **NUMPY, f"{SITE}/loop": "..", "loop": "."}, tmp_path / "root")
    os.mkfifo(root / "usr/local/bin.fifo")
    fifo = root / SITE / "pipe-1.0.dist-info"
    fifo.mkdir()
    os.mkfifo(fifo / "METADATA")
    (root / "proc").mkdir()
    unpack(dist("torch", "1", "proc/lib/python3.11/site-packages"), root)
    found = seen(root)
    assert found.versions() == {"numpy": "1.26.4"}
    assert [root.name for root in found.reading.roots] == ["/usr/local"]
    assert [(one.package, one.why) for one in found.reading.unread] == [("pipe", "it is not a regular file")]


def test_a_folder_that_cannot_be_looked_into_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = unpack({"etc/os-release": b"", **NUMPY, "opt/locked/x": b""}, tmp_path / "root")
    scandir = os.scandir

    def denied(path: str) -> Iterator[os.DirEntry[str]]:
        if path.endswith("locked"):
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    monkeypatch.setattr(os, "scandir", denied)
    found = seen(root)
    assert found.versions() == {"numpy": "1.26.4"}
    assert found.reasons == ["it cannot be looked into: permission to read it is denied"]
    assert not found.reading.complete


def _real_root(folder: Path) -> tuple[Path, Path]:
    """A root file system of the wheels that this environment has installed, and its package folder."""
    root = folder / "root"
    site = root / f"usr/local/lib/python{sys.version_info[0]}.{sys.version_info[1]}/site-packages"
    site.mkdir(parents=True)
    for one in Path(sysconfig.get_path("purelib")).iterdir():
        if (one.name.endswith((".dist-info", ".egg-info")) and one.is_dir()) or one.name in ("packaging", "yaml"):
            shutil.copytree(one, site / one.name)
    (root / "etc").mkdir()
    (root / "etc/os-release").write_text("ID=debian\n")
    return root, site


def _by_pip(site: Path) -> dict[str, str]:
    command = (sys.executable, "-m", "pip", "list", "--path", str(site), "--format=json", "--disable-pip-version-check")
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        pytest.skip("this environment has no pip to compare with")
    return {normalized(one["name"]): one["version"] for one in json.loads(done.stdout)}


def test_a_real_root_file_system_is_read_as_pip_lists_it(tmp_path: Path) -> None:
    root, site = _real_root(tmp_path)
    expected = _by_pip(site)
    archive = tmp_path / "root.tar.gz"
    with tarfile.open(archive, "w:gz") as made:
        made.add(root, ".")
    assert len(expected) > 10
    assert seen(root).versions() == expected
    assert seen(archive).versions() == expected
    assert image_of(tmp_path, gzip.decompress(archive.read_bytes())).versions() == expected


@pytest.fixture
def umoci() -> str:
    found = shutil.which("umoci")
    if found is None:
        pytest.skip("umoci is not installed")
    return found


@pytest.fixture
def skopeo() -> str:
    found = shutil.which("skopeo")
    if found is None:
        pytest.skip("skopeo is not installed")
    return found


def _run(*command: str | Path) -> None:
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_images_that_umoci_and_skopeo_make_are_read_as_pip_lists_them(tmp_path: Path, umoci: str, skopeo: str) -> None:
    root, site = _real_root(tmp_path)
    expected = _by_pip(site)
    layout = tmp_path / "layout"
    _run(umoci, "init", "--layout", layout)
    _run(umoci, "new", "--image", f"{layout}:app")
    _run(umoci, "insert", "--rootless", "--image", f"{layout}:app", root, "/")
    gone = next(one for one in sorted(site.iterdir()) if one.name.startswith("packaging-"))
    _run(umoci, "insert", "--rootless", "--whiteout", "--image", f"{layout}:app", f"/{gone.relative_to(root)}")
    del expected["packaging"]
    for kind in ("docker-archive", "oci-archive"):
        _run(skopeo, "--insecure-policy", "copy", f"oci:{layout}:app", f"{kind}:{tmp_path / kind}.tar:app:1")
        assert seen(tmp_path / f"{kind}.tar").versions() == expected
    zstd = ("--dest-compress", "--dest-compress-format", "zstd")
    _run(skopeo, "--insecure-policy", "copy", *zstd, f"oci:{layout}:app", f"oci:{tmp_path / 'zstd'}:app")
    assert seen(layout).versions() == expected
    packed = seen(tmp_path / "zstd")
    assert packed.versions() == expected or any("zstd" in why for why in packed.reasons)


def _truth() -> Iterator[tuple[str, str]]:
    with (SAMPLES / "truth.csv").open(encoding="utf-8", newline="") as stream:
        rows = [row for row in csv.reader(stream) if row]
    yield from ((row[0].rstrip("/"), ",".join(row)) for row in rows if row[0].startswith("img"))


@pytest.mark.skipif(not SAMPLES.is_dir(), reason="no samples of artifacts; MLAUDIT_ARTIFACTS names their folder")
def test_the_samples_are_read_as_their_truth_says() -> None:
    truth = dict(_truth())
    good = seen(SAMPLES / "img_oci_dir")
    stated = {**good.versions(), **good.of(Kind.CUDA), **good.of(Kind.SYSTEM)}
    assert stated == {
        "numpy": "2.4.6",
        "scikit-learn": "1.5.2",
        "joblib": "1.6.0",
        "cuda": "12.4.1",
        "libcudnn8": "8.9.7.29",
        "libc6": "2.36",
    }
    named = {name: version for name, version in stated.items() if name != "libc6"}
    assert all(f"{name} {version}" in truth["img_oci_dir"] for name, version in named.items())
    assert good.python("/opt/conda") == "3.11.9"
    assert not good.reading.unread
    bad = seen(SAMPLES / "img_hostile.tar")
    assert bad.versions() == {"torch": "2.4.0"}
    assert [why.partition(" `")[0] for why in bad.reasons] == [
        "an entry's path leads out of the image and is refused",
        "a layer of the image is not read: it is not in the archive (../../../etc/shadow)",
        "it is a link to",
    ]
