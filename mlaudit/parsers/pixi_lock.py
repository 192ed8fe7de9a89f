"""pixi.lock, versions 1 to 7: what each environment installs on each platform."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from mlaudit.document.document import Document
from mlaudit.document.node import Malformed, Node
from mlaudit.grammars.conda import conda_lock_entries, conda_spec
from mlaudit.grammars.conda.conda_pins import CondaPins, Standing
from mlaudit.grammars.pypi import requirement
from mlaudit.grammars.relocking import LockTool
from mlaudit.model.errors import Unreadable
from mlaudit.model.lazy_dataclass import dataclass
from mlaudit.model.lazy_pattern import lazy_pattern
from mlaudit.model.nouns import Fact, Kind, Layer, Pin, Place, Root, Statement, Unread
from mlaudit.model.secrets import masked
from mlaudit.parsers._registry import parser

LAST_VERSION = 7
"""The newest version known (rattler, crates/rattler_lock/src/file_format_version.rs)."""
FIRST_WITH_ENVIRONMENTS = 4

_PIP_STEP = 1
_HEAD = lazy_pattern(rb"(?m)^version: [\"']?([1-9]\d{0,2})[\"']?\s*$")
_KINDS = ("conda", "pypi", "source", "conda_source")
_SOURCE = lazy_pattern(r"(?P<name>[^\[\]\s]{1,200})\[(?P<hash>[^\[\]]{0,64})\]\s*@\s*(?P<path>\S.*)")


@dataclass(frozen=True, slots=True)
class _PackageReference:
    """What names a package in `environments` and in `packages`: kind, place, and a name where places hold several."""

    kind: str
    place: str
    name: str | None = None


Uses = dict[_PackageReference, dict[tuple[str, ...], None]]
"""Pairs of part and platform that install a package, in the order of the lock."""


def _looks_like_it(doc: Document) -> bool:
    match = _HEAD.search(doc.head)
    if match is None:
        return False
    if int(match.group(1)) >= FIRST_WITH_ENVIRONMENTS:
        return b"\nenvironments:" in doc.head
    return int(match.group(1)) > 1 and b"\npackage:" in doc.head


lock_tool = LockTool(manifests=("pixi.toml", "pyproject.toml"), command=lambda package, *_: ("pixi", "update", package))
"""The tool that updates it; the lock is never edited."""


@parser(
    kind="lock",
    files=["pixi.lock", "*.pixi.lock"],
    content=_looks_like_it,
    marks=[b"environments:", b"package:"],
    complete=True,
)
def read(doc: Document) -> Iterator[Statement]:
    """A root per environment, and a pin per package for the environments and platforms that install it."""
    lock = doc.yaml
    if not lock.exists:
        raise Unreadable("it is empty; pixi.lock begins with its `version`")
    if _version(lock) < FIRST_WITH_ENVIRONMENTS:
        yield from conda_lock_entries.statements(doc, lock)
        return
    subdirs = _subdirs(lock)
    yield from _roots(doc, lock, subdirs)
    yield from _indexes(doc, lock)
    uses, places = _uses(lock, subdirs)
    pins = CondaPins(doc)
    met: set[_PackageReference] = set()
    for node in lock.get("packages").each():
        yield from doc.guarded([node], lambda entry: _package(doc, pins, entry, uses, met))
    for reference, route in places.items():
        if reference not in met:
            why = f"the environment names `{masked(reference.place)[:120]}`, which is not listed under `packages`"
            yield doc.unread(why, doc.at(*route), what=reference.place)


def _version(lock: Node) -> int:
    version = lock.get("version").maybe_text() or ""
    if not version.isascii() or not version.isdigit() or not 1 <= int(version[:9]) <= LAST_VERSION:
        raise Malformed(f"the lock states version `{version[:40]}`; 1 to {LAST_VERSION} are read", ("version",))
    return int(version)


def _subdirs(lock: Node) -> dict[str, str]:
    """The conda platform of each named platform; version 7 lets projects name their own (`x86-cuda13`)."""
    names: dict[str, str] = {}
    for node in lock.get("platforms").each():
        name = node.get("name").text()
        names[name] = node.get("subdir").maybe_text() or name
    return names


def _part(environment: str, platform: str, subdirs: dict[str, str]) -> str:
    """The environment, its platform behind `@` where that is a second one for the same machine."""
    subdir = subdirs.get(platform, platform)
    alike = [name for name, other in subdirs.items() if other == subdir]
    usual = subdir if subdir in alike or not alike else alike[0]
    return environment if platform == usual else f"{environment}@{platform}"


def _parts(lock: Node, subdirs: dict[str, str]) -> Iterator[tuple[str, str, str, Node]]:
    """Environment, part, platform and list of packages, for every environment and platform."""
    for environment, node in lock.get("environments").items():
        for platform, packages in node.get("packages").items():
            yield environment, _part(environment, platform, subdirs), platform, packages


def _roots(doc: Document, lock: Node, subdirs: dict[str, str]) -> Iterator[Root]:
    environments = [name for name, _ in lock.get("environments").items()]
    parts = dict.fromkeys(environments, True)
    parts.update({part: False for _, part, _, _ in _parts(lock, subdirs) if part not in parts})
    for part, is_environment in parts.items():
        default = is_environment and (part == "default" or len(environments) == 1)
        at = doc.at("environments", part if is_environment else part.rpartition("@")[0])
        yield Root(name=part, kind="environment", default=default, at=at)


def _indexes(doc: Document, lock: Node) -> Iterator[Fact]:
    """Channels and package indexes, each once."""
    addresses: set[str] = set()
    for environment in (node for _, node in lock.get("environments").items()):
        channels = [node.get("url") for node in environment.get("channels").each()]
        for node in (*channels, *environment.get("indexes").each()):
            if node.text() not in addresses:
                addresses.add(node.text())
                yield Fact(key="index", value=masked(node.text()), at=doc.at(*node.route))


def _uses(lock: Node, subdirs: dict[str, str]) -> tuple[Uses, dict[_PackageReference, tuple[str | int, ...]]]:
    uses: Uses = {}
    places: dict[_PackageReference, tuple[str | int, ...]] = {}
    for _, part, platform, packages in _parts(lock, subdirs):
        for node in packages.each():
            reference = _reference(node)
            places.setdefault(reference, node.route)
            uses.setdefault(reference, {})[part, subdirs.get(platform, platform)] = None
    return uses, places


def _reference(node: Node) -> _PackageReference:
    for kind in _KINDS:
        place = node.get(kind)
        if place.exists:
            name = node.get("name").maybe_text() if kind == "conda" else None
            return _PackageReference(kind, place.text(), name)
    raise Malformed(f"expected one of {', '.join(_KINDS)}", node.route)


def _listed(node: Node) -> _PackageReference:
    """The reference that an entry of `packages` answers; versions 4 and 5 state `kind` and `url` or `path`."""
    kind = node.get("kind").maybe_text()
    if kind is None:
        return _reference(node)
    if kind not in _KINDS:
        raise Malformed(f"expected conda or pypi as kind, found `{kind[:40]}`", (*node.route, "kind"))
    place = node.get("url").maybe_text() or node.get("path").text()
    return _PackageReference(kind, place, node.get("name").maybe_text() if kind == "conda" else None)


def _package(
    doc: Document, pins: CondaPins, node: Node, uses: Uses, met: set[_PackageReference]
) -> Iterator[Pin | Unread]:
    listed = _listed(node)
    reference = listed if listed in uses else _PackageReference(listed.kind, listed.place)
    met.add(reference)
    read = _pypi_package if reference.kind == "pypi" else _conda_package
    standings = list(_standings(uses.get(reference, {}), step=_PIP_STEP if reference.kind == "pypi" else 0))
    if not standings:
        yield doc.unread("no environment of the lock installs it", doc.at(*node.route), what=listed.place)
    for standing in standings:
        yield from read(doc, pins, node, reference.place, standing)


def _standings(used: Iterable[tuple[str, ...]], step: int) -> Iterator[Standing]:
    """Where a package is installed; the environments that install it on the same platforms are taken together."""
    by_part: dict[str, list[str]] = {}
    for part, platform in used:
        by_part.setdefault(part, []).append(platform)
    by_platforms: dict[tuple[str, ...], list[str]] = {}
    for part, platforms in by_part.items():
        by_platforms.setdefault(tuple(platforms), []).append(part)
    for together, parts in by_platforms.items():
        yield Standing(layer=Layer.LOCKED, platforms=together, parts=tuple(parts), step=step)


def _hashes(node: Node) -> tuple[str, ...]:
    return tuple(f"{key}:{node.get(key).text()}" for key in ("md5", "sha256") if node.get(key).exists)


def _place(doc: Document, node: Node) -> Place:
    key = next((key for key in ("version", *_KINDS, "name") if node.get(key).exists), None)
    return doc.at(*node.route, *((key,) if key else ()))


def _conda_package(doc: Document, pins: CondaPins, node: Node, place: str, standing: Standing) -> Iterator[Pin]:
    source = _SOURCE.fullmatch(place)
    dist = conda_spec.dist_of(place) if source is None else None
    name = node.get("name").maybe_text() or (source["name"] if source else None) or (dist[0] if dist else None)
    version = node.get("version").maybe_text() or (dist[1] if dist else None)
    if name is None:
        raise Malformed(f"expected the address of a conda package, found `{place[:120]}`", node.route)
    at = _place(doc, node)
    if source is not None or dist is None or version is None:
        origin = source["path"] if source else place
        yield _built_here(doc, name, version, at, standing, origin)
        return
    channel = conda_spec.split_channel(place.rpartition("/")[0])[0] if "://" in place else None
    build = node.get("build").maybe_text() or dist[2]
    yield from pins.installed(name, version, build, at, standing, origin=channel, hashes=_hashes(node))


def _built_here(doc: Document, name: str, version: str | None, at: Place, standing: Standing, origin: str) -> Pin:
    """A conda package that pixi builds from its sources."""
    return doc.pin(
        standing.layer,
        name,
        version,
        at=at,
        ecosystem="conda",
        kind=Kind.PROJECT if origin in (".", "./") else Kind.LOCAL,
        source=requirement.source_of(origin) if "://" in origin else "path",
        origin=origin,
        scope=standing,
        detail="built from its sources",
    )


def _pypi_package(doc: Document, pins: CondaPins, node: Node, place: str, standing: Standing) -> Iterator[Pin]:
    address = place.removeprefix("direct+")
    name_and_version = requirement.name_and_version(address)
    name = node.get("name").maybe_text() or (name_and_version[0] if name_and_version else None)
    version = node.get("version").maybe_text() or (name_and_version[1] if name_and_version else None)
    if name is None:
        raise Malformed(f"expected a name, and `{masked(place)[:120]}` holds none", node.route)
    source = requirement.source_of(address) if "://" in address else "path"
    from_index = source == "url" and address == place and name_and_version is not None
    kind = Kind.PACKAGE if source != "path" or name_and_version else Kind.LOCAL
    yield pins.doc.pin(
        standing.layer,
        name,
        version,
        at=_place(doc, node),
        kind=Kind.PROJECT if address in (".", "./") else kind,
        source="index" if from_index else source,
        origin=None if from_index else address,
        hashes=_hashes(node),
        scope=standing,
        requires_python=node.get("requires_python").maybe_text(),
        detail="editable" if node.get("editable").value == "true" else None,
    )
