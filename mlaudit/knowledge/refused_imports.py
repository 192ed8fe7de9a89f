"""Names that no model file needs, because they start programs or run texts as code."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from mlaudit.document.node import Node
from mlaudit.knowledge.schema import checked

ANY = "*"


@lru_cache(maxsize=1)
def refused_imports() -> tuple[tuple[str, str], ...]:
    """Modules with the names of them that are refused, `*` for all."""

    def rows(root: Node) -> tuple[tuple[str, str], ...]:
        return tuple((module, name) for module, names in root.get("refused").items() for name in names.texts())

    return checked("refused_imports.toml", rows)


def refused_among(names: Iterable[tuple[str, str]]) -> tuple[str, ...]:
    """Those of some imported names that are refused, as `module.name`; a package stands for its modules."""
    known = frozenset(refused_imports())
    refused = []
    for module, name in names:
        parents = [module.rsplit(".", cut)[0] for cut in range(module.count(".") + 1)]
        if any((parent, ANY) in known for parent in parents) or (module, name) in known:
            refused.append(f"{module}.{name}")
    return tuple(refused)
