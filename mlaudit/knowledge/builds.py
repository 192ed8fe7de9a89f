"""Wheels that are compiled for one build of another package, by the local parts of versions: `builds.toml`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache

from mlaudit.document.node import Malformed, Node
from mlaudit.knowledge.schema import checked, evidence, pattern, specifier, unknown_keys
from mlaudit.model.lazy_dataclass import dataclass
from mlaudit.model.lazy_pattern import lazy_pattern
from mlaudit.model.nouns import Evidence
from mlaudit.model.versions import admits, parsed, public

_FILE = "builds.toml"
_TAGGED_KEYS = frozenset({"packages", "other", "tag", "error", "source", "checked"})
_SAME_CUDA_KEYS = frozenset({"package", "versions", "other", "exact", "error", "source", "checked"})
_VENDORED_KEYS = frozenset({"package", "local", "beside", "error", "source", "checked"})
_CUDA = lazy_pattern(r"cu(?P<major>\d+)(?P<minor>\d)(?!\d)")


@dataclass(frozen=True, slots=True, kw_only=True)
class AbiBreak:
    """A package compiled for another build of `other` than is beside it.

    `declared` tells whether its metadata forbids that: where it does not, no resolver sees the break.
    """

    package: str
    version: str
    other: str
    other_version: str
    declared: bool
    says: str
    remedy: str
    evidence: tuple[Evidence, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Tagged:
    """Packages whose local part names the release of `other` that they are compiled for."""

    packages: frozenset[str]
    other: str
    tag: re.Pattern[str]
    error: str
    evidence: tuple[Evidence, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _SameCuda:
    """A package that refuses to import beside an `other` built for another CUDA; only major versions if not `exact`."""

    package: str
    versions: str
    other: str
    exact: bool
    error: str
    evidence: tuple[Evidence, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Vendored:
    """A package whose vendor builds (`local` is in their local part) break what was compiled for the index's own."""

    package: str
    local: str
    beside: frozenset[str]
    error: str
    evidence: tuple[Evidence, ...]


@dataclass(frozen=True, slots=True)
class _Builds:
    tagged: tuple[_Tagged, ...]
    same_cuda: tuple[_SameCuda, ...]
    vendored: tuple[_Vendored, ...]


def build_breaks(versions: Mapping[str, str]) -> Iterator[AbiBreak]:
    """Packages of one environment that are built for something else, as local parts of versions tell."""
    if any("+" in version for version in versions.values()):
        yield from _tagged_breaks(versions)
        yield from _cuda_breaks(versions)
        yield from _vendor_breaks(versions)


@lru_cache(maxsize=1)
def _builds() -> _Builds:
    return checked(_FILE, _built)


def _built(root: Node) -> _Builds:
    unknown_keys(root, frozenset({"tagged", "same_cuda", "vendored"}))
    return _Builds(
        tuple(_tagged(row) for row in root.get("tagged").each()),
        tuple(_same_cuda(row) for row in root.get("same_cuda").each()),
        tuple(_vendored(row) for row in root.get("vendored").each()),
    )


def _tagged(row: Node) -> _Tagged:
    unknown_keys(row, _TAGGED_KEYS)
    tag = pattern(row.get("tag"))
    if not {"major", "minor"} <= tag.groupindex.keys():
        raise Malformed("expected the groups major and minor", (*row.route, "tag"))
    return _Tagged(
        packages=frozenset(row.get("packages").texts()),
        other=row.get("other").text(),
        tag=tag,
        error=row.get("error").text(),
        evidence=evidence(row),
    )


def _same_cuda(row: Node) -> _SameCuda:
    unknown_keys(row, _SAME_CUDA_KEYS)
    return _SameCuda(
        package=row.get("package").text(),
        versions=specifier(row.get("versions")),
        other=row.get("other").text(),
        exact=row.get("exact").flag(),
        error=row.get("error").text(),
        evidence=evidence(row),
    )


def _vendored(row: Node) -> _Vendored:
    unknown_keys(row, _VENDORED_KEYS)
    return _Vendored(
        package=row.get("package").text(),
        local=row.get("local").text(),
        beside=frozenset(row.get("beside").texts()),
        error=row.get("error").text(),
        evidence=evidence(row),
    )


def _tagged_breaks(versions: Mapping[str, str]) -> Iterator[AbiBreak]:
    for row in _builds().tagged:
        other = versions.get(row.other)
        release = parsed(public(other)) if other is not None else None
        for package in sorted(row.packages & versions.keys()):
            tag = row.tag.search(versions[package].partition("+")[2])
            if other is None or release is None or tag is None:
                continue
            if (int(tag["major"]), int(tag["minor"])) != (release.major, release.minor):
                yield _tag_break(row, package, versions[package], other, f"{tag['major']}.{tag['minor']}")


def _tag_break(row: _Tagged, package: str, version: str, other: str, built_for: str) -> AbiBreak:
    return AbiBreak(
        package=package,
        version=version,
        other=row.other,
        other_version=other,
        declared=False,
        says=(
            f"{package} {version} is a build for {row.other} {built_for} and installed with {row.other} {other}: its "
            f"import fails (`{row.error}` and the like)."
        ),
        remedy=f"Install the build of {package} for {row.other} {other}, or {row.other} {built_for}.",
        evidence=row.evidence,
    )


def _cuda_breaks(versions: Mapping[str, str]) -> Iterator[AbiBreak]:
    for row in _builds().same_cuda:
        version, other = versions.get(row.package), versions.get(row.other)
        if version is None or other is None or not admits(row.versions, public(version)):
            continue
        left, right = _cuda(version), _cuda(other)
        if left is not None and right is not None and _differ(left, right, row.exact):
            yield _cuda_break(row, version, other)


def _cuda(version: str) -> tuple[str, str] | None:
    """The CUDA that a local part names, major and minor (`+cu118` is 11.8)."""
    match = _CUDA.search(version.partition("+")[2])
    return (match["major"], match["minor"]) if match else None


def _differ(left: tuple[str, str], right: tuple[str, str], exact: bool) -> bool:
    return left != right if exact else left[0] != right[0]


def _cuda_break(row: _SameCuda, version: str, other: str) -> AbiBreak:
    return AbiBreak(
        package=row.package,
        version=version,
        other=row.other,
        other_version=other,
        declared=False,
        says=(
            f"{row.package} {version} and {row.other} {other} are builds for different CUDA versions, and "
            f"`import {row.package}` refuses that: `{row.error}`."
        ),
        remedy=f"Install {row.package} and {row.other} from the same index.",
        evidence=row.evidence,
    )


def _vendor_breaks(versions: Mapping[str, str]) -> Iterator[AbiBreak]:
    for row in _builds().vendored:
        other = versions.get(row.package, "")
        if row.local in other.partition("+")[2]:
            for package in sorted(row.beside & versions.keys()):
                if row.local not in versions[package].partition("+")[2]:
                    yield _vendor_break(row, package, versions[package], other)


def _vendor_break(row: _Vendored, package: str, version: str, other: str) -> AbiBreak:
    return AbiBreak(
        package=package,
        version=version,
        other=row.package,
        other_version=other,
        declared=False,
        says=(
            f"{package} {version} is compiled for {row.package} as the index has it and installed with a vendor's "
            f"build, {other}: its import fails (`{row.error}` and the like)."
        ),
        remedy=f"Build {package} inside the vendor's image, or install {row.package} from the index.",
        evidence=row.evidence,
    )
