"""Compiled code: wheels built against numpy 1, releases that have no wheel for a Python, drivers that CUDA needs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache

from mlaudit.document.node import Malformed, Node
from mlaudit.knowledge.builds import AbiBreak, build_breaks
from mlaudit.knowledge.releases import release
from mlaudit.knowledge.schema import checked, evidence, unknown_keys
from mlaudit.model.lazy_dataclass import dataclass
from mlaudit.model.nouns import Evidence
from mlaudit.model.versions import is_before, is_version, public

NUMPY = "numpy"
_BUILT_KEYS = frozenset({"package", "last_numpy1", "first_numpy2", "declares"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """The newest release of a package built against numpy 1 only, and the oldest that runs on both."""

    package: str
    last_numpy1: str
    first_numpy2: str | None
    declares: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Unsupported:
    """A release without a wheel for a Python; `first` and `last` are those that have one, None if none has."""

    package: str
    version: str
    python: str
    first: str | None
    last: str | None
    says: str
    remedy: str
    evidence: tuple[Evidence, ...]


@dataclass(frozen=True, slots=True)
class _Abi:
    rows: tuple[Built, ...]
    evidence: tuple[Evidence, ...]


@dataclass(frozen=True, slots=True)
class _Wheels:
    windows: Mapping[str, Mapping[str, tuple[str, ...]]]
    evidence: tuple[Evidence, ...]


@lru_cache(maxsize=1)
def _abi() -> _Abi:
    return checked("abi.toml", _abi_built)


def _abi_built(root: Node) -> _Abi:
    rows = tuple(_built(row) for row in root.get("built").each())
    return _Abi(rows, evidence(root))


def _built(row: Node) -> Built:
    unknown_keys(row, _BUILT_KEYS)
    return Built(
        package=row.get("package").text(),
        last_numpy1=row.get("last_numpy1").text(),
        first_numpy2=row.get("first_numpy2").maybe_text(),
        declares=row.get("declares").flag(),
    )


def built(package: str) -> Built | None:
    """The row of a package, None if it has no compiled code for numpy or was not looked at."""
    return next((row for row in _abi().rows if row.package == package), None)


def abi_breaks(versions: Mapping[str, str]) -> tuple[AbiBreak, ...]:
    """Packages of one environment that were compiled for another numpy, or another build of torch, than it holds."""
    return (*_numpy_breaks(versions), *build_breaks(versions))


def _numpy_breaks(versions: Mapping[str, str]) -> Iterator[AbiBreak]:
    numpy = versions.get(NUMPY)
    if numpy is None or not _at_least(numpy, "2"):
        return
    for row in _abi().rows:
        version = versions.get(row.package)
        if version is not None and _at_least(row.last_numpy1, version):
            yield _abi_break(row, version, numpy)


def _abi_break(row: Built, version: str, numpy: str) -> AbiBreak:
    blind = "" if row.declares else " Its metadata does not say so, and no resolver sees it."
    newer = f", or {row.package}>={row.first_numpy2}" if row.first_numpy2 else ""
    return AbiBreak(
        package=row.package,
        version=version,
        other=NUMPY,
        other_version=numpy,
        declared=row.declares,
        says=(
            f"{row.package} {version} is compiled for numpy 1 and installed with numpy {numpy}: its import fails "
            'or crashes ("A module that was compiled using NumPy 1.x cannot be run in NumPy 2", "numpy.dtype size '
            f'changed, may indicate binary incompatibility. Expected 96 from C header, got 88 from PyObject").{blind}'
        ),
        remedy=f"Set numpy<2{newer}.",
        evidence=_abi().evidence,
    )


@lru_cache(maxsize=1)
def _wheels() -> _Wheels:
    return checked("pythons.toml", _wheels_built)


def _wheels_built(root: Node) -> _Wheels:
    windows = {
        package: {python: _window(entry) for python, entry in row.items()}
        for package, row in root.get("wheels").items()
    }
    return _Wheels(windows, evidence(root))


def _window(entry: Node) -> tuple[str, ...]:
    texts = entry.texts()
    if len(texts) not in (0, 2) or not all(is_version(text) for text in texts):
        raise Malformed("expected [first, last] or an empty list", entry.route)
    return texts


@lru_cache(maxsize=4096)
def python_unsupported(
    package: str, version: str, python: str, platform: str = "linux", machine: str = "x86_64"
) -> Unsupported | None:
    """Whether a release refuses a Python (`3.12` or `3.12.4`), or there is no wheel of it for that on a platform.

    What the release itself declares is exact. Where its wheels are not known, a table of first and last releases on
    Linux x86_64 is asked, which says nothing about releases newer than itself.
    """
    from mlaudit.knowledge.wheels import undeclared_python

    declared = undeclared_python(package, version, python, platform, machine)
    if declared is not None:
        says, remedy, proof = declared
        return Unsupported(
            package=package,
            version=version,
            python=python,
            first=None,
            last=None,
            says=says,
            remedy=remedy,
            evidence=(proof,),
        )
    known = release(package, version)
    if known is not None and known.wheels is not None:
        return None
    return _outside_window(package, version, python)


def _outside_window(package: str, version: str, python: str) -> Unsupported | None:
    windows = _wheels().windows.get(package, {})
    minor = ".".join(python.split(".")[:2])
    window = windows.get(minor)
    if window is None or _beyond_table(windows, version):
        return None
    if not window:
        return _unsupported(package, version, python, None, None)
    first, last = window
    if not _at_least(version, first) or not _at_least(last, version):
        return _unsupported(package, version, python, first, last)
    return None


def _beyond_table(windows: Mapping[str, tuple[str, ...]], version: str) -> bool:
    """Newer than every release the table knows: nothing can be said."""
    return not any(_at_least(window[1], version) for window in windows.values() if window)


def _unsupported(package: str, version: str, python: str, first: str | None, last: str | None) -> Unsupported:
    reach = f"wheels for it reach from {first} to {last}" if first else "no release has one"
    remedy = f"Set {package}>={first},<={last}, or another Python." if first else "Use an older Python."
    return Unsupported(
        package=package,
        version=version,
        python=python,
        first=first,
        last=last,
        says=(
            f"{package} {version} has no wheel for Python {python} on Linux x86_64 ({reach}): pip builds it from "
            "source or fails."
        ),
        remedy=remedy,
        evidence=_wheels().evidence,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Driver:
    """The oldest driver that runs a CUDA major version on Linux."""

    cuda: str
    minimum: str
    evidence: tuple[Evidence, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class WheelCuda:
    """The CUDA that the PyPI wheels of releases `first` to `last` of a package bring."""

    package: str
    first: str
    last: str
    cuda: str
    evidence: tuple[Evidence, ...]


@lru_cache(maxsize=1)
def _drivers() -> tuple[Mapping[str, Driver], tuple[WheelCuda, ...]]:
    return checked("drivers.toml", _drivers_built)


def _drivers_built(root: Node) -> tuple[Mapping[str, Driver], tuple[WheelCuda, ...]]:
    drivers = {
        row.get("cuda").text(): Driver(
            cuda=row.get("cuda").text(), minimum=row.get("minimum").text(), evidence=evidence(row)
        )
        for row in root.get("driver").each()
    }
    return drivers, tuple(wheel for row in root.get("wheel").each() for wheel in _wheel_cudas(row))


def _wheel_cudas(row: Node) -> tuple[WheelCuda, ...]:
    package, proof = row.get("package").text(), evidence(row)
    runs = (entry.texts() for entry in row.get("runs").each())
    return tuple(
        WheelCuda(package=package, first=first, last=last, cuda=cuda, evidence=proof) for first, last, cuda in runs
    )


def minimum_driver(cuda: str) -> Driver | None:
    """The oldest NVIDIA driver for a CUDA version (`12.4`; only its major counts), None if that is not known."""
    return _drivers()[0].get(cuda.split(".")[0])


def wheel_cuda(package: str, version: str) -> WheelCuda | None:
    """The CUDA that the PyPI wheel of a release brings; a local part (`+cu121`) speaks for itself and wins."""
    bare = public(version)
    return next(
        (
            row
            for row in _drivers()[1]
            if row.package == package and _at_least(bare, row.first) and _at_least(row.last, bare)
        ),
        None,
    )


def _at_least(version: str, floor: str) -> bool:
    return is_before(public(version), public(floor)) is False
