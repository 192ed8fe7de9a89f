"""One PEP 508 requirement, wherever it is: `torch[gpu]>=2,<3; sys_platform == "linux"`, `name @ url`."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from mlaudit.document.document import Document
from mlaudit.grammars.variables import is_template
from mlaudit.model.lazy_dataclass import dataclass
from mlaudit.model.lazy_pattern import lazy_pattern
from mlaudit.model.names import package_of
from mlaudit.model.nouns import Edge, Kind, Layer, Pin, Place, Unread
from mlaudit.model.scope import EVERYWHERE, PinScope
from mlaudit.model.secrets import MASK
from mlaudit.model.versions import exact, is_version

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from mlaudit.model.pin_fields import PinFields

MAX_LENGTH = 4096
"""Characters of one requirement; a longer one is not read (markers nest, and patterns cost)."""

_PINNED = lazy_pattern(
    r"([A-Za-z0-9](?:[A-Za-z0-9._-]{0,200}[A-Za-z0-9])?)\s{0,8}==\s{0,8}([0-9A-Za-z.!+_-]{1,128})\s{0,8}"
)
_RELEASE = r"[0-9]{1,9}(?:\.[0-9]{1,9}){0,5}"
_BLANKS = " {0,4}"
_COMPARED = rf"(?:>=|<=|<|>|!=){_BLANKS}{_RELEASE}|[=!]={_BLANKS}{_RELEASE}\.\*|~={_BLANKS}[0-9]{{1,9}}\.{_RELEASE}"
_CLAUSE = rf"{_BLANKS}(?:{_COMPARED}){_BLANKS}"
_SINGLE_EQUALS = lazy_pattern(r"=\s{0,8}v?[0-9]")
"""What follows a name whose author wrote `name=1.2`."""
_PLAIN = lazy_pattern(
    r"(?P<name>[A-Za-z0-9](?:[A-Za-z0-9._-]{0,200}[A-Za-z0-9])?)"
    rf"(?P<clauses>\ {{0,4}}(?:{_CLAUSE}(?:,{_CLAUSE}){{0,16}})?)(?:;(?P<marker>.{{1,4096}}))?"
)
_NAME = lazy_pattern(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,200}[A-Za-z0-9])?(?=[\s\[<>=!~;@(,]|$)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Requirement:
    """What a requirement says; `problem` says why it is not one."""

    name: str = ""
    version: str | None = None
    specifier: str | None = None
    extras: tuple[str, ...] = ()
    marker: str | None = None
    url: str | None = None
    problem: str | None = None
    template: bool = False


@lru_cache(maxsize=65536)
def parse(text: str) -> Requirement:
    """The requirement in a text; equal texts are parsed once."""
    pinned = _PINNED.fullmatch(text)
    if pinned:
        return _pinned(pinned.group(1), pinned.group(2))
    plain = _PLAIN.fullmatch(text) if len(text) <= MAX_LENGTH else None
    if plain:
        return _plain(plain)
    if len(text) > MAX_LENGTH:
        return Requirement(problem=f"a requirement of {len(text)} characters is not read (at most {MAX_LENGTH})")
    from packaging.requirements import InvalidRequirement
    from packaging.requirements import Requirement as Pep508

    try:
        pep508 = Pep508(text.strip())
    except (InvalidRequirement, RecursionError) as error:
        return _not_one(text, error)
    marker = str(pep508.marker) if pep508.marker else None
    extras = tuple(sorted(pep508.extras))
    if pep508.url:
        return Requirement(name=pep508.name, extras=extras, marker=marker, url=pep508.url)
    return _by_specifier(pep508.name, str(pep508.specifier), extras, marker)


def _pinned(name: str, version: str) -> Requirement:
    if not is_version(version):
        return Requirement(problem=f"`{version}` is no version (PEP 440)")
    return Requirement(name=name, version=version)


def _plain(match: re.Match[str]) -> Requirement:
    """A requirement of release numbers alone needs no grammar; its marker is parsed once for all that share it."""
    marker, problem = normal_marker(match["marker"]) if match["marker"] else (None, None)
    if problem is not None:
        return Requirement(problem=problem)
    # The order in which packaging writes the clauses of a set.
    clauses = sorted({clause.strip().replace(" ", "") for clause in match["clauses"].split(",")} - {""})
    return Requirement(name=match["name"], specifier=",".join(clauses) or None, marker=marker)


@lru_cache(maxsize=16384)
def normal_marker(text: str) -> tuple[str | None, str | None]:
    """A marker as packaging writes it, or why it is not one."""
    from packaging.markers import InvalidMarker, Marker

    try:
        return str(Marker(text)), None
    except InvalidMarker as error:
        return None, f"not a PEP 508 marker: {_fault(error)}"
    except RecursionError:
        return None, "its marker is nested too deeply"


def _not_one(text: str, error: Exception) -> Requirement:
    # No requirement begins with a brace; a shell may have split a placeholder at its spaces.
    if is_template(text) or text.startswith("{"):
        return Requirement(problem="a placeholder in it has no value here", template=True)
    if isinstance(error, RecursionError):
        return Requirement(problem="its marker is nested too deeply")
    if MASK in text:
        return Requirement(problem="a masked credential, `***`, is in it")
    return Requirement(problem=f"not a PEP 508 requirement: {_fault(error)}")


def _fault(error: Exception) -> str:
    """Where packaging stopped, in words that stay the same when packaging rewords its errors.

    Its errors carry the text and the span (`packaging._tokenizer.ParserSyntaxError`); an error without them, as of
    another implementation, is only a fault somewhere.
    """
    source, span = getattr(error.__cause__, "source", None), getattr(error.__cause__, "span", None)
    if not isinstance(source, str) or not isinstance(span, tuple):
        return "it does not follow the grammar"
    rest = source[int(span[1]) :].lstrip()
    if _SINGLE_EQUALS.match(rest) and rest != source:
        return "a version is pinned by `==`, not by `=`"
    return f"unexpected `{rest[0]}` at character {len(source) - len(rest) + 1}" if rest else "it ends too early"


def _by_specifier(name: str, specifier: str, extras: tuple[str, ...], marker: str | None) -> Requirement:
    version = exact(specifier) if specifier else None
    ranged = None if version is not None else (specifier or None)
    return Requirement(name=name, version=version, specifier=ranged, extras=extras, marker=marker)


def leading_name(text: str) -> str:
    """The name that a requirement begins with, even where the rest of it cannot be read; empty if there is none."""
    match = _NAME.match(text.strip())
    return match.group(0) if match else ""


def without_empty_marker(text: str) -> str:
    """A requirement as pip takes it, for which `name ;` has no marker (pip/_internal/req/constructors.py)."""
    return text.rstrip()[:-1].rstrip() if text.rstrip().endswith(";") else text


def source_of(url: str) -> str:
    """`git`, `path` or `url`, by the address."""
    if url.startswith(("git+", "hg+", "svn+", "bzr+")):
        return "git"
    return "path" if url.startswith(("file:", ".", "/", "{root")) else "url"


def pin(
    doc: Document,
    text: str,
    at: Place,
    *,
    layer: Layer = Layer.DECLARED,
    scope: PinScope = EVERYWHERE,
    **stated: Unpack[PinFields],
) -> Pin | Unread:
    """The pin that a requirement states, or why it states none."""
    requirement = parse(text)
    if requirement.problem is not None:
        package = package_of(name) if (name := leading_name(text)) else None
        scope = EVERYWHERE if stated.get("kind") is Kind.BOUND else scope
        return doc.unread(
            requirement.problem, at, what=text, package=package, template=requirement.template, scope=scope
        )
    stated["specifier"], stated["extras"] = requirement.specifier, requirement.extras
    version = requirement.version
    if requirement.url:
        version = version_in_url(requirement.url)
        stated["source"], stated["origin"] = source_of(requirement.url), requirement.url
        stated["detail"] = stated.get("detail") or _lost(requirement.url)
        if stated.get("kind", Kind.PACKAGE) is Kind.PACKAGE and _is_inside(requirement.url):
            stated["kind"] = Kind.LOCAL
    return doc.pin(layer, requirement.name, version, at=at, scope=scope.with_marker(requirement.marker), **stated)


def _is_inside(url: str | None) -> bool:
    """Whether an address is a path of the project, rather than of the machine that wrote it."""
    if not url or source_of(url) != "path":
        return False
    return "${PROJECT_ROOT}" in url or not url.startswith(("file:/", "/"))


def _lost(url: str) -> str | None:
    """Why a path on the machine that wrote the file shows no version: conda's builds leave such in pip freeze."""
    absolute = source_of(url) == "path" and url.startswith(("file:/", "/")) and "${PROJECT_ROOT}" not in url
    return (
        "its version is not recorded, only the folder it was built in" if absolute and not version_in_url(url) else None
    )


_WHEEL = lazy_pattern(
    r"([A-Za-z0-9_.]{1,128})-([0-9][A-Za-z0-9_.!+]{0,64})(?:-[0-9][^-]{0,32})?-[^-]{1,64}-[^-]{1,64}-[^-]{1,128}\.whl"
)
_SDIST = lazy_pattern(r"([A-Za-z0-9_.-]{1,128})-([0-9][A-Za-z0-9_.!+]{0,64})\.(?:tar\.gz|zip|tar\.bz2|tgz)")


def version_in_url(url: str) -> str | None:
    """The version in the file name of a wheel or source archive that an address or path ends in, else None."""
    name_version = name_and_version(url)
    return name_version[1] if name_version else None


def name_and_version(url: str) -> tuple[str, str] | None:
    """Project and version in the file name of a wheel or source archive that an address or path ends in, else None."""
    from urllib.parse import unquote

    path = url.partition("#")[0].partition("?")[0].replace("\\", "/")
    name = unquote(path.rstrip("/").rpartition("/")[2])[:512]
    match = _WHEEL.fullmatch(name) or _SDIST.fullmatch(name)
    return (match.group(1), match.group(2)) if match else None


def edge(text: str, *, when_extra: str | None = None, when_group: str | None = None) -> Edge | None:
    """The graph edge that a requirement states, None if it is no requirement."""
    requirement = parse(text)
    if requirement.problem is not None:
        return None
    specifier = f"=={requirement.version}" if requirement.version else requirement.specifier
    return Edge(
        name=requirement.name,
        specifier=specifier,
        extras=requirement.extras,
        marker=requirement.marker,
        when_extra=when_extra,
        when_group=when_group,
    )


_ATOM = lazy_pattern(r"\s{0,8}([a-z_.]{1,64})\s{0,8}(==|!=|<=|>=|<|>)\s{0,8}('[^']{0,128}'|\"[^\"]{0,128}\")\s{0,8}")
# Only versions have an order for markers: `sys_platform < "x"` and its opposite are both false.
_OPPOSITE = {"==": "!=", "!=": "==", "<": ">=", ">=": "<", ">": "<=", "<=": ">"}


def negated(marker: str) -> str | None:
    """The opposite of a plain marker (comparisons joined by `and` or by `or` alone), None for any other."""
    for joint, other in ((" and ", " or "), (" or ", " and ")):
        atoms = [_ATOM.fullmatch(part) for part in marker.split(joint)]
        if all(atom and (atom[1].startswith("python") or atom[2] in ("==", "!=")) for atom in atoms):
            return other.join(f"{atom[1]} {_OPPOSITE[atom[2]]} {atom[3]}" for atom in atoms if atom is not None)
    return None
