"""Whether the source tree at a tag says what METADATA of a release says; where not, tags are not asked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from packaging.requirements import Requirement

from mlaudit.knowledge.releases import version_key
from mlaudit.lab.release_rows import GatheredRelease

if TYPE_CHECKING:
    from packaging.specifiers import SpecifierSet


def disagreements(tagged: Iterable[GatheredRelease], others: Iterable[GatheredRelease]) -> tuple[str, ...]:
    """The versions of which a tag says otherwise than METADATA; what extras hold does not count."""
    read = {version_key(one.version): one.requires for one in others if one.from_metadata and one.requires is not None}
    return tuple(
        one.version
        for one in tagged
        if one.requires is not None
        and (said := read.get(version_key(one.version))) is not None
        and _without_extras(one.requires) != _without_extras(said)
    )


def agreeing(
    tagged: Iterable[GatheredRelease], known: Iterable[GatheredRelease], differing: Iterable[str]
) -> Iterator[GatheredRelease]:
    """What tags say; where they and METADATA differ of some release, nothing that was not known before."""
    before = {version_key(one.version) for one in known if one.requires is not None}
    doubtful = any(differing)
    for one in tagged:
        yield replace(one, requires=None) if doubtful and version_key(one.version) not in before else one


def _without_extras(texts: Iterable[str]) -> frozenset[tuple[str, frozenset[str], SpecifierSet, str]]:
    """Requirements that hold without an extra, in one spelling: uv writes `python_full_version` for whole minors."""
    read = map(Requirement, texts)
    marked = ((one, str(one.marker or "").replace("python_full_version", "python_version")) for one in read)
    return frozenset(
        (one.name, frozenset(one.extras), one.specifier, marker) for one, marker in marked if "extra ==" not in marker
    )
