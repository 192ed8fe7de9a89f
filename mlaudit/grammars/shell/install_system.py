"""What a model depends on that system package managers and Python installers bring: CUDA, cuDNN, drivers, Python.

Of `apt-get install` and its like only the packages of knowledge/system_packages.toml are read, and those without any
version in their name or behind it are left out: they pin nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from mlaudit.document.node import Node
from mlaudit.grammars.pypi import python_text
from mlaudit.grammars.shell.install_options import arguments, grammar
from mlaudit.grammars.shell.recipe import Call
from mlaudit.knowledge.schema import checked, pattern
from mlaudit.model.lazy_pattern import lazy_pattern
from mlaudit.model.nouns import Kind, Layer, Place, Statement

_VERSION = lazy_pattern(r"(?:\d{1,4}:)?(\d{1,4}(?:\.\d{1,6}){0,3})")
_BUILT_FOR_CUDA = lazy_pattern(r"\+cuda(\d{1,2})\.\d")
_NAMES = {Kind.CUDA: "cuda", Kind.CUDNN: "cudnn", Kind.DRIVER: "nvidia-driver", Kind.PYTHON: "python"}


class _SystemPackageRow(NamedTuple):
    pattern: re.Pattern[str]
    version: str | None


@lru_cache(maxsize=1)
def _rows() -> tuple[_SystemPackageRow, ...]:
    def rows(root: Node) -> tuple[_SystemPackageRow, ...]:
        listed = root.get("package").each()
        return tuple(_SystemPackageRow(pattern(row.get("pattern")), row.get("version").maybe_text()) for row in listed)

    return checked("system_packages.toml", rows)


def install(call: Call) -> Iterator[Statement]:
    """`apt-get install ARGUMENTS`, `dnf install ARGUMENTS`, `apk add ARGUMENTS`."""
    for option, word in arguments(call.words, grammar("apt")):
        if option or not word.text or word.text.startswith("."):
            continue
        name, version = _parts(word.text)
        row = _row(name)
        if row is None:
            continue
        if word.unresolved:
            yield call.unknown(word)
        else:
            yield from _stated(call, row, name, version, call.at(word))


def is_watched(package: str) -> bool:
    """Whether an operand of a system package manager names a package that a model depends on."""
    return _row(_parts(package)[0]) is not None


def _parts(package: str) -> tuple[str, str]:
    """Name and version of `cuda-toolkit-12-4:amd64=12.4.1-1`."""
    name, _, version = package.partition("=")
    return name.removesuffix("~").partition(":")[0], version


def _row(name: str) -> _SystemPackageRow | None:
    return next((row for row in _rows() if row.pattern.fullmatch(name[:128])), None)


def _stated(call: Call, row: _SystemPackageRow, name: str, version: str, at: Place) -> Iterator[Statement]:
    pinned = bool(version) and "*" not in version
    if pinned:
        yield _pin(call, Kind.SYSTEM, version, at, name=name)
    elif version:
        ranged = f"=={version}"
        yield call.doc.pin(Layer.DECLARED, name, at=at, kind=Kind.SYSTEM, specifier=ranged, scope=call.recipe.scope)
    match = row.pattern.fullmatch(name)
    for kind in (Kind.CUDA, Kind.DRIVER, Kind.PYTHON):
        version_text = match.groupdict().get(kind.value) if match else None
        if version_text:
            yield _pin(call, kind, version_text.replace("-", "."), at, derived=True)
    numbers = _VERSION.match(version)
    if row.version and numbers:
        stated = ".".join(numbers.group(1).split(".")[:3])
        yield _pin(call, Kind(row.version), stated, at, derived=True)
    built = _BUILT_FOR_CUDA.search(version)
    if built:
        yield _major(call, built.group(1), at)


def _pin(call: Call, kind: Kind, version: str, at: Place, *, name: str = "", derived: bool = False) -> Statement:
    return call.doc.pin(
        Layer.DECLARED,
        name or _NAMES[kind],
        version,
        at=at,
        kind=kind,
        scope=call.recipe.scope,
        derived_from=at if derived else None,
    )


def _major(call: Call, major: str, at: Place) -> Statement:
    """The CUDA that a library was built for, which runs on every release of that major version and brings none.

    https://docs.nvidia.com/deploy/cuda-compatibility/minor-version-compatibility.html
    """
    return call.doc.pin(
        Layer.DECLARED,
        _NAMES[Kind.CUDA],
        at=at,
        kind=Kind.CUDA,
        specifier=f"=={major}.*",
        scope=call.recipe.scope,
        derived_from=at,
    )


def python_operands(call: Call) -> Iterator[Statement]:
    """`uv python install 3.11`, `pyenv install 3.10.4`."""
    for option, word in arguments(call.words, grammar("uv")):
        if not option and python_text.release(word.text):
            yield python_text.statement(call.doc, word.text, call.at(word), scope=call.recipe.base_scope)
        elif not option and word.unresolved:
            yield call.unknown(word)


def python_option(call: Call) -> Iterator[Statement]:
    """`uv venv --python 3.11`, `virtualenv -p python3.9`."""
    for option, word in arguments(call.words, grammar("uv")):
        name = word.text.rpartition("/")[2]
        if option in ("-p", "--python") and python_text.release(name):
            yield python_text.statement(call.doc, name, call.at(word), scope=call.recipe.base_scope)
        elif option in ("-p", "--python") and word.unresolved:
            yield call.unknown(word)
