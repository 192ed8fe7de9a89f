"""uv.lock and the lock beside a script: every `[[package]]` is one locked version, its dependencies are edges."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping
from functools import partial

from mlaudit.document.document import Document
from mlaudit.document.node import Malformed, Node
from mlaudit.grammars.pypi import pyproject_text
from mlaudit.grammars.pypi.lock_text import named_index, unreadable_markers, variant
from mlaudit.grammars.relocking import LockTool
from mlaudit.model.errors import Unreadable
from mlaudit.model.lazy_dataclass import replace
from mlaudit.model.lazy_pattern import lazy_pattern
from mlaudit.model.names import normalized, package_of
from mlaudit.model.nouns import Conflict, Edge, Kind, Layer, Pin, Place, ProjectPart, Root, Statement, Unread
from mlaudit.model.scope import EVERYWHERE
from mlaudit.model.secrets import masked
from mlaudit.model.versions import exact
from mlaudit.parsers._registry import parser

SUPPORTED = 1
"""The only `version` of the format; a higher `revision` breaks no reader (uv-resolver/src/lock/mod.rs)."""
_SOURCES = {
    "registry": "index",
    "git": "git",
    "url": "url",
    "path": "path",
    "directory": "path",
    "editable": "path",
    "virtual": "path",
}
_TREES = ("editable", "virtual", "directory")
_LOCK_HEAD = lazy_pattern(rb"(?m)^version = 1\r?$")
_SCRIPT_ROOT = "(script)"
_WORKSPACE_ROOT = "(workspace)"


def _looks_like_it(doc: Document) -> bool:
    return (
        _LOCK_HEAD.search(doc.head) is not None
        and b"requires-python = " in doc.head
        and b"lock-version" not in doc.head
    )


lock_tool = LockTool(
    manifests=("pyproject.toml",),
    command=lambda package, version, _: ("uv", "lock", "--upgrade-package", f"{package}=={version}"),
    chooses=True,
)
"""The tool that updates it; the lock is never edited."""


@parser(
    kind="lock", files=["uv.lock", "*.py.lock"], content=_looks_like_it, marks=[b"requires-python = "], complete=True
)
def read(doc: Document) -> Iterator[Statement]:
    """Roots with their edges, locked packages, overrides and constraints.

    Hashes are left out: `doc.lock_toml` skips them, `doc.toml` has them.
    """
    lock = doc.lock_toml
    _check_version(lock)
    packages = tuple(lock.get("package").each())
    members = _members(lock, packages)
    yield from _python(doc, lock)
    yield from _conflicts(doc, lock)
    yield from _roots(doc, lock, packages, members)
    names = frozenset(_name(node) for node in packages)
    for node in packages:
        yield from _package_or_unread(doc, node, members, names)
    yield from _bounds(doc, lock)


def _check_version(lock: Node) -> None:
    version = lock.get("version")
    if not version.exists:
        raise Unreadable(
            "it has no `version`, which every uv.lock has; the file is empty, cut off or of another format"
        )
    if version.value != SUPPORTED or isinstance(version.value, bool):
        raise Malformed(
            f"the lock's version {version.value!r} is not known; version {SUPPORTED} is read", version.route
        )


def _python(doc: Document, lock: Node) -> Iterator[Pin]:
    requires = lock.get("requires-python")
    specifier = requires.maybe_text()
    if specifier:
        at = doc.at_route(requires.route)
        yield doc.pin(Layer.DECLARED, "python", specifier=specifier, kind=Kind.PYTHON, at=at)


def _conflicts(doc: Document, lock: Node) -> Iterator[Conflict]:
    """Which extras and groups can never be on together, `api[cpu]` and `api[cu124]`."""
    for node in lock.get("conflicts").each():
        yield Conflict(members=tuple(map(_conflicting, node.each())), at=doc.at_route(node.route))


def _conflicting(node: Node) -> ProjectPart:
    extra, group = node.get("extra").maybe_text(), node.get("group").maybe_text()
    return ProjectPart(node.get("package").text(), extra or None, group or None)


# Roots


def _members(lock: Node, packages: Iterable[Node]) -> frozenset[str]:
    """Names of the packages that belong to the audited project itself: its workspace's members, else the one at `.`."""
    listed = lock.dig("manifest", "members").texts()
    if listed:
        return frozenset(map(normalized, listed))
    return frozenset(name for node in packages if _is_at_root(node) for name in [_name(node)] if name)


def _is_at_root(node: Node) -> bool:
    source = node.value.get("source") if isinstance(node.value, dict) else None
    return isinstance(source, dict) and any(source.get(kind) == "." for kind in _TREES)


def _roots(doc: Document, lock: Node, packages: Iterable[Node], members: frozenset[str]) -> Iterator[Root | Unread]:
    """A root per member; without `--package`, uv takes the one at the workspace's root, else all of them."""
    ours = [node for node in packages if _name(node) in members]
    central = {_name(node) for node in ours if _is_at_root(node)}
    requires_python = lock.get("requires-python").maybe_text()
    manifest = lock.get("manifest")
    yield from _manifest_root(doc, manifest, requires_python, not central)
    yield from doc.guarded(
        ours, lambda node: (_root(doc, node, requires_python, not central or _name(node) in central),)
    )


def _name(node: Node) -> str | None:
    name = node.value.get("name") if isinstance(node.value, dict) else None
    return normalized(name) if isinstance(name, str) else None


def _manifest_root(doc: Document, manifest: Node, requires_python: str | None, default: bool) -> Iterator[Root]:
    """What a script, or a workspace whose root is no project, requires itself."""
    if not manifest.exists:
        return
    requirements = [_edge(node) for node in manifest.get("requirements").each()]
    grouped = {group: tuple(node.each()) for group, node in manifest.get("dependency-groups").items()}
    if not requirements and not grouped:
        return
    edges = [_edge(node, when_group=group) for group, nodes in grouped.items() for node in nodes]
    yield Root(
        name=_SCRIPT_ROOT if requirements else _WORKSPACE_ROOT,
        default=default,
        edges=(*requirements, *edges),
        groups=tuple(grouped),
        default_groups=_default_groups(doc, manifest.get("default-groups"), ".", tuple(grouped)),
        requires_python=requires_python,
        at=doc.at_route(manifest.route),
    )


def _root(doc: Document, node: Node, requires_python: str | None, default: bool) -> Root:
    edges = _edges(node, _declared(node))
    optional = [extra for extra, _ in node.get("optional-dependencies").items()]
    provided = node.dig("metadata", "provides-extras").texts()
    groups = tuple(group for group, _ in node.get("dev-dependencies").items())
    declared = [group for group, _ in node.dig("metadata", "requires-dev").items()]
    known_groups = tuple(dict.fromkeys((*groups, *declared)))
    return Root(
        name=node.get("name").text(),
        default=default,
        edges=edges,
        extras=tuple(dict.fromkeys((*optional, *provided))),
        groups=known_groups,
        default_groups=_default_groups(doc, node.get("default-groups"), _origin(node)[2] or ".", known_groups),
        requires_python=requires_python,
        at=doc.at(*node.route, "name"),
    )


def _default_groups(doc: Document, stated: Node, folder: str, groups: tuple[str, ...]) -> tuple[str, ...]:
    """The groups uv installs unasked: locks show them since revision 5, before that only the pyproject.toml does."""
    if stated.exists:
        return groups if stated.value == "all" else stated.texts()
    beside = doc.beside(f"{folder}/pyproject.toml") if groups else None
    if beside is not None:
        try:
            return tuple(group for group in pyproject_text.default_groups(beside) if group in groups)
        except (Malformed, Unreadable):
            pass
    return tuple(group for group in pyproject_text.UV_DEFAULT_GROUPS if group in groups)


# Packages


def _package_or_unread(
    doc: Document, node: Node, members: frozenset[str], names: Container[str | None]
) -> Iterator[Pin | Unread]:
    try:
        pin = _package(doc, node, members)
        yield pin
        yield from (doc.unread(why, pin.at, package=pin.package) for why in unreadable_markers(pin))
        for missing in dict.fromkeys(edge.name for edge in pin.requires if edge.name not in names):
            why = f"{pin.name} requires {missing}, for which the lock has no entry"
            yield doc.unread(why, pin.at, package=package_of(missing))
    except Malformed as error:
        name = _name(node)
        yield doc.unread(str(error), doc.at(*error.route), package=package_of(name) if name else None)


def _package(doc: Document, node: Node, members: frozenset[str]) -> Pin:
    name = node.get("name").text()
    version = node.get("version").maybe_text()
    kind, source, origin = _origin(node)
    return doc.pin(
        Layer.LOCKED,
        name,
        version,
        at=_place(doc, node),
        variant=variant(name, version, origin),
        kind=_kind(normalized(name), kind, members),
        scope=EVERYWHERE.with_marker(_any_of(node.get("resolution-markers").texts())),
        source=source,
        origin=origin,
        requires=_edges(node, {}),
        detail=f"{kind} {origin}" if kind in _TREES else None,
    )


def _place(doc: Document, node: Node) -> Place:
    return doc.at(*node.route, "version" if node.get("version").exists else "name")


def _kind(name: str, source: str, members: frozenset[str]) -> Kind:
    if name in members:
        return Kind.PROJECT
    return Kind.LOCAL if source in (*_TREES, "path") else Kind.PACKAGE


def _any_of(markers: tuple[str, ...]) -> str | None:
    if len(markers) < 2:
        return markers[0] if markers else None
    return " or ".join(f"({marker})" for marker in markers)


def _origin(node: Node) -> tuple[str, str, str | None]:
    """How uv calls the source, how a pin does, and where it is; the default index is no place of its own."""
    source = node.get("source")
    for key in _SOURCES:
        value = source.get(key).maybe_text() if source.exists else None
        if value is not None:
            return key, _SOURCES[key], named_index(value) if key == "registry" else value
    raise Malformed(f"expected a source with one of {', '.join(_SOURCES)}", source.route)


def _edges(node: Node, declared: Mapping[tuple[str, str | None, str | None], str]) -> tuple[Edge, ...]:
    """What a package requires, always, by an extra of its own or by a group of its own."""
    edges = [_edge(entry, declared=declared) for entry in node.get("dependencies").each()]
    for extra, nodes in node.get("optional-dependencies").items():
        edges += [_edge(entry, when_extra=extra, declared=declared) for entry in nodes.each()]
    for group, nodes in node.get("dev-dependencies").items():
        edges += [_edge(entry, when_group=group, declared=declared) for entry in nodes.each()]
    return tuple(edges)


def _edge(
    node: Node,
    *,
    when_extra: str | None = None,
    when_group: str | None = None,
    declared: Mapping[tuple[str, str | None, str | None], str] | None = None,
) -> Edge:
    plain = _plain_texts(node)
    if plain is not None:
        name = normalized(plain["name"])
        return Edge(
            name=name,
            version=plain.get("version"),
            specifier=plain.get("specifier") or (declared or {}).get((name, when_extra, when_group)),
            marker=plain.get("marker"),
            when_extra=when_extra,
            when_group=when_group,
        )
    name = normalized(node.get("name").text())
    origin = _origin(node)[2] if node.get("source").exists else None
    own = node.get("specifier").maybe_text()
    extras = (*node.get("extra").texts(), *node.get("extras").texts())
    return Edge(
        name=name,
        version=node.get("version").maybe_text(),
        origin=masked(origin) if origin else None,
        specifier=own or (declared or {}).get((name, when_extra, when_group)),
        extras=tuple(map(normalized, extras)),
        marker=node.get("marker").maybe_text(),
        when_extra=when_extra,
        when_group=when_group,
    )


_PLAIN_KEYS = frozenset(("name", "version", "marker", "specifier"))


def _plain_texts(node: Node) -> Mapping[str, str] | None:
    """The texts of a requirement that has nothing but texts, as nearly all do; None of any other."""
    stated = node.value
    if not isinstance(stated, dict) or not stated.keys() <= _PLAIN_KEYS or "name" not in stated:
        return None
    return stated if all(isinstance(text, str) for text in stated.values()) else None


_EXTRA_ATOM = lazy_pattern(r"extra\s{0,4}==\s{0,4}(?:'([^']{1,128})'|\"([^\"]{1,128})\")")


def _declared(node: Node) -> dict[tuple[str, str | None, str | None], str]:
    """The range that the project declares for each requirement; what it declares several times (forks) is left out."""
    asked_ranges: dict[tuple[str, str | None, str | None], list[str]] = {}
    for entry in node.dig("metadata", "requires-dist").each():
        asked = _EXTRA_ATOM.search(entry.get("marker").maybe_text() or "")
        extra = (asked.group(1) or asked.group(2)) if asked else None
        _note_range(asked_ranges, entry, extra, None)
    for group, entries in node.dig("metadata", "requires-dev").items():
        for entry in entries.each():
            _note_range(asked_ranges, entry, None, group)
    return {key: ranges[0] for key, ranges in asked_ranges.items() if len(ranges) == 1 and ranges[0]}


def _note_range(
    ranges: dict[tuple[str, str | None, str | None], list[str]], entry: Node, extra: str | None, group: str | None
) -> None:
    key = (normalized(entry.get("name").text()), extra, group)
    ranges.setdefault(key, []).append(entry.get("specifier").maybe_text() or "")


# What narrows without selecting

_BOUNDS = (("overrides", "override"), ("constraints", "constraint"))


def _bounds(doc: Document, lock: Node) -> Iterator[Statement]:
    manifest = lock.get("manifest")
    if not manifest.exists:
        return
    for key, word in _BOUNDS:
        yield from doc.guarded(_unscoped(manifest.get(key)), partial(_bound, doc, word))
    yield from doc.guarded(_unscoped(manifest.get("excludes")), partial(_excluded, doc))


def _unscoped(listed: Node) -> Iterator[Node]:
    """Entries that are for every package; the graph has what those for one package do to its requirements."""
    return (node for node in listed.each() if not (node.is_table and node.get("package").exists))


def _excluded(doc: Document, node: Node) -> Iterator[Pin]:
    yield doc.pin(Layer.LOCKED, node.text(), at=doc.at_route(node.route), kind=Kind.BOUND, detail="excluded")


def _bound(doc: Document, word: str, node: Node) -> Iterator[Pin]:
    specifier = node.get("specifier").maybe_text()
    version = exact(specifier) if specifier else None
    pin = doc.pin(
        Layer.LOCKED,
        node.get("name").text(),
        version,
        at=doc.at(*node.route, "specifier" if specifier else "name"),
        specifier=None if version else specifier,
        kind=Kind.BOUND,
        scope=EVERYWHERE.with_marker(node.get("marker").maybe_text()),
        detail=word,
    )
    yield replace(pin, overrides=word == "override")
