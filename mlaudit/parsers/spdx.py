"""SPDX documents: 2.x as JSON, YAML and tag-value, 3.x as JSON-LD.

Specifications: https://spdx.github.io/spdx-spec/v2.3/ and https://spdx.github.io/spdx-spec/v3.0.1/
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator

from mlaudit.document.document import Document
from mlaudit.document.node import Node
from mlaudit.grammars import sbom
from mlaudit.grammars.conda.conda_pins import CondaPins
from mlaudit.grammars.dump_text import DumpLine, lines
from mlaudit.grammars.sbom import Component
from mlaudit.model.errors import Unreadable
from mlaudit.model.lazy_dataclass import dataclass, field
from mlaudit.model.lazy_pattern import lazy_pattern
from mlaudit.model.nouns import Kind, Layer, Pin, Place, Statement, Unread
from mlaudit.parsers._registry import parser

_NO_VALUE = frozenset(("", "NOASSERTION", "NONE"))
_TAG = lazy_pattern(r"(?P<tag>[A-Z][A-Za-z]{1,40}):\s{0,8}(?P<value>.{0,4000})")
_EXTERNAL = lazy_pattern(r"(?:PACKAGE[-_]MANAGER|OTHER)\s{1,8}purl\s{1,8}(?P<purl>\S{1,4000})")
_MARK = lazy_pattern(
    rb"(?m)^\s{0,64}\"?(?:spdxVersion|SPDXVersion)\"?\s{0,8}:|\"@context\"\s{0,8}:\s{0,8}\[?\s{0,64}\"https?://spdx\.org/rdf/3"
)
_VERSION = lazy_pattern(r"SPDX-2\.\d{1,2}")


def _looks_like_it(doc: Document) -> bool:
    return _MARK.search(doc.head) is not None


@parser(
    kind="dump",
    files=[
        "*.spdx",
        "*.spdx.json",
        "*.spdx.yaml",
        "*.spdx.yml",
        "*.spdx.rdf",
        "*.spdx.rdf.xml",
        "*.spdx3.json",
        "sbom.json",
    ],
    content=_looks_like_it,
    marks=[b"spdx"],
)
def read(doc: Document) -> Iterator[Statement]:
    """Every package but those that the document itself is about."""
    text = doc.text.lstrip()
    if not text:
        raise Unreadable("it is empty; expected an SPDX document")
    if text.startswith("<"):
        raise Unreadable("SPDX as RDF is not read; tools write the same document as JSON or tag-value")
    if text.startswith("{"):
        outline = doc.json_outline
        yield from _graph(doc) if outline.get("@graph").exists else _tables(doc, outline, doc.json_members)
    elif re.match(r"SPDXVersion:|#|DataLicense:", text):
        yield from _tags(doc)
    else:
        yield from _tables(doc, doc.yaml, lambda key: doc.yaml.get(key).each())


def _checked(version: str | None) -> None:
    if version is None:
        raise Unreadable("it names no version of SPDX; SPDX-2.x and SPDX 3 are known")
    if not _VERSION.fullmatch(version):
        raise Unreadable(f"its version is {version[:40]!r}; SPDX-2.x and SPDX 3 are known")


Listed = Callable[[str], Iterable["Node | Unread"]]
"""The members of the list under a key of the document."""


def _tables(doc: Document, root: Node, listed: Listed) -> Iterator[Statement]:
    _checked(root.get("spdxVersion").maybe_text())
    about: set[str] = set()
    for key, read in (("documentDescribes", _named), ("relationships", _described)):
        for unread in doc.guarded(sbom.optional_members(doc, listed(key)), read):
            if isinstance(unread, str):
                about.add(unread)
            else:
                yield unread
    pins = CondaPins(doc)
    yield from doc.guarded(listed("packages"), lambda node: _table(doc, pins, node, about))


def _named(node: Node) -> Iterator[str]:
    yield node.text()


def _described(relation: Node) -> Iterator[str]:
    """The identifier of a package that the document describes: the scanned folder, image or project."""
    kind, of = relation.get("relationshipType").maybe_text(), relation.get("spdxElementId").maybe_text()
    if kind == "DESCRIBES" and of == "SPDXRef-DOCUMENT":
        yield relation.get("relatedSpdxElement").text()


def _table(doc: Document, pins: CondaPins, node: Node, about: set[str]) -> Iterator[Statement]:
    name, version = node.get("name").text(), node.get("versionInfo").maybe_text() or ""
    stated = version not in _NO_VALUE
    at = doc.at(*node.route, "versionInfo" if stated else "name")
    url = next((purl for entry in node.get("externalRefs").each() if (purl := _purl(entry))), None)
    component = Component(name=name, version=version if stated else None, at=at, purl=url)
    yield from _statements(doc, pins, component, (node.get("SPDXID").maybe_text() or "") in about)


def _purl(entry: Node) -> str | None:
    """The package URL among the references; some writers call the type by its address."""
    kind = entry.get("referenceType").maybe_text() or ""
    return entry.get("referenceLocator").maybe_text() if kind.rpartition("/")[2] == "purl" else None


def _statements(doc: Document, pins: CondaPins, component: Component, about: bool) -> Iterator[Statement]:
    if about:
        yield doc.pin(Layer.DECLARED, component.name, component.version, at=component.at, kind=Kind.PROJECT)
        return
    # GitHub's export puts the ecosystem before the name.
    plain = component.name.removeprefix("pip:")
    yield from sbom.statements(doc, pins, _renamed(component, plain), Layer.LOCKED)


def _renamed(component: Component, name: str) -> Component:
    return Component(name=name, version=component.version, at=component.at, purl=component.purl)


def _graph(doc: Document) -> Iterator[Statement]:
    """SPDX 3: elements of a graph, of which `software_Package` are packages."""
    about = {
        ref
        for node in doc.json_members("@graph")
        if isinstance(node, Node) and node.is_table and node.get("type").value in ("SpdxDocument", "software_Sbom")
        for ref in node.get("rootElement").texts()
    }
    pins = CondaPins(doc)
    for node in doc.json_members("@graph"):
        if isinstance(node, Unread):
            yield node
        elif node.is_table and node.get("type").value == "software_Package":
            yield from doc.guarded([node], lambda entry: _element(doc, pins, entry, about))


def _element(doc: Document, pins: CondaPins, node: Node, about: set[str]) -> Iterator[Statement]:
    version = node.get("software_packageVersion").maybe_text() or ""
    stated = version not in _NO_VALUE
    component = Component(
        name=node.get("name").text(),
        version=version if stated else None,
        at=doc.at(*node.route, "software_packageVersion" if stated else "name"),
        purl=node.get("software_packageUrl").maybe_text(),
    )
    yield from _statements(doc, pins, component, (node.get("spdxId").maybe_text() or "") in about)


@dataclass(slots=True)
class _PackageTags:
    """The tags of one package as they come."""

    name: str
    at: Place
    tags: dict[str, tuple[str, Place]] = field(default_factory=dict)


def _tags(doc: Document) -> Iterator[Statement]:
    packages: list[_PackageTags] = []
    about: set[str] = set()
    version: str | None = None
    for tag, value, line in _pairs(doc):
        place = line.at(line.text.find(value) if value else 0)
        if tag == "SPDXVersion":
            version = value
        elif tag == "PackageName":
            packages.append(_PackageTags(value, place))
        elif tag == "Relationship" and value.startswith("SPDXRef-DOCUMENT DESCRIBES "):
            about.add(value.rpartition(" ")[2])
        elif packages:
            _remember(packages[-1], tag, value, place)
    _checked(version)
    pins = CondaPins(doc)
    for package in packages:
        yield from _package(doc, pins, package, about)


def _remember(package: _PackageTags, tag: str, value: str, place: Place) -> None:
    external = _EXTERNAL.fullmatch(value) if tag == "ExternalRef" else None
    if external:
        package.tags.setdefault("purl", (external["purl"], place))
    elif tag in ("PackageVersion", "SPDXID"):
        package.tags.setdefault(tag, (value, place))


def _pairs(doc: Document) -> Iterator[tuple[str, str, DumpLine]]:
    """Tags with their values; what is in `<text>` over several lines has none that count here."""
    inside = False
    for line in lines(doc):
        match = None if inside or line.text.startswith("#") else _TAG.fullmatch(line.text)
        if match:
            yield match["tag"], match["value"].strip(), line
        if "<text>" in line.text:
            inside = "</text>" not in line.text.rpartition("<text>")[2]
        elif inside and "</text>" in line.text:
            inside = False


def _package(
    doc: Document, pins: CondaPins, package: _PackageTags, about: set[str]
) -> Iterator[Pin | Unread | Statement]:
    version, at = package.tags.get("PackageVersion", ("", package.at))
    stated = version not in _NO_VALUE
    url = package.tags.get("purl")
    component = Component(
        name=package.name,
        version=version if stated else None,
        at=at if stated else package.at,
        purl=url[0] if url else None,
    )
    identifier = package.tags.get("SPDXID")
    yield from _statements(doc, pins, component, identifier is not None and identifier[0] in about)
