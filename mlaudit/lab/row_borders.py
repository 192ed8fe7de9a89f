"""Whether the releases at the ends of rows use what the rows quote: `python -m mlaudit.lab.row_borders [PACKAGE ...]`.

Rows of `companions/` and `removed_names.toml` quote the name that a package does not find beside another one. Of the
package that breaks, the releases at both ends of `versions` and the one behind them are fetched by
`mlaudit.lab.release_sources`, and never imported. Each end is printed that does not use the name whenever it is
imported, or behind which the next release does so too. A use under a condition is no sure one: whoever mends a row
looks at it.
"""

from __future__ import annotations

import argparse
import re
import sys
import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from mlaudit.knowledge.combinations import Combination, written_combinations
from mlaudit.lab.measure import with_progress
from mlaudit.lab.name_uses import IMPORT, uses_in
from mlaudit.lab.release_sources import PLATFORM, ReleaseSources, SourceCache, SourceFetcher
from mlaudit.model.versions import admits

_QUOTED = (
    re.compile(r"cannot import name '(?P<last>\w+)' from '(?P<first>[\w.]+)'"),
    re.compile(r"module '(?P<first>[\w.]+)' has no attribute '(?P<last>\w+)'"),
    re.compile(r"No module named '(?P<last>[\w.]+)'"),
)
NOWHERE = "nowhere"
PERHAPS = "only under a condition, or where no import and no call surely comes"
PART = "only when a part of it is imported"
CALLED = "only when a function is called"
"""When a release uses a name, besides `import`."""
_SURE = (IMPORT, PART, CALLED)

Moment = Callable[[str], str | None]
"""When a release uses the names of a row; None where its files are not to be had."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QuotedRow:
    """A row, and the names that its sentence says are missing, in full."""

    row: Combination
    names: tuple[str, ...]


def quoted_names(sentence: str) -> tuple[str, ...]:
    """The names that the errors in a sentence say are missing."""
    matches = (match.groupdict() for pattern in _QUOTED for match in pattern.finditer(sentence))
    full = (f"{match['first']}.{match['last']}" if match.get("first") else match["last"] for match in matches)
    return tuple(dict.fromkeys(full))


def quoted_rows(packages: Iterable[str]) -> Iterator[QuotedRow]:
    """The rows of packages (none: of all) that quote a missing name of another package."""
    asked = frozenset(packages)
    for package, rows in written_combinations().items():
        for row in rows if not asked or package in asked else ():
            names = quoted_names(row.says)
            if names and not row.absent:
                yield QuotedRow(row=row, names=names)


def doubts(quoted: QuotedRow, versions: Sequence[str], moment: Moment) -> Iterator[str]:
    """What the releases of the package that breaks (oldest first) do not bear out of the range of a row."""
    inside = [version for version in versions if admits(quoted.row.versions, version)]
    if not inside:
        return
    at_import = "import" in quoted.row.says.partition("`")[0]
    for version in dict.fromkeys((inside[0], inside[-1])):
        when = moment(version)
        if when in (NOWHERE, PERHAPS) or (when in (PART, CALLED) and at_import):
            yield f"{version} uses it {when}"
            if version == inside[0]:
                yield from _where_it_begins(inside, moment)
    yield from _behind(versions[versions.index(inside[-1]) :], moment)


def _behind(versions: Sequence[str], moment: Moment) -> Iterator[str]:
    """Which releases behind the last of a range use the name as that one does."""
    surest = moment(versions[0])
    alike = [version for version in versions[1:2] if surest in _SURE and moment(version) == surest]
    if alike:
        last, first = _border(versions, moment, surest)
        ending = f"; {first} is the first that does not" if first else ""
        yield f"{alike[0]}, behind the range, uses it like {versions[0]}, and so does {last}{ending}"


def _border(versions: Sequence[str], moment: Moment, surest: str | None) -> tuple[str, str | None]:
    """The last release that is used like the first of them, and the one behind it; found by halves."""
    if moment(versions[-1]) == surest:
        return versions[-1], None
    alike, other = 0, len(versions) - 1
    while other - alike > 1:
        middle = (alike + other) // 2
        if moment(versions[middle]) == surest:
            alike = middle
        else:
            other = middle
    return versions[alike], versions[other]


def _where_it_begins(inside: Sequence[str], moment: Moment) -> Iterator[str]:
    """Between which releases a use begins that the last one has and the first has not; found by halves."""
    surest = moment(inside[-1])
    if surest in _SURE and moment(inside[0]) != surest:
        first, last = _border(inside[::-1], moment, surest)
        yield f"{first} is the first that does, {last} the last that does not"


def moment_of(sources: ReleaseSources, names: Iterable[str]) -> str:
    """When a release uses any of some names: the surest of all its uses."""
    wanted = tuple(names)
    with TemporaryDirectory() as folder:
        with zipfile.ZipFile(sources.path) as archive:
            archive.extractall(folder)
        moments = {use.moment for use in uses_in(Path(folder), wanted)}
    if IMPORT in moments:
        return IMPORT
    if moments:
        return PART if any(moment.startswith(f"{IMPORT} ") for moment in moments) else CALLED
    lasts = [name.rpartition(".")[2].encode() for name in wanted]
    is_mentioned = any(last in text for _, text in sources.modules() for last in lasts)
    return PERHAPS if is_mentioned else NOWHERE


class ReadMoments:
    """When the releases of one package use the names of a row; each release is fetched once."""

    def __init__(self, quoted: QuotedRow, cache: SourceCache, fetcher: SourceFetcher) -> None:
        self._quoted = quoted
        self._cache = cache
        self._fetcher = fetcher
        self._moments: dict[str, str | None] = {}

    def __call__(self, version: str) -> str | None:
        """When a release uses the names; None where its files are not to be had."""
        if version not in self._moments:
            package = self._quoted.row.package
            tuple(self._fetcher.bring(f"{package}=={version}"))
            path = self._cache.path(package, version)
            sources = ReleaseSources(package=package, version=version, path=path)
            self._moments[version] = moment_of(sources, self._quoted.names) if path.is_file() else None
        return self._moments[version]


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the doubts of each row; 1 where there are any."""
    parser = argparse.ArgumentParser(prog="python -m mlaudit.lab.row_borders", description=__doc__)
    parser.add_argument("packages", nargs="*", metavar="PACKAGE", help="whose rows are read (default: all)")
    parser.add_argument("--cache", type=Path, required=True, help="where releases are kept")
    parser.add_argument("--scratch", type=Path, required=True, help="a folder for what is fetched")
    options = parser.parse_args(arguments)
    options.cache.mkdir(parents=True, exist_ok=True)
    cache = SourceCache(options.cache)
    fetcher = SourceFetcher(cache, options.scratch, {}, PLATFORM)
    rows = tuple(quoted_rows(options.packages))
    doubtful = 0
    for quoted in with_progress(rows, len(rows), "rows"):
        versions = fetcher.listed(quoted.row.package)
        for doubt in doubts(quoted, versions, ReadMoments(quoted, cache, fetcher)):
            doubtful += 1
            sys.stdout.write(f"{quoted.row.id}: {', '.join(quoted.names)}: {doubt}\n")
    return 1 if doubtful else 0


if __name__ == "__main__":
    raise SystemExit(main())
