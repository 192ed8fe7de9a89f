"""Services that commit new versions of dependencies, by the authors of their commits (`dependency_bots.toml`)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from mlaudit.document.node import Node
from mlaudit.knowledge.schema import checked

_NUMBER_ENDS = "+"


def dependency_bot(name: str, address: str) -> str | None:
    """What the service is called that a commit's author belongs to, None for anybody else."""
    number, _, rest = address.lower().partition(_NUMBER_ENDS)
    plain = rest if rest and number.isdigit() else address.lower()
    known = _authors()
    return known.get(plain) or known.get(name.strip().lower())


@lru_cache(maxsize=1)
def _authors() -> Mapping[str, str]:
    return checked("dependency_bots.toml", _built)


def _built(root: Node) -> Mapping[str, str]:
    return {
        author.lower(): row.get("title").text()
        for _, row in root.items()
        for known in row.get("authors").each()
        for author in (known.get("name").maybe_text(), known.get("address").maybe_text())
        if author is not None
    }
