"""Which build of a package an index holds: `https://download.pytorch.org/whl/cu121` gives torch for CUDA 12.1."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from mlaudit.document.node import Node
from mlaudit.knowledge.schema import checked, pattern
from mlaudit.model.lazy_dataclass import dataclass

MAX_LENGTH = 2048
"""Characters of an address."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WheelIndex:
    """An index that decides a build: its address, the build, and the packages it builds."""

    url: str
    variant: str
    packages: frozenset[str]


@lru_cache(maxsize=1)
def _rows() -> tuple[tuple[str, re.Pattern[str], frozenset[str]], ...]:
    def rows(root: Node) -> tuple[tuple[str, re.Pattern[str], frozenset[str]], ...]:
        return tuple(
            (row.get("host").text(), pattern(row.get("path")), frozenset(row.get("packages").texts()))
            for row in root.get("index").each()
        )

    return checked("cuda_indexes.toml", rows)


@lru_cache(maxsize=1024)
def wheel_index(url: str) -> WheelIndex | None:
    """What an index decides by its address, None if it decides nothing."""
    if len(url) > MAX_LENGTH or "://" not in url:
        return None
    from urllib.parse import urlsplit

    try:
        address = urlsplit(url)
        host = address.hostname
    except ValueError:
        return None
    for known, path, packages in _rows():
        match = path.search(address.path) if host == known else None
        if match:
            return WheelIndex(url=url, variant=match["variant"], packages=packages)
    return None


def decisive(urls: Iterable[str]) -> WheelIndex | None:
    """The one index that decides builds among several, None if there is none or they disagree."""
    indexes = [index for url in urls if (index := wheel_index(url)) is not None]
    return indexes[0] if len({index.variant for index in indexes}) == 1 else None
