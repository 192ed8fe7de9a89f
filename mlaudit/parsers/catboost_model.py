"""CatBoost models, `.cbm` and JSON: the build text in their information names the release."""

from __future__ import annotations

from collections.abc import Iterator

from mlaudit.document.document import Document
from mlaudit.grammars.model_file.boosters import catboost_release, catboost_version
from mlaudit.grammars.model_file.endings import CUT, json_is_whole
from mlaudit.grammars.model_file.recorded import artifact, exact
from mlaudit.grammars.model_file.window import Window, whole
from mlaudit.model.errors import Unreadable
from mlaudit.model.lazy_pattern import lazy_pattern
from mlaudit.model.nouns import Statement
from mlaudit.parsers._registry import parser

MAGIC = b"CBM1"
SEARCHED = 16 * 1024 * 1024
"""Bytes of a JSON model in which its information is looked for; the trees follow it."""

_CHUNK = 1024 * 1024
_OVERLAP = 16384
_INFO = lazy_pattern(rb'"catboost_version_info"\s{0,4}:\s{0,4}"((?:[^"\\]|\\.){0,8192})"')
_JSON = lazy_pattern(rb'\s{0,64}\{\s{0,64}"(?:ctr_data|features_info|model_info|oblivious_trees|trees)"')


def _is_catboost(doc: Document) -> bool:
    return doc.head.startswith(MAGIC) or _is_json(doc.head)


def _is_json(head: bytes) -> bool:
    if not _JSON.match(head):
        return False
    return any(key in head for key in (b'"model_info"', b'"float_features"', b'"oblivious_trees"', b'"ctr_data"'))


@parser(
    kind="artifact",
    files=["*.cbm", "*.json", "*.bin"],
    access="binary",
    content=_is_catboost,
    starts=[MAGIC],
    marks=[b'"model_info"', b'"float_features"', b'"oblivious_trees"', b'"ctr_data"'],
)
def read(doc: Document) -> Iterator[Statement]:
    """The info map of a `.cbm`, or `model_info` of a JSON model."""
    with doc.stream() as stream:
        window = whole(stream)
        binary = window.upto(0, 4) == MAGIC
        kind = "catboost.cbm" if binary else "catboost.json"
        if not binary and not _is_json(doc.head):
            raise Unreadable("it is neither a .cbm nor a JSON model of CatBoost")
        yield artifact(doc, kind)
        try:
            version = catboost_version(window) if binary else catboost_release(_info(window))
            yield exact(doc, "catboost", version, kind)
        except Unreadable as error:
            yield doc.unread(error.why, package="catboost")
        if not binary and not json_is_whole(window):
            yield doc.unread(f"{CUT}: its JSON does not end")


def _info(window: Window) -> str:
    before = b""
    for at in range(0, min(window.size, SEARCHED), _CHUNK):
        chunk = before + window.upto(at, _CHUNK)
        match = _INFO.search(chunk)
        if match:
            return match.group(1).decode("utf-8", "replace").replace("\\n", "\n")
        before = chunk[-_OVERLAP:]
    raise Unreadable(f"its first {SEARCHED} bytes have no `catboost_version_info`")
