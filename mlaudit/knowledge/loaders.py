"""Which call loads which artifact kind."""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase
from functools import lru_cache

from mlaudit.document.node import Node
from mlaudit.knowledge.schema import checked


@lru_cache(maxsize=1)
def _patterns() -> Mapping[str, tuple[str, ...]]:
    def rows(root: Node) -> Mapping[str, tuple[str, ...]]:
        return {name: kinds.texts() for name, kinds in root.get("loader").items()}

    return checked("loaders.toml", rows)


def loader_of(kind: str) -> str | None:
    """The name of the call that loads a kind: that which names it, else the first pattern that fits."""
    exact = (name for name, kinds in _patterns().items() if kind in kinds)
    fitting = (name for name, kinds in _patterns().items() if any(fnmatchcase(kind, pattern) for pattern in kinds))
    return next(exact, None) or next(fitting, None)
