"""Runtimes and servers that read what another package writes: `runtimes.toml`."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from mlaudit.document.node import Malformed, Node
from mlaudit.knowledge.schema import checked, evidence, unknown_keys
from mlaudit.model.lazy_dataclass import dataclass
from mlaudit.model.nouns import Evidence
from mlaudit.model.versions import is_before, release_numbers

_FILE = "runtimes.toml"
_KEYS = frozenset({"id", "writers", "reader", "kinds", "unless", "says", "remedy", "source", "checked"})
_SERVER_KEYS = frozenset({"package", "of", "kinds", "source", "checked"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Runtime:
    """A runtime of what other packages write.

    Attributes:
        kinds: the kinds of files that it reads of them.
        unless: a package of the writer that decides instead, None if there is none.
        says: what happens where its release is behind that of the writer, with `{writer}` and `{reader}`; empty where
            it is not known how the releases of both go together.
    """

    id: str
    writers: tuple[str, ...]
    reader: str
    kinds: tuple[str, ...]
    unless: str | None
    says: str
    remedy: str
    evidence: tuple[Evidence, ...]

    @property
    def is_judged(self) -> bool:
        """Whether it is known how the releases of both go together."""
        return bool(self.says)

    def is_behind(self, writer: str, reader: str) -> bool:
        """Whether the runtime is of an older minor release than what writes."""
        written, read = ((*(release_numbers(version) or ()), 0, 0)[:2] for version in (writer, reader))
        return written != read and is_before(reader, writer) is True

    def filled(self, text: str, writer: str, reader: str) -> str:
        """A text with both versions in it."""
        return text.replace("{writer}", writer).replace("{reader}", reader)


@lru_cache(maxsize=1)
def runtimes() -> tuple[Runtime, ...]:
    """The rows. Raises KnowledgeError."""
    return checked(_FILE, lambda root: tuple(map(_row, root.get("runtime").each())))


@lru_cache(maxsize=1)
def served_kinds() -> Mapping[str, Mapping[str, frozenset[str]]]:
    """By a package, and by a server, the kinds that the server reads of what the package writes."""
    return checked(_FILE, _servers)


def _row(node: Node) -> Runtime:
    unknown_keys(node, _KEYS)
    says, remedy = node.get("says").maybe_text() or "", node.get("remedy").maybe_text() or ""
    if bool(says) != bool(remedy):
        raise Malformed("`says` and `remedy` belong together", node.route)
    return Runtime(
        id=node.get("id").text(),
        writers=node.get("writers").texts(),
        reader=node.get("reader").text(),
        kinds=node.get("kinds").texts(),
        unless=node.get("unless").maybe_text(),
        says=says,
        remedy=remedy,
        evidence=evidence(node),
    )


def _servers(root: Node) -> Mapping[str, Mapping[str, frozenset[str]]]:
    by_package: dict[str, dict[str, frozenset[str]]] = {}
    for node in root.get("server").each():
        unknown_keys(node, _SERVER_KEYS)
        evidence(node)
        kinds = frozenset(node.get("kinds").texts())
        by_package.setdefault(node.get("of").text(), {})[node.get("package").text()] = kinds
    return by_package
