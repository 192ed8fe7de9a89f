"""The output of `nvidia-smi`: its table, `-q`, `-q -x` (XML) and `--query-gpu=driver_version --format=csv`.

`CUDA Version` there is the highest one that the driver supports, not one that is installed or that anything was built
with: https://docs.nvidia.com/deploy/cuda-compatibility/
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator

from mlaudit.document.document import Document
from mlaudit.grammars.dump_text import DumpLine, lines
from mlaudit.grammars.xml_text import elements
from mlaudit.model.errors import Unreadable
from mlaudit.model.lazy_pattern import lazy_pattern
from mlaudit.model.nouns import Kind, Layer, Pin, Place, Statement
from mlaudit.parsers._registry import parser

_DRIVER = "nvidia-driver"
_TEXT = lazy_pattern(r"\b(?:Driver|KMD) Version {0,64}: {0,8}(?P<driver>\S{1,64})")
_CUDA = lazy_pattern(r"\bCUDA (?:UMD )?Version {0,64}: {0,8}(?P<cuda>\d{1,3}\.\d{1,3})")
_VERSION = lazy_pattern(r"\d{2,4}\.\d{1,4}(?:\.\d{1,4}){0,2}")
_FAILED = lazy_pattern(r"NVIDIA-SMI has failed|Failed to initialize NVML|No devices were found|command not found")
_ROOT = "nvidia_smi_log"
_MARK = lazy_pattern(rb"\|? ?NVIDIA-SMI (?:\d|has failed)|=NVSMI LOG=|<nvidia_smi_log\b|Failed to initialize NVML")


def _looks_like_it(doc: Document) -> bool:
    head = doc.head[:8192]
    first = head.lstrip().split(b"\n", 1)[0]
    return _MARK.search(head) is not None or (b"driver_version" in first and b"<" not in first and b"{" not in first)


@parser(
    kind="dump",
    files=[
        "nvidia-smi*.txt",
        "nvidia-smi*.log",
        "nvidia-smi*.xml",
        "nvidia-smi*.csv",
        "nvidia-smi*.out",
        "nvidia_smi*.txt",
        "nvidia_smi*.log",
        "nvidia_smi*.xml",
        "nvidia_smi*.csv",
        "nvidia_smi*.out",
    ],
    content=_looks_like_it,
    marks=[b"NVIDIA-SMI ", b"=NVSMI LOG=", b"<nvidia_smi_log", b"Failed to initialize NVML", b"driver_version"],
)
def read(doc: Document) -> Iterator[Statement]:
    """The driver, once for each version that is stated."""
    text = doc.text.lstrip()
    if not text:
        raise Unreadable("it is empty; nvidia-smi prints its own version at least")
    if text.startswith("<"):
        statements = list(_xml(doc))
    elif "driver_version" in text.partition("\n")[0]:
        statements = list(_csv(doc))
    else:
        statements = list(_text(doc))
    if not statements:
        raise Unreadable("it names no driver; expected `Driver Version: 535.104.05`, as nvidia-smi prints it")
    yield from statements


def _driver(doc: Document, version: str, at: Place, cuda: str | None) -> Statement:
    if not _VERSION.fullmatch(version):
        return doc.unread("expected a driver's version like `535.104.05`", at, what=version, package=_DRIVER)
    detail = f"supports CUDA up to {cuda}" if cuda else None
    return doc.pin(Layer.INSTALLED, _DRIVER, version, at=at, kind=Kind.DRIVER, detail=detail)


def _once(statements: Iterator[Statement]) -> Iterator[Statement]:
    """One statement for each version: every GPU of a machine has the same driver."""
    versions_read: set[str | None] = set()
    for statement in statements:
        if not isinstance(statement, Pin):
            yield statement
        elif statement.version not in versions_read:
            versions_read.add(statement.version)
            yield statement


def _text(doc: Document) -> Iterator[Statement]:
    every = list(lines(doc))
    cuda = next((match["cuda"] for line in every if (match := _CUDA.search(line.text))), None)
    yield from _once(statement for line in every for statement in _line(doc, line, cuda))


def _line(doc: Document, line: DumpLine, cuda: str | None) -> Iterator[Statement]:
    match = _TEXT.search(line.text)
    if match:
        yield _driver(doc, match["driver"], line.of(match, "driver"), cuda)
    elif _FAILED.search(line.text):
        yield doc.unread("nvidia-smi did not reach a driver", line.at(), what=line.text, package=_DRIVER)
    elif _VERSION.fullmatch(line.text):
        yield _driver(doc, line.text, line.at(), cuda)


def _csv(doc: Document) -> Iterator[Statement]:
    """Rows under a header that names `driver_version`."""
    every = list(lines(doc))
    header = [name.strip() for name in next(csv.reader([every[0].text]), [])]
    index = header.index("driver_version") if "driver_version" in header else 0
    yield from _once(_row(doc, line, index) for line in every[1:])


def _row(doc: Document, line: DumpLine, index: int) -> Statement:
    cells = [cell.strip() for cell in next(csv.reader([line.text]), [])]
    version = cells[index] if index < len(cells) else ""
    first = line.text.find(version) if version else 0
    return _driver(doc, version or line.text, line.at(first, first + len(version or line.text)), None)


def _xml(doc: Document) -> Iterator[Statement]:
    """`driver_version` under the root. Its own DTD is named in every such file and defines nothing that is read."""
    driver: tuple[str, Place] | None = None
    cuda: str | None = None
    for element in elements(doc, doctype=_ROOT):
        if element.path[0] != _ROOT:
            raise Unreadable(f"its root is <{element.path[0][:40]}>; that of `nvidia-smi -q -x` is <{_ROOT}>")
        if element.ended and element.path == (_ROOT, "driver_version"):
            driver = (element.text, element.at)
        elif element.ended and element.path == (_ROOT, "cuda_version"):
            cuda = element.text if re.fullmatch(r"\d{1,3}\.\d{1,3}", element.text) else None
    if driver is not None:
        yield _driver(doc, *driver, cuda)
