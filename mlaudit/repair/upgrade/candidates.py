"""Which known releases a package could take, the nearest first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache

from mlaudit.knowledge.family import demanding_releases
from mlaudit.knowledge.releases import history
from mlaudit.model.versions import admits, oldest, parsed, public, version_key

MAX_CANDIDATES = 400
"""Releases of one package that are looked at."""


@lru_cache(maxsize=512)
def final_releases(package: str) -> tuple[str, ...]:
    """The final releases of which it is known what they require, oldest first; one that nobody read proves nothing."""
    known = history(package)
    read = [release.version for release in known.releases if release.requires is not None] if known is not None else []
    final = {
        version_key(text): text
        for text in (*demanding_releases(package), *read)
        if (version := parsed(text)) and not version.is_prerelease
    }
    return tuple(sorted(final.values(), key=lambda version: parsed(version) or oldest()))


def is_listed(package: str, specifier: str = "") -> bool:
    """Whether every release of a range is known up to some day, with what it requires."""
    known = history(package)
    if known is None or known.listed is None:
        return False
    read = frozenset(map(version_key, final_releases(package)))
    final = (
        release for release in known.releases if (version := parsed(release.version)) and not version.is_prerelease
    )
    return all(version_key(release.version) in read for release in final if admits(specifier, release.version))


def newest_admitted(package: str, specifier: str) -> Iterator[str]:
    """The known final releases that a range admits, newest first."""
    versions = (version for version in reversed(final_releases(package)) if admits(specifier, version))
    for _, version in zip(range(MAX_CANDIDATES), versions, strict=False):
        yield version


@lru_cache(maxsize=512)
def candidates(package: str, current: tuple[str, ...], downward: bool) -> tuple[tuple[str, ...], ...]:
    """Two lists of other versions: the newest patch of each minor release, then the others; the nearest first.

    Args:
        current: the versions that the package has now.
        downward: older ones first.
    """
    known = final_releases(package)
    here = [version for version in map(parsed, map(public, current)) if version is not None]
    base = max(here, default=None)
    minors: dict[tuple[int, ...], str] = {}
    for version in known:
        minors[_minor(version)] = version
    newest = set(minors.values())
    above = [version for version in known if base is None or (parsed(version) or oldest()) >= base]
    below = [version for version in reversed(known) if version not in set(above)]
    if base is None:
        # Nothing exact is there now: the newest release is what an installer would take.
        above.reverse()
    ordered = [*below, *above] if downward else [*above, *below]
    return _capped([version for version in ordered if version in newest]), _capped(
        [version for version in ordered if version not in newest]
    )


def _capped(versions: Sequence[str]) -> tuple[str, ...]:
    return tuple(versions[:MAX_CANDIDATES])


def _minor(version: str) -> tuple[int, ...]:
    known = parsed(version)
    return (known.epoch, *(*known.release, 0, 0)[:2]) if known is not None else (-1,)
