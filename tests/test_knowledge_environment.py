"""What must fit together in one environment, and what a package is asked about."""

from __future__ import annotations

import pytest

from mlaudit.knowledge import (
    abi_breaks,
    default_severity,
    demanded,
    families,
    family_mismatches,
    minimum_driver,
    onnx_crossing,
    onnx_loads,
    python_unsupported,
    wheel_cuda,
)
from mlaudit.knowledge.about import about
from mlaudit.knowledge.combinations import broken_combinations
from mlaudit.knowledge.removed_names import name_uses
from mlaudit.model.nouns import Distance, Severity


@pytest.mark.parametrize(
    ("versions", "wanted"),
    [
        ({"torch": "2.5.1", "torchvision": "0.19.0"}, [("torchvision", "==2.4.0")]),
        ({"torch": "2.4.0+cu121", "torchvision": "0.19.0+cu121"}, []),
        ({"torch": "2.15.0", "torchvision": "0.29.2"}, []),
        ({"torch": "2.13.0", "torchvision": "0.29.2"}, [("torchvision", ">=2.14.0")]),
        ({"jax": "0.4.30", "jaxlib": "0.4.25"}, [("jax", ">=0.4.27,<=0.4.30")]),
        ({"jax": "0.4.30", "jaxlib": "0.4.28"}, []),
        ({"transformers": "4.44.2", "tokenizers": "0.20.0"}, [("transformers", ">=0.19,<0.20")]),
        ({"tensorflow": "2.16.2", "keras": "2.15.0"}, [("tensorflow", ">=3.0.0")]),
        ({"tensorflow": "2.15.1", "tf-keras": "2.15.1", "keras": "2.15.0"}, []),
        ({"torchvision": "99.0", "torch": "1.0"}, []),
        ({"torchvision": "0.19.0"}, []),
    ],
)
def test_families(versions: dict[str, str], wanted: list[tuple[str, str]]) -> None:
    assert [(row.subject, row.wanted) for row in family_mismatches(versions)] == wanted


def test_a_mismatch_names_both_and_the_way_out() -> None:
    (row,) = family_mismatches({"torch": "2.5.1", "torchvision": "0.19.0"})
    assert "torchvision 0.19.0" in row.says
    assert "torch is 2.5.1" in row.says
    assert row.remedy == "Set torch==2.4.0, or torchvision 0.20.1."
    assert row.evidence


def test_a_release_between_two_runs_is_judged_by_none() -> None:
    assert "torch" in demanded("torchvision", "0.19.0")
    assert demanded("torchvision", "0.19.0.post99") == {}


def test_families_have_members() -> None:
    assert {"torch", "torchvision", "torchaudio"} <= families()["torch"]
    assert {"jax", "jaxlib"} <= families()["jax"]


def test_wheels_for_numpy_1_beside_numpy_2() -> None:
    (row,) = abi_breaks({"numpy": "2.0.1", "pandas": "2.2.1", "scipy": "1.13.0"})
    assert (row.package, row.other, row.other_version, row.declared) == ("pandas", "numpy", "2.0.1", True)
    assert row.remedy == "Set numpy<2, or pandas>=2.2.2."
    assert abi_breaks({"numpy": "1.26.4", "pandas": "2.2.1"}) == ()
    assert abi_breaks({"pandas": "2.2.1"}) == ()


def test_what_no_resolver_sees_is_said() -> None:
    (row,) = abi_breaks({"numpy": "2.1.0", "spacy": "3.7.5"})
    assert not row.declared
    assert "no resolver sees it" in row.says


def test_a_vendors_torch_breaks_what_was_built_for_the_index() -> None:
    (row,) = abi_breaks({"torch": "2.5.0a0+872d972e41.nv24.08", "flashinfer-python": "0.2.2"})
    assert (row.package, row.other) == ("flashinfer-python", "torch")
    assert abi_breaks({"torch": "2.5.1+cu124", "flashinfer-python": "0.2.2"}) == ()


@pytest.mark.parametrize(
    ("versions", "broken"),
    [
        ({"torch": "2.1.0", "torch-scatter": "2.1.1+pt20cu118"}, "torch-scatter"),
        ({"torch": "1.13.1+cu117", "torch-sparse": "0.6.16+pt113cu117"}, None),
        ({"torch": "2.10.0", "pyg-lib": "0.5.0+pt210cu126"}, None),
        ({"torch": "2.5.1+cu124", "flash-attn": "2.7.4.post1+cu12torch2.6cxx11abiFALSE"}, "flash-attn"),
        ({"torch": "2.6.0+cu124", "flash-attn": "2.7.4.post1+cu12torch2.6cxx11abiFALSE"}, None),
        ({"torch": "2.1.0+cu118", "torchvision": "0.16.0+cu121"}, "torchvision"),
        ({"torch": "2.1.0+cu118", "torchvision": "0.16.0+cu117"}, None),
        ({"torch": "2.0.1+cu118", "torchvision": "0.15.2+cu117"}, "torchvision"),
        ({"torch": "2.1.0+cu118", "torchaudio": "2.1.0+cu121"}, "torchaudio"),
        ({"torch": "2.1.0+cpu", "torchvision": "0.16.0"}, None),
    ],
)
def test_builds_for_another_torch_are_told_by_their_local_parts(versions: dict[str, str], broken: str | None) -> None:
    assert [row.package for row in abi_breaks(versions)] == ([broken] if broken else [])


@pytest.mark.parametrize(
    ("package", "version", "python", "supported"),
    [
        ("torch", "2.5.1", "3.8", False),
        ("torch", "2.5.1", "3.13.1", True),
        ("torch", "99.0", "3.8", True),
        ("numpy", "1.24.4", "3.12", False),
        ("tensorflow", "2.21.0", "3.14", False),
        ("xgboost", "1.7.6", "3.13", True),
        ("xgboost", "0.6", "3.13", True),
        ("left-pad", "1.0", "3.8", True),
        ("torch", "2.5.1", "2.7", False),
        ("matplotlib", "3.5.0", "3.13", False),
        ("matplotlib", "3.9.2", "3.13", True),
        ("faiss-cpu", "1.12.0", "3.8", False),
    ],
)
def test_wheels_for_a_python(package: str, version: str, python: str, *, supported: bool) -> None:
    assert (python_unsupported(package, version, python) is None) is supported


def test_drivers_and_the_cuda_of_wheels() -> None:
    driver = minimum_driver("12.4")
    assert driver is not None
    assert driver.minimum == "525.60.13"
    assert minimum_driver("9.0") is None
    wheel = wheel_cuda("torch", "2.6.0")
    assert wheel is not None
    assert wheel.cuda == "12.4"
    assert wheel_cuda("torch", "99.0") is None


def test_onnx_newer_than_its_runtime() -> None:
    found = onnx_crossing("1.16.0", "1.17.1")
    assert found is not None
    assert "Unsupported model IR version: 10, max supported IR version: 9" in found.says
    assert "onnxruntime>=1.18" in found.remedy
    assert onnx_crossing("1.16.0", "1.18.0") is None
    assert onnx_crossing("1.16.0", "99.0") is None
    opset = onnx_loads(8, 18, "1.12.1")
    assert opset is not None
    assert "Opset 18" in opset.says
    assert onnx_loads(8, 17, "1.12.1") is None


def test_everything_about_a_package() -> None:
    found = about("numpy")
    assert found.role == "artifact"
    assert found.dossier is not None
    assert found.dossier.rows
    assert {kind.name for kind in found.kinds} >= {"numpy.pickle", "numpy.npy"}
    assert any(demand.subject == "scipy" for demand in found.demands)
    assert about("left-pad").dossier is None


def test_a_default_for_what_has_no_rows() -> None:
    assert default_severity("h5py", Distance.MAJOR) is Severity.ERROR
    assert default_severity("left-pad", Distance.MAJOR).rank >= Severity.WARNING.rank


def test_the_operators_of_classical_models_have_an_opset_of_their_own() -> None:
    found = onnx_loads(7, 14, "1.10.0", ml=3)
    assert found is not None
    assert "ai.onnx.ml opset 3; onnxruntime 1.10.0 loads up to 2" in found.says
    assert onnx_loads(7, 14, "1.10.0", ml=2) is None
    assert onnx_loads(8, 17, "1.12.1", ml=3) is None
    default = onnx_crossing("1.11.0", "1.10.0")
    assert default is not None
    assert "ai.onnx.ml opset 3" in default.says


def test_a_name_that_a_release_took_away_is_told_of_who_uses_it() -> None:
    (row,) = broken_combinations({"tsfresh": "0.20.3", "scipy": "1.15.0"}, {})
    assert "does not import with scipy 1.15.0: `ImportError: cannot import name 'cwt' from 'scipy.signal'`" in row.says
    assert row.remedy == "Set scipy<1.15, or tsfresh>=0.21."
    assert not list(broken_combinations({"tsfresh": "0.21.0", "scipy": "1.15.0"}, {}))
    assert not list(broken_combinations({"tsfresh": "0.20.3", "scipy": "1.14.1"}, {}))


def test_each_use_of_a_name_has_a_source_and_a_name_that_was_taken_away() -> None:
    uses = [use for each in name_uses().values() for use in each]
    assert all(use.evidence and use.others for use in uses)
    assert {use.other for use in uses} >= {"numpy", "scipy", "scikit-learn", "setuptools", "httpx"}


@pytest.mark.parametrize(
    ("versions", "says"),
    [
        ({"tensorflow-probability": "0.13.0", "tensorflow": "2.4.1"}, "it asks for tensorflow>=2.5 (`ImportError"),
        ({"tensorflow-probability": "0.13.0", "tensorflow": "2.5.0"}, None),
        ({"mmaction2": "0.24.1", "mmcv-full": "1.7.1"}, "asks for mmcv-full>=1.3.6,<=1.7.0"),
        ({"mmaction2": "0.24.1", "mmcv-full": "1.3.5"}, "asks for mmcv-full>=1.3.6,<=1.7.0"),
        ({"mmaction2": "0.24.1", "mmcv-full": "1.7.0"}, None),
        ({"mmaction2": "1.2.0", "mmcv": "2.2.0"}, "MMCV==2.2.0 is used but incompatible"),
    ],
)
def test_what_an_import_asks_of_another_version_is_an_error_beside_others(
    versions: dict[str, str], says: str | None
) -> None:
    rows = list(broken_combinations(versions, {}))
    assert [row.severity for row in rows] == [Severity.ERROR] * (says is not None)
    assert says is None or says in rows[0].says


@pytest.mark.parametrize(
    ("beside", "python", "lacks"),
    [
        ({}, "3.12", True),
        ({"tensorboard": "2.16.2"}, "3.12", False),
        ({"torch": "2.6.0"}, "3.12", False),
        ({"pandas": "1.5.3"}, "3.12", True),
        ({}, "3.11", False),
    ],
)
def test_what_another_release_requires_is_no_missing_companion(
    beside: dict[str, str], python: str, *, lacks: bool
) -> None:
    versions = {"python": python, "seaborn": "0.11.2", **beside}
    named = {name: frozenset({name}) for name in versions}
    assert any(one.other == "setuptools" for one in broken_combinations(versions, named)) is lacks


def test_what_is_required_under_a_marker_that_does_not_hold_is_missing() -> None:
    versions = {"python": "3.12", "seaborn": "0.11.2", "torch": "2.6.0"}
    named = {name: frozenset({name}) for name in versions}
    rows = broken_combinations(versions, named, lambda _marker: False)
    assert [row.other for row in rows if row.package == "seaborn" and row.other == "setuptools"] == ["setuptools"]
