"""XGBoost models, JSON, UBJSON and the old binary: JSON and UBJSON record the version as their last key."""

from __future__ import annotations

from collections.abc import Iterator

from mlaudit.document.document import Document
from mlaudit.grammars.model_file.boosters import TAIL, xgboost_binary_version, xgboost_version_in
from mlaudit.grammars.model_file.endings import CUT, last_byte, missing
from mlaudit.grammars.model_file.recorded import artifact, exact, ranged
from mlaudit.grammars.model_file.ubjson import top_version
from mlaudit.grammars.model_file.window import Window, whole
from mlaudit.model.errors import Unreadable
from mlaudit.model.lazy_pattern import lazy_pattern
from mlaudit.model.nouns import Statement, Strength
from mlaudit.parsers._registry import parser

BINARY_HEADER = 140
"""The mark `binf` and the 136 bytes of `LearnerModelParamLegacy` (dmlc/xgboost 1.7, src/learner.cc)."""

_OLD = "old binary format"
_OLD_AS_UBJ = "old binary format named .ubj"

_JSON = lazy_pattern(rb'\s{0,64}\{\s{0,64}"(?:learner|version|Config|Model)"')


def _format(head: bytes) -> str | None:
    if head.startswith(b"binf"):
        return "xgboost.binary"
    if _JSON.match(head) and (b'"learner"' in head or b'"gradient_booster"' in head):
        return "xgboost.json"
    ubjson = head[:1] == b"{" and head[1:2] in (b"L", b"i", b"U", b"I", b"l", b"#", b"$")
    return "xgboost.ubj" if ubjson and any(key in head[:64] for key in (b"learner", b"version", b"Config")) else None


def _is_xgboost(doc: Document) -> bool:
    return _format(doc.head) is not None


@parser(
    kind="artifact",
    files=["*.ubj", "*.json", "*.model", "*.bin", "*.xgb", "*.bst"],
    access="binary",
    content=_is_xgboost,
    starts=[b"binf"],
    marks=[b"learner", b"gradient_booster", b"version", b"Config"],
)
def read(doc: Document) -> Iterator[Statement]:
    """The end of the file is enough for JSON; UBJSON is walked, its arrays passed over."""
    kind = _format(doc.head)
    if kind is None:
        raise Unreadable("it is neither a JSON, nor a UBJSON, nor an old binary model of XGBoost")
    ending = doc.path.rpartition(".")[2].lower()
    named = ending in ("json", "ubj")
    # Releases go by the name when they read: what is in the old format is not read as .ubj.
    classes = (_OLD_AS_UBJ if ending == "ubj" else _OLD,) if kind == "xgboost.binary" else ()
    yield artifact(doc, kind if named or kind != "xgboost.ubj" else "xgboost.model", classes=classes)
    with doc.stream() as stream:
        window = whole(stream)
        if kind == "xgboost.binary":
            if window.size < BINARY_HEADER:
                yield doc.unread(missing("its header", window.size, BINARY_HEADER), package="xgboost")
                return
            specifier = xgboost_binary_version(window.upto(0, 64))
            detail = "major and minor in the binary header"
            yield ranged(doc, "xgboost", specifier, kind, strength=Strength.EXACT, detail=detail)
            return
        version = xgboost_version_in(window.upto(max(0, window.size - TAIL), TAIL)) or _walked(window, kind)
        ended = last_byte(window) == b"}"
    if version is None:
        yield doc.unread(
            "it ends without the key `version`: XGBoost before 1.0 wrote it, or it is cut", package="xgboost"
        )
    else:
        yield exact(doc, "xgboost", version, kind)
        if not ended:
            yield doc.unread(f"{CUT}: its last object does not end")


def _walked(window: Window, kind: str) -> str | None:
    """The version of a file that does not end with it."""
    return top_version(window) if kind == "xgboost.ubj" else xgboost_version_in(window.upto(0, TAIL))
