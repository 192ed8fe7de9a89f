"""tokenizer.json: no version is recorded, but how merges and Metaspace are written tells a range of tokenizers."""

from __future__ import annotations

from collections.abc import Iterator

from mlaudit.binary.archives import json_node
from mlaudit.binary.formats import formats
from mlaudit.binary.recorded import artifact, ranged
from mlaudit.document import Document, Unreadable
from mlaudit.model import Statement
from mlaudit.narrow import Node
from mlaudit.registry import parser
from mlaudit.versions import both, disjoint

FORMAT = "1.0"
"""`version` of every tokenizer.json so far; it is not the library's."""


def _is_tokenizer(doc: Document) -> bool:
    head = doc.head[:4096]
    return head.lstrip()[:1] == b"{" and b'"truncation"' in head and b'"added_tokens"' in head


@parser(files=["tokenizer.json"], kind="binary", artifact=True, content=_is_tokenizer)
def read(doc: Document) -> Iterator[Statement]:
    """The model's merges and the pre-tokenizers and decoders."""
    if not doc.data:
        raise Unreadable("it is empty; a tokenizer is a JSON object")
    root = json_node(doc.data, "it")
    model = root.get("model")
    name = model.dig("type").value if model.is_table else None
    yield artifact(doc, "tokenizers.json", classes=(name[:100],) if isinstance(name, str) else ())
    if root.get("version").value != FORMAT:
        yield doc.unread(f"its format is not {FORMAT}, the only one known", package="tokenizers")
    told = dict.fromkeys(formats().table("tokenizers")[feature] for feature in _features(root))
    specifier = ""
    for clause in told:
        if specifier and disjoint(specifier, clause):
            yield doc.unread(f"it is written as tokenizers {' and as '.join(told)} write at once", package="tokenizers")
            specifier = ""
            break
        specifier = both(specifier, clause)
    yield ranged(doc, "tokenizers", specifier or None, "tokenizers.json", detail="by how it is written")


def _features(root: Node) -> Iterator[str]:
    merges = root.dig("model", "merges").value
    if isinstance(merges, list) and merges:
        yield "merges_are_pairs" if isinstance(merges[0], list) else "merges_are_texts"
    for part in ("pre_tokenizer", "decoder"):
        yield from _metaspace(root.get(part))


def _metaspace(part: Node) -> Iterator[str]:
    if not part.is_table:
        return
    if part.get("type").value == "Metaspace":
        if part.get("split").exists:
            yield "metaspace_split"
        elif part.get("add_prefix_space").exists:
            yield "add_prefix_space"
    for inner in ("pretokenizers", "decoders"):
        for child in part.get(inner).each():
            if child.is_table and child.get("type").value == "Metaspace":
                yield from _metaspace(child)
