"""What a package is called: PEP 503 names, and the row that names of several ecosystems and builds share."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from mlaudit.model.lazy_pattern import lazy_pattern
from mlaudit.model.packaged import packaged_toml

_RUNS = lazy_pattern(r"[-_.]+")
_ABOUT = ("source", "checked")


@lru_cache(maxsize=65536)
def normalized(name: str) -> str:
    """PEP 503: lower case, runs of `-`, `_` and `.` become one `-`."""
    return _RUNS.sub("-", name.strip()).lower()


@lru_cache(maxsize=1)
def _names() -> Mapping[str, object]:
    return packaged_toml("knowledge/names.toml")


@lru_cache(maxsize=16)
def _table(ecosystem: str) -> Mapping[str, str]:
    """The packages by the names of one ecosystem; none where there is no such table."""
    table = _names().get(ecosystem)
    rows = table.items() if isinstance(table, dict) else ()
    return {normalized(str(name)): str(package) for name, package in rows if name not in _ABOUT}


@lru_cache(maxsize=65536)
def package_of(name: str, ecosystem: str = "pypi") -> str:
    """The row a name belongs to: conda's `pytorch` is `torch`, `tensorflow-cpu` is `tensorflow`.

    `ecosystem` is `pypi`, `conda` or `import` (names of modules, as watermark and session_info print them).
    """
    plain = normalized(name)
    if ecosystem != "pypi":
        plain = _table(ecosystem).get(plain, plain)
    return _table("builds").get(plain, plain)


def is_reduced(name: str) -> bool:
    """Whether a name is that of a build which holds a part of a project, and requires less than the whole."""
    return normalized(name) in _table("reduced")


@lru_cache(maxsize=1024)
def package_meant(name: str) -> str:
    """The row that a person means: `sklearn` is imported, and `pytorch` is conda's word for torch."""
    plain = normalized(name)
    meant = next((_table(of)[plain] for of in ("import", "conda") if plain in _table(of)), plain)
    return package_of(meant)
