"""Where installers keep the wheels that they fetched (`package_caches.toml`)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from mlaudit.document.node import Node
from mlaudit.knowledge.schema import checked
from mlaudit.model.lazy_dataclass import dataclass

_WHEELHOUSES = "wheelhouses"


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheLayout:
    """The cache of one installer.

    Attributes:
        variable: the variable of the environment that names its folder.
        folders: where it lies otherwise; `~` and `$NAME` are replaced.
        buckets: the folders inside it that have the folders of packages, as a pattern.
        unpacked: below a bucket, where a folder for each package has links to unpacked wheels.
        archives: the folders inside it that such links lead to, as a pattern.
        wheels: folders of wheels, at any depth.
        bodies: folders of answers of an index, some of them wheels.
    """

    title: str
    variable: str
    folders: tuple[str, ...]
    buckets: str
    unpacked: tuple[str, ...]
    archives: str
    wheels: tuple[str, ...]
    bodies: tuple[str, ...]


@lru_cache(maxsize=1)
def cache_layouts() -> tuple[CacheLayout, ...]:
    """The caches, in the order in which they are asked."""
    return tuple(_layout(row) for name, row in _rows().items() if name != _WHEELHOUSES)


def wheelhouse_names() -> tuple[str, ...]:
    """What folders of wheels are called that are beside the files of an environment."""
    return _texts(_rows()[_WHEELHOUSES], "folders")


@lru_cache(maxsize=1)
def _rows() -> Mapping[str, Node]:
    return checked("package_caches.toml", lambda root: dict(root.items()))


def _layout(row: Node) -> CacheLayout:
    return CacheLayout(
        title=row.get("title").text(),
        variable=row.get("variable").text(),
        folders=_texts(row, "folders"),
        buckets=row.get("buckets").maybe_text() or "",
        unpacked=_texts(row, "unpacked"),
        archives=row.get("archives").maybe_text() or "",
        wheels=_texts(row, "wheels"),
        bodies=_texts(row, "bodies"),
    )


def _texts(row: Node, key: str) -> tuple[str, ...]:
    return tuple(row.get(key).texts()) if row.get(key).exists else ()
