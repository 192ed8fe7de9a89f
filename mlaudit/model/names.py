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
def _tables() -> Mapping[str, Mapping[str, str]]:
    rows: dict[str, dict[str, str]] = {}
    for ecosystem, table in packaged_toml("knowledge/names.toml").items():
        if isinstance(table, dict):
            rows[ecosystem] = {
                normalized(str(name)): str(package) for name, package in table.items() if name not in _ABOUT
            }
    return rows


@lru_cache(maxsize=65536)
def package_of(name: str, ecosystem: str = "pypi") -> str:
    """The row a name belongs to: conda's `pytorch` is `torch`, `tensorflow-cpu` is `tensorflow`.

    `ecosystem` is `pypi`, `conda` or `import` (names of modules, as watermark and session_info print them).
    """
    plain = normalized(name)
    tables = _tables()
    if ecosystem != "pypi":
        plain = tables.get(ecosystem, {}).get(plain, plain)
    return tables.get("builds", {}).get(plain, plain)


def is_reduced(name: str) -> bool:
    """Whether a name is that of a build which holds a part of a project, and requires less than the whole."""
    return normalized(name) in _tables().get("reduced", {})


@lru_cache(maxsize=1024)
def package_meant(name: str) -> str:
    """The row that a person means: `sklearn` is imported, and `pytorch` is conda's word for torch."""
    plain = normalized(name)
    tables = _tables()
    meant = next((tables[of][plain] for of in ("import", "conda") if plain in tables.get(of, {})), plain)
    return package_of(meant)
