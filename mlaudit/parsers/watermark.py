"""The output of watermark: Python, the machine, and versions of modules by the names they are imported by.

Source: https://github.com/rasbt/watermark
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from mlaudit.document.document import Document
from mlaudit.grammars.dump_text import DumpLine, lines, platform_facts
from mlaudit.model.errors import Unreadable
from mlaudit.model.lazy_pattern import lazy_pattern
from mlaudit.model.names import package_of
from mlaudit.model.nouns import Fact, Kind, Layer, Statement
from mlaudit.model.versions import parsed
from mlaudit.parsers._registry import parser

_PAIR = lazy_pattern(r"(?P<key>[A-Za-z_][\w .-]{0,80}?) {0,80}: {0,8}(?P<value>.{0,1024})")
# Before version 2.1: `CPython 3.6.1` and `numpy 1.12.0`.
_OLD = lazy_pattern(r"(?P<key>[A-Za-z_][\w.-]{0,80}) {1,80}(?P<value>v?\d[\w.!+-]{0,80})")
_DATE = lazy_pattern(
    r"(?:(?:Mon|Tues?|Wed(?:nes)?|Thu(?:rs)?|Fri|Sat(?:ur)?|Sun)(?:day)?[ ,]|\d{1,4}[-/]\d{1,2}[-/]\d{1,4})"
    # A module may be called `Sun`.
    r"(?! {0,80}(?::|v?\d[\w.!+-]{0,80}$)).{0,80}"
)
_MISSING = lazy_pattern(r"(?:unknown|n/?a)", re.IGNORECASE)
_ABOUT = frozenset(
    (
        "compiler",
        "release",
        "processor",
        "cpu cores",
        "architecture",
        "interpreter",
        "last updated",
        "author",
        "github username",
        "email",
        "website",
        "git hash",
        "git repo",
        "git branch",
        "hostname",
        "host name",
        "conda environment",
        "gpu info",
    )
)
# Importable names among them: what watermark itself prints behind these is never a version with dots.
_MODULES_TOO = frozenset(("compiler", "processor", "architecture", "interpreter", "author", "email", "website"))
_DOTTED = lazy_pattern(r"v?\d{1,9}(?:\.\d{1,9}){1,8}\S{0,64}")
_PYTHONS = ("python version", "cpython", "pypy")
_MACHINE = ("os", "system", "machine")
_MARK = lazy_pattern(r"(?m)^[ \t>]{0,64}Python version {0,80}: {0,8}\d")
_SECOND = lazy_pattern(r"(?m)^[ \t>]{0,64}(?:IPython version|Python implementation) {0,80}: ")
_OLD_MARK = lazy_pattern(r"(?m)^[ \t>]{0,64}CPython \d[\d.]{1,16}\r?\n[ \t>]{0,64}IPython \d")


def _looks_like_it(doc: Document) -> bool:
    head = doc.text[:65536]
    new = _MARK.search(head) is not None and _SECOND.search(head) is not None
    return new or _OLD_MARK.search(head) is not None


@parser(
    kind="dump", files=["watermark*.txt", "*.watermark"], content=_looks_like_it, marks=[b"Python version", b"CPython "]
)
def read(doc: Document) -> Iterator[Statement]:
    """Every line: a module, the Python, the machine, or something about the run that states no version."""
    if not doc.text.strip():
        raise Unreadable("it is empty; watermark prints lines like `numpy: 1.26.4`")
    for line in lines(doc):
        yield from _line(doc, line)


def _line(doc: Document, line: DumpLine) -> Iterator[Statement]:
    match = _PAIR.fullmatch(line.text)
    if _DATE.fullmatch(line.text) or (match and _is_about(match["key"], match["value"])):
        return
    match = match or _OLD.fullmatch(line.text)
    if match is None:
        yield doc.unread("expected `name: version`, as watermark prints it", line.at(), what=line.text)
        return
    key, value = match["key"].lower(), match["value"].strip()
    at = line.at(match.start("value"), match.start("value") + len(value))
    if key in _PYTHONS:
        yield doc.pin(Layer.INSTALLED, "python", value.split(" ")[0], at=at, kind=Kind.PYTHON)
    elif key == "python implementation":
        yield Fact(key="implementation", value=value.lower(), at=at)
    elif key in _MACHINE and not _DOTTED.fullmatch(value):
        yield from platform_facts(value, at)
    else:
        yield _module(doc, line, (key.removesuffix(" version"), match["key"].removesuffix(" version"), value))


def _is_about(key: str, value: str) -> bool:
    if key.lower() in _MODULES_TOO and _DOTTED.fullmatch(value.strip()):
        return False
    return key.lower() in _ABOUT or key.startswith("GPU ")


def _module(doc: Document, line: DumpLine, cells: tuple[str, str, str]) -> Statement:
    lowered, name, value = cells
    package = package_of(lowered if lowered == "ipython" else name, "import")
    at = line.at(line.text.rfind(value) if value else 0)
    version = value.removeprefix("v")
    if value.lower() == "not installed":
        return Fact(key="note", value=f"`{name}` is not installed, watermark says", at=at)
    if parsed(version) is not None:
        return doc.pin(Layer.INSTALLED, name, version, at=at, ecosystem="import")
    why = "watermark found no version" if not value or _MISSING.fullmatch(value) else "it is no version (PEP 440)"
    return doc.unread(why, at, what=line.text, package=package)
