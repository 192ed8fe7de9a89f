"""XML as a stream of elements with their places; by expat alone, which resolves and fetches nothing here.

A document type is refused (entities can be defined there), save for one a caller names that has no definitions of its
own. One tag may have `TOKEN` bytes: for longer ones older expat needs quadratic time (CVE-2023-52425).
"""

from __future__ import annotations

from collections.abc import Iterator
from xml.parsers.expat import ExpatError, ParserCreate, XMLParserType

from mlaudit.document.document import Document
from mlaudit.model.errors import Unreadable
from mlaudit.model.lazy_dataclass import dataclass, field
from mlaudit.model.nouns import Place

TOKEN = 1024 * 1024
"""Bytes of one tag, comment or other piece of markup."""
DEPTH = 256
"""Elements inside elements."""
MAX_TEXT = 4096
"""Characters of one element's text that are kept."""

_CHUNK = 65536


@dataclass(frozen=True, slots=True, kw_only=True)
class Element:
    """The begin or the end of an element; `path` holds local names from the root, `text` is known at its end.

    `at` is where its text begins, else where its tag does.
    """

    ended: bool
    path: tuple[str, ...]
    at: Place
    text: str = ""
    namespace: str = ""
    attributes: dict[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Its local name."""
        return self.path[-1]


def elements(doc: Document, *, doctype: str | None = None) -> Iterator[Element]:
    """Every element's begin and end in the order of the document.

    Args:
        doc: the document.
        doctype: the root of a document type that the format is known to name without definitions.

    Raises:
        Unreadable: on what is no XML, on a document type, on depth and on length.
    """
    seen = _SeenElements(doc, doctype)
    fed = 0
    try:
        with doc.stream() as stream:
            while chunk := stream.read(_CHUNK):
                seen.parser.Parse(chunk, False)
                fed += len(chunk)
                if fed - seen.parser.CurrentByteIndex > TOKEN:
                    raise Unreadable(f"one piece of its XML has more than {TOKEN} bytes", seen.line)
                yield from seen.taken()
            seen.parser.Parse(b"", True)
    except ExpatError as error:
        why = f"it is not valid XML: {str(error).partition(':')[0]}"
        raise Unreadable(why, error.lineno, error.offset + 1) from None
    except (LookupError, ValueError):
        raise Unreadable("it declares an encoding that XML readers do not know; UTF-8 is read", 1) from None
    yield from seen.taken()


class _SeenElements:
    """The handlers of one parser, and what they saw since it was last taken."""

    def __init__(self, doc: Document, doctype: str | None) -> None:
        self.doc = doc
        self.doctype = doctype
        self.parser: XMLParserType = ParserCreate(namespace_separator=" ")
        self.parser.StartElementHandler, self.parser.EndElementHandler = self.begin, self.end
        self.parser.CharacterDataHandler = self.characters
        self.parser.StartDoctypeDeclHandler = self.document_type
        self.parser.EntityDeclHandler = self.refuse
        self.path: tuple[str, ...] = ()
        self.texts: list[list[str]] = []
        self.lengths: list[int] = []
        self.places: list[Place] = []
        self.closed: list[Element] = []

    @property
    def line(self) -> int:
        return self.parser.CurrentLineNumber

    @property
    def here(self) -> Place:
        return self.doc.place(self.line, self.parser.CurrentColumnNumber + 1)

    def taken(self) -> list[Element]:
        closed, self.closed = self.closed, []
        return closed

    def begin(self, name: str, attributes: dict[str, str]) -> None:
        namespace, _, local = name.rpartition(" ")
        self.path = (*self.path, local)
        if len(self.path) > DEPTH:
            raise Unreadable(f"its XML is nested more than {DEPTH} deep", self.line)
        self.texts.append([])
        self.lengths.append(0)
        self.places.append(self.here)
        self.closed.append(
            Element(ended=False, path=self.path, at=self.here, namespace=namespace, attributes=attributes)
        )

    def characters(self, data: str) -> None:
        texts = self.texts[-1]
        if not texts:
            blank = len(data) - len(data.lstrip())
            if blank == len(data):
                return
            self.places[-1] = self.doc.place(self.line, self.parser.CurrentColumnNumber + 1 + blank)
            data = data[blank:]
        if self.lengths[-1] < MAX_TEXT:
            texts.append(data[:MAX_TEXT])
            self.lengths[-1] += len(data)

    def end(self, _name: str) -> None:
        text = "".join(self.texts.pop()).strip()
        self.lengths.pop()
        self.closed.append(Element(ended=True, path=self.path, at=self.places.pop(), text=text))
        self.path = self.path[:-1]

    def document_type(self, name: str, _system: str | None, _public: str | None, has_definitions: bool) -> None:
        if name != self.doctype or has_definitions:
            raise Unreadable("it declares a document type, which could define entities and is refused", self.line)

    def refuse(self, *_: object) -> None:
        raise Unreadable("it defines an entity, which is refused", self.line)
