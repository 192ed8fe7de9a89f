"""The output of session_info and session_info2: versions of imported modules, Python and the machine.

Sources: https://gitlab.com/joelostblom/session_info (rulers and columns, names as they are imported),
https://github.com/scverse/session-info2 (tabs or a Markdown table, names of distributions).
"""

from __future__ import annotations

from collections.abc import Iterator

from mlaudit.document.document import Document
from mlaudit.grammars.dump_text import DumpLine, lines, platform_facts
from mlaudit.model.errors import Unreadable
from mlaudit.model.lazy_pattern import lazy_pattern
from mlaudit.model.names import package_of
from mlaudit.model.nouns import Kind, Layer, Place, Statement
from mlaudit.model.versions import parsed
from mlaudit.parsers._registry import parser

_COLUMNS = lazy_pattern(r"(?P<name>[A-Za-z_][\w.-]{0,100}) {1,100}(?P<value>\S{1,200})")
_TABS = lazy_pattern(r"(?P<name>[^\t]{1,200})\t{1,4}(?P<value>[^\t]{0,1024})")
_CELLS = lazy_pattern(r"\| {0,8}(?P<name>[^|]{1,200}?) {0,200}\| {0,8}(?P<value>[^|]{0,1024}?) {0,1024}\|")
_RULER = lazy_pattern(r"[|\s:-]{3,1024}")
_PYTHON = lazy_pattern(r"Python\s{1,8}(?P<version>\d{1,2}\.\d{1,3}(?:\.\d{1,3})?\S{0,16})(?: .{0,400})?")
_MACHINE = lazy_pattern(r"(?:Linux|Darwin|macOS|Windows)-\S{1,400}")
_ASIDE = lazy_pattern(
    r"(?:Session information updated at|\d{1,5}/?\d{0,5} logical CPU cores?|</?[a-z]{1,16}>|Click to).{0,400}"
)
_HEADINGS = frozenset(("Package", "Dependency", "Component"))
_ABOUT = frozenset(("CPU", "GPU", "Updated"))
_MARK = lazy_pattern(r"(?m)^[ \t>|]{0,64}Python[ \t|]{1,64}\d\.\d{1,3}")
_RULED = lazy_pattern(r"(?m)^[ \t>]{0,64}-----?(?:\t-----?)?\s{0,4}$")
_SIGNED = lazy_pattern(r"(?m)^[ \t>|]{0,64}(?:Session information updated at|Updated[ \t|])")


def _looks_like_it(doc: Document) -> bool:
    head = doc.text[:65536]
    ruled = _RULED.search(head) is not None or "| ---" in head or "|---" in head
    return ruled and _MARK.search(head) is not None and _SIGNED.search(head) is not None


@parser(
    kind="dump",
    files=["session_info*.txt", "session-info*.txt", "session_info*.md", "session-info*.md"],
    content=_looks_like_it,
    marks=[b"Session information updated at", b"Updated"],
)
def read(doc: Document) -> Iterator[Statement]:
    """Every line between the rulers."""
    if not doc.text.strip():
        raise Unreadable("it is empty; session_info prints lines like `numpy 1.26.4` between rulers")
    for line in lines(doc):
        yield from _line(doc, line)


def _line(doc: Document, line: DumpLine) -> Iterator[Statement]:
    text = line.text
    python = _PYTHON.fullmatch(text)
    if python:
        yield doc.pin(Layer.INSTALLED, "python", python["version"], at=line.of(python, "version"), kind=Kind.PYTHON)
    elif _MACHINE.fullmatch(text):
        yield from platform_facts(text, line.at())
    elif not _RULER.fullmatch(text) and not _ASIDE.fullmatch(text):
        yield from _row(doc, line)


def _row(doc: Document, line: DumpLine) -> Iterator[Statement]:
    """A module or, with tabs or in a table, a distribution or a word on the machine."""
    cells = _TABS.fullmatch(line.text) or _CELLS.fullmatch(line.text)
    match = cells or _COLUMNS.fullmatch(line.text)
    if match is None:
        yield doc.unread("expected `name version`, as session_info prints it", line.at(), what=line.text)
        return
    name, value = match["name"].strip(), match["value"].strip()
    at = line.at(match.start("value"), match.start("value") + len(value))
    if cells and name == "Python":
        yield doc.pin(Layer.INSTALLED, "python", value.split(" ")[0], at=at, kind=Kind.PYTHON)
    elif cells and name == "OS" and parsed(value) is None:
        yield from platform_facts(value, at)
    elif not (cells and _is_about(name, value)):
        yield _module(doc, (name, value, "pypi" if cells else "import"), at)


def _is_about(name: str, value: str) -> bool:
    """True for headings and words on the machine; a distribution that has such a name has a version, too."""
    return (name in _ABOUT or name in _HEADINGS) and parsed(value) is None


def _module(doc: Document, cells: tuple[str, str, str], at: Place) -> Statement:
    name, value, ecosystem = cells
    version = value.removeprefix("v")
    if value == "NA":
        why = "session_info found no version of it"
        return doc.pin(Layer.INSTALLED, name, None, at=at, ecosystem=ecosystem, detail=why)
    if parsed(version) is None:
        package = package_of(name, ecosystem)
        return doc.unread("it is no version (PEP 440)", at, what=f"{name} {value}", package=package)
    return doc.pin(Layer.INSTALLED, name, version, at=at, ecosystem=ecosystem)
