"""OpenVINO IR: `Runtime_version` is in the `rt_info` at the end of the XML."""

from __future__ import annotations

from collections.abc import Iterator

from mlaudit.document.document import Document
from mlaudit.grammars.model_file.recorded import artifact, exact, ranged
from mlaudit.model.errors import Unreadable
from mlaudit.model.lazy_dataclass import dataclass
from mlaudit.model.lazy_pattern import lazy_pattern
from mlaudit.model.nouns import Statement
from mlaudit.parsers._registry import parser

SIZE = 256 * 1024 * 1024
TOKEN = 1024 * 1024
"""Bytes of one tag or text; older expat needs quadratic time for longer ones (CVE-2023-52425)."""
DEPTH = 256

_CHUNK = 65536
_NET = lazy_pattern(rb"<net\s")
_RELEASE = lazy_pattern(r"([0-9]{1,5}(?:\.[0-9]{1,5}){1,3})")
_VERSION_TAGS = frozenset({"Runtime_version", "MO_version", "runtime_version"})


@dataclass(slots=True)
class _SeenAttributes:
    depth: int = 0
    ir: str = ""
    versions: tuple[tuple[str, str], ...] = ()

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self.depth += 1
        if self.depth > DEPTH:
            raise Unreadable(f"its XML is nested more than {DEPTH} deep")
        if name == "net" and self.depth == 1:
            self.ir = attributes.get("version", "")[:40]
        elif name in _VERSION_TAGS and len(self.versions) < 8:
            self.versions += ((name, attributes.get("value", "")[:200]),)

    def end(self, _name: str) -> None:
        self.depth -= 1


def _is_ir(doc: Document) -> bool:
    head = doc.head[:4096]
    return _NET.search(head) is not None and b"<layers" in doc.head


def _refused(*_: object) -> None:
    raise Unreadable("it declares a document type or an entity, which no IR has")


@parser(kind="artifact", files=["*.xml"], access="binary", content=_is_ir, marks=[b"<layers"])
def read(doc: Document) -> Iterator[Statement]:
    """The whole XML, piece by piece."""
    if doc.size > SIZE:
        raise Unreadable(f"its XML has {doc.size} bytes; at most {SIZE} are read")
    seen = _parsed(doc)
    if not seen.ir:
        raise Unreadable("it is no OpenVINO IR: its root is not <net version=...>")
    yield artifact(doc, "openvino.ir", says=(f"IR {seen.ir}",))
    versions = dict(seen.versions)
    text = versions.get("Runtime_version") or versions.get("runtime_version") or versions.get("MO_version")
    match = _RELEASE.match(text) if text else None
    if match:
        yield exact(doc, "openvino", match.group(1), "openvino.ir", detail=f"IR {seen.ir}")
    else:
        yield ranged(doc, "openvino", None, "openvino.ir", detail=f"IR {seen.ir}", numbers={"ir": seen.ir})


def _parsed(doc: Document) -> _SeenAttributes:
    from xml.parsers import expat

    seen = _SeenAttributes()
    reader = expat.ParserCreate()
    reader.StartElementHandler, reader.EndElementHandler = seen.start, seen.end
    reader.StartDoctypeDeclHandler = reader.EntityDeclHandler = _refused
    fed = 0
    try:
        with doc.stream() as stream:
            while chunk := stream.read(_CHUNK):
                reader.Parse(chunk, False)
                fed += len(chunk)
                if fed - reader.CurrentByteIndex > TOKEN:
                    raise Unreadable(f"one tag or text of its XML has more than {TOKEN} bytes")
            reader.Parse(b"", True)
    except expat.ExpatError as error:
        raise Unreadable(f"it is not valid XML: {error}") from None
    return seen
