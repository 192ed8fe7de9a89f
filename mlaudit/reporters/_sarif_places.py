"""Places as SARIF's artifact locations: URIs relative to a named base, without `..` (SARIF 2.1.0, 3.4 and 3.14.14)."""

from __future__ import annotations

from collections.abc import Iterable

from mlaudit.model.lazy_pattern import lazy_pattern
from mlaudit.model.nouns import Place
from mlaudit.reporters._escape import for_sarif, for_uri
from mlaudit.reporters._places import MEMBER, file_of

Json = dict[str, object]

ROOT = "%SRCROOT%"
_UPWARDS = lazy_pattern(r"(?:\.\./)+")
_LONGEST_VALUE = 500
"""Characters; a longer span is no version and may go over several lines."""


def artifact(path: str) -> Json:
    """Where a path is: below the root, below a folder above it, or by itself (absolute paths, standard input)."""
    file = file_of(path)
    if file.startswith("/"):
        return {"uri": f"file://{for_uri(file)}"}
    above, rest = _above(file)
    if not rest:
        return {"uri": "./", "uriBaseId": _base(above)}
    return {"uri": for_uri(rest), "uriBaseId": _base(above)}


def _above(file: str) -> tuple[int, str]:
    """How many folders above the root a path begins, and what follows."""
    folder = "../" if file == ".." else f"{file}/" if file.endswith("/..") else file
    upwards = _UPWARDS.match(folder)
    steps = upwards.end() // len("../") if upwards else 0
    return steps, folder[upwards.end() if upwards else 0 :].removeprefix("./")


def _base(above: int) -> str:
    return f"%SRCROOT_PARENT_{above}%" if above else ROOT


def base_ids(paths: Iterable[str]) -> Json:
    """The bases that the paths need. None has a URI, so that a report holds no path of the machine it was made on."""
    above = sorted({_above(file_of(path))[0] for path in paths if not path.startswith("/")} | {0})
    return {_base(steps): {"description": {"text": _described(steps)}} for steps in above}


def _described(above: int) -> str:
    if not above:
        return "The root of the audited repository."
    return f"The folder {above} {'level' if above == 1 else 'levels'} above the root of the audited repository."


def location(at: Place, says: str | None = None) -> Json:
    """A place as a `location` with what it says, else its name; a member of an archive is a logical location."""
    json: Json = {"physicalLocation": {"artifactLocation": artifact(at.path), "region": _region(at)}}
    member = at.path.partition(MEMBER)[2]
    if member:
        json["logicalLocations"] = [{"fullyQualifiedName": member, "kind": "member"}]
    json["message"] = {"text": for_sarif(says or str(at))}
    return json


def _region(at: Place) -> Json:
    """The region of a value; the first line where none is known, since GitHub demands one."""
    if at.line is None:
        return {"startLine": 1}
    if at.column is None:
        return {"startLine": at.line}
    region: Json = {"startLine": at.line, "startColumn": at.column}
    if at.start is not None and at.end is not None and 0 < at.end - at.start <= _LONGEST_VALUE:
        region |= {"endLine": at.line, "endColumn": at.column + at.end - at.start}
    return region
