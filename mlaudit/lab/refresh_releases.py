"""Write `knowledge/releases/` again (developers only): `python -m mlaudit.lab.refresh releases [PACKAGE...]`.

Sources, of which metadata wins over tags: a package index (`--index`, or `pip` for the one that pip is set up with), of
which only the lists of releases and METADATA are asked, one request at a time, everything kept in `--cache`; the same
index through pip and uv alone (`--installers`: the files of every release, METADATA of those that `metadata` in
`release_projects.toml` names and that are not known by it yet); folders of wheels or installed environments
(`--wheels`); clones of the projects' repositories (`--clones`). What was known of a release stays where no source shows
more, unless `--whole` is given. The same input gives the same bytes.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import tomli

from mlaudit.knowledge.declared_requirements import required_name
from mlaudit.knowledge.releases import (
    FOLDER,
    SUFFIX,
    history,
    indexed_packages,
    unpacked,
)
from mlaudit.lab.release_agreement import agreeing, disagreements
from mlaudit.lab.release_clients import InstallerIndex
from mlaudit.lab.release_index import PackageIndex, pip_index
from mlaudit.lab.release_rows import GatheredRelease, gathered_before, merged, packed
from mlaudit.lab.release_tags import TaggedProject, last_day, tagged_releases
from mlaudit.lab.release_wheels import local_releases
from mlaudit.model.packaged import HOME, packaged
from mlaudit.model.versions import version_key

FORGE = "https://github.com"
MAX_FILE = 300_000
"""Bytes of one package's file."""


TAGS = ("v{version}", "{version}")


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexedProject:
    """A row of `release_projects.toml`."""

    name: str
    repository: str | None
    mirrors: tuple[str, ...]
    folder: str
    tags: tuple[str, ...]
    requirements: tuple[str, ...]
    loosened: bool = False
    metadata: str = "none"
    oldest: bool = False


def projects() -> tuple[IndexedProject, ...]:
    """The packages whose releases are kept, in the order in which they are read."""
    rows = tomli.loads(packaged("lab/release_projects.toml"))["package"]
    return tuple(
        IndexedProject(
            name=row["name"],
            repository=row.get("repository"),
            mirrors=tuple(row.get("mirrors", ())),
            folder=row.get("folder", ""),
            tags=tuple(row.get("tags", TAGS)),
            requirements=tuple(row.get("requirements", ())),
            loosened=row.get("loosened", False),
            metadata=row.get("metadata", "none"),
            oldest=row.get("oldest", False),
        )
        for row in rows
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the files of all packages, or of those named; 1 where one could not be read whole."""
    asked = _parser().parse_args(arguments)
    wanted = [row for row in projects() if not asked.packages or row.name in asked.packages]
    wheels = local_releases([Path(folder) for folder in asked.wheels], {row.name for row in wanted})
    index = PackageIndex(pip_index() if asked.index == "pip" else asked.index, asked.cache) if asked.index else None
    installers = InstallerIndex(asked.cache, required_names()) if asked.installers else None
    asked.output.mkdir(parents=True, exist_ok=True)
    failed = []
    for row in _with_progress(wanted):
        known = _known(asked, row)
        try:
            gathered = _gathered(index, installers, row, known)
        except OSError as error:
            failed.append(f"{row.name}: {error}")
            continue
        built = (*(wheel for wheel in wheels if wheel.package == row.name), *gathered)
        tagged = tuple(_tagged(asked.clones, row))
        differing = disagreements(tagged, (*known, *built))
        if differing:
            print(f"{row.name}: tags and METADATA differ of {' '.join(differing)}", file=sys.stderr)  # noqa: T201
        releases = (*known, *agreeing(tagged, known, differing), *built)
        listed = asked.checked if index is not None or installers is not None else _listed(asked, row)
        _write(
            asked.output / f"{row.name}{SUFFIX}",
            packed(row.name, merged(_offered(releases, gathered)), asked.checked, listed=listed),
        )
    if index is not None:
        index.connections.close()
    for message in failed:
        print(message)  # noqa: T201 - a developer's command
    return 1 if failed else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m mlaudit.lab.refresh releases", description=__doc__)
    parser.add_argument("packages", nargs="*", help="names as in release_projects.toml; all where none is given")
    parser.add_argument("--index", help="address of a simple index (PEP 691), or `pip` for the one that pip uses")
    parser.add_argument("--installers", action="store_true", help="ask pip and uv, as they are set up here")
    parser.add_argument("--cache", type=Path, default=Path(".release-cache"), help="what the index answered")
    parser.add_argument("--wheels", action="append", default=[], help="a folder of wheels or installed packages")
    parser.add_argument("--clones", type=Path, help="a folder of clones, OWNER+NAME/repo")
    parser.add_argument("--whole", action="store_true", help="forget what the files knew before")
    parser.add_argument("--output", type=Path, default=HOME / FOLDER)
    parser.add_argument("--checked", default=date.today().isoformat(), help="the day to write into the files")
    return parser


def _with_progress(rows: Sequence[IndexedProject]) -> Iterator[IndexedProject]:
    from rich.console import Console
    from rich.progress import track

    yield from track(rows, description="releases", console=Console(stderr=True))


def _known(asked: argparse.Namespace, row: IndexedProject) -> tuple[GatheredRelease, ...]:
    path = asked.output / f"{row.name}{SUFFIX}"
    if asked.whole or not path.exists():
        return ()
    return tuple(gathered_before(release) for release in unpacked(path.read_bytes(), row.name).releases)


def _gathered(
    index: PackageIndex | None,
    installers: InstallerIndex | None,
    row: IndexedProject,
    known: Iterable[GatheredRelease],
) -> tuple[GatheredRelease, ...]:
    """What the index has of a package. Raises OSError."""
    by_metadata = {
        release.version: release.requires for release in known if release.from_metadata and release.requires is not None
    }
    return (
        *(index.releases(row.name) if index else ()),
        *(installers.releases(row.name, row.metadata, by_metadata, oldest=row.oldest) if installers else ()),
    )


def _offered(releases: Iterable[GatheredRelease], gathered: Iterable[GatheredRelease]) -> Iterator[GatheredRelease]:
    """Without what an index does not offer, by its list now or before; all where none was asked.

    What is newer than that list is kept.
    """
    rows = tuple(releases)
    listed = tuple(gathered) or tuple(release for release in rows if release.wheels is not None)
    there = {version_key(release.version) for release in listed}
    last = max((release.day for release in listed if release.day), default="")
    return (
        release
        for release in rows
        if not there or version_key(release.version) in there or (release.day or "") > last > ""
    )


def required_names() -> frozenset[str]:
    """The packages that any known release requires."""
    histories = (history(package) for package in indexed_packages())
    texts = {text for known in histories if known for release in known.releases for text in release.requires or ()}
    return frozenset(map(required_name, texts))


def _clone(clones: Path, repository: str) -> Path:
    return clones / repository.replace("/", "+") / "repo"


def _tagged(clones: Path | None, row: IndexedProject) -> Iterator[GatheredRelease]:
    """From the project's own clone, else from those of its mirrors; a mirror's tags are kept under its own address."""
    if clones is None or row.repository is None:
        return
    named = [_clone(clones, name) for name in (row.repository, *row.mirrors)]
    own = named[:1] if named[0].is_dir() else named[1:]
    for name, clone in zip((row.repository, *row.mirrors), named, strict=True):
        if clone in own and clone.is_dir():
            yield from tagged_releases(
                TaggedProject(
                    package=row.name,
                    repository=f"{FORGE}/{name}",
                    clone=clone,
                    tags=row.tags,
                    folder=row.folder,
                    requirements=row.requirements,
                    loosened=row.loosened,
                )
            )


def _listed(asked: argparse.Namespace, row: IndexedProject) -> str | None:
    """The day up to which the project's own tags are all there; those of a mirror end somewhere."""
    path = asked.output / f"{row.name}{SUFFIX}"
    before = unpacked(path.read_bytes(), row.name).listed if path.exists() and not asked.whole else None
    clone = _clone(asked.clones, row.repository) if asked.clones and row.repository else None
    return max(filter(None, (before, last_day(clone) if clone is not None and clone.is_dir() else None)), default=None)


def _write(path: Path, data: bytes) -> None:
    """A package of which nothing is declared gets no file. Raises OSError where the file grew too large."""
    releases = unpacked(data, path.name.removesuffix(SUFFIX)).releases
    if not any(release.requires is not None or release.wheels for release in releases):
        path.unlink(missing_ok=True)
        return
    if len(data) > MAX_FILE:
        raise OSError(f"{path.name} would have {len(data)} bytes; at most {MAX_FILE} may be shipped")
    path.write_bytes(data)


if __name__ == "__main__":
    raise SystemExit(main())
