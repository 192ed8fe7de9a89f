"""Where a model fails: the smallest change of one package with which the reader loads it and gives the same."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from mlaudit.knowledge.kinds import artifact_kinds, carried
from mlaudit.knowledge.releases import history
from mlaudit.model.lazy_dataclass import dataclass
from mlaudit.model.versions import parsed

Tried = tuple[str, bool, str]
"""`package==version`, whether it works, and in words."""
_MOST_SUSPECTS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class SmallestChange:
    """What was tried, in order, and the change that works; empty if none of them does.

    Attributes:
        untried: changes that might be smaller, or work, and for which the budget had no environment left.
    """

    tried: tuple[Tried, ...] = ()
    untried: tuple[str, ...] = ()
    package: str = ""
    version: str = ""


def smallest_change(
    kind: str,
    error: str,
    writer: Mapping[str, str],
    reader: Mapping[str, str],
    budget: int,
    works: Callable[[str, str], tuple[bool, str]],
) -> SmallestChange:
    """Try versions of the suspects between the reader's and the writer's, as many environments as the budget has.

    The order depends on nothing but versions: for each suspect the writer's version, then halves of what is between.

    Args:
        works: builds the reader with another version of a package, and returns whether the model works there.
    """
    tried: list[Tried] = []

    def attempt(package: str, version: str) -> bool:
        is_good, words = works(package, version)
        tried.append((f"{package}=={version}", is_good, words))
        return is_good

    suspected = suspects(kind, error, writer, reader)[:_MOST_SUSPECTS]
    for at, package in enumerate(suspected):
        if len(tried) >= budget:
            left = tuple(f"{name}=={writer[name]}" for name in suspected[at:])
            return SmallestChange(tried=tuple(tried), untried=left)
        if not attempt(package, writer[package]):
            continue
        between = _between(package, reader[package], writer[package])
        bad, good = -1, len(between)
        best = writer[package]
        while good - bad > 1 and len(tried) < budget:
            middle = (bad + good) // 2
            if attempt(package, between[middle]):
                good, best = middle, between[middle]
            else:
                bad = middle
        left = tuple(f"{package}=={version}" for version in between[bad + 1 : good])
        return SmallestChange(tried=tuple(tried), untried=left, package=package, version=best)
    return SmallestChange(tried=tuple(tried))


def suspects(kind: str, error: str, writer: Mapping[str, str], reader: Mapping[str, str]) -> Sequence[str]:
    """Packages of both sides with different versions: the kind's own, those the error names, what travels inside."""
    differing = [name for name in writer if name in reader and writer[name] != reader[name]]
    return [name for name in dict.fromkeys(_likely(kind, error, differing)) if name in differing]


def _likely(kind: str, error: str, differing: Sequence[str]) -> Iterator[str]:
    kinds = artifact_kinds()
    if kind in kinds:
        yield kinds[kind].package
    inside = [kinds[kind_name].package for kind_name in sorted(carried(frozenset((kind,)))) if kind_name in kinds]
    named = [name for name in (*inside, *differing) if name.replace("-", "_") in error]
    yield from (*named, *inside, *differing)


def _between(package: str, reader: str, writer: str) -> Sequence[str]:
    """Final releases strictly between two versions, from the reader's side on."""
    known = history(package)
    low, high = parsed(reader), parsed(writer)
    if known is None or low is None or high is None:
        return ()
    versions = {release.version: parsed(release.version) for release in known.releases}
    first, last = min(low, high), max(low, high)
    inside = [
        (version, text)
        for text, version in versions.items()
        if version is not None and first < version < last and not version.is_prerelease
    ]
    return [text for _, text in sorted(inside, reverse=low > high)]
