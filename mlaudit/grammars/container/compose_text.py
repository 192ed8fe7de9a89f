"""What several readers of compose files share: values that hold by default, and volumes.

https://docs.docker.com/reference/compose-file/interpolation/, https://docs.docker.com/reference/compose-file/services/#volumes
"""

from __future__ import annotations

from collections.abc import Iterator

from mlaudit.document.node import Node
from mlaudit.model.lazy_dataclass import dataclass
from mlaudit.model.lazy_pattern import lazy_pattern

_DEFAULT = lazy_pattern(r"\$\{\w{1,128}:?-([^${}]{0,400})\}")


def with_defaults(text: str) -> str:
    """A text in which variables have the values that hold if nothing sets them."""
    return _DEFAULT.sub(lambda match: match[1], text)


@dataclass(frozen=True, slots=True, kw_only=True)
class Volume:
    """What a service mounts, as it is written, and the absolute path at which it sees it.

    Attributes:
        is_default: a variable may name another source; this is the one that holds if nothing sets it.
    """

    source: str
    target: str
    is_default: bool = False


def volumes(service: Node) -> Iterator[Volume]:
    """What a service mounts."""
    listed = service.get("volumes")
    for node in listed.each() if listed.is_list else ():
        if node.is_table:
            written, target = node.get("source").maybe_text() or "", node.get("target").maybe_text() or ""
            source = written
        else:
            written = node.text() if node.is_text else ""
            source, _, rest = with_defaults(written).partition(":")
            target = rest.partition(":")[0]
        if source and target.startswith("/") and "$" not in source + target:
            yield Volume(source=source, target=target, is_default=not written.startswith(source))
