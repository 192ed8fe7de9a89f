"""CycloneDX bills of materials, JSON and XML, 1.0 to 1.7.

Specification: https://cyclonedx.org/docs/1.6/json/ and https://cyclonedx.org/docs/1.6/xml/
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from mlaudit.document.budget import Limit, spend
from mlaudit.document.document import Document
from mlaudit.document.node import Node
from mlaudit.grammars import sbom
from mlaudit.grammars.conda.conda_pins import CondaPins
from mlaudit.grammars.pypi import purl
from mlaudit.grammars.sbom import Component
from mlaudit.grammars.xml_text import Element, elements
from mlaudit.model.errors import Unreadable
from mlaudit.model.lazy_dataclass import dataclass, field, replace
from mlaudit.model.lazy_pattern import lazy_pattern
from mlaudit.model.nouns import Edge, Fact, Layer, Statement, Unread
from mlaudit.parsers._registry import parser

STEPS = Limit(name="steps from the root of a bill to its components", most=5_000_000)
"""A component counts with its depth."""

_KNOWN = tuple(f"1.{minor}" for minor in range(8))
_NAMESPACE = lazy_pattern(r"https?://cyclonedx\.org/schema/bom/(\d{1,2}\.\d{1,2})")
_JSON = lazy_pattern(rb'"bomFormat"\s{0,8}:\s{0,8}"CycloneDX"')
_XML = lazy_pattern(rb"<(?:\w{1,16}:)?bom\s[^>]{0,2048}cyclonedx\.org/schema/bom/")
# Tools that list every distribution of an environment; others list what a manifest, lock or folder names.
_ENVIRONMENT_TOOLS = frozenset(("cyclonedx-py", "pipdeptree", "pip-audit"))
_ENVIRONMENT_REF = lazy_pattern(r"[A-Za-z0-9][\w.-]{0,200}==[^\s]{1,128}")


def _looks_like_it(doc: Document) -> bool:
    return _JSON.search(doc.head) is not None or _XML.search(doc.head[:8192]) is not None


@dataclass(slots=True, kw_only=True)
class _Bom:
    """What is read of a bill before its components can be distinguished."""

    version: str = ""
    tools: set[str] = field(default_factory=set)
    components: list[Component | Unread] = field(default_factory=list)
    edges: dict[str, Sequence[str]] = field(default_factory=dict)


@parser(
    kind="dump",
    files=[
        "*.cdx.json",
        "*.cdx.xml",
        "*cyclonedx*.json",
        "*cyclonedx*.xml",
        "bom.json",
        "bom.xml",
        "sbom.json",
        "sbom.xml",
    ],
    content=_looks_like_it,
    marks=[b'"bomFormat"', b"cyclonedx.org/schema/bom/"],
)
def read(doc: Document) -> Iterator[Statement]:
    """Every component, nested ones too; the component that the bill is about is none of them."""
    if not doc.head.strip():
        raise Unreadable("it is empty; expected a bill of materials")
    bom = _from_xml(doc) if doc.head.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"<" else _from_json(doc)
    if bom.version not in _KNOWN:
        raise Unreadable(
            f"it is CycloneDX {bom.version[:40] or 'of no version'}; known are {_KNOWN[0]} to {_KNOWN[-1]}"
        )
    whole = _names_everything(bom)
    yield Fact(key="complete", value="yes" if whole else "no", at=doc.place(1, 1))
    pins, layer = CondaPins(doc), Layer.INSTALLED if whole else Layer.LOCKED
    edges = {
        component.ref: _edge(component)
        for component in bom.components
        if isinstance(component, Component) and component.ref
    }
    for component in bom.components:
        if isinstance(component, Unread):
            yield component
        else:
            needs = (edges.get(ref) for ref in bom.edges.get(component.ref, ()))
            requires = tuple(edge for edge in needs if edge is not None)
            yield from sbom.statements(doc, pins, replace(component, requires=requires), layer)


def _names_everything(bom: _Bom) -> bool:
    """Whether the bill is of an environment: only such tools write `name==version` as each component's reference."""
    components = [component for component in bom.components if isinstance(component, Component)]
    return (
        bool(components)
        and not _ENVIRONMENT_TOOLS.isdisjoint(bom.tools)
        and all(
            component.version and (_ENVIRONMENT_REF.fullmatch(component.ref) or "pipdeptree" in bom.tools)
            for component in components
        )
    )


def _edge(needed: Component) -> Edge | None:
    """What another component's need of this one is, None if it is no Python distribution."""
    url = purl.parse(needed.purl) if needed.purl else None
    return Edge(name=url.name if url else needed.name) if url is None or url.type in ("pypi", "conda") else None


def _from_json(doc: Document) -> _Bom:
    root = doc.json_outline
    bom = _Bom(version=root.get("specVersion").maybe_text() or "")
    for entry in doc.json_members("components"):
        bom.components += _with_nested(doc, entry) if isinstance(entry, Node) else (entry,)
    for tool in doc.guarded([root.dig("metadata", "tools")], _tools):
        if isinstance(tool, Unread):
            bom.components.append(tool)
        else:
            bom.tools.add(tool)
    for needs in doc.guarded(sbom.optional_members(doc, doc.json_members("dependencies")), _needs):
        if isinstance(needs, Unread):
            bom.components.append(needs)
        else:
            bom.edges.update([needs])
    return bom


def _with_nested(doc: Document, component: Node) -> Iterator[Component | Unread]:
    """A component and those inside it, however deep. Raises BudgetExceeded."""
    waiting = [component]
    while waiting:
        node = waiting.pop()
        spend(STEPS, len(node.route))
        yield from doc.guarded([node], lambda entry: (_component(doc, entry),))
        nested = node.get("components") if node.is_table else node
        if nested.is_list:
            waiting += list(nested.each())[::-1]


def _needs(entry: Node) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Which references a reference depends on."""
    yield entry.get("ref").text(), entry.get("dependsOn").texts()


def _tools(node: Node) -> Iterator[str]:
    """Names of the tools: a list up to 1.4, a table of components since 1.5."""
    listed = node.get("components") if node.is_table else node
    for tool in listed.each():
        name = tool.get("name").maybe_text()
        if name:
            yield name


def _component(doc: Document, node: Node) -> Component:
    name, version = node.get("name").text(), node.get("version").maybe_text()
    group = node.get("group").maybe_text()
    component = Component(
        name=f"{group}/{name}" if group else name,
        version=version or None,
        at=doc.at(*node.route, "version" if version else "name"),
        purl=node.get("purl").maybe_text(),
        type=node.get("type").maybe_text() or "",
        ref=node.get("bom-ref").maybe_text() or "",
        hashes=tuple(_hashes(node.get("hashes"))),
    )
    return sbom.with_properties(component, _properties(node.get("properties")))


def _properties(node: Node) -> Iterator[tuple[str, str]]:
    for entry in node.each():
        yield entry.get("name").maybe_text() or "", entry.get("value").maybe_text() or ""


def _hashes(node: Node) -> Iterator[str]:
    for entry in node.each():
        yield f"{entry.get('alg').text().replace('-', '').lower()}:{entry.get('content').text()}"


@dataclass(slots=True, kw_only=True)
class _OpenComponent:
    """A component of XML whose end has not come."""

    attributes: Mapping[str, str]
    texts: dict[str, Element] = field(default_factory=dict)
    properties: list[tuple[str, str]] = field(default_factory=list)


def _from_xml(doc: Document) -> _Bom:
    bom = _Bom()
    stack: list[_OpenComponent] = []
    dependents: list[str] = []
    needed: dict[str, list[str]] = {}
    for element in elements(doc):
        if len(element.path) == 1 and not element.ended:
            bom.version = _xml_version(element)
        elif _is_component(element.path):
            _open_or_close(doc, bom, stack, element)
        elif element.ended and stack and _is_component(element.path[:-1]):
            stack[-1].texts.setdefault(element.name, element)
        elif stack and element.name == "property" and _is_component(element.path[:-2]):
            _property(stack[-1], element)
        elif element.ended and element.path[1:3] == ("metadata", "tools") and element.name == "name":
            bom.tools.add(element.text)
        elif element.name == "dependency" and element.path[1] == "dependencies":
            _dependency(needed, dependents, element)
    bom.edges.update(needed)
    return bom


def _property(component: _OpenComponent, element: Element) -> None:
    """`<property name="...">value</property>`: its name is known at its beginning, its value at its end."""
    if not element.ended:
        component.properties.append((element.attributes.get("name", ""), ""))
    elif component.properties:
        component.properties[-1] = (component.properties[-1][0], element.text)


def _is_component(path: tuple[str, ...]) -> bool:
    """Whether a path leads to a component of the bill itself: `bom/components/component`, and nested ones."""
    steps = path[1:]
    return (
        bool(steps) and len(steps) % 2 == 0 and set(steps[::2]) == {"components"} and set(steps[1::2]) == {"component"}
    )


def _xml_version(root: Element) -> str:
    match = _NAMESPACE.fullmatch(root.namespace)
    if root.name != "bom" or match is None:
        raise Unreadable("its root is no <bom> of CycloneDX", root.at.line, root.at.column)
    return match.group(1)


def _open_or_close(doc: Document, bom: _Bom, stack: list[_OpenComponent], element: Element) -> None:
    if not element.ended:
        stack.append(_OpenComponent(attributes=element.attributes))
        return
    opened = stack.pop()
    name, version, group = (opened.texts.get(key) for key in ("name", "version", "group"))
    if name is None or not name.text:
        bom.components.append(doc.unread("expected a component with a <name>", element.at))
        return
    stated = version if version and version.text else None
    url = opened.texts.get("purl")
    component = Component(
        name=f"{group.text}/{name.text}" if group and group.text else name.text,
        version=stated.text if stated else None,
        at=stated.at if stated else name.at,
        purl=url.text if url and url.text else None,
        type=opened.attributes.get("type", ""),
        ref=opened.attributes.get("bom-ref", ""),
    )
    bom.components.append(sbom.with_properties(component, opened.properties))


def _dependency(needed: dict[str, list[str]], dependents: list[str], element: Element) -> None:
    """`<dependency ref="a"><dependency ref="b"/></dependency>`: a needs b."""
    if element.ended:
        dependents.pop()
        return
    ref = element.attributes.get("ref", "")
    if dependents:
        needed.setdefault(dependents[-1], []).append(ref)
    dependents.append(ref)
