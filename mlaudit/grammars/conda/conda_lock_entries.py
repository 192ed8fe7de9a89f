"""The packages of a conda-lock file, which the first pixi.lock files hold in the same shape."""

from __future__ import annotations

from collections.abc import Iterator

from mlaudit.document.document import Document
from mlaudit.document.node import Malformed, Node
from mlaudit.grammars.conda import conda_spec
from mlaudit.grammars.conda.conda_pins import CondaPins, Standing
from mlaudit.grammars.pypi import requirement
from mlaudit.model.nouns import Fact, Layer, Pin, Place, Root, Statement
from mlaudit.model.secrets import masked

DEFAULT_GROUPS = ("dev",)
"""Categories that `conda-lock install` takes beside `main` (conda_lock/conda_lock.py, `--dev/--no-dev`)."""

_PIP_STEP = 1


def statements(doc: Document, root: Node) -> Iterator[Statement]:
    """The environment with its categories, the channels, and a pin per package and platform."""
    packages = root.get("package")
    categories = _categories(packages)
    yield Root(
        name="default",
        kind="environment",
        groups=categories,
        default_groups=tuple(group for group in DEFAULT_GROUPS if group in categories),
        at=doc.at(*packages.route),
    )
    for node in root.dig("metadata", "channels").each():
        yield Fact(key="index", value=masked(node.get("url").text()), at=doc.at(*node.route, "url"))
    pins = CondaPins(doc)
    yield from doc.guarded(packages.each(), lambda node: _package(doc, pins, node))


def _categories(packages: Node) -> tuple[str, ...]:
    categories: dict[str, None] = {}
    for node in packages.each():
        category = node.value.get("category") if isinstance(node.value, dict) else None
        if isinstance(category, str) and category != "main":
            categories[category] = None
    return tuple(categories)


def _package(doc: Document, pins: CondaPins, node: Node) -> Iterator[Pin]:
    name, version = node.get("name").text(), node.get("version").text()
    manager = node.get("manager").maybe_text() or "conda"
    standing = Standing(
        layer=Layer.LOCKED,
        groups=_groups(node),
        platforms=(node.get("platform").text(),),
        step=_PIP_STEP if manager == "pip" else 0,
    )
    at = doc.at(*node.route, "version")
    url = node.get("url").maybe_text() or ""
    hashes = tuple(f"{key}:{value.text()}" for key, value in node.get("hash").items() if value.exists)
    if manager == "pip":
        yield _pip_package(doc, node, at, standing, hashes)
        return
    if manager != "conda":
        raise Malformed(f"expected conda or pip as manager, found `{manager}`", (*node.route, "manager"))
    dist = conda_spec.dist_of(url)
    build = node.get("build").maybe_text() or (dist[2] if dist else None)
    channel = conda_spec.split_channel(url.rpartition("/")[0])[0] if "://" in url else None
    yield from pins.installed(name, version, build, at, standing, origin=channel, hashes=hashes)


def _pip_package(doc: Document, node: Node, at: Place, standing: Standing, hashes: tuple[str, ...]) -> Pin:
    url = node.get("url").maybe_text() or ""
    source = requirement.source_of(url) if url else "index"
    # The address of an ordinary package is that of its file; only `source` states that the user named an address.
    named = source in ("git", "path") or node.get("source").exists
    return doc.pin(
        standing.layer,
        node.get("name").text(),
        node.get("version").text(),
        at=at,
        scope=standing,
        source=source if named else "index",
        origin=url if named else None,
        hashes=hashes,
    )


def _groups(node: Node) -> tuple[str, ...]:
    """The category; conda-lock's own copies hold a list of them."""
    several = node.get("categories")
    if several.exists:
        return several.texts()
    category = node.get("category").maybe_text()
    return (category,) if category else ()
