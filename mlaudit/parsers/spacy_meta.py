"""spaCy's meta.json: `spacy_version` is a range whose floor is the writing version."""

from __future__ import annotations

from collections.abc import Iterator

from mlaudit.document.document import Document
from mlaudit.grammars.model_file.recorded import artifact, ranged
from mlaudit.grammars.pypi import requirement
from mlaudit.model.errors import Unreadable
from mlaudit.model.lazy_dataclass import replace
from mlaudit.model.lazy_pattern import lazy_pattern
from mlaudit.model.nouns import Layer, Pin, Recorded, Statement, Strength
from mlaudit.model.versions import specifiers
from mlaudit.parsers._registry import parser

_KEY = lazy_pattern(rb'"spacy_version"\s{0,4}:')


def _is_meta(doc: Document) -> bool:
    return doc.head.lstrip()[:1] == b"{" and _KEY.search(doc.head) is not None


@parser(kind="artifact", files=["meta.json"], access="binary", content=_is_meta, marks=[b'"spacy_version"'])
def read(doc: Document) -> Iterator[Statement]:
    """The range (spacy/language.py writes it from its own minor release) and what the pipeline requires."""
    root = doc.json
    recorded = root.get("spacy_version").maybe_text()
    if recorded is None:
        raise Unreadable("it has no `spacy_version`; a pipeline's meta.json has one")
    at = doc.at("spacy_version")
    components = tuple(name for name in root.get("pipeline").texts() if name)[:50]
    yield artifact(doc, "spacy", classes=components, at=at)
    if recorded and specifiers(recorded) is not None:
        says = "the range of the writing minor release"
        yield ranged(doc, "spacy", recorded, "spacy", strength=Strength.EXACT, at=at, detail=says)
    else:
        yield doc.unread("`spacy_version` is no range of versions", at, what=recorded, package="spacy")
    for index, text in enumerate(root.get("requirements").texts()):
        needed = requirement.pin(doc, text, doc.at("requirements", index), layer=Layer.RECORDED)
        yield replace(needed, recorded=Recorded(("spacy",), Strength.EXACT)) if isinstance(needed, Pin) else needed
