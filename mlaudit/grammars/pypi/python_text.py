"""Python versions as configuration files write them: `3.11`, `py310`, `python3.10.4`, `3.x`, `>=3.9,<3.12`."""

from __future__ import annotations

import re

from mlaudit.document.document import Document
from mlaudit.grammars.variables import defined, is_template
from mlaudit.model.lazy_pattern import lazy_pattern
from mlaudit.model.nouns import Fact, Kind, Layer, Pin, Place, Unread
from mlaudit.model.scope import EVERYWHERE, PinScope
from mlaudit.model.versions import specifiers

_VERSION = lazy_pattern(
    r"(?:python|py|cp|cpython|v)?[-@_=]?(\d(?:\.\d{1,2}){0,2}(?:(?:a|b|rc)\d{1,2}|-dev|t)?)(?:\.[*x])?", re.I
)
_TIGHT = lazy_pattern(r"(?:python|py|cp)?[-_]?([23])(\d{1,2})", re.I)
_OTHER = lazy_pattern(r"(pypy|graalpy|jython|mambaforge|miniconda|miniforge|anaconda)", re.I)


def release(text: str) -> str | None:
    """The Python version that a text names: `py310` is 3.10, `3.11.*` is 3.11; None for ranges and anything else."""
    bare = text.strip()
    tight = _TIGHT.fullmatch(bare)
    if tight:
        return f"{tight.group(1)}.{tight.group(2)}"
    match = _VERSION.fullmatch(bare.removeprefix("==").strip())
    if match is None or "." not in match.group(1):
        return None
    return match.group(1).removesuffix("-dev").removesuffix("t")


def specifier(text: str) -> str | None:
    """The range that a text names (`>=3.9`, `3.x`, `3`), as a PEP 440 specifier; None if it names none."""
    bare = text.strip().replace(" ", "")
    if re.fullmatch(r"[23](?:\.x)?", bare):
        return f">={bare[0]},<{int(bare[0]) + 1}"
    if bare[:1] in "<>=!~^" and bare[:1]:
        bare = f"~={bare[1:]}" if bare[0] == "^" else bare
        return bare if specifiers(bare) is not None else None
    return None


def statement(
    doc: Document,
    text: str,
    at: Place,
    *,
    layer: Layer = Layer.DECLARED,
    scope: PinScope = EVERYWHERE,
    derived_from: Place | None = None,
) -> Pin | Unread | Fact:
    """The Python version that a text states for an environment, or why it states none."""
    text = defined(text, doc.defines)
    version = release(text)
    ranged = None if version else specifier(text)
    if version or ranged:
        return doc.pin(
            layer,
            "python",
            version,
            at=at,
            kind=Kind.PYTHON,
            specifier=ranged,
            scope=scope,
            derived_from=derived_from,
        )
    if _OTHER.match(text.strip()):
        return Fact(key="note", value=f"`{text.strip()[:80]}` is another Python than CPython", at=at)
    if is_template(text):
        return doc.unread("a placeholder in it has no value here", at, what=text, package="python", template=True)
    return doc.unread("it is no Python version; expected one like `3.11` or `>=3.10`", at, what=text, package="python")
