"""Versions and ranges: equality, distance, variants, what a range admits and whether two ranges can meet (PEP 440)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import TYPE_CHECKING

from mlaudit.model import plain_versions
from mlaudit.model.lazy_pattern import lazy_pattern
from mlaudit.model.nouns import Distance
from mlaudit.model.plain_versions import MAX_CLAUSES

if TYPE_CHECKING:
    # To import packaging compiles the longest patterns of a run; most runs of a hook ask for no version.
    from packaging.specifiers import Specifier, SpecifierSet
    from packaging.version import Version

MAX_LENGTH = 256
"""Characters: a longer text is no version."""

_NUMBER = "(?:0|[1-9][0-9]*)"
_SPELLED = lazy_pattern(
    rf"((?:[1-9][0-9]*!)?{_NUMBER}(?:\.{_NUMBER}){{0,19}}?)(?:\.0){{0,19}}"
    rf"((?:(?:a|b|rc){_NUMBER})?(?:\.post{_NUMBER})?(?:\.dev{_NUMBER})?(?:\+[a-z0-9.]+)?)"
)
"""A version as PEP 440 normalizes it."""
_VARIANT = lazy_pattern(r"(?:^|[^a-z0-9])((?:cu|rocm|xpu|cpu|hip|nv)[0-9.]*)(?:$|[^a-z0-9])")


@lru_cache(maxsize=65536)
def parsed(text: str) -> Version | None:
    """The version, or None if the text is not one for PEP 440."""
    # What begins otherwise is none, and packaging need not be loaded to say so.
    if len(text) > MAX_LENGTH or not text.lstrip().removeprefix("v").removeprefix("V")[:1].isdigit():
        return None
    from packaging.version import InvalidVersion, Version

    try:
        return Version(text)
    except InvalidVersion:
        return None


def is_version(text: str) -> bool:
    """Whether a text is a version for PEP 440."""
    return plain_versions.order(text) is not None or parsed(text) is not None


def is_range(text: str) -> bool:
    """Whether a text is a specifier for PEP 440, which an empty one is, and of not too many clauses."""
    return plain_versions.clauses(text) is not None or specifiers(text) is not None


def is_before(version: str, other: str) -> bool | None:
    """Whether one version sorts before another one; None if one of them cannot be read."""
    plain, plain_other = plain_versions.order(version), plain_versions.order(other)
    if plain is not None and plain_other is not None:
        return plain < plain_other
    known, known_other = parsed(version), parsed(other)
    return known < known_other if known is not None and known_other is not None else None


def in_order(versions: Iterable[str]) -> list[str]:
    """Versions, each once, oldest first; what is none sorts first."""
    plain = {version: plain_versions.order(version) for version in versions}
    if None not in plain.values():
        return sorted(plain, key=lambda version: plain[version] or ((), 0))
    return sorted(plain, key=lambda version: parsed(version) or oldest())


def is_prerelease(version: str) -> bool:
    """Whether a version is read as one that comes before its release."""
    if plain_versions.order(version) is not None:
        return False
    known = parsed(version)
    return known is not None and known.is_prerelease


def release_numbers(version: str) -> tuple[int, ...] | None:
    """The numbers of a version's release, without zeros at their end; None if it cannot be read."""
    plain = plain_versions.order(version)
    if plain is not None:
        return plain[0]
    known = parsed(version)
    return plain_versions.stripped(known.release) if known is not None else None


def of_its_release(version: str) -> str | None:
    """The release that a version is before, at or after (`1.3` of `1.3rc1`), None if it cannot be read."""
    if plain_versions.order(version) is not None:
        return version.partition(".post")[0]
    known = parsed(version)
    return known.base_version if known is not None else None


@lru_cache(maxsize=65536)
def version_key(version: str) -> str:
    """One text for all spellings of a version: `2.0` and `2.0.0` are one release. It orders nothing.

    A text that is no version for PEP 440 is its own key, in lower case.
    """
    read = _SPELLED.fullmatch(version)
    if read is None:
        normal = parsed(version)
        read = _SPELLED.fullmatch(str(normal)) if normal is not None else None
    return f"{read.group(1)}{read.group(2) or ''}" if read else version.strip().lower()


def oldest() -> Version:
    """The version before all others: where what is not one sorts."""
    from packaging.version import Version

    return Version("0")


@lru_cache(maxsize=65536)
def specifiers(text: str) -> SpecifierSet | None:
    """The specifier set, or None if the text is not one for PEP 440, or has too many or too long clauses."""
    clauses = text.split(",", MAX_CLAUSES)
    if len(clauses) > MAX_CLAUSES or any(len(clause) > MAX_LENGTH for clause in clauses):
        return None
    from packaging.specifiers import InvalidSpecifier, SpecifierSet

    try:
        return SpecifierSet(text, prereleases=True)
    except InvalidSpecifier:
        return None


@lru_cache(maxsize=65536)
def split_variant(version: str) -> tuple[str, str | None]:
    """Public version and known build part: `2.5.1+cu124` is `2.5.1` and `cu124`.

    Local parts that name no accelerator (`1.0+local`, a commit) are variants as written; NVIDIA's container builds
    (`2.10.0a0+b4e4ee81d3.nv25.12`) are `nv25.12`.
    """
    public, plus, local = version.partition("+")
    if not plus or not local:
        return version, None
    known = _VARIANT.search(local.lower())
    return public, known.group(1) if known else local


@lru_cache(maxsize=65536)
def public(version: str) -> str:
    """The version without its local part."""
    return version.partition("+")[0]


@lru_cache(maxsize=65536)
def same_public(left: str, right: str) -> bool:
    """Whether two versions are equal but for their local parts (`1.0` is `1.0.0`, `1!1.0` is not `1.0`)."""
    plain, plain_other = plain_versions.order(public(left)), plain_versions.order(public(right))
    if plain is not None and plain_other is not None:
        return plain == plain_other
    version, other = parsed(public(left)), parsed(public(right))
    if version is None or other is None:
        return public(left).strip().lower() == public(right).strip().lower()
    return version == other


@lru_cache(maxsize=65536)
def distance(left: str, right: str) -> Distance | None:
    """How far two versions are apart but for their local parts; None if they are equal.

    What is no PEP 440 version is compared by its numbers; texts without numbers in common are `major`.
    """
    if same_public(left, right):
        return None
    first, other = _release(left), _release(right)
    for at, step in enumerate((Distance.MAJOR, Distance.MAJOR, Distance.MINOR)):
        if first[at] != other[at]:
            return step
    return Distance.PRE if first[3:] == other[3:] else Distance.PATCH


def _release(text: str) -> tuple[int, ...]:
    """Epoch and release numbers, ending in exactly two zeros, so that every version has a major and a minor number."""
    plain = plain_versions.order(public(text))
    if plain is not None:
        return (0, *plain[0], 0, 0)
    version = parsed(public(text))
    epoch, numbers = (version.epoch, version.release) if version else (0, tuple(_numbers(text)))
    return (epoch, *plain_versions.stripped(numbers), 0, 0)


def _numbers(text: str) -> Iterator[int]:
    return (int(digits) for digits in re.findall(r"\d{1,9}", text[:MAX_LENGTH])[:6])


@lru_cache(maxsize=65536)
def exact(specifier: str) -> str | None:
    """The one version that a specifier admits by naming it (`==2.6.1`, `===2.6.1`, `==2.6.1,<=3.0`), else None."""
    if specifier.startswith("==") and plain_versions.order(specifier[2:]) is not None:
        return specifier[2:]
    if "==" not in specifier:
        return None
    clauses = specifiers(specifier)
    if clauses is None:
        return None
    # What `===` names is compared letter by letter, so that its spelling is the one that counts.
    named = sorted((clause.operator != "===", clause.version) for clause in clauses if _names_one(clause))
    if not named:
        return None
    version = named[0][1]
    return version if all(_allows(clause, version) for clause in clauses) else None


def _allows(clause: Specifier, version: str) -> bool:
    if clause.operator == "===":
        return clause.version.lower() == version.lower()
    return admits(str(clause), version)


def _names_one(clause: Specifier) -> bool:
    return clause.operator == "===" or (clause.operator == "==" and not clause.version.endswith(".*"))


@lru_cache(maxsize=65536)
def admits(specifier: str, version: str) -> bool:
    """Whether a range admits a version, prereleases included; a vendor's build counts as its release.

    Such a build is `2.10.0a0+b4e4ee81d3.nv25.12`, which PEP 440 puts before 2.10.

    What PEP 440 cannot read admits everything: an accusation needs proof.
    """
    plain = plain_versions.admits(specifier, version)
    if plain is not None:
        return plain
    clauses, known = specifiers(specifier), parsed(version)
    if clauses is None or known is None:
        return True
    if clauses.contains(known):
        return True
    vendored = known.local is not None and known.is_prerelease
    return vendored and clauses.contains(known.base_version)


@lru_cache(maxsize=65536)
def disjoint(left: str, right: str) -> bool:
    """Whether it is proved that no version satisfies both specifiers.

    The versions that satisfy both, if there are any, begin at a place where what one of the clauses admits begins; so
    trying all such places is a proof (`_probes`).
    """
    if plain_versions.names_its_own(both(left, right)):
        return False
    allowed, other = specifiers(left), specifiers(right)
    if allowed is None or other is None:
        return False
    return not any(_both(allowed, other, version) for version in _probes(allowed, other))


def _both(allowed: SpecifierSet, other: SpecifierSet, version: str) -> bool:
    return _contains(allowed, version) and _contains(other, version)


def _contains(clauses: SpecifierSet, version: str) -> bool:
    """Whether a version is in a set; a text that is no version only by `===`, which older packaging refuses."""
    if parsed(version) is not None:
        return clauses.contains(version)
    return all(clause.operator == "===" and _allows(clause, version) for clause in clauses)


def _probes(*sets: SpecifierSet) -> Iterator[str]:
    """The least version of all, and every place where what a clause admits begins, or begins again."""
    clauses = [clause for clauses in sets for clause in clauses]
    # A version just above a release needs more numbers than any clause has, so that no clause names one in between.
    zeros = ".0" * max((clause.version.count(".") for clause in clauses), default=0)
    yield "0.dev0"
    for clause in clauses:
        named = clause.version.removesuffix(".*")
        yield named
        version = parsed(named)
        if version is not None:
            yield from _beginnings(version, zeros)


def _beginnings(version: Version, zeros: str) -> Iterator[str]:
    """The series of which a version is one, and what comes next after it and after each of them."""
    release = base = version.base_version
    *head, last = version.release
    epoch = f"{version.epoch}!" if version.epoch else ""
    yield from (f"{base}.dev0", base, f"{base}{zeros}.1.dev0", f"{epoch}{'.'.join(map(str, (*head, last + 1)))}.dev0")
    if version.pre is not None:
        letter, number = version.pre
        yield f"{base}{letter}{number + 1}.dev0"
        release += f"{letter}{number}"
    post = -1 if version.post is None else version.post
    yield from (f"{release}.post{post + 1}.dev0", f"{release}.post{post + 1}")
    if version.dev is not None:
        series = release if version.post is None else f"{release}.post{post}"
        yield from (series, f"{series}.dev{version.dev + 1}")


def meet(clauses: Iterable[str]) -> bool:
    """Whether some version may satisfy all the clauses; those that PEP 440 cannot read exclude nothing."""
    text = ",".join(clause for clause in clauses if is_range(clause))
    if plain_versions.names_its_own(text):
        return True
    known = specifiers(text)
    return known is None or any(_contains(known, version) for version in _probes(known))


@lru_cache(maxsize=16384)
def both(left: str, right: str) -> str:
    """The intersection of two specifiers, as text, each clause once."""
    return joined((left, right))


def joined(ranges: Iterable[str]) -> str:
    """The intersection of specifiers, as text, each clause once; of more than `MAX_CLAUSES` the tightest."""
    clauses = dict.fromkeys(clause.strip() for text in ranges for clause in text.split(",") if clause.strip())
    return ",".join(clauses if len(clauses) <= MAX_CLAUSES else _tightest(clauses))


def tightened(specifier: str) -> str:
    """A specifier without the bounds that another one of it implies, lower ones first."""
    clauses = _tightest(clause.strip() for clause in specifier.split(",") if clause.strip())
    return ",".join(sorted(clauses, key=lambda clause: not clause.startswith(">")))


def _tightest(clauses: Iterable[str]) -> list[str]:
    """At most `MAX_CLAUSES` clauses: of every direction the one that admits least, then others as written.

    What is left out only makes the range wider, so that nothing is accused without proof.
    """
    bounds: dict[str, tuple[Version, str]] = {}
    others: list[str] = []
    for clause in clauses:
        operator = clause[:2] if clause[:2] in (">=", "<=") else clause[:1]
        version = parsed(clause[len(operator) :].strip()) if operator in (">=", "<=", ">", "<") else None
        if version is None:
            others.append(clause)
        elif operator not in bounds or (version > bounds[operator][0]) is (operator[0] == ">"):
            bounds[operator] = (version, clause)
    return [*(clause for _, clause in bounds.values()), *others][:MAX_CLAUSES]
