"""Inline waivers, `# mlaudit: ignore[MLA001] reason`, in any format whose comments begin with `#`."""

from __future__ import annotations

import re
from collections.abc import Iterator

from mlaudit.document.document import Document
from mlaudit.model.lazy_pattern import lazy_pattern
from mlaudit.model.nouns import Place, Unread, Waiver

_WAIVER = lazy_pattern(
    r"#\s{0,16}mlaudit:\s{0,16}ignore(?:\[(?P<codes>[^\]\n]{0,256})\])?(?P<reason>[^\n#]{0,1024})", re.IGNORECASE
)
_CODE = lazy_pattern(r"[A-Za-z][\w-]{1,63}")


def waiver(doc: Document, comment: str, at: Place) -> Iterator[Waiver | Unread]:
    """The waiver in a comment (its `#` included), if there is one; without codes or a reason it waives nothing."""
    match = _WAIVER.search(comment) if "mlaudit" in comment else None
    if match is None:
        return
    codes = tuple(code.strip() for code in (match["codes"] or "").split(",") if code.strip())
    reason = match["reason"].strip(" \t:-")
    if not codes or not all(_CODE.fullmatch(code) for code in codes):
        yield doc.unread(
            "a waiver names the codes that it covers: `# mlaudit: ignore[MLA001] reason`", at, what=comment
        )
    elif not reason:
        yield doc.unread("a waiver needs a reason: `# mlaudit: ignore[MLA001] reason`", at, what=comment)
    else:
        yield Waiver(codes=codes, reason=reason, at=at)


def in_comments(doc: Document) -> Iterator[Waiver | Unread]:
    """The waivers of a whole document, each at its line and column."""
    if "mlaudit:" not in doc.text:
        return
    for number, line in enumerate(doc.text.split("\n"), start=1):
        match = _WAIVER.search(line)
        if match:
            yield from waiver(doc, line[match.start() :], doc.place(number, match.start() + 1))
