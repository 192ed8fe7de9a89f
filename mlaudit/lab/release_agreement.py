"""Whether the source tree at a tag says what METADATA of a release says; where not, tags are not asked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from packaging.requirements import Requirement

from mlaudit.lab.release_rows import GatheredRelease
from mlaudit.model.versions import version_key

if TYPE_CHECKING:
    from packaging.specifiers import SpecifierSet


def disagreements(tagged: Iterable[GatheredRelease], others: Iterable[GatheredRelease]) -> tuple[str, ...]:
    """The versions of which a tag says otherwise than METADATA; what extras hold does not count."""
    read = {
        version_key(release.version): release.requires
        for release in others
        if release.from_metadata and release.requires is not None
    }
    return tuple(
        release.version
        for release in tagged
        if release.requires is not None
        and (stated := read.get(version_key(release.version))) is not None
        and _without_extras(release.requires) != _without_extras(stated)
    )


def agreeing(
    tagged: Iterable[GatheredRelease], known: Iterable[GatheredRelease], differing: Iterable[str]
) -> Iterator[GatheredRelease]:
    """What tags say; where they and METADATA differ of some release, nothing that was not known before."""
    before = {version_key(release.version) for release in known if release.requires is not None}
    doubtful = any(differing)
    for release in tagged:
        yield replace(release, requires=None) if doubtful and version_key(release.version) not in before else release


def _without_extras(texts: Iterable[str]) -> frozenset[tuple[str, frozenset[str], SpecifierSet, str]]:
    """Requirements that hold without an extra, in one spelling: uv writes `python_full_version` for whole minors."""
    read = map(Requirement, texts)
    marked = (
        (requirement, str(requirement.marker or "").replace("python_full_version", "python_version"))
        for requirement in read
    )
    return frozenset(
        (requirement.name, frozenset(requirement.extras), requirement.specifier, marker)
        for requirement, marker in marked
        if "extra ==" not in marker
    )
