"""Where uv and Poetry take packages from: `[tool.uv.sources]`, and the indexes that both of them name."""

from __future__ import annotations

from collections.abc import Mapping

from mlaudit.document.document import Document
from mlaudit.document.node import Malformed, Node, Route
from mlaudit.grammars.pypi import requirement
from mlaudit.model.lazy_dataclass import dataclass
from mlaudit.model.names import normalized


@dataclass(frozen=True, slots=True, kw_only=True)
class UvSource:
    """Where uv takes a package from, and when: one entry of `[tool.uv.sources]`."""

    kind: str
    origin: str | None = None
    index: str | None = None
    marker: str | None = None
    extra: str | None = None
    group: str | None = None
    workspace: bool = False
    editable: bool = False
    route: Route = ()


def uv_sources(doc: Document) -> Mapping[str, tuple[UvSource, ...]]:
    """`[tool.uv.sources]` by normalized package name, its indexes resolved to addresses. Raises Malformed."""
    addresses = indexes(doc)
    return {
        normalized(package): tuple(_uv_source(entry, addresses) for entry in (node.each() if node.is_list else (node,)))
        for package, node in doc.toml.dig("tool", "uv", "sources").items()
    }


def indexes(doc: Document) -> Mapping[str, str]:
    """Addresses of named indexes, uv's `[[tool.uv.index]]` and Poetry's `[[tool.poetry.source]]`. Raises Malformed."""
    tool = doc.toml.get("tool")
    listed = (*tool.dig("uv", "index").each(), *tool.dig("poetry", "source").each())
    return {
        node.get("name").text(): node.get("url").text()
        for node in listed
        if node.get("name").exists and node.get("url").exists
    }


def _uv_source(node: Node, addresses: Mapping[str, str]) -> UvSource:
    kind, origin = _uv_origin(node, addresses)
    return UvSource(
        kind=kind,
        origin=origin,
        index=node.get("index").maybe_text(),
        marker=_marker(node.get("marker")),
        extra=node.get("extra").maybe_text(),
        group=node.get("group").maybe_text(),
        workspace=node.get("workspace").flag(),
        editable=node.get("editable").flag(),
        route=node.route,
    )


def _marker(node: Node) -> str | None:
    if not node.exists:
        return None
    marker, problem = requirement.normal_marker(node.text())
    if problem is not None:
        raise Malformed(problem, node.route)
    return marker


def _uv_origin(node: Node, addresses: Mapping[str, str]) -> tuple[str, str | None]:
    git = node.get("git").maybe_text()
    if git:
        revision = next(
            (maybe_text for key in ("rev", "tag", "branch") if (maybe_text := node.get(key).maybe_text())), None
        )
        return "git", f"git+{git}{f'@{revision}' if revision else ''}"
    for key, kind in (("url", "url"), ("path", "path")):
        maybe_text = node.get(key).maybe_text()
        if maybe_text:
            return kind, maybe_text
    if node.get("workspace").flag():
        return "path", None
    index = node.get("index").maybe_text()
    return "index", addresses.get(index) if index else None
