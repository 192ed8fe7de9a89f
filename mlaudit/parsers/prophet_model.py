"""Prophet: models that prophet.serialize.model_to_json wrote, whose last key is the version."""

from __future__ import annotations

from collections.abc import Iterator

from mlaudit.document.document import Document
from mlaudit.grammars.model_file.endings import CUT
from mlaudit.grammars.model_file.recorded import artifact, exact
from mlaudit.grammars.model_file.window import whole
from mlaudit.model.lazy_pattern import lazy_pattern
from mlaudit.model.nouns import Statement
from mlaudit.parsers._registry import parser

_TAIL = 65536
_KIND = "prophet.json"
# json.dump of what model_to_json returns is a text inside a text.
_HEAD = lazy_pattern(rb'\s{0,64}(?:"\{\\"growth\\"|\{\s{0,64}"growth")\s{0,8}:')
_VERSION = lazy_pattern(rb'\\?"__(fb)?prophet_version\\?"\s{0,8}:\s{0,8}\\?"([0-9A-Za-z.+-]{1,32})\\?"')


def _is_model(doc: Document) -> bool:
    return _HEAD.match(doc.head) is not None and b"changepoints" in doc.head


@parser(kind="artifact", files=["*.json"], access="binary", content=_is_model, marks=[b"changepoints"])
def read(doc: Document) -> Iterator[Statement]:
    """The version behind everything else; releases before 0.7 had no such files."""
    yield artifact(doc, _KIND, classes=("Prophet",))
    with doc.stream() as stream:
        window = whole(stream)
        tail = window.upto(max(0, window.size - _TAIL), _TAIL)
    versions = list(_VERSION.finditer(tail))
    ended = tail.rstrip().endswith(b'}"' if doc.head.lstrip()[:1] == b'"' else b"}")
    if not versions:
        why = "it ends without the key `__prophet_version`"
        yield doc.unread(why if ended else f"{why}: {CUT}", package="prophet")
        return
    package = "fbprophet" if versions[-1][1] else "prophet"
    yield exact(doc, package, versions[-1][2].decode("ascii"), _KIND)
    if not ended:
        yield doc.unread(f"{CUT}: its JSON does not end")
