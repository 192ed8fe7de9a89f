"""tokenizer.json: no version is recorded, but how merges and Metaspace are written implies a range of tokenizers."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO

from mlaudit.document.document import Document
from mlaudit.grammars.model_file.endings import CUT, json_is_whole
from mlaudit.grammars.model_file.formats import formats
from mlaudit.grammars.model_file.recorded import artifact, ranged
from mlaudit.grammars.model_file.window import whole
from mlaudit.model.errors import Unreadable
from mlaudit.model.lazy_pattern import lazy_pattern
from mlaudit.model.nouns import Statement
from mlaudit.model.versions import both, disjoint
from mlaudit.parsers._registry import parser

FORMAT = b"1.0"
"""`version` of every tokenizer.json so far; it is not the library's."""

# Patterns instead of a JSON tree: a vocabulary of a quarter million tokens takes hundreds of megabytes as objects.
_VERSION = lazy_pattern(rb'\s{0,64}\{\s{0,64}"version"\s{0,8}:\s{0,8}"([^"]{0,32})"')
_MODEL = lazy_pattern(rb'"model"\s{0,8}:\s{0,8}\{\s{0,64}"type"\s{0,8}:\s{0,8}"([A-Za-z]{1,32})"')
_MERGES = lazy_pattern(rb'"merges"\s{0,8}:\s{0,8}\[\s{0,64}([\["])')
_METASPACE = lazy_pattern(rb'\{[^{}]{0,400}"type"\s{0,8}:\s{0,8}"Metaspace"[^{}]{0,400}\}')


def _is_tokenizer(doc: Document) -> bool:
    head = doc.head[:4096]
    return head.lstrip()[:1] == b"{" and b'"truncation"' in head and b'"added_tokens"' in head


@parser(kind="artifact", files=["tokenizer.json"], access="binary", content=_is_tokenizer, marks=[b'"added_tokens"'])
def read(doc: Document) -> Iterator[Statement]:
    """The model's merges, and the pre-tokenizers and decoders."""
    data = doc.data
    if data.lstrip()[:1] != b"{" or data.rstrip()[-1:] != b"}":
        raise Unreadable("it is no JSON object, or a cut one; a tokenizer is one")
    model = _MODEL.search(data)
    yield artifact(doc, "tokenizers.json", classes=(model.group(1).decode("ascii"),) if model else ())
    version = _VERSION.match(data)
    if version is None or version.group(1) != FORMAT:
        yield doc.unread("its format is not 1.0, the only one known", package="tokenizers")
    clauses = dict.fromkeys(formats().table("tokenizers")[feature] for feature in _features(data))
    specifier = ""
    for clause in clauses:
        if specifier and disjoint(specifier, clause):
            yield doc.unread(
                f"it is written as tokenizers {' and as '.join(clauses)} write at once", package="tokenizers"
            )
            specifier = ""
            break
        specifier = both(specifier, clause)
    yield ranged(doc, "tokenizers", specifier or None, "tokenizers.json", detail="by how it is written")
    if not json_is_whole(whole(BytesIO(data))):
        yield doc.unread(f"{CUT}: its JSON does not end")


def _features(data: bytes) -> Iterator[str]:
    merges = _MERGES.search(data)
    if merges:
        yield "merges_are_pairs" if merges.group(1) == b"[" else "merges_are_texts"
    for match in _METASPACE.finditer(data):
        if b'"split"' in match.group(0):
            yield "metaspace_split"
        elif b'"add_prefix_space"' in match.group(0):
            yield "add_prefix_space"
