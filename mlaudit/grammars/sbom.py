"""What CycloneDX and SPDX have in common: a component with a name, a version and a package URL becomes pins."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from mlaudit.document.budget import Limit, spend
from mlaudit.document.document import Document
from mlaudit.document.node import Malformed, Node
from mlaudit.grammars import model_refs
from mlaudit.grammars.conda.conda_pins import CondaPins, Standing
from mlaudit.grammars.pypi import purl, requirement
from mlaudit.grammars.pypi.purl import PackageUrl
from mlaudit.model.lazy_dataclass import dataclass, replace
from mlaudit.model.markers import both_markers
from mlaudit.model.names import normalized
from mlaudit.model.nouns import Edge, Kind, Layer, Pin, Place, Statement, Unread
from mlaudit.model.scope import PinScope
from mlaudit.model.versions import parsed, specifiers

COMPONENTS = Limit(name="components of a bill of materials", most=150_000)
"""A bill of a large image names some ten thousand; each takes about a kilobyte of memory."""

# Types of package URLs: https://github.com/package-url/purl-spec/blob/main/purl-types-index.json
_SYSTEM = frozenset(("alpm", "apk", "deb", "rpm"))
_IMAGES = frozenset(("docker", "oci"))
# What the components of an SBOM without a package URL are (`type` of CycloneDX).
_KINDS = {
    "": Kind.PACKAGE,
    "library": Kind.PACKAGE,
    "framework": Kind.PACKAGE,
    "application": Kind.PACKAGE,
    "machine-learning-model": Kind.MODEL,
    "data": Kind.DATA,
    "operating-system": Kind.SYSTEM,
    "platform": Kind.SYSTEM,
    "firmware": Kind.SYSTEM,
    "device": Kind.SYSTEM,
    "device-driver": Kind.SYSTEM,
    "cryptographic-asset": Kind.SYSTEM,
    "container": Kind.IMAGE,
    "file": Kind.FILE,
}
_NO_URL = "its package URL cannot be read; expected one like `pkg:pypi/torch@2.3.1`"


@dataclass(frozen=True, slots=True, kw_only=True)
class Component:
    """One entry of an SBOM.

    Attributes:
        at: the place of its version, or of its name where it has none.
        purl: the text of its package URL.
        type: CycloneDX's word for what it is; empty if the format has none.
        ref: by which other entries name it.
        requires: edges to what it needs.
        marker: where it is installed, as a property of the generator says.
        groups: dependency groups that it is of, as a property says.
    """

    name: str
    at: Place
    version: str | None = None
    purl: str | None = None
    type: str = ""
    ref: str = ""
    hashes: tuple[str, ...] = ()
    requires: tuple[Edge, ...] = ()
    marker: str | None = None
    groups: tuple[str, ...] = ()


_MARKERS = frozenset(("uv:package:marker",))
_GROUPS = frozenset(("cdx:poetry:group", "cdx:pipenv:category", "cdx:pdm:group"))


def with_properties(component: Component, properties: Iterable[tuple[str, str]]) -> Component:
    """The component with the marker and the groups that generators write into properties.

    uv: https://docs.astral.sh/uv/concepts/projects/export/; cyclonedx-py: https://cyclonedx.github.io/cyclonedx-property-taxonomy/
    """
    marker, groups = component.marker, list(component.groups)
    for name, value in properties:
        if name in _MARKERS and value.strip():
            marker = both_markers(marker, value.strip())
        elif name in _GROUPS and value.strip():
            groups.append(value.strip())
    return replace(component, marker=marker, groups=tuple(dict.fromkeys(groups)))


def optional_members(doc: Document, members: Iterable[Node | Unread]) -> Iterator[Node | Unread]:
    """The members of a list that a bill can be read without; an Unread where it is no list."""
    try:
        yield from members
    except Malformed as error:
        yield doc.unread(str(error), doc.at(*error.route))


def statements(doc: Document, pins: CondaPins, component: Component, layer: Layer) -> Iterator[Statement]:
    """What a component states; the version of its package URL counts where its own is missing.

    Raises BudgetExceeded.
    """
    spend(COMPONENTS)
    url = purl.parse(component.purl) if component.purl else None
    if component.purl and url is None:
        yield doc.unread(_NO_URL, component.at, what=component.purl)
    if url is None:
        yield _plain(doc, component, layer)
        return
    version = component.version or url.version
    if url.type == "pypi":
        yield _distribution(doc, component, url.name, version, layer)
    elif url.type == "conda":
        yield from _conda(doc, pins, component, url, layer)
    else:
        yield _other(doc, component, url, layer)


def _distribution(doc: Document, component: Component, name: str, version: str | None, layer: Layer) -> Pin | Unread:
    """A Python distribution; some tools write the range of a manifest where a version belongs."""
    version = (version or "").strip() or None
    specifier = None
    if version is not None and parsed(version) is None:
        listed = version if version[0] in "<>=!~" else f"=={version}" if version.endswith(".*") else ""
        if not listed or specifiers(listed) is None:
            why = f"`{version[:80]}` is no version (PEP 440)"
            return doc.unread(why, component.at, what=f"{name} {version}", package=_row(doc, name, component.at))
        plain = requirement.parse(f"{name}{listed}")
        version, specifier = plain.version, plain.specifier
    return doc.pin(
        layer if version else Layer.DECLARED,
        name,
        version,
        at=component.at,
        kind=Kind.PYTHON if normalized(name) == "python" else Kind.PACKAGE,
        specifier=specifier,
        hashes=component.hashes,
        requires=component.requires,
        scope=PinScope(marker=component.marker, groups=component.groups),
    )


def _row(doc: Document, name: str, at: Place) -> str:
    return doc.pin(Layer.DECLARED, name, at=at).package


def _conda(
    doc: Document, pins: CondaPins, component: Component, url: PackageUrl, layer: Layer
) -> Iterator[Pin | Unread]:
    version = component.version or url.version
    if version is None:
        yield doc.pin(Layer.DECLARED, url.name, at=component.at, ecosystem="conda")
        return
    subdir = url.qualifiers.get("subdir")
    standing = Standing(layer=layer, platforms=(subdir,) if subdir and subdir != "noarch" else ())
    yield from pins.installed(
        url.name,
        version,
        url.qualifiers.get("build"),
        component.at,
        standing,
        origin=url.qualifiers.get("channel"),
        hashes=component.hashes,
        requires=component.requires,
    )


def _other(doc: Document, component: Component, url: PackageUrl, layer: Layer) -> Pin:
    """What no Python installer installs; its row is an address, save for packages of an operating system."""
    version, at = component.version or url.version, component.at
    if url.type == "huggingface":
        return model_refs.reference(doc, Kind.MODEL, f"hf://{url.full_name}", url.version or version, at, layer=layer)
    if url.type == "mlflow":
        return model_refs.reference(doc, Kind.MODEL, f"models:/{url.name}", version, at, layer=layer)
    if url.type in _SYSTEM:
        pin = doc.pin(layer, url.name, version, at=at, kind=Kind.SYSTEM, hashes=component.hashes)
        return replace(pin, variant=None)
    if url.type == "generic" and url.name == "python":
        return doc.pin(layer, url.name, version, at=at, kind=Kind.PYTHON)
    kind = Kind.IMAGE if url.type in _IMAGES else Kind.SYSTEM
    named = url.full_name if kind is Kind.IMAGE else f"{url.type}:{url.full_name}"
    return model_refs.reference(doc, kind, named, version, at, layer=layer)


def _plain(doc: Document, component: Component, layer: Layer) -> Pin | Unread:
    """A component that has no package URL: what its type says, a Python distribution where that says nothing."""
    kind = _KINDS.get(component.type, Kind.PACKAGE)
    if kind is Kind.PACKAGE:
        if not re.fullmatch(r"[A-Za-z0-9][\w.-]{0,200}", component.name):
            return model_refs.reference(doc, Kind.SYSTEM, component.name, component.version, component.at, layer=layer)
        return _distribution(doc, component, component.name, component.version, layer)
    name = f"{kind.value}:{component.name}" if kind in (Kind.MODEL, Kind.DATA) else component.name
    pin = model_refs.reference(doc, kind, name, component.version, component.at, layer=layer)
    return replace(pin, hashes=component.hashes)
