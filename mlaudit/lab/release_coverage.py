"""What the index of releases knows, as a table (developers only): `python -m mlaudit.lab.refresh coverage`."""

from __future__ import annotations

from collections.abc import Iterator

from mlaudit.knowledge.releases import ReleaseHistory, history, indexed_packages
from mlaudit.lab.refresh_releases import projects

HEAD = (
    "| package | releases | from | to | METADATA | tag's source | neighbours | files | all until |",
    "|---|---:|---|---|---:|---:|---:|---:|---|",
)


def coverage() -> Iterator[str]:
    """The table's lines: one package a row, as `release_projects.toml` orders them, then all together."""
    yield from HEAD
    known = [release_history for row in projects() if (release_history := history(row.name)) is not None]
    for release_history in known:
        yield _row(release_history)
    total = sum(len(release_history.releases) for release_history in known)
    yield f"| {len(known)} packages | {total} | | | {' | '.join(map(str, _sums(known)))} | |"


def unknown_projects() -> tuple[str, ...]:
    """Packages of the list of which no release is known."""
    return tuple(sorted({row.name for row in projects()} - set(indexed_packages())))


def _row(known: ReleaseHistory) -> str:
    releases = known.releases
    numbers = " | ".join(map(str, _counts(known)))
    ends = f"{releases[0].version} | {releases[-1].version}"
    return f"| {known.package} | {len(releases)} | {ends} | {numbers} | {known.listed or ''} |"


def _counts(known: ReleaseHistory) -> tuple[int, int, int, int]:
    """Releases whose requirements METADATA, a tag, or what is around them tells, and those whose files are listed."""
    declared = [release for release in known.releases if release.requires is not None]
    metadata = sum(release.from_metadata for release in declared)
    between = sum(known.around(release.version) is not None for release in known.releases if release.requires is None)
    return metadata, len(declared) - metadata, between, sum(release.wheels is not None for release in known.releases)


def _sums(known: list[ReleaseHistory]) -> tuple[int, ...]:
    return tuple(map(sum, zip(*map(_counts, known), strict=True)))
