"""What was gathered of releases, and the files of `knowledge/releases/` that are written of it."""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from email.parser import HeaderParser

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from mlaudit.knowledge.releases import FORMAT, DeclaredRelease
from mlaudit.model.versions import version_key

_PLATFORMS = ("musllinux", "linux", "macosx", "win")
_FILE_PARTS = (5, 6)
_OLD_BOUND = re.compile(r"(>=\s{0,4}[0-9][0-9.]{0,40}?)\.\*(?![0-9A-Za-z.*])")


@dataclass(frozen=True, slots=True, kw_only=True)
class GatheredRelease:
    """One release as a source shows it; the attributes are those of `DeclaredRelease`.

    Attributes:
        source: where it was read; `{version}` stands for the version, so that releases share the text.
    """

    package: str
    version: str
    source: str
    from_metadata: bool
    day: str | None = None
    requires_python: str | None = None
    requires: tuple[str, ...] | None = None
    wheels: tuple[str, ...] | None = None


def canonical(text: str) -> str | None:
    """One spelling of a requirement, None if PEP 508 does not read it.

    `>=1.7.*` of old releases is no range of PEP 440; the installers that take it read `>=1.7`.
    """
    try:
        read = Requirement(_OLD_BOUND.sub(r"\1", text.strip()))
    except InvalidRequirement:
        return None
    read.name = canonicalize_name(read.name)
    return str(read)


def canonical_requirements(texts: Iterable[str]) -> tuple[str, ...]:
    """Requirements in one spelling and order, each once; what PEP 508 does not read is left out."""
    return tuple(sorted({text for line in texts if (text := canonical(line)) is not None}))


def of_metadata(text: str) -> tuple[str | None, tuple[str, ...]]:
    """`Requires-Python` and `Requires-Dist` of a METADATA text (https://packaging.python.org/specifications/core-metadata/)."""
    headers = HeaderParser().parsestr(text)
    required = (str(value) for value in headers.get_all("Requires-Dist", ()))
    python = headers.get("Requires-Python")
    return (str(python).strip() or None) if python else None, canonical_requirements(required)


def wheel_tags(file_name: str) -> tuple[str, ...]:
    """`PYTHON-ABI-PLATFORM` of a wheel's name, platforms by family; empty if the name is no wheel's."""
    parts = file_name.removesuffix(".whl").split("-")
    if not file_name.endswith(".whl") or len(parts) not in _FILE_PARTS:
        return ()
    pythons, abis, platforms = (part.split(".") for part in parts[-3:])
    families = sorted({_family(platform) for platform in platforms})
    return tuple(f"{python}-{abi}-{platform}" for python in pythons for abi in abis for platform in families)


def _family(platform: str) -> str:
    """`manylinux_2_17_x86_64` and `manylinux2014_x86_64` are `linux_x86_64`; the C library's age is left out."""
    for family in _PLATFORMS:
        at = platform.find(family)
        if at >= 0 and family != "win":
            machine = platform[at:].partition("_")[2].lstrip("0123456789_")
            return f"{family}_{machine}" if machine else platform
    return platform


def gathered_before(release: DeclaredRelease) -> GatheredRelease:
    """A release of a file written before, as if it had been gathered now."""
    return GatheredRelease(
        package=release.package,
        version=release.version,
        source=release.evidence.source.replace(release.version, "{version}"),
        from_metadata=release.from_metadata,
        day=release.day,
        requires_python=release.requires_python,
        requires=release.requires,
        wheels=release.wheels,
    )


def merged(releases: Iterable[GatheredRelease]) -> tuple[GatheredRelease, ...]:
    """One row a release, oldest first; of several sources metadata wins."""
    best: dict[str, GatheredRelease] = {}
    for release in releases:
        known = best.get(version_key(release.version))
        best[version_key(release.version)] = release if known is None else _better(known, release)
    by_version = {version: release for release in best.values() if (version := _version(release)) is not None}
    return tuple(by_version[version] for version in kept_versions(by_version))


def _version(release: GatheredRelease) -> Version | None:
    try:
        return Version(release.version)
    except InvalidVersion:
        return None


def _better(known: GatheredRelease, other: GatheredRelease) -> GatheredRelease:
    """Metadata over a tag, what is declared over what is not, else the later; with what only the other tells."""
    first, second = (known, other) if _rank(known) > _rank(other) else (other, known)
    listing = next((release for release in (other, known) if release.wheels is not None), None)
    return replace(
        first,
        day=listing.day if listing is not None and listing.day else first.day or second.day,
        requires_python=_requires_python(first, second, listing),
        wheels=listing.wheels if listing is not None else None,
    )


def _rank(release: GatheredRelease) -> tuple[bool, bool]:
    return (release.from_metadata and release.requires is not None, release.requires is not None)


def _requires_python(first: GatheredRelease, second: GatheredRelease, listing: GatheredRelease | None) -> str | None:
    """What METADATA says, else the index, which takes it from there, else a tag."""
    if listing is not None and not _rank(first)[0]:
        return listing.requires_python
    return first.requires_python if first.requires is not None else second.requires_python


def kept_versions(versions: Iterable[Version]) -> list[Version]:
    """Final releases and, if newer, the newest pre-release; all of a project that has no final one. Oldest first."""
    ordered = sorted(versions)
    final = [version for version in ordered if not version.is_prerelease]
    newer = [version for version in ordered if version > final[-1]] if final else ordered
    return [*final, *(newer[-1:] if final else newer)]


def packed(package: str, releases: Iterable[GatheredRelease], checked: str, *, listed: str | None = None) -> bytes:
    """The bytes of a package's file; the same rows give the same bytes.

    `listed` is the day up to which some source listed every release; None if none did.
    """
    rows = tuple(releases)
    texts = _numbered(text for row in rows for text in row.requires or ())
    pythons = _numbered(row.requires_python for row in rows if row.requires_python)
    wheels = _numbered(" ".join(row.wheels) for row in rows if row.wheels is not None)
    sources = _numbered((row.source, row.from_metadata) for row in rows)
    encoded, before, ordinal = [], set[int](), 0
    for row in rows:
        days = date.fromisoformat(row.day).toordinal() - ordinal if row.day else None
        ordinal += days or 0
        changes = None
        if row.requires is not None:
            now = {texts[text] for text in row.requires}
            changes = [*(~number for number in sorted(before - now)), *sorted(now - before)]
            before = now
        python = pythons[row.requires_python] if row.requires_python else None
        built = wheels[" ".join(row.wheels)] if row.wheels is not None else None
        encoded.append([row.version, days, sources[row.source, row.from_metadata], python, built, changes])
    content: Mapping[str, object] = {
        "format": FORMAT,
        "package": package,
        "checked": checked,
        "listed": listed,
        "sources": list(sources),
        "requirements": list(texts),
        "pythons": list(pythons),
        "wheels": list(wheels),
        "releases": encoded,
    }
    return zlib.compress(json.dumps(content, separators=(",", ":")).encode(), 9)


def _numbered(values: Iterable[object]) -> dict[object, int]:
    """Each value once, with its number in the order of its first use."""
    numbers: dict[object, int] = {}
    for value in values:
        numbers.setdefault(value, len(numbers))
    return numbers
