"""What was kept of audited content, forgotten in one call: a process that audits for long, or many, wants it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator

PACKAGE = "mlaudit"


def clear_content_caches() -> int:
    """Forget every text, version and requirement that was parsed and kept; how many entries these were.

    Caches that hold one value (the tables of the knowledge, the list of parsers) are of the program and stay.
    """
    forgotten = 0
    for cache in content_caches():
        forgotten += cache.cache_info().currsize  # type: ignore[attr-defined]
        cache.cache_clear()  # type: ignore[attr-defined]
    return forgotten


def content_caches() -> Iterator[Callable[..., object]]:
    """The functions of loaded modules that keep several results, each once: a new one needs no list."""
    seen: set[int] = set()
    for name, module in list(sys.modules.items()):
        if name != PACKAGE and not name.startswith(f"{PACKAGE}."):
            continue
        for value in list(vars(module).values()):
            if id(value) not in seen and _keeps_several(value):
                seen.add(id(value))
                yield value


def _keeps_several(value: object) -> bool:
    parameters = None if isinstance(value, type) else getattr(value, "cache_parameters", None)
    return callable(parameters) and parameters()["maxsize"] != 1
