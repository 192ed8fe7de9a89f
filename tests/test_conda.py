"""conda's match specs, builds and file names. The cases are of the kinds that conda's and rattler's own tests hold."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from mlaudit.document.document import Document
from mlaudit.document.yaml import yaml_loads
from mlaudit.grammars.conda.conda_pins import CondaPins, build_of, dotted
from mlaudit.grammars.conda.conda_spec import MAX_LENGTH, MatchSpec, dist_of, parse, split_channel
from mlaudit.model.names import package_of
from mlaudit.model.nouns import Kind, Pin, Reading, Unread
from mlaudit.model.versions import admits
from mlaudit.parsers._read import read
from mlaudit.sources.working_tree import WorkingTree
from tests.parser_cases import FIXTURES

SPECS: list[tuple[str, dict[str, Any]]] = [
    ("numpy", {}),
    ("numpy *", {}),
    ("python=*", {"name": "python"}),
    ("numpy=1.7", {"specifier": "==1.7.*"}),
    ("numpy =1.7", {"specifier": "==1.7.*"}),
    ("numpy 1.7*", {"specifier": "==1.7.*"}),
    ("numpy 1.7.*", {"specifier": "==1.7.*"}),
    ("numpy=1.7.*", {"specifier": "==1.7.*"}),
    ("numpy==1.7", {"version": "1.7"}),
    ("numpy == 1.7", {"version": "1.7"}),
    ("numpy 1.7", {"version": "1.7"}),
    ("numpy ==1.7.*", {"specifier": "==1.7.*"}),
    ("numpy>=1.7", {"specifier": ">=1.7"}),
    ("numpy >1.8,<2", {"specifier": ">1.8,<2"}),
    ("numpy >= 1.8 , < 2", {"specifier": ">=1.8,<2"}),
    ("numpy >1.8,<2,!=1.9.0", {"specifier": ">1.8,<2,!=1.9.0"}),
    ("numpy >=1.8.*", {"specifier": ">=1.8"}),
    ("numpy!=1.10.*", {"specifier": "!=1.10.*"}),
    ("numpy=1.10.*,!=1.10.2", {"specifier": "==1.10.*,!=1.10.2"}),
    ("numpy ~=1.10.1", {"specifier": "~=1.10.1"}),
    ("libgcc-ng =>13.2.0", {"name": "libgcc-ng", "specifier": ">=13.2.0"}),
    # PEP 440 knows neither alternatives nor stars in the middle, so conda's words stay
    ("numpy 1.6*|1.8*", {"specifier": "1.6*|1.8*"}),
    ("numpy >1.8,<2|==1.7", {"specifier": ">1.8,<2|==1.7"}),
    ("python ==2.7.*.*|>=3.6", {"name": "python", "specifier": "==2.7.*.*|>=3.6"}),
    ("numpy >=1,*.7.*", {"specifier": ">=1,*.7.*"}),
    ("numpy ~=1", {"specifier": "~=1"}),
    ("numpy 1.8|*", {}),
    ("openssl=1.1.1_", {"name": "openssl", "specifier": "=1.1.1_"}),
    ("openssl>=1.1.1_,!=1.1.1c", {"name": "openssl", "specifier": ">=1.1.1_,!=1.1.1c"}),
    ("numpy =1.26.0rc1", {"specifier": "=1.26.0rc1"}),
    # builds
    ("foo=1.0=py27_0", {"name": "foo", "version": "1.0", "build": "py27_0"}),
    ("foo==1.0=py27_0", {"name": "foo", "version": "1.0", "build": "py27_0"}),
    ("foo 1.0 py27_0", {"name": "foo", "version": "1.0", "build": "py27_0"}),
    ("numpy=1.7.*=py3*_2", {"specifier": "==1.7.*", "build": "py3*_2"}),
    ("numpy!=1.10=py38_0", {"specifier": "!=1.10", "build": "py38_0"}),
    ("numpy >1.7,!=1.10 py38_0", {"specifier": ">1.7,!=1.10", "build": "py38_0"}),
    ("numpy >=1.0 , < 2.0 =py34_0", {"specifier": ">=1.0,<2.0", "build": "py34_0"}),
    ("python 3.8.* *_cpython", {"name": "python", "specifier": "==3.8.*", "build": "*_cpython"}),
    ("blas *.* mkl", {"name": "blas", "build": "mkl"}),
    ("pytorch=*=cuda*", {"name": "pytorch", "build": "cuda*"}),
    ("tensorflow>=2.17.0=cuda12*", {"name": "tensorflow", "specifier": ">=2.17.0", "build": "cuda12*"}),
    # epochs, local parts, conda's spellings
    ("x264 >=1!164.3095,<1!165", {"name": "x264", "specifier": ">=1!164.3095,<1!165"}),
    ("conda==4.3.21.post699+1dab973=py36_0", {"name": "conda", "version": "4.3.21.post699+1dab973", "build": "py36_0"}),
    ("numba 2.9.0post0", {"name": "numba", "version": "2.9.0post0"}),
    ("jpeg 9e", {"name": "jpeg", "version": "9e"}),
    ("_libgcc_mutex=0.1=main", {"name": "_libgcc_mutex", "version": "0.1", "build": "main"}),
    # brackets
    ("numpy[version='1.7.*']", {"specifier": "==1.7.*"}),
    ("numpy[version=1.7]", {"version": "1.7"}),
    ('numpy[version="1.7|1.8"]', {"specifier": "1.7|1.8"}),
    ("numpy[version=1.10 build=py38_0]", {"version": "1.10", "build": "py38_0"}),
    ("name[version=*,build=*py27*]", {"name": "name", "build": "*py27*"}),
    ("foo[version=1.0.*, build_number='>6']", {"name": "foo", "specifier": "==1.0.*"}),
    ("python ==3.9[subdir=linux-64, build_number='0']", {"name": "python", "version": "3.9", "subdir": "linux-64"}),
    ("foo[extras=[bar, baz]]", {"name": "foo", "extras": ("bar", "baz")}),
    ("numpy (optional)", {}),
    # channels
    ("conda-forge::numpy", {"channel": "conda-forge"}),
    ("conda-forge:python:numpy >=1", {"channel": "conda-forge", "specifier": ">=1"}),
    ("conda-forge/linux-64::numpy", {"channel": "conda-forge", "subdir": "linux-64"}),
    ("*/win-32::numpy[subdir='osx-64']", {"subdir": "osx-64"}),
    ("https://repo.anaconda.com/pkgs/free/linux-32::numpy", {"channel": "pkgs/free", "subdir": "linux-32"}),
    ("numpy[channel=https://repo.anaconda.com/pkgs/free]", {"channel": "pkgs/free"}),
    # comments and conditions
    ("numpy 1.8.1  # because", {"version": "1.8.1"}),
    ("numpy >=1.8; if python >=3.9", {"specifier": ">=1.8", "condition": "python >=3.9"}),
    ("numpy if __linux", {"condition": "__linux"}),
    ("numpy[when='python >=3.9']", {"condition": "python >=3.9"}),
]


@pytest.mark.parametrize(("text", "says"), SPECS, ids=[text for text, _ in SPECS])
def test_match_specs(text: str, says: dict[str, Any]) -> None:
    assert parse(text) == MatchSpec(**{"name": "numpy", **says})


NOT_SPECS = [
    ("", "empty"),
    ("blas [optional", "not closed"),
    ("blas [test=]", "key=value"),
    ('blas[invalid="1"]', "unknown key"),
    ("mlflow[version'>=2,<3']", "key=value"),
    ("numpy=1.26=", "empty build"),
    ("numpy 1.26 py_0 more", "a version and a build"),
    ("mkl@", "package name"),
    ("*[license=MIT]", "package name"),
    ("=1.2", "package name"),
    ("numpy >=", "no version"),
    ("numpy 1.6||1.7", "empty alternative"),
    ("numpy ==1.2/3", "no version"),
    ("x" * (MAX_LENGTH + 1), "characters"),
]


@pytest.mark.parametrize(("text", "why"), NOT_SPECS, ids=[text[:20] for text, _ in NOT_SPECS])
def test_what_is_no_match_spec_says_why(text: str, why: str) -> None:
    found = parse(text)
    assert found.problem is not None
    assert why in found.problem
    assert not found.template


@pytest.mark.parametrize("text", ["numpy={{ numpy }}", "cuda-nvcc=$CUDA", "numpy==${NUMPY}", "{% if gpu %}"])
def test_placeholders_are_templates(text: str) -> None:
    assert parse(text).template


# conda, tests/models/test_match_spec.py, test_match_1: which specs numpy 1.7.1 satisfies, as far as a range tells it
ADMITTED = [
    ("numpy 1.7*", True),
    ("numpy 1.7.1", True),
    ("numpy 1.7", False),
    ("numpy 1.5*", False),
    ("numpy >=1.5,<2", True),
    ("numpy >=1.8,<1.9", False),
    ("numpy >1.5,<2,!=1.7.1", False),
    ("numpy ==1.7.1.0", True),
    ("numpy==1.7.1.0.0", True),
    ("numpy =1.7", True),
    ("numpy ~=1.7.0", True),
    # not said in PEP 440, so nothing is refused
    ("numpy 1.6*|1.8*", True),
]


@pytest.mark.parametrize(("text", "admitted"), ADMITTED)
def test_ranges_admit_what_conda_admits(text: str, admitted: bool) -> None:
    found = parse(text)
    specifier = f"=={found.version}" if found.version else found.specifier or ""
    assert admits(specifier, "1.7.1") is admitted


BUILDS = [
    ("py3.10_cuda11.8_cudnn8.7.0_0", "cu118", "11.8", "8.7.0"),
    ("py3.9_cuda11.3_cudnn8_0", "cu113", "11.3", "8"),
    ("cuda118py310h3a4d1c3_0", "cu118", "11.8", None),
    ("cuda129_mkl_py312_h2b3c4d5_300", "cu129", "12.9", None),
    ("cuda112py39h9333c2f_0", "cu112", "11.2", None),
    ("cuda92py36h1667eeb_0", "cu92", "9.2", None),
    ("cuda_126_py311h0_0", "cu126", "12.6", None),
    ("py39_cu113", "cu113", "11.3", None),
    ("*cuda118*", "cu118", "11.8", None),
    ("cuda12*", None, "12", None),
    ("cpu_py310h75c9ab6_0", "cpu", None, None),
    ("py3.10_cpu_0", "cpu", None, None),
    ("cpu_mkl_py311_h0_0", "cpu", None, None),
    ("rocm6.1_py310_0", "rocm6.1", None, None),
    ("py310hb13e2d6_0", None, None, None),
    ("pyhd8ed1ab_0", None, None, None),
    ("nocuda_py310_0", None, None, None),
    ("h7cu118f_0", None, None, None),
    ("gpu_py39hc0c9373_0", None, None, None),
    (None, None, None, None),
]


@pytest.mark.parametrize(("build", "variant", "cuda", "cudnn"), BUILDS)
def test_builds_tell_accelerators(build: str | None, variant: str | None, cuda: str | None, cudnn: str | None) -> None:
    told = build_of(build)
    assert (told.variant, told.cuda, told.cudnn) == (variant, cuda, cudnn)


@pytest.mark.parametrize(
    ("digits", "version"),
    [
        ("118", "11.8"),
        ("92", "9.2"),
        ("12", "12"),
        ("100", "10.0"),
        ("11.8.0", "11.8"),
        ("1120", "11.2"),
        ("20240101", None),
    ],
)
def test_digits_of_cuda(digits: str, version: str | None) -> None:
    assert dotted(digits) == version


DISTS = [
    ("https://conda.anaconda.org/conda-forge/linux-64/py-rattler-0.6.1-py39h8169da8_0.conda", "py-rattler", "0.6.1"),
    ("https://anaconda.org/conda-forge/linux-64/x264-1%21164.3095-h166bdaf_2.tar.bz2", "x264", "1!164.3095"),
    ("/home/user/conda-bld/linux-64/foo-1.0-py27_0.tar.bz2", "foo", "1.0"),
    ("C:\\Users\\user\\conda-bld\\linux-64\\foo-1.0-py27_0.tar.bz2", "foo", "1.0"),
    ("_libgcc_mutex-0.1-conda_forge.tar.bz2#d7c8", "_libgcc_mutex", "0.1"),
]


@pytest.mark.parametrize(("address", "name", "version"), DISTS)
def test_file_names_of_packages(address: str, name: str, version: str) -> None:
    found = dist_of(address)
    assert found is not None
    assert found[:2] == (name, version)


@pytest.mark.parametrize("address", ["numpy", "numpy.conda", "https://x/numpy-1.26.4.tar.gz", "a-b.conda", "--.conda"])
def test_what_is_no_package_file(address: str) -> None:
    assert dist_of(address) is None


@pytest.mark.parametrize(
    ("text", "channel", "subdir"),
    [
        ("https://conda.anaconda.org/conda-forge/linux-64", "conda-forge", "linux-64"),
        ("https://conda.anaconda.org/conda-forge/", "conda-forge", None),
        ("https://repo.anaconda.com/pkgs/main/noarch", "pkgs/main", "noarch"),
        ("https://conda.anaconda.org/t/ab-12-34/team/linux-64", "team", "linux-64"),
        ("t/ab-12-34/team", "team", None),
        ("conda.example.org/t/ab-12-34/team", "conda.example.org/team", None),
        ("t/linux-64", "t", "linux-64"),
        ("https://prefix.dev/conda-forge", "https://prefix.dev/conda-forge", None),
        ("defaults", "defaults", None),
        ("*", None, None),
        ("", None, None),
    ],
)
def test_channels(text: str, channel: str | None, subdir: str | None) -> None:
    assert split_channel(text) == (channel, subdir)


def _declared(*texts: str) -> list[Pin | Unread]:
    doc = Document("environment.yml", b"")
    return list(CondaPins(doc).declared([(text, doc.place(line)) for line, text in enumerate(texts, start=1)]))


VARIANTS = [
    (("pytorch=2.1", "pytorch-cuda=11.8"), "cu118"),
    (("pytorch-cuda=12.1", "pytorch"), "cu121"),
    (("pytorch", "cpuonly"), "cpu"),
    (("pytorch", "pytorch-mutex=1.0=cpu"), "cpu"),
    (("pytorch", "pytorch-mutex=1.0=cuda"), None),
    (("pytorch", "pytorch-cuda"), None),
    (("pytorch=2.1=*cuda118*", "cpuonly"), "cu118"),
    (("pytorch", "cudatoolkit=11.3"), None),
    (("pytorch-cpu=2.1",), "cpu"),
]


@pytest.mark.parametrize(("texts", "variant"), VARIANTS, ids=[" ".join(texts) for texts, _ in VARIANTS])
def test_metapackages_tell_the_variant_of_torch(texts: tuple[str, ...], variant: str | None) -> None:
    torch = [pin for pin in _declared(*texts) if isinstance(pin, Pin) and pin.package == "torch"]
    assert {pin.variant for pin in torch} == {variant}


ACCELERATORS = [
    (("cudatoolkit=11.3.1",), [("cuda", "11.3", None)]),
    (("cuda-version>=12,<13",), [("cuda", None, ">=12,<13")]),
    (("cuda=12.1.0",), [("cuda", "12.1", None)]),
    (("cudnn=8.9.7.29",), [("cudnn", "8.9.7", None)]),
    (("faiss-gpu=1.8=*cuda12*",), [("cuda", None, "==12.*")]),
    (("faiss-gpu=1.8=*cuda*",), [("cuda", None, None)]),
    (("a=1=cuda118_0", "b=2=cuda118_1"), [("cuda", "11.8", None)]),
    (("a=1=cuda118_0", "b=2=cuda121_1"), [("cuda", "11.8", None), ("cuda", "12.1", None)]),
    (("numpy",), []),
]


@pytest.mark.parametrize(("texts", "told"), ACCELERATORS, ids=[" ".join(texts) for texts, _ in ACCELERATORS])
def test_cuda_and_cudnn_are_told_once(texts: tuple[str, ...], told: list[tuple[str, str | None, str | None]]) -> None:
    pins = [pin for pin in _declared(*texts) if isinstance(pin, Pin) and pin.kind in (Kind.CUDA, Kind.CUDNN)]
    assert [(pin.name, pin.version, pin.specifier) for pin in pins] == told


@pytest.mark.parametrize(
    ("text", "version", "specifier"),
    [
        ("python=3.10", "3.10", None),
        ("python=3.8.5", "3.8.5", None),
        ("python==3.12", "3.12", None),
        ("python 3.11.*", "3.11", None),
        ("python=3", None, "==3.*"),
        ("python>=3.8,<3.11", None, ">=3.8,<3.11"),
        ("python=3.9.16=h7a1cb2a_2", "3.9.16", None),
        ("python", None, None),
    ],
)
def test_python_is_told_by_minor_or_patch(text: str, version: str | None, specifier: str | None) -> None:
    (pin,) = _declared(text)
    assert isinstance(pin, Pin)
    assert (pin.kind, pin.version, pin.specifier) == (Kind.PYTHON, version, specifier)


ROWS = [
    ("pytorch", "conda", "torch"),
    ("pytorch_geometric", "conda", "torch-geometric"),
    ("py-xgboost-cpu", "conda", "xgboost"),
    ("py-opencv", "conda", "opencv-python"),
    ("faiss-gpu", "conda", "faiss-cpu"),
    ("msgpack-python", "conda", "msgpack"),
    ("numpy", "conda", "numpy"),
    ("python-tzdata", "conda", "tzdata"),
    ("tzdata", "conda", "iana-tzdata"),
    ("tensorflow-cpu", "pypi", "tensorflow"),
    ("opencv_python_headless", "pypi", "opencv-python"),
    ("cudf-cu12", "pypi", "cudf"),
    ("pytorch", "pypi", "pytorch"),
    ("sklearn", "import", "scikit-learn"),
    ("google.protobuf", "import", "protobuf"),
    ("cv2", "import", "opencv-python"),
    ("source", "pypi", "source"),
    ("checked", "pypi", "checked"),
]


@pytest.mark.parametrize(("name", "ecosystem", "row"), ROWS)
def test_names_meet_in_one_row(name: str, ecosystem: str, row: str) -> None:
    assert package_of(name, ecosystem) == row


CORPUS = Path(os.environ.get("MLAUDIT_CORPUS", FIXTURES.parent.parent / "shared" / "corpus"))


def _read_corpus(pattern: str) -> list[tuple[Path, Reading]]:
    found = sorted(CORPUS.glob(pattern))
    if not found:
        pytest.skip(f"no corpus at {CORPUS}; $MLAUDIT_CORPUS names it")
    return [(path, read(WorkingTree(path.parent).document(path))) for path in found]


def _accounted(reading: Reading) -> int:
    """Statements that answer an entry of the file: pins that are no consequence of another, and what is unread."""
    return sum(pin.derived_from is None for pin in reading.pins) + len(reading.unread)


def _lines(path: Path) -> list[str]:
    return [line for line in path.read_text(encoding="utf-8").splitlines() if line.strip() and line[0] not in "#@"]


@pytest.mark.parametrize("pattern", ["aws*/**/*.env.out", "*/**/conda-linux-64.lock", "aws*/**/*.env.in"])
def test_every_line_of_the_corpus_is_accounted_for(pattern: str) -> None:
    for path, reading in _read_corpus(pattern):
        assert _accounted(reading) == len(_lines(path)), path


def test_every_entry_of_the_corpus_is_accounted_for() -> None:
    for path, reading in _read_corpus("*/**/conda-lock.yml"):
        packages = yaml_loads(path.read_text(encoding="utf-8"))
        assert isinstance(packages, dict)
        assert _accounted(reading) == len(packages["package"]), path
        assert not reading.unread


def test_every_dependency_of_the_corpus_is_accounted_for() -> None:
    for path, reading in _read_corpus("*/**/conda*.y*ml"):
        if reading.format != "conda-env" or any(entry.whole for entry in reading.unread):
            continue
        root = yaml_loads(path.read_text(encoding="utf-8"))
        assert isinstance(root, dict)
        specs = [entry for entry in root["dependencies"] if isinstance(entry, str)]
        lines = [line for entry in root["dependencies"] if isinstance(entry, dict) for line in entry["pip"] or ()]
        plain = [line for line in lines if not line.startswith("-")]
        assert _accounted(reading) == len(specs) + len(plain), path
