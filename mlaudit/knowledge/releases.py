"""What each release of a package declares: requirements, Pythons, wheels and its day, read for one package when asked.

One compressed file a package (`knowledge/releases/NAME.json.z`), written by `python -m mlaudit.lab.refresh releases`:
texts that releases share stand once, and a release names only what changed since the one before it.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property, lru_cache
from typing import Any

from mlaudit.knowledge.declared_requirements import LazyRequirements, common_requirements, required_name
from mlaudit.knowledge.schema import KnowledgeError
from mlaudit.knowledge.table import watched
from mlaudit.model import plain_versions
from mlaudit.model.lazy_dataclass import dataclass, replace
from mlaudit.model.nouns import Evidence
from mlaudit.model.packaged import packaged_bytes, packaged_names
from mlaudit.model.versions import admits, is_prerelease, public, release_numbers, version_key

FOLDER = "knowledge/releases"
SUFFIX = ".json.z"
FORMAT = 1
MAX_BYTES = 32_000_000
"""Of one file, unpacked."""
FILES = "the package index's list of the files of {package} {version}"
"""Who says which wheels there are, and which Pythons where no METADATA was read."""

_FEW = 8
"""Releases that are built one by one; of more, all are built at once."""

_MALFORMED = (ValueError, LookupError, TypeError, AttributeError)
"""What data of another shape than the lab writes raises."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclaredRelease:
    """What one release declares.

    Attributes:
        requires: the texts of its requirements, markers and extras included; None if it declares none that could be
            read (a source distribution shows them only to its build).
        requires_python: None if any Python will do.
        wheels: `PYTHON-ABI-PLATFORM` of each wheel, platforms by family (`linux_x86_64`); None if not known.
        day: when it was published or tagged, ISO 8601.
        from_metadata: whether a wheel's own METADATA tells the requirements; else the source tree at the tag of the
            release does, or nothing but the list of its files is known.
    """

    package: str
    version: str
    day: str | None
    requires_python: str | None
    requires: tuple[str, ...] | None
    wheels: tuple[str, ...] | None
    from_metadata: bool
    evidence: Evidence

    @property
    def files(self) -> Evidence:
        """Who says which wheels there are."""
        address = FILES.replace("{package}", self.package).replace("{version}", self.version)
        return replace(self.evidence, source=address)

    @property
    def python_evidence(self) -> Evidence:
        """Who says on which Pythons it runs."""
        return self.evidence if self.from_metadata or self.wheels is None else self.files


class ReleaseHistory:
    """Known releases of one package; one is built when it is requested, since an audit asks for one or two of them.

    Attributes:
        listed: up to this day they are all, None if that is unknown.
    """

    def __init__(self, raw: Mapping[str, Any]) -> None:
        self.package: str = raw["package"]
        self.checked: str = raw["checked"]
        self.listed: str | None = raw["listed"]
        self._raw = raw
        self._found: dict[int, DeclaredRelease] = {}
        self._spans: dict[str, range | tuple[int, ...]] = {}

    @cached_property
    def releases(self) -> tuple[DeclaredRelease, ...]:
        """All of them, oldest first. Raises KnowledgeError."""
        return tuple(self._built(None))

    def find(self, version: str) -> DeclaredRelease | None:
        """One release by its version, however it is written, None if it is not known. Raises KnowledgeError."""
        number = self._row_numbers.get(version)
        if number is None:
            number = self._numbers.get(version_key(version))
        return self._at(number) if number is not None else None

    @cached_property
    def texts(self) -> Mapping[str, tuple[str, ...]]:
        """The requirements of all releases, each text once, by the name at its head."""
        texts: dict[str, list[str]] = {}
        for text in self._raw["requirements"]:
            texts.setdefault(required_name(text), []).append(text)
        return {name: tuple(own) for name, own in texts.items()}

    def newest_first(self, specifier: str) -> Iterator[DeclaredRelease]:
        """The releases that a range admits, newest first, and those before a release where there are no others.

        Each is built when it is asked for. Raises KnowledgeError.
        """
        rows = self._raw["releases"]
        begin, end, is_whole = self._window(specifier)
        early = []
        for number in range(end - 1, begin - 1, -1):
            version = rows[number][0]
            if not is_whole and not admits(specifier, version):
                continue
            if _place(version)[1]:
                early.append(number)
            else:
                end = -1
                yield self._at(number)
                if len(self._found) > _FEW:
                    len(self.releases)
        yield from map(self._at, early if end >= 0 else ())

    def within(self, specifier: str) -> tuple[DeclaredRelease, ...]:
        """The releases that a range admits, oldest first. Raises KnowledgeError."""
        numbers = self._admitted(specifier)
        if len(numbers) > _FEW:
            return tuple(self.releases[number] for number in numbers)
        return tuple(map(self._at, numbers))

    def versions_within(self, specifier: str, versions: Sequence[str]) -> Sequence[str]:
        """Those of some versions of releases that a range admits, in their order."""
        admitted = self._admitted(specifier)
        return [version for version in versions if self._row_numbers.get(version) in admitted]

    def _admitted(self, specifier: str) -> range | tuple[int, ...]:
        """The numbers of the rows that a range admits, in order."""
        if specifier not in self._spans:
            begin, end, is_whole = self._window(specifier)
            rows, span = self._raw["releases"], range(begin, end)
            self._spans[specifier] = (
                span if is_whole else tuple(number for number in span if admits(specifier, rows[number][0]))
            )
        return self._spans[specifier]

    def _window(self, specifier: str) -> tuple[int, int, bool]:
        """Between which rows those are that a range admits, and whether it is all of these."""
        rows = self._raw["releases"]
        begin, end, is_whole = 0, len(rows), True
        for clause in specifier.split(",") if specifier else ():
            sign, version = _sign_and_version(clause)
            is_whole = is_whole and sign in (">=", "<")
            place = _place(version)[0]
            if sign in (">=", "=="):
                begin = max(begin, bisect_left(rows, place, key=_place_of_row))
            if sign in ("<", "=="):
                end = min(end, (bisect_left if sign == "<" else bisect_right)(rows, place, key=_place_of_row))
            while sign == ">=" and begin < end and _place(rows[begin][0]) == (place, True):
                begin += 1
        return begin, end, is_whole

    def around(self, version: str) -> tuple[DeclaredRelease, DeclaredRelease] | None:
        """The nearest releases before and after one whose METADATA was read, by version and by day.

        The later one is of the same minor version. An older version that was published later does not count as before:
        what was added to the patches of several minor versions on one day was not required until then.
        """
        own = self.find(version)
        if own is None or own.day is None:
            return None
        rows, sources = self._raw["releases"], self._raw["sources"]
        at = self._numbers[version_key(version)]
        read = [number for number, row in enumerate(rows) if row[5] is not None and sources[row[2]][1]]
        older = (self._at(number) for number in reversed(read) if number < at)
        before = next(
            (
                declared_release
                for declared_release in older
                if declared_release.day is not None and declared_release.day <= own.day
            ),
            None,
        )
        newer = next((number for number in read if number > at), None)
        after = self._at(newer) if newer is not None and _minor(rows[newer][0]) == _minor(version) else None
        if before is None or after is None or after.day is None or after.day < own.day:
            return None
        return before, after

    def _at(self, number: int) -> DeclaredRelease:
        if "releases" in self.__dict__:
            return self.releases[number]
        if number not in self._found:
            self._found[number] = self._built(number)[0]
        return self._found[number]

    @cached_property
    def _row_numbers(self) -> Mapping[str, int]:
        """The row of each release by its version as it is written there."""
        return {row[0]: number for number, row in enumerate(self._raw["releases"])}

    @cached_property
    def _numbers(self) -> Mapping[str, int]:
        """The row of each release by the key of its version."""
        return {version_key(row[0]): number for number, row in enumerate(self._raw["releases"])}

    def _built(self, number: int | None) -> Sequence[DeclaredRelease]:
        try:
            return tuple(_releases(self._raw, number))
        except _MALFORMED as error:
            raise KnowledgeError(f"releases/{self.package}{SUFFIX}: {error}") from error


@lru_cache(maxsize=1)
def indexed_packages() -> Mapping[str, None]:
    """The names of all packages whose releases are known, in order."""
    names = packaged_names(FOLDER)
    return dict.fromkeys(name.removesuffix(SUFFIX) for name in names if name.endswith(SUFFIX))


def history(package: str) -> ReleaseHistory | None:
    """The releases of a package (its normalized name), None if they are not known. Raises KnowledgeError."""
    # Most of an environment's packages are unknown, and would drive those that are known out of what is kept.
    return _history(package) if package in indexed_packages() else None


@lru_cache(maxsize=256)
def _history(package: str) -> ReleaseHistory:
    return unpacked(packaged_bytes(f"{FOLDER}/{package}{SUFFIX}"), package)


def release(package: str, version: str) -> DeclaredRelease | None:
    """One release (a local part like `+cu121` is left out of account), None if it is not known."""
    known = history(package)
    return known.find(public(version)) if known else None


@lru_cache(maxsize=4096)
def requirements(package: str, version: str) -> LazyRequirements | None:
    """What a release requires, by normalized name; None if that is not known."""
    known = release(package, version)
    if known is None or known.requires is None:
        return None
    return LazyRequirements(known.requires)


@dataclass(frozen=True, slots=True, kw_only=True)
class AgreedRequirements:
    """What two releases require alike, between which one lies whose own requirements were not read."""

    requirements: LazyRequirements
    evidence: Evidence


@lru_cache(maxsize=1024)
def agreed(package: str, version: str) -> AgreedRequirements | None:
    """What the releases around one require alike by their METADATA, None where its own is known or they are not near.

    `ReleaseHistory.around` tells which ones those are.
    """
    known = history(package)
    own = known.find(public(version)) if known is not None else None
    around = known.around(own.version) if known is not None and own is not None and own.requires is None else None
    if around is None:
        return None
    before, after = around
    alike = common_requirements(before.requires or (), after.requires or ())
    says = f"METADATA of {package} {before.version} and {after.version}, between which {version} lies"
    return AgreedRequirements(requirements=LazyRequirements(alike), evidence=replace(after.evidence, source=says))


def matters(package: str) -> bool:
    """Whether a package is watched, or one of the stack around models whose releases are kept."""
    return watched(package) or history(package) is not None


def newest(package: str, *, admitted_by: str = "", day: str | None = None, python: str | None = None) -> str | None:
    """The newest known release that a range admits and that a Python may install, as of a day; final ones first.

    None if no release is known that does, or where not all of them are known by that day.
    """
    known = history(package)
    if known is None or known.listed is None or (day is not None and day > known.listed):
        return None
    fitting = [
        declared_release.version
        for declared_release in known.releases
        if admits(admitted_by, declared_release.version)
        and (day is None or (declared_release.day is not None and declared_release.day <= day))
        and (
            python is None
            or declared_release.requires_python is None
            or admits(declared_release.requires_python, python)
        )
    ]
    final = [version for version in fitting if not is_prerelease(version)]
    best = final or fitting
    return best[-1] if best else None


def _sign_and_version(clause: str) -> tuple[str, str]:
    """A bound at a release number, before which its pre-releases are; empty for any other clause."""
    for sign in (">=", "==", "<"):
        version = clause.removeprefix(sign)
        if version != clause:
            plain = version.replace(".", "").isdecimal() and plain_versions.order(version) is not None
            return (sign, version) if plain else ("", "")
    return "", ""


@lru_cache(maxsize=65536)
def _place(version: str) -> tuple[tuple[int, ...], bool]:
    """Epoch and release numbers of a version, zeros at the end left out, and whether it comes before that release."""
    plain = plain_versions.order(version)
    if plain is not None:
        return (0, *plain[0]), False
    epoch, mark, rest = version.partition("!")
    text = rest if mark else version
    length = next((at for at, sign in enumerate(text) if not (sign.isdecimal() or sign == ".")), len(text))
    numbers = plain_versions.stripped(tuple(int(part) for part in text[:length].split(".") if part))
    is_early = "post" not in text and any(sign in text[length:] for sign in ("a", "b", "rc", "dev"))
    return (int(epoch) if mark else 0, *numbers), is_early


def _place_of_row(row: Sequence[Any]) -> tuple[int, ...]:
    return _place(row[0])[0]


def _minor(version: str) -> tuple[int, ...]:
    numbers = release_numbers(version)
    return (*numbers, 0, 0)[:2] if numbers is not None else ()


def unpacked(data: bytes, package: str) -> ReleaseHistory:
    """The releases in the bytes of a file. Raises KnowledgeError where they are not what the lab writes."""
    import json
    import zlib

    try:
        reader = zlib.decompressobj()
        text = reader.decompress(data, MAX_BYTES)
        raw = json.loads(text) if reader.eof else {}
        if raw.get("format") != FORMAT or raw["package"] != package:
            raise KnowledgeError(f"releases/{package}{SUFFIX}: expected format {FORMAT} of {package}")
        return ReleaseHistory(raw)
    except (zlib.error, *_MALFORMED) as error:
        raise KnowledgeError(f"releases/{package}{SUFFIX}: {error}") from error


def _releases(raw: Mapping[str, Any], only: int | None) -> Iterator[DeclaredRelease]:
    """The releases, or only the one in a row: each row states what changed since the one before it."""
    from datetime import date

    texts, pythons, wheels, sources = (raw[key] for key in ("requirements", "pythons", "wheels", "sources"))
    required: dict[int, None] = {}
    ordinal = 0
    for number, (version, days, source, python, built, changes) in enumerate(raw["releases"]):
        ordinal += days or 0
        for change in changes or ():
            if change < 0:
                del required[~change]
            else:
                required[change] = None
        if only is not None and number < only:
            continue
        where, from_metadata = sources[source]
        yield DeclaredRelease(
            package=raw["package"],
            version=version,
            day=date.fromordinal(ordinal).isoformat() if days is not None else None,
            requires_python=pythons[python] if python is not None else None,
            requires=tuple(texts[at] for at in sorted(required)) if changes is not None else None,
            wheels=tuple(wheels[built].split()) if built is not None else None,
            from_metadata=from_metadata,
            evidence=Evidence(source=where.replace("{version}", version), checked=raw["checked"], measured=False),
        )
        if number == only:
            return
