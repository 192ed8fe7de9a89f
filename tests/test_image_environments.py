"""Several environments in one image told apart, the one that runs chosen; Python, CUDA and system libraries told."""

from __future__ import annotations

import datetime
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from mlaudit.api import compare
from mlaudit.model.nouns import Kind
from mlaudit.request.options import Options
from mlaudit.sources.images import folder
from tests.image_bytes import SITE, Files, conda_record, config, dist, docker_legacy, image_of, saved, seen, tar, unpack

USR = dist("pygobject", "3.42.2", "usr/lib/python3/dist-packages")
SYSTEM: Files = {**USR, "usr/bin/python3": "python3.11", "usr/bin/python3.11": b""}
LOCAL: Files = {**dist("numpy", "1.26.4"), "usr/local/bin/python3": "python3.11", "usr/local/bin/python3.11": b""}
VENV_SITE = "opt/venv/lib/python3.12/site-packages"
VENV: Files = {
    **dist("torch", "2.4.0", VENV_SITE),
    "opt/venv/bin/python": "python3.12",
    "opt/venv/pyvenv.cfg": b"home = /usr/local/bin\nversion_info = 3.12.4.final.0\n",
}
CONDA: Files = {
    **dist("scipy", "1.14.0", "opt/conda/lib/python3.10/site-packages"),
    "opt/conda/bin/python3.10": b"",
    "opt/conda/conda-meta/python-3.10.14-h955ad1f_0.json": conda_record("python", "3.10.14"),
}
EVERYTHING = {**SYSTEM, **LOCAL, **VENV, **CONDA}


@pytest.mark.parametrize(
    ("env", "run", "chosen", "python"),
    [
        (["PATH=/usr/local/bin:/usr/bin"], {}, "/usr/local", "3.11"),
        (["PATH=/usr/local/bin:/usr/bin", "PYTHON_VERSION=3.11.9"], {}, "/usr/local", "3.11.9"),
        (["PATH=/usr/local/bin:/usr/bin", "PYTHON_VERSION=3.9.1"], {}, "/usr/local", "3.11"),
        ([], {}, "/usr/local", "3.11"),
        (["PATH=/usr/bin:/usr/local/bin"], {}, "/usr", "3.11"),
        (["PATH=/opt/venv/bin:/usr/local/bin"], {}, "/opt/venv", "3.12.4"),
        (["PATH=/nothing/bin:/opt/conda/bin:/usr/bin"], {}, "/opt/conda", "3.10.14"),
        (["PATH=/usr/bin"], {"Cmd": ["/opt/venv/bin/uvicorn", "app:app"]}, "/opt/venv", "3.12.4"),
        (["PATH=/usr/bin"], {"Entrypoint": ["conda", "run", "-p", "/opt/conda"]}, "/opt/conda", "3.10.14"),
        (["PATH=/usr/bin"], {"Entrypoint": ["conda", "run", "-n", "conda"]}, "/opt/conda", "3.10.14"),
    ],
)
def test_path_and_command_choose(
    tmp_path: Path, env: Sequence[str], run: Mapping[str, object], chosen: str, python: str
) -> None:
    found = image_of(tmp_path, tar(EVERYTHING), env=env, **run)
    assert (found.chosen, found.python()) == (chosen, python)
    assert sorted(root.name for root in found.reading.roots) == ["/opt/conda", "/opt/venv", "/usr", "/usr/local"]
    assert [root.default for root in found.reading.roots].count(True) == 1
    assert [found.versions(name) for name in ("/usr", "/usr/local", "/opt/venv", "/opt/conda")] == [
        {"pygobject": "3.42.2"},
        {"numpy": "1.26.4"},
        {"torch": "2.4.0"},
        {"scipy": "1.14.0"},
    ]
    assert any(chosen in note and "#environment=" in note for note in found.notes)


def test_environment_chooses_on_the_command_line(tmp_path: Path) -> None:
    path = saved(tmp_path, docker_legacy([tar(EVERYTHING)], config(["PATH=/usr/local/bin"])))
    options = Options(root=tmp_path, today=datetime.date(2026, 11, 1))
    report = compare([str(path), f"serving={path}#environment=/opt/venv"], options)
    held = {one.name: set(one.cells) for one in report.environments}
    assert held == {"image.tar": {"numpy", "python"}, "serving": {"torch", "python"}}
    assert [one.target.pythons for one in report.environments] == [("3.11",), ("3.12.4",)]


def test_a_link_to_an_environment_is_known_as_text(tmp_path: Path) -> None:
    files = {**LOCAL, **VENV, "srv/current": "../opt/venv", "loop": "loop"}
    found = image_of(tmp_path, tar(files), env=["PATH=/loop/bin:/srv/current/bin:/usr/local/bin"])
    assert found.chosen == "/opt/venv"


def test_debian_has_two_folders_and_one_python(tmp_path: Path) -> None:
    local = dist("numpy", "1.26.4", "usr/local/lib/python3.11/dist-packages")
    older = dist("numpy", "1.24.2", "usr/lib/python3/dist-packages")
    found = image_of(tmp_path, tar({**SYSTEM, **local, **older}))
    assert [root.name for root in found.reading.roots] == ["/usr"]
    assert found.versions() == {"pygobject": "3.42.2", "numpy": "1.26.4"}
    assert "hidden by another one" in found.notes[0]
    assert found.python() == "3.11"


def test_an_upgraded_venv_keeps_only_the_packages_of_its_python(tmp_path: Path) -> None:
    former = dist("torch", "1.0", "opt/venv/lib/python3.11/site-packages")
    found = image_of(tmp_path, tar({**VENV, **former}), env=["PATH=/opt/venv/bin"])
    assert [(pin.version, pin.parts) for pin in found.pins if pin.name == "torch"] == [("2.4.0", ("/opt/venv",))]


def test_a_venv_with_system_packages_sees_them_behind_its_own(tmp_path: Path) -> None:
    cfg = b"home = /usr/local/bin\ninclude-system-site-packages = true\nversion = 3.11.9\n"
    own = dist("torch", "2.4.0", "opt/venv/lib/python3.11/site-packages")
    system = {**LOCAL, **dist("torch", "1.0")}
    found = image_of(tmp_path, tar({**system, **own, "opt/venv/pyvenv.cfg": cfg}), env=["PATH=/opt/venv/bin"])
    assert found.versions() == {"torch": "2.4.0", "numpy": "1.26.4"}
    assert found.versions("/usr/local") == {"torch": "1.0", "numpy": "1.26.4"}


@pytest.mark.parametrize("name", ["PYTHONPATH", "LAMBDA_TASK_ROOT"])
def test_a_folder_of_packages_counts_where_the_environment_names_it(tmp_path: Path, name: str) -> None:
    vendored = {**dist("pandas", "2.2.0", "var/task"), **dist("numpy", "2.1.0", "var/task")}
    layer = tar({**LOCAL, **vendored})
    assert image_of(tmp_path, layer).versions() == {"numpy": "1.26.4"}
    assert image_of(tmp_path, layer).versions("/var/task") == {"numpy": "2.1.0", "pandas": "2.2.0"}
    found = image_of(tmp_path, layer, env=[f"{name}=/var/task"])
    assert found.versions() == {"numpy": "2.1.0", "pandas": "2.2.0"}


def test_packages_of_the_user_come_first(tmp_path: Path) -> None:
    users = dist("numpy", "2.1.0", "root/.local/lib/python3.11/site-packages")
    layer = tar({**LOCAL, **users})
    assert image_of(tmp_path, layer).versions() == {"numpy": "2.1.0"}
    assert image_of(tmp_path, layer, User="app").versions() == {"numpy": "1.26.4"}


def test_an_environment_in_a_cache_is_one(tmp_path: Path) -> None:
    prefix = "root/.cache/pypoetry/virtualenvs/app-py3.11"
    cfg: Files = {f"{prefix}/pyvenv.cfg": b"home = /usr/local/bin\nversion = 3.11.9\n"}
    layer = tar({**LOCAL, **cfg, **dist("torch", "2.4.0", f"{prefix}/lib/python3.11/site-packages")})
    found = image_of(tmp_path, layer, env=[f"PATH=/{prefix}/bin:/usr/local/bin"])
    assert (found.versions(), found.python()) == ({"torch": "2.4.0"}, "3.11.9")


@pytest.mark.parametrize(
    "holder",
    [
        f"{SITE}/setuptools/_vendor",
        "opt/conda/pkgs/torch-1.0-0/lib/python3.11/site-packages",
        "root/.cache/uv/archive-v0/abc",
        "usr/lib/python3.11",
    ],
)
def test_vendored_and_cached_packages_are_no_environment(tmp_path: Path, holder: str) -> None:
    found = image_of(tmp_path, tar({**LOCAL, **dist("torch", "1.0", holder)}))
    assert [root.name for root in found.reading.roots] == ["/usr/local"]
    assert found.versions() == {"numpy": "1.26.4"}


def test_a_conda_prefix_is_read_with_its_records_and_its_packages(tmp_path: Path) -> None:
    build = "py3.10_cuda12.1_cudnn8.9.2_0"
    records = {
        "python-3.10.14-h955ad1f_0.json": conda_record("python", "3.10.14", "h955ad1f_0", subdir="linux-aarch64"),
        "pytorch-2.4.0-x.json": conda_record("pytorch", "2.4.0", build),
        "numpy-1.26.4-x.json": conda_record("numpy", "1.26.4", "py310hb13e2d6_0"),
        "libopenblas-0.3.27-x.json": conda_record("libopenblas", "0.3.27", "h413a1c8_0"),
        "broken-1-0.json": b"{",
    }
    site = {
        **dist("numpy", "2.1.0", "lib/python3.10/site-packages"),
        **dist("torch", "2.4.0", "lib/python3.10/site-packages"),
    }
    files: Files = {f"conda-meta/{name}": data for name, data in records.items()}
    found = seen(unpack({**files, **site}, tmp_path / "prefix"))
    assert found.versions() == {"torch": "2.4.0", "numpy": "2.1.0", "libopenblas": "0.3.27"}
    assert (found.python(), found.of(Kind.CUDA), found.of(Kind.CUDNN)) == (
        "3.10.14",
        {"cuda": "12.1"},
        {"cudnn": "8.9.2"},
    )
    assert next(pin.variant for pin in found.pins if pin.name == "torch") == "cu121"
    assert found.notes == ["conda records numpy 1.26.4, but 2.1.0 was installed over it"]
    broken = [(one.package, one.at.path) for one in found.reading.unread]
    assert broken == [("broken", "prefix/conda-meta/broken-1-0.json")]
    blas = next(pin for pin in found.pins if pin.name == "libopenblas")
    assert str(blas.at) == "prefix/conda-meta/libopenblas-0.3.27-x.json:10:14"
    assert {fact.value for fact in found.reading.facts if fact.key == "machine"} == {"aarch64"}
    packed = seen(saved(tmp_path, {**files, **site}, "env.tar.gz"))
    assert packed.versions() == found.versions()


def test_eggs_left_overs_and_broken_metadata(tmp_path: Path) -> None:
    files: Files = {
        **LOCAL,
        f"{SITE}/old.egg-info": b"Name: old\nVersion: 0.9\n",
        f"{SITE}/dir.egg-info/PKG-INFO": b"Name: dir\nVersion: 0.8\n",
        f"{SITE}/zipped-1.2-py3.11.egg": b"PK",
        f"{SITE}/~umpy-1.0.dist-info/METADATA": b"Name: numpy\nVersion: 1.0\n",
        f"{SITE}/empty-1.0.dist-info/RECORD": b"",
        f"{SITE}/odd-1.0.dist-info/METADATA": b"Name: odd\nVersion: latest\n",
    }
    found = image_of(tmp_path, tar(files))
    assert found.versions() == {"numpy": "1.26.4", "old": "0.9", "dir": "0.8", "zipped": "1.2"}
    assert {one.package: one.why for one in found.reading.unread} == {
        "empty": "it contains no metadata file",
        "odd": "`latest` is no version (PEP 440)",
    }


DPKG = b"""Package: libc6
Status: install ok installed
Architecture: arm64
Version: 2.36-9+deb12u4
Description: GNU C Library
 Version: 9.9

Package: libjpeg62-turbo
Status: install ok installed
Version: 1:2.1.5-2

Package: libgomp1
Status: deinstall ok config-files
Version: 12.2.0-14

Package: cuda-cudart-12-4
Status: install ok installed
Version: 12.4.127-1

Package: libcudnn9-cuda-12
Status: install ok installed
Version: 9.1.0.70-1

Package: bash
Status: install ok installed
Version: 5.2
"""
APK = b"P:musl\nV:1.2.5-r0\nA:x86_64\n\nP:libstdc++\nV:13.2.1_git20240309-r0\n\nP:busybox\nV:1.36\n"


def test_system_libraries_that_matter_are_told(tmp_path: Path) -> None:
    found = image_of(tmp_path, tar({**LOCAL, "var/lib/dpkg/status": DPKG}))
    rows = {pin.package: pin.version for pin in found.pins if pin.kind is Kind.SYSTEM}
    assert rows == {
        "glibc": "2.36",
        "libjpeg-turbo": "2.1.5",
        "cuda-cudart-12-4": "12.4.127",
        "libcudnn9-cuda-12": "9.1.0.70",
    }
    assert (found.of(Kind.CUDA), found.of(Kind.CUDNN)) == ({"cuda": "12.4"}, {"cudnn": "9.1.0"})
    assert next(str(pin.at) for pin in found.pins if pin.name == "libc6") == "image.tar!/var/lib/dpkg/status:4"
    alpine = image_of(tmp_path, tar({**LOCAL, "lib/apk/db/installed": APK}))
    assert alpine.of(Kind.SYSTEM) == {"musl": "1.2.5", "libstdc++": "13.2.1_git20240309"}
    stanza = b"Package: libc6\nVersion: 2.31-13\n"
    distroless = image_of(tmp_path, tar({**LOCAL, "var/lib/dpkg/status.d/libc6": stanza}))
    assert distroless.of(Kind.SYSTEM) == {"libc6": "2.31"}
    red_hat = image_of(tmp_path, tar({**LOCAL, "var/lib/rpm/rpmdb.sqlite": b""}))
    assert red_hat.notes == ["its system libraries are in an RPM database, which is not read"]


def test_a_root_file_system_tells_its_machine_by_its_libc(tmp_path: Path) -> None:
    found = seen(unpack({**LOCAL, "etc/os-release": b"", "var/lib/dpkg/status": DPKG}, tmp_path / "root"))
    facts = {fact.key: fact.value for fact in found.reading.facts}
    assert (facts["platform"], facts["machine"]) == ("linux", "aarch64")


HEADER = b"#define CUDNN_MAJOR 9\n#define CUDNN_MINOR 1\n#define CUDNN_PATCHLEVEL 0\n"


@pytest.mark.parametrize(
    ("files", "env", "labels", "cuda", "cudnn"),
    [
        ({"usr/local/cuda-12.4/version.json": b'{"cuda": {"version": "12.4.1"}}'}, (), {}, "12.4.1", None),
        ({"usr/local/cuda-10.2/version.txt": b"CUDA Version 10.2.89\n"}, (), {}, "10.2.89", None),
        ({}, ["CUDA_VERSION=12.4.1", "NV_CUDNN_VERSION=9.1.0.70-1"], {}, "12.4.1", "9.1.0"),
        ({}, (), {"com.nvidia.cudnn.version": "8.9.6.50"}, None, "8.9.6"),
        ({"usr/include/cudnn_version.h": HEADER}, (), {}, None, "9.1.0"),
        (dist("nvidia_cuda_runtime_cu12", "12.1.105"), (), {}, "12.1", None),
        (dist("nvidia_cudnn_cu12", "9.1.0.70"), (), {}, None, "9.1.0"),
        (dist("nvidia_cuda_runtime_cu12", "12.1.105"), ["CUDA_VERSION=12.4.1"], {}, "12.4.1", None),
        ({"usr/local/cuda-12.4/version.json": b"{"}, ["CUDA_VERSION=x"], {}, None, None),
    ],
)
def test_cuda_and_cudnn_by_the_surest_word(
    tmp_path: Path,
    files: Files,
    env: Sequence[str],
    labels: Mapping[str, str],
    cuda: str | None,
    cudnn: str | None,
) -> None:
    found = image_of(tmp_path, tar({**LOCAL, **files}), env=env, Labels=labels)
    assert found.of(Kind.CUDA).get("cuda") == cuda
    assert found.of(Kind.CUDNN).get("cudnn") == cudnn
    assert len([pin for pin in found.pins if pin.kind in (Kind.CUDA, Kind.CUDNN)]) == (cuda is not None) + (
        cudnn is not None
    )


def test_words_that_contradict_the_toolkit_are_told(tmp_path: Path) -> None:
    files = {**LOCAL, "usr/local/cuda-12.2/version.json": b'{"cuda": {"version": "12.2.0"}}'}
    env = ["CUDA_VERSION=12.4.1", "NVIDIA_REQUIRE_CUDA=cuda>=12.4 brand=tesla"]
    found = image_of(tmp_path, tar(files), env=env)
    assert found.of(Kind.CUDA) == {"cuda": "12.2.0"}
    assert found.notes == [
        "it asks the host's driver for cuda>=12.4 (NVIDIA_REQUIRE_CUDA)",
        "the variable CUDA_VERSION of the image's configuration states cuda 12.4.1, next to 12.2.0",
    ]


def test_the_driver_is_that_of_its_library_and_not_of_the_compatibility_package(tmp_path: Path) -> None:
    library = "usr/lib/x86_64-linux-gnu/libcuda.so.550.54.15"
    assert image_of(tmp_path, tar({**LOCAL, library: b"x"})).of(Kind.DRIVER) == {"nvidia-driver": "550.54.15"}
    compat = tar({**LOCAL, "usr/local/cuda-12.4/compat/libcuda.so.550.54.15": b"x", library: b""})
    assert not image_of(tmp_path, compat).of(Kind.DRIVER)


@pytest.mark.parametrize(
    ("prefix", "files", "python"),
    [
        ("usr/local", {"usr/local/include/python3.11/patchlevel.h": b'#define PY_VERSION  "3.11.7"\n'}, "3.11.7"),
        ("root/.local/share/uv/python/cpython-3.11.8-linux-x86_64-gnu", {}, "3.11.8"),
        ("root/.pyenv/versions/3.11.6", {}, "3.11.6"),
        ("usr", {"var/lib/dpkg/status": b"Package: python3.11-minimal\nVersion: 3.11.2-6+deb12u3\n"}, "3.11.2"),
        ("usr", {"var/lib/dpkg/status": b"Package: python3.9-minimal\nVersion: 3.9.2-1\n"}, "3.11"),
        ("usr", {"lib/apk/db/installed": b"P:python3\nV:3.11.9-r0\n"}, "3.11.9"),
        ("opt/app", {"opt/app/bin/python3": "/usr/bin/python3.11"}, "3.11"),
    ],
)
def test_the_python_is_told_as_exactly_as_anything_tells_it(
    tmp_path: Path, prefix: str, files: Files, python: str
) -> None:
    site = dist("numpy", "1.26.4", f"{prefix}/lib/python3.11/site-packages")
    assert image_of(tmp_path, tar({**site, **files})).python() == python


@pytest.mark.skipif(not Path("/proc/self/root").exists(), reason="this system has no /proc")
def test_the_root_of_a_process_is_read_with_the_process_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert folder.is_root(Path("/proc/self/root"))
    setup = folder.process_setup(Path(f"/proc/{os.getpid()}/root"))
    assert setup.command
    assert set(setup.env) <= {key for key in setup.env if key.startswith(("PATH", "PYTHON", "CUDA", "NV", "VIRTUAL"))}
    assert sys.platform == "linux"
    monkeypatch.setattr(folder, "process_setup", lambda path: setup)
    assert not folder.process_setup(tmp_path).labels
