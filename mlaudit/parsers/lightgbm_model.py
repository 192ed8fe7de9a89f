"""LightGBM text models: the second line is a format number, which implies a range of versions.

Behind the trees stand `end of trees`, importances and parameters (src/boosting/gbdt_model_text.cpp).
"""

from __future__ import annotations

from collections.abc import Iterator

from mlaudit.document.document import Document
from mlaudit.grammars.model_file.boosters import lightgbm_format
from mlaudit.grammars.model_file.endings import CUT, holds
from mlaudit.grammars.model_file.formats import formats
from mlaudit.grammars.model_file.recorded import artifact, ranged
from mlaudit.grammars.model_file.window import Window, whole
from mlaudit.model.errors import Unreadable
from mlaudit.model.nouns import Statement
from mlaudit.parsers._registry import parser


def _is_lightgbm(doc: Document) -> bool:
    return lightgbm_format(doc.head[:64]) is not None


@parser(kind="artifact", files=["*.model", "*.lgb"], access="binary", content=_is_lightgbm, starts=[b"tree"])
def read(doc: Document) -> Iterator[Statement]:
    """The head of the file is enough."""
    number = lightgbm_format(doc.head[:64])
    if number is None:
        raise Unreadable("it does not begin with `tree` and `version=`, as a LightGBM model does")
    specifier = formats().table("lightgbm").get(number)
    says = f"model format {number}, no library version"
    yield artifact(doc, "lightgbm.txt", says=(f"format {number}",))
    yield ranged(doc, "lightgbm", specifier, "lightgbm.txt", detail=says, numbers={"format": number})
    if specifier is None:
        yield doc.unread(f"the model format {number} is not known", package="lightgbm", what=number)
    with doc.stream() as stream:
        window = whole(stream)
        if not _has_all_trees(window):
            yield doc.unread(f"{CUT}: its trees do not end")
        elif holds(window, b"\nparameters:") and not holds(window, b"\nend of parameters"):
            yield doc.unread(f"{CUT}: its parameters do not end")


def _has_all_trees(window: Window) -> bool:
    """Whether the trees end; what wrote no sizes of trees wrote no end of them either."""
    if holds(window, b"\nend of trees"):
        return True
    return holds(window, b"\nTree=") and not holds(window, b"\ntree_sizes=")
