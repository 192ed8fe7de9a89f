"""Models that lie in images, root file systems and archives: found, read within bounds, and judged by their reader."""

from __future__ import annotations

import gzip
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from mlaudit.api import compare
from mlaudit.environments import image_contents
from mlaudit.model.report import Finding, Report
from mlaudit.request.options import Options
from mlaudit.sources.images import image_models
from tests.image_bytes import SITE, Files, config, dist, docker_legacy, docker_oci, entry, header, oci, tar, unpack
from tests.test_artifact_files import NEW, OLD, PACKAGES, acme, pickled
from tests.test_incomplete_states import run

MODEL = "opt/ml/model/model.pkl"


def layer(source: str, files: Files) -> bytes:
    """A layer with acme installed, and files beside it."""
    code: Files = {f"{SITE}/acme/__init__.py": b"", f"{SITE}/acme/scaling.py": source.encode()}
    return tar({**code, **dist("acme", "1.0"), **files})


def saved_image(folder: Path, data: bytes) -> str:
    (folder / "image.tar").write_bytes(tar(docker_legacy([layer(NEW, {MODEL: data})], config())))
    return "image.tar!/"


def new_image(folder: Path, data: bytes) -> str:
    (folder / "image.tar").write_bytes(tar(docker_oci([layer(NEW, {MODEL: data})], config())))
    return "image.tar!/"


def compressed_image(folder: Path, data: bytes) -> str:
    (folder / "image.tar").write_bytes(gzip.compress(tar(docker_legacy([layer(NEW, {MODEL: data})], config()))))
    return "image.tar!/"


def upper_layer(folder: Path, data: bytes) -> str:
    layers = [layer(NEW, {MODEL: b"other"}), tar({MODEL: data})]
    (folder / "image.tar").write_bytes(tar(docker_legacy(layers, config())))
    return "image.tar!/"


def layout(folder: Path, data: bytes) -> str:
    unpack(oci([([layer(NEW, {MODEL: data})], config())]), folder / "image.tar")
    return "image.tar!/"


def exported(folder: Path, data: bytes) -> str:
    (folder / "image.tar").write_bytes(layer(NEW, {MODEL: data}))
    return "image.tar!/"


def root_folder(folder: Path, data: bytes) -> str:
    code = {f"{SITE}/acme/__init__.py": b"", f"{SITE}/acme/scaling.py": NEW.encode()}
    unpack({**code, **dist("acme", "1.0"), "etc/os-release": b"ID=debian\n", MODEL: data}, folder / "image.tar")
    return "image.tar/"


def report_on(folder: Path, *sources: str) -> Report:
    return compare(list(sources), Options(root=folder, caches=False), folder=folder)


def told(report: Report, *codes: str) -> list[Finding]:
    return [one for one in report.findings if one.code in codes]


KINDS = (saved_image, new_image, compressed_image, upper_layer, layout, exported, root_folder)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_a_model_in_an_image_is_judged_by_the_code_in_it(kind: Callable[[Path, bytes], str], tmp_path: Path) -> None:
    start = kind(tmp_path, pickled(tmp_path))
    report = report_on(tmp_path, "training=old", "serving=image.tar")
    said = told(report, "MLA410", "MLA411", "MLA412")
    assert [(one.code, one.at.path) for one in said] == [("MLA411", f"{start}{MODEL}")]
    assert f"({start}{SITE}/acme/scaling.py:" in said[0].message


def test_what_an_upper_layer_deletes_is_no_model(tmp_path: Path) -> None:
    data = pickled(tmp_path)
    layers = [layer(NEW, {MODEL: data}), tar({"opt/ml/model/.wh.model.pkl": b""})]
    (tmp_path / "image.tar").write_bytes(tar(docker_legacy(layers, config())))
    assert not told(report_on(tmp_path, "training=old", "serving=image.tar"), "MLA411", "MLA901")


@pytest.mark.parametrize(("version", "severities"), [("1.2.2", []), ("1.3.0", ["warning"])])
def test_the_code_of_training_decides_where_it_wrote_the_model(
    version: str, severities: list[str], tmp_path: Path
) -> None:
    """What the writer's code misses as well is no gap; a model of other versions has another writer."""
    source = (
        "class Model:\n    def __init__(self):\n        self._sklearn_version = '1.2.2'\n"
        "    def predict(self, x):\n        return self.b\n    def fill(self):\n        self.b = 1\n"
    )
    files: Files = {"sklearn/__init__.py": b"", "sklearn/own.py": source.encode()}
    site = unpack({**files, **dist("scikit-learn", version, ".")}, tmp_path / PACKAGES.replace("serving", "training"))
    made = tmp_path / "made"
    run(site, f"from sklearn.own import Model\npickle.dump(Model(), open({str(made)!r}, 'wb'), 4)")
    inside: Files = {f"{SITE}/{name}": data for name, data in files.items()}
    inside = {**inside, **dist("scikit-learn", "1.2.2"), MODEL: made.read_bytes()}
    (tmp_path / "image.tar").write_bytes(tar(docker_legacy([tar(inside)], config())))
    said = told(report_on(tmp_path, f"training={site.relative_to(tmp_path)}", "serving=image.tar"), "MLA411")
    assert [one.severity.value for one in said] == severities


@pytest.mark.parametrize("name", ["model.tar.gz", "model.tar", "bundle.zip"])
def test_an_archive_of_a_model_is_the_model(name: str, tmp_path: Path) -> None:
    data = pickled(tmp_path)
    files: Files = {"model.pkl": data, "code/inference.py": b"import acme\n"}
    if name.endswith(".zip"):
        with zipfile.ZipFile(tmp_path / name, "w", zipfile.ZIP_DEFLATED) as made:
            for path, content in files.items():
                made.writestr(path, content)
    else:
        (tmp_path / name).write_bytes(gzip.compress(tar(files)) if name.endswith("gz") else tar(files))
    acme(tmp_path / PACKAGES, NEW)
    said = report_on(tmp_path, f"training=old,training={name}", "serving=serving")
    found = told(said, "MLA410", "MLA411", "MLA901")
    assert [(one.code, one.at.path) for one in found] == [("MLA411", f"{name}!/model.pkl")]
    acme(tmp_path / PACKAGES, OLD)
    assert not told(report_on(tmp_path, f"training=old,training={name}", "serving=serving"), "MLA411", "MLA901")


def test_files_of_packages_and_of_the_system_are_no_models(tmp_path: Path) -> None:
    data = pickled(tmp_path)
    inside: Files = {f"{SITE}/acme/data/iris.pkl": data, "usr/share/x/table.pkl": data, "proc/1/model.pkl": data}
    (tmp_path / "image.tar").write_bytes(tar(docker_legacy([layer(NEW, inside)], config())))
    report = report_on(tmp_path, "training=old", "serving=image.tar")
    assert not [reading.path for one in report.environments for reading in one.reads]


def test_what_is_beyond_a_bound_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = pickled(tmp_path)
    files: Files = {f"opt/model/m{number}.pkl": data for number in range(4)}
    files["opt/model/large.pkl"] = bytes(5000)
    files["opt/model/linked.pkl"] = "/etc/passwd"
    monkeypatch.setattr(image_models, "MAX_NUMBER", 2)
    monkeypatch.setattr(image_models, "MAX_MODEL", 4000)
    (tmp_path / "image.tar").write_bytes(tar(docker_legacy([layer(NEW, files)], config())))
    said = told(report_on(tmp_path, "training=old", "serving=image.tar"), "MLA901")
    assert len(said) == 1
    for name in ("large.pkl", "linked.pkl", "m2.pkl", "m3.pkl"):
        assert name in said[0].message
    assert "m0.pkl" not in said[0].message


def test_a_zip_of_many_models_is_read_within_bounds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(image_contents, "MAX_MEMBERS", 1)
    data = pickled(tmp_path)
    with zipfile.ZipFile(tmp_path / "models.zip", "w") as made:
        made.writestr("a.pkl", data)
        made.writestr("b.pkl", data)
    acme(tmp_path / PACKAGES, OLD)
    report = report_on(tmp_path, "training=old,training=models.zip", "serving=serving")
    assert ["b.pkl" in one.message for one in told(report, "MLA901")] == [True]


HOSTILE = {
    "a path that leads out": [entry("../../model.pkl", b"\x80\x04N."), entry("/etc/model.pkl", b"\x80\x04N.")],
    "a link out": [header("opt/model.pkl", kind=b"2", link="../../../../etc/passwd")],
    "a hard link to nothing": [header("opt/model.pkl", kind=b"1", link="nowhere")],
    "a device": [header("opt/model.pkl", kind=b"3")],
    "a size beyond the archive": [header("opt/model.pkl", 1 << 30)],
    "a cut pickle": [entry("opt/model.pkl", b"\x80\x04\x95\xff")],
    "an empty file": [entry("opt/model.pkl", b"")],
    "the same name a hundred times": [entry("opt/model.pkl", b"\x80\x04N.")] * 100,
    "a name of control characters": [entry("opt/\x1b[31mmodel.pkl", b"\x80\x04N.")],
    "a bomb": [entry("opt/model.pkl", gzip.compress(bytes(8_000_000)))],
}


@pytest.mark.parametrize("compressed", [False, True], ids=["plain", "gzip"])
@pytest.mark.parametrize("entries", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_archives_end(entries: list[bytes], compressed: bool, tmp_path: Path) -> None:
    data = tar(entries)
    (tmp_path / "model.tar.gz").write_bytes(gzip.compress(data) if compressed else data)
    acme(tmp_path / PACKAGES, OLD)
    report = report_on(tmp_path, "training=model.tar.gz", "serving=serving")
    assert all(".." not in reading.path for one in report.environments for reading in (*one.reads, *one.writes))
    assert not told(report, "MLA411")


def test_a_zip_with_names_that_lead_out_is_read_in_memory(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "models.zip", "w") as made:
        made.writestr("../../model.pkl", b"\x80\x04N.")
    acme(tmp_path / PACKAGES, OLD)
    report = report_on(tmp_path, "training=models.zip", "serving=serving")
    assert not told(report, "MLA411")
    assert not (tmp_path.parent / "model.pkl").exists()
