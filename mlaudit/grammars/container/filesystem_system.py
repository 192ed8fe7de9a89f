"""Libraries, CUDA, cuDNN and drivers of a root file system: databases of dpkg and apk, version files, variables."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import NamedTuple

from mlaudit.document.node import Node
from mlaudit.knowledge.schema import checked, choice, pattern
from mlaudit.model.errors import Unreadable
from mlaudit.model.lazy_dataclass import dataclass
from mlaudit.model.lazy_pattern import lazy_pattern
from mlaudit.model.nouns import Fact, Kind, Place
from mlaudit.model.platforms import platform_of
from mlaudit.sources.images.file_system import DATABASE, SMALL, FileSystem

_DPKG = lazy_pattern(r"var/lib/dpkg/(?:status|status\.d/[^/]{1,512})")
_APK = ("lib/apk/db/installed", "usr/lib/apk/db/installed")
_RPM = lazy_pattern(r"(?:var/lib|usr/lib/sysimage)/rpm/[^/]{1,80}")
_UPSTREAM = lazy_pattern(r"(?:\d{1,4}:)?(\d[A-Za-z0-9._]{0,60})")
_NUMBERS = lazy_pattern(r"(\d{1,4}(?:\.\d{1,6}){1,3})")
_C_LIBRARIES = ("libc6", "musl")
# the Debian package python3.11-minimal and https://pkgs.alpinelinux.org/package/edge/main/x86_64/python3
_PYTHON = lazy_pattern(r"python3(?:\.\d{1,3}-minimal)?")
_PYTHON_VERSION = lazy_pattern(r"(3\.\d{1,3}\.\d{1,3})")
_CUDA_FILE = lazy_pattern(r"(?:.{0,512}/)?cuda(?P<folder>-[\d.]{1,12})?/version\.(?:json|txt)")
_CUDNN_DEFINE = lazy_pattern(
    r"^[ \t]{0,8}#define[ \t]{1,8}CUDNN_(MAJOR|MINOR|PATCHLEVEL)[ \t]{1,8}(\d{1,4})", re.MULTILINE
)
_DRIVER_FILE = lazy_pattern(r"(?:.{0,512}/)?libcuda\.so\.(?P<version>\d{3}\.\d{1,3}(?:\.\d{1,3})?)")
_NAMES = {Kind.CUDA: "cuda", Kind.CUDNN: "cudnn", Kind.DRIVER: "nvidia-driver"}
_CUDNN_NUMBERS = 3
_REQUIRES_DRIVER = "NVIDIA_REQUIRE_CUDA"
# Variables and labels of NVIDIA's own images, the surest first: https://gitlab.com/nvidia/container-images/cuda.
_VARIABLES = (
    (Kind.CUDA, "CUDA_VERSION"),
    (Kind.CUDA, "NV_CUDA_LIB_VERSION"),
    (Kind.CUDNN, "NV_CUDNN_VERSION"),
    (Kind.CUDNN, "CUDNN_VERSION"),
)
_LABELS = ((Kind.CUDA, "com.nvidia.cuda.version"), (Kind.CUDNN, "com.nvidia.cudnn.version"))


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemVersion:
    """One version that a root file system states of something below Python."""

    kind: Kind
    name: str
    version: str
    at: Place
    row: str | None = None
    detail: str | None = None
    derived: bool = False


class Package(NamedTuple):
    """One installed package of dpkg or apk, and the line of its version."""

    name: str
    version: str
    machine: str
    path: str
    line: int


class _SystemLibraryRow(NamedTuple):
    pattern: re.Pattern[str]
    row: str | None
    version: str | None


@lru_cache(maxsize=1)
def _rows() -> tuple[_SystemLibraryRow, ...]:
    def own(root: Node) -> tuple[_SystemLibraryRow, ...]:
        listed = root.get("library").each()
        return tuple(_SystemLibraryRow(pattern(row.get("pattern")), row.get("row").text(), None) for row in listed)

    def accelerators(root: Node) -> tuple[_SystemLibraryRow, ...]:
        return tuple(
            _SystemLibraryRow(pattern(row.get("pattern")), None, row.get("version").maybe_text())
            for row in root.get("package").each()
        )

    return (*checked("system_libraries.toml", own), *checked("system_packages.toml", accelerators))


@lru_cache(maxsize=1)
def wheels() -> Mapping[str, Kind]:
    """Wheels that carry CUDA or cuDNN themselves, and which of the two."""

    def kinds(root: Node) -> Mapping[str, Kind]:
        rows = root.get("wheels").each()
        return {name: choice(row.get("kind"), Kind) for row in rows for name in row.get("names").texts()}

    return checked("system_libraries.toml", kinds)


def packages(system: FileSystem) -> Iterator[Package | tuple[str, str]]:
    """What dpkg and apk have installed, and pairs of path and reason for what cannot be read."""
    for path in system.list():
        if not (_DPKG.fullmatch(path) or path in _APK):
            continue
        try:
            text = system.read(path, DATABASE).decode("utf-8", "replace")
        except Unreadable as error:
            yield path, error.why
            continue
        if system.files[path].size > DATABASE:
            yield path, f"it has more than {DATABASE} bytes; the rest is not read"
        yield from _apk(path, text) if path in _APK else _dpkg(path, text)


def libraries(system: FileSystem, installed: Iterable[Package]) -> Iterator[SystemVersion]:
    """The packages that matter, and the CUDA, cuDNN and driver that their names and versions show."""
    for package in installed:
        yield from _of_package(system, package)


def machine(system: FileSystem, installed: Iterable[Package]) -> Fact | None:
    """The machine that the C library is for."""
    for package in installed:
        word = platform_of(f"linux-{package.machine}")[1] if package.machine else None
        if word and package.name in _C_LIBRARIES:
            return Fact(key="machine", value=word, at=system.place(package.path, package.line))
    return None


def pythons(system: FileSystem, installed: Iterable[Package]) -> Iterator[tuple[str, Place]]:
    """The versions of the Pythons that the distribution brings, and their places."""
    for package in installed:
        numbers = _PYTHON_VERSION.match(package.version)
        if numbers and _PYTHON.fullmatch(package.name):
            yield numbers.group(1), system.place(package.path, package.line)


def has_rpm(system: FileSystem) -> bool:
    """Whether its system libraries are in a database of RPM, which is not read."""
    return any(_RPM.fullmatch(path) for path in system.list())


def _dpkg(path: str, text: str) -> Iterator[Package]:
    """Installed packages of a dpkg status file (deb-control(5)); a `status.d` file holds one."""
    line = 1
    for stanza in text.split("\n\n"):
        fields, lines = _fields(stanza, ": ")
        status = fields.get("Status", "install ok installed")
        if status.endswith(" installed") and "Package" in fields and "Version" in fields:
            at = line + lines["Version"]
            yield Package(fields["Package"], fields["Version"], fields.get("Architecture", ""), path, at)
        line += stanza.count("\n") + 2


def _apk(path: str, text: str) -> Iterator[Package]:
    """Installed packages of apk: https://wiki.alpinelinux.org/wiki/Apk_spec."""
    line = 1
    for stanza in text.split("\n\n"):
        fields, lines = _fields(stanza, ":")
        if "P" in fields and "V" in fields:
            yield Package(fields["P"], fields["V"], fields.get("A", ""), path, line + lines["V"])
        line += stanza.count("\n") + 2


def _fields(stanza: str, separator: str) -> tuple[dict[str, str], dict[str, int]]:
    fields: dict[str, str] = {}
    lines: dict[str, int] = {}
    for number, line in enumerate(stanza.split("\n")):
        key, sign, value = line.partition(separator)
        if sign and key and not key[0].isspace():
            fields.setdefault(key, value.strip())
            lines.setdefault(key, number)
    return fields, lines


def _of_package(system: FileSystem, package: Package) -> Iterator[SystemVersion]:
    row = next((row for row in _rows() if row.pattern.fullmatch(package.name[:128])), None)
    if row is None:
        return
    at = system.place(package.path, package.line)
    upstream = _UPSTREAM.match(package.version)
    version = upstream.group(1).rstrip("._") if upstream else package.version[:64]
    detail = f"{package.name} {package.version}"[:120]
    yield SystemVersion(kind=Kind.SYSTEM, name=package.name, version=version, at=at, row=row.row, detail=detail)
    named = row.pattern.fullmatch(package.name)
    for kind in (Kind.CUDA, Kind.DRIVER):
        version_text = named.groupdict().get(kind.value) if named else None
        if version_text:
            yield _found(kind, version_text.replace("-", "."), at, f"the package {package.name}", derived=True)
    if row.version and upstream:
        yield _found(Kind(row.version), version, at, f"the package {package.name}", derived=True)


def _found(kind: Kind, version: str, at: Place, detail: str, *, derived: bool = False) -> SystemVersion:
    if kind is Kind.CUDNN:
        version = ".".join(version.split(".")[:_CUDNN_NUMBERS])
    return SystemVersion(kind=kind, name=_NAMES[kind], version=version, at=at, detail=detail, derived=derived)


def accelerators(system: FileSystem) -> Iterator[SystemVersion]:
    """CUDA, cuDNN and driver by version files, variables and labels, the surest first."""
    yield from _version_files(system)
    setup = system.setup
    for holder, table, word in ((setup.env, _VARIABLES, "variable"), (setup.labels, _LABELS, "label")):
        for kind, name in table:
            numbers = _NUMBERS.match(holder.get(name, "").strip())
            if numbers:
                yield _found(kind, numbers.group(1), system.place(""), f"the {word} {name} of {setup.source}")


def _version_files(system: FileSystem) -> Iterator[SystemVersion]:
    # `cuda` itself, where it is a folder, is the toolkit that programs use; else the newest numbered one.
    toolkits = [path for path in system.list() if _CUDA_FILE.fullmatch(path)]
    for path in sorted(toolkits, key=_toolkit_order):
        cuda_version = _cuda_version(system, path)
        if cuda_version:
            yield _found(Kind.CUDA, cuda_version[0], system.place(path, cuda_version[1]), "the toolkit's version file")
    for path in system.list():
        driver = _DRIVER_FILE.fullmatch(path)
        if driver and "/compat/" not in path and system.files[path].size:
            yield _found(Kind.DRIVER, driver["version"], system.place(path), "the driver's library")
        if path.rpartition("/")[2].startswith("cudnn_version"):
            yield from _cudnn_header(system, path)


def _toolkit_order(path: str) -> tuple[bool, tuple[int, ...], str]:
    match = _CUDA_FILE.fullmatch(path)
    folder = (match["folder"] or "") if match else ""
    return bool(folder), tuple(-int(part) for part in re.findall(r"\d+", folder)), path


def _cuda_version(system: FileSystem, path: str) -> tuple[str, int] | None:
    """The version in a toolkit's `version.json` or `version.txt`, and its line."""
    try:
        text = system.read(path, SMALL).decode("utf-8", "replace")
    except Unreadable:
        return None
    if path.endswith(".txt"):
        numbers = _NUMBERS.search(text)
        return (numbers.group(1), 1) if numbers else None
    try:
        data: object = json.loads(text)
    except (ValueError, RecursionError):
        return None
    toolkit = data.get("cuda") if isinstance(data, dict) else None
    version = toolkit.get("version") if isinstance(toolkit, dict) else None
    if not isinstance(version, str) or not _NUMBERS.fullmatch(version):
        return None
    return version, text.count("\n", 0, max(text.find(f'"{version}"'), 0)) + 1


def _cudnn_header(system: FileSystem, path: str) -> Iterable[SystemVersion]:
    try:
        text = system.read(path, SMALL).decode("utf-8", "replace")
    except Unreadable:
        return ()
    numbers = {match.group(1): match for match in _CUDNN_DEFINE.finditer(text)}
    if len(numbers) != _CUDNN_NUMBERS:
        return ()
    version = ".".join(numbers[part].group(2) for part in ("MAJOR", "MINOR", "PATCHLEVEL"))
    line = text.count("\n", 0, numbers["MAJOR"].start()) + 1
    return (_found(Kind.CUDNN, version, system.place(path, line), "cuDNN's header"),)


def required_driver(system: FileSystem) -> str | None:
    """What an image requires of the host's driver, as written in `NVIDIA_REQUIRE_CUDA`."""
    stated = system.setup.env.get(_REQUIRES_DRIVER, "").split(" ")[0]
    return stated[:80] or None
