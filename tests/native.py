"""What the tools' own exports select, by packaging alone: the yardstick that target selection is held against."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from packaging.markers import Marker

from mlaudit.environments.target import choose
from mlaudit.model.names import normalized
from mlaudit.model.nouns import Kind, Pin, Reading, Target

PYTHONS = ("3.10", "3.11", "3.12", "3.13", "3.14")
Named = tuple[str, str]


def corpus() -> Path:
    """The folder of real projects; tests that need it are skipped where it is absent."""
    default = Path(__file__).parent.parent.parent / "shared" / "corpus"
    return Path(os.environ.get("MLAUDIT_CORPUS", default))


def copied(repository: Path, to: Path, names: Iterable[str]) -> Path:
    """The files of these names of a repository, in the layout of the original."""
    for name in names:
        for file in repository.rglob(name):
            target = to / file.relative_to(repository)
            target.parent.mkdir(parents=True, exist_ok=True)
            # Any version of the tool will do to read a lock; projects that name one would be refused.
            text = file.read_text(encoding="utf-8")
            target.write_text(re.sub(r"(?m)^required-version = .*$", "", text), encoding="utf-8")
    return to


@dataclass(frozen=True)
class Line:
    """One requirement of an export: name and version, or the path in place of the name."""

    name: str
    version: str
    marker: Marker | None


def lines(exported: str, folder: Path) -> Iterator[Line]:
    """The requirements of an export without hashes, header and annotations; paths relative to the lock's folder."""
    for text in exported.splitlines():
        if not text.strip() or text.startswith(("#", "--", " ")):
            continue
        requirement, _, marker = text.removeprefix("-e ").partition(" ; ")
        name, at, address = requirement.strip().partition(" @ ")
        read = Marker(marker) if marker else None
        path = urlsplit(address if at else name)
        if path.scheme == "file" and not address.endswith((".whl", ".gz")):
            yield Line(os.path.relpath(path.path, folder.resolve()), "", read)
        elif at:
            yield Line(normalized(name.partition("[")[0]), "", read)
        elif "==" in name:
            package, _, version = name.partition("==")
            yield Line(normalized(package.partition("[")[0]), version, read)
        else:
            yield Line(os.path.normpath(name), "", read)


def environment(python: str) -> dict[str, str]:
    """A machine of the yardstick: CPython on Linux, x86_64."""
    return {
        "implementation_name": "cpython",
        "implementation_version": python,
        "os_name": "posix",
        "platform_machine": "x86_64",
        "platform_release": "",
        "platform_system": "Linux",
        "platform_version": "",
        "python_full_version": python,
        "platform_python_implementation": "CPython",
        "python_version": ".".join(python.split(".")[:2]),
        "sys_platform": "linux",
    }


def held(exported: Iterable[Line], python: str) -> set[Named]:
    """Names and versions that an export installs on one Python."""
    machine = environment(python)
    return {(line.name, line.version) for line in exported if line.marker is None or line.marker.evaluate(machine)}


def chosen(reading: Reading, target: Target, uncertain: bool) -> set[Named]:
    """Names and versions that are installed for the target; those that may be, too, where `uncertain`.

    A `virtual` source is a project that is never installed itself, so no export names it.
    """
    kinds = (Kind.PACKAGE, Kind.PROJECT, Kind.LOCAL)
    return {
        _named(pin)
        for pin, choice in zip(reading.pins, choose(reading, target), strict=True)
        if pin.kind in kinds
        and not (pin.detail or "").startswith("virtual ")
        and (choice.selected or (uncertain and choice.selected is None))
    }


def _named(pin: Pin) -> Named:
    if pin.source == "path":
        return os.path.normpath(pin.origin or "."), ""
    return pin.name, "" if pin.source in ("git", "url") else pin.version or ""


def disagreement(exported: Iterable[Line], reading: Reading, target: Target) -> str:
    """How the chosen pins differ from the export for the target's one minor; empty where they agree."""
    (minor,) = target.pythons
    known = tuple(exported)
    first, last = held(known, f"{minor}.0"), held(known, f"{minor}.99")
    sure, possible = chosen(reading, target, False), chosen(reading, target, True)
    problems = {
        "missing": (first & last) - sure,
        "not exported": sure - (first & last),
        "possible, missing": (first | last) - possible,
        "possible, not exported": possible - (first | last),
    }
    return "; ".join(f"{word}: {sorted(names)}" for word, names in problems.items() if names)
