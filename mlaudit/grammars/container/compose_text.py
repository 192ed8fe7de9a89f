"""What several readers of compose files share: values that hold by default, and volumes.

https://docs.docker.com/reference/compose-file/interpolation/, https://docs.docker.com/reference/compose-file/services/#volumes
"""

from __future__ import annotations

from collections.abc import Iterator

from mlaudit.document.node import Node
from mlaudit.model.lazy_pattern import lazy_pattern

_DEFAULT = lazy_pattern(r"\$\{\w{1,128}:?-([^${}]{0,400})\}")


def with_defaults(text: str) -> str:
    """A text in which variables have the values that hold if nothing sets them."""
    return _DEFAULT.sub(lambda match: match[1], text)


def volumes(service: Node) -> Iterator[tuple[str, str]]:
    """What a service mounts, as it is written, with the absolute path at which it sees it."""
    listed = service.get("volumes")
    for node in listed.each() if listed.is_list else ():
        if node.is_table:
            source, target = node.get("source").maybe_text() or "", node.get("target").maybe_text() or ""
        else:
            source, _, rest = with_defaults(node.text() if node.is_text else "").partition(":")
            target = rest.partition(":")[0]
        if source and target.startswith("/") and "$" not in source + target:
            yield source, target
