"""The output of `python -m torch.utils.collect_env`, also as people paste it into issues.

Source: https://github.com/pytorch/pytorch/blob/main/torch/utils/collect_env.py. It lists only packages that it greps
for, so a package that is missing there may be installed all the same.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from mlaudit.document.document import Document
from mlaudit.grammars.conda.conda_pins import CondaPins, Standing, cuda_variant
from mlaudit.grammars.dump_text import DumpLine, lines, platform_facts
from mlaudit.model.errors import Unreadable
from mlaudit.model.lazy_dataclass import dataclass, field
from mlaudit.model.lazy_pattern import lazy_pattern
from mlaudit.model.names import package_of
from mlaudit.model.nouns import Kind, Layer, Pin, Statement, Unread
from mlaudit.model.versions import parsed, split_variant
from mlaudit.parsers._registry import parser

_LIBRARY = "PyTorch version"
_CUDNN = "cuDNN version"
# What vLLM's copy of the script adds: https://github.com/vllm-project/vllm/blob/main/vllm/collect_env.py
_LIBRARIES = {_LIBRARY: "torch", "vLLM Version": "vllm"}

_KEY = lazy_pattern(r"(?P<key>[A-Za-z][\w .()/-]{0,60}?) {0,8}:(?: {1,8}(?P<value>.{0,4000}))?")
_LISTED = lazy_pattern(r"\[(?P<tool>pip3?|conda)\] {1,8}(?P<rest>.{1,1024})")
_PIP = lazy_pattern(
    r"(?P<name>[A-Za-z0-9][\w.-]{0,200})(?:={2,3}(?P<version>[^\s=]{1,128})| \((?P<old>[^\s()]{1,128})\))"
)
# What the script prints in place of a value, and in place of a list of packages. Only the whole text counts, since a
# package may be called `NA` or `None`.
_NO_VALUE = frozenset(("could not collect", "n/a", "none", "no cuda"))
_NO_PACKAGES = frozenset(("could not collect", "no relevant packages"))
_PYTHON = lazy_pattern(r"(\d{1,2}\.\d{1,3}(?:\.\d{1,3})?(?:(?:a|b|rc)\d{1,2})?)\+?(?![\w.])")
_RELEASE = lazy_pattern(r"\d{1,5}(?:\.\d{1,5}){0,3}")
_VERSION = lazy_pattern(r"(?P<version>\d[0-9A-Za-z.!+_-]{0,127})(?:@.{0,200})?(?: .{0,400})?")
_CUDNN_FILE = lazy_pattern(r"libcudnn(?:\.so)?\.(\d{1,3}(?:\.\d{1,3}){1,3})(?:\.dylib)?\b")
_MARK = lazy_pattern(rb"(?m)^[ \t>]{0,64}PyTorch version: ")
_SECOND = lazy_pattern(rb"(?m)^[ \t>]{0,64}(?:Is debug build|CUDA used to build PyTorch|ROCM used to build PyTorch):")

Values = dict[str, tuple[str, DumpLine, int]]


@dataclass(slots=True)
class _CollectedOutput:
    """One output of the script: values by their keys, lines of packages, and files of cuDNN."""

    values: Values = field(default_factory=dict)
    listed: list[DumpLine] = field(default_factory=list)
    cudnn: list[tuple[DumpLine, re.Match[str]]] = field(default_factory=list)


def _looks_like_it(doc: Document) -> bool:
    return _MARK.search(doc.head) is not None and _SECOND.search(doc.head) is not None


@parser(
    kind="dump",
    files=["*collect_env*.txt", "*collect-env*.txt", "*collect_env*.log"],
    content=_looks_like_it,
    marks=[b"PyTorch version: "],
)
def read(doc: Document) -> Iterator[Statement]:
    """Python, PyTorch and its CUDA, driver, cuDNN and the packages that it lists, of every report in the document."""
    reports = list(_reports(doc))
    if not any(report.values for report in reports):
        raise Unreadable(f"it contains no report of collect_env; one has a line `{_LIBRARY}: ...`")
    for report in reports:
        yield from _machine(doc, report.values)
        yield from _libraries(doc, report.values)
        yield from _accelerators(doc, report.values)
        yield from _cudnn(doc, report)
        pins = CondaPins(doc)
        for line in report.listed:
            yield from _package(doc, pins, line)


def _reports(doc: Document) -> Iterator[_CollectedOutput]:
    """The reports in the document; of a key that occurs twice the first counts."""
    report = _CollectedOutput()
    for line in lines(doc):
        match = _KEY.fullmatch(line.text)
        if match and match["key"] == _LIBRARY and report.values:
            yield report
            report = _CollectedOutput()
        if line.text.startswith("["):
            report.listed.append(line)
        elif match:
            report.values.setdefault(match["key"], (match["value"] or "", line, match.start("value")))
        file = _CUDNN_FILE.search(line.text) if _CUDNN in report.values else None
        if file:
            report.cudnn.append((line, file))
    yield report


def _value_of(values: Values, key: str) -> str | None:
    """The value of a key, None if the script found none."""
    text = values[key][0].strip() if key in values else ""
    return None if not text or text.lower() in _NO_VALUE else text


def _pin(
    doc: Document, values: Values, key: str, kind: Kind, name: str, version: str, variant: str | None = None
) -> Pin:
    text, line, start = values[key]
    first = max(start, 0) + max(text.find(version), 0)
    at = line.at(first, first + len(version))
    return doc.pin(Layer.INSTALLED, name, version, at=at, kind=kind, variant=variant)


def _machine(doc: Document, values: Values) -> Iterator[Statement]:
    python = _value_of(values, "Python version")
    match = _PYTHON.match(python) if python else None
    if match:
        yield _pin(doc, values, "Python version", Kind.PYTHON, "python", match.group(1))
    elif python:
        yield _unread(doc, values, "Python version", "expected a Python version like `3.11.7`", "python")
    for key in ("Python platform", "OS"):
        text = _value_of(values, key)
        if text:
            yield from platform_facts(text, values[key][1].at())
            return


def _unread(doc: Document, values: Values, key: str, why: str, package: str) -> Unread:
    text, line, _ = values[key]
    return doc.unread(why, line.at(), what=f"{key}: {text}", package=package)


def _libraries(doc: Document, values: Values) -> Iterator[Statement]:
    for key, package in _LIBRARIES.items():
        text = _value_of(values, key)
        match = _VERSION.fullmatch(text) if text else None
        if match and parsed(match["version"]) is not None:
            variant = _variant(values, match["version"]) if key == _LIBRARY else None
            yield _pin(doc, values, key, Kind.PACKAGE, package, match["version"], variant)
        elif text:
            yield _unread(doc, values, key, "it is no version (PEP 440)", package)


def _variant(values: Values, version: str) -> str | None:
    """The build of PyTorch: its own word for it, else what it was built with."""
    own = split_variant(version)[1]
    if own is not None:
        return own
    cuda, rocm = _value_of(values, "CUDA used to build PyTorch"), _value_of(values, "ROCM used to build PyTorch")
    if cuda and _RELEASE.fullmatch(cuda):
        return cuda_variant(".".join(cuda.split(".")[:2]))
    return f"rocm{'.'.join(rocm.split('.')[:2])}" if rocm and _RELEASE.match(rocm) else None


def _accelerators(doc: Document, values: Values) -> Iterator[Statement]:
    for key, kind, name in (
        ("CUDA used to build PyTorch", Kind.CUDA, "cuda"),
        ("Nvidia driver version", Kind.DRIVER, "nvidia-driver"),
    ):
        text = _value_of(values, key)
        if text and _RELEASE.fullmatch(text):
            yield _pin(doc, values, key, kind, name, text)
        elif text:
            yield _unread(doc, values, key, "expected a version of numbers and dots", name)


def _cudnn(doc: Document, report: _CollectedOutput) -> Iterator[Statement]:
    """The version in the names of cuDNN's files; `Probably one of the following` may list several."""
    text = _value_of(report.values, _CUDNN)
    if not text:
        return
    versions = list(dict.fromkeys(file.group(1) for _, file in report.cudnn))
    if len(versions) == 1:
        line, file = report.cudnn[0]
        yield doc.pin(Layer.INSTALLED, "cudnn", versions[0], at=line.of(file, 1), kind=Kind.CUDNN)
    elif versions:
        why = f"several are installed ({', '.join(versions[:4])}), and it is not stated which one is loaded"
        yield _unread(doc, report.values, _CUDNN, why, "cudnn")
    elif _RELEASE.fullmatch(text):
        yield _pin(doc, report.values, _CUDNN, Kind.CUDNN, "cudnn", text)
    else:
        yield _unread(doc, report.values, _CUDNN, "no file name in it states a version", "cudnn")


def _package(doc: Document, pins: CondaPins, line: DumpLine) -> Iterator[Statement]:
    """One line of `Versions of relevant libraries`."""
    listed = _LISTED.fullmatch(line.text)
    if listed is None or listed["rest"].strip().lower() in _NO_PACKAGES:
        return
    at = line.at(listed.start("rest"))
    if listed["tool"] == "conda":
        yield from _conda(doc, pins, line, listed["rest"].split())
        return
    match = _PIP.fullmatch(listed["rest"])
    groups: Mapping[str, str | None] = match.groupdict() if match else {}
    version = groups.get("version") or groups.get("old")
    if match is None or version is None:
        yield doc.unread("expected `[pip3] name==version`", at, what=line.text)
    elif parsed(version) is None:
        why = f"`{version[:80]}` is no version (PEP 440)"
        yield doc.unread(why, at, what=line.text, package=package_of(match["name"]))
    else:
        first = listed.start("rest") + match.start("version" if groups["version"] else "old")
        yield doc.pin(Layer.INSTALLED, match["name"], version, at=line.at(first, first + len(version)))


def _conda(doc: Document, pins: CondaPins, line: DumpLine, words: list[str]) -> Iterator[Statement]:
    """`name version build [channel]`, as `conda list` writes it."""
    if not 2 <= len(words) <= 4:
        yield doc.unread("expected `[conda] name version build channel`", line.at(), what=line.text)
        return
    name, version = words[:2]
    build = words[2] if len(words) > 2 else None
    first = line.text.find(version, line.text.find(name) + len(name))
    at = line.at(first, first + len(version))
    if "pypi" in words[2:] or (build or "").startswith("pypi_"):
        yield doc.pin(Layer.INSTALLED, name, version, at=at)
    else:
        channel = words[3] if len(words) > 3 else None
        yield from pins.installed(name, version, build, at, Standing(layer=Layer.INSTALLED), origin=channel)
