"""Who uses a name that a release took away (developers only): `python -m mlaudit.lab.removed_names RELEASE...`.

A release is `PACKAGE==VERSION`; give several of a package, such as the newest of each minor line. `PACKAGE@OWNER/NAME`
stands for the last patch of each minor version of which a clone of it below `--clones` has a tag; a folder
of it and the form of its tags may follow: `PACKAGE@OWNER/NAME:python:python-v{version}`.

Wheels are fetched by uv, one at a time, without what they require, and kept in `--cache`; they are parsed and never
imported. The names come from `removed_names.toml` beside this file. What stands inside `try`, `if` or behind an early
`return`, and so may never run, is not proposed; neither is a name that the package sets itself. The rows that are
printed are proposals for `knowledge/removed_names.toml`: someone decides which of them a user meets.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import tomli
from packaging.version import Version

from mlaudit.lab.name_uses import IMPORT, NameUsed, uses_in
from mlaudit.lab.release_trees import laid_tree, last_patches, tagged_versions
from mlaudit.model.packaged import packaged

LIST = "lab/removed_names.toml"
PYTHONS = ("3.11", "3.8", "3.7")
"""For which a wheel is asked, in this order."""
TAGS = ("v{version}", "{version}")
PAUSE = 0.5
"""Seconds between two downloads."""
SECONDS = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class SoughtNames:
    """Names that the releases `others` of a package no longer have."""

    provider: str
    others: str
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposedUse:
    """Consecutive releases, among those that were read, that use a name at the same moment.

    Attributes:
        fixed: the next release that was read; None where there is none.
    """

    package: str
    first: str
    last: str
    fixed: str | None
    used: NameUsed

    @property
    def versions(self) -> str:
        """The releases between the first and the last one that were read."""
        return f"=={self.first}" if self.first == self.last else f">={self.first},<={self.last}"


def sought_names() -> tuple[SoughtNames, ...]:
    """The rows of the list."""
    rows = tomli.loads(packaged(LIST))["removed"]
    return tuple(SoughtNames(provider=row["package"], others=row["others"], names=tuple(row["names"])) for row in rows)


def fetched_wheel(package: str, version: str, cache: Path) -> Path | None:
    """The folder of a release's files; None where no wheel is to be had."""
    folder = cache / f"{package}=={version}"
    if folder.is_dir():
        return folder
    for python in PYTHONS:
        command = ["uv", "pip", "install", "--quiet", "--no-deps", "--only-binary", ":all:", "--python", sys.executable]
        command += ["--python-version", python, "--target", f"{folder}.part", f"{package}=={version}"]
        done = subprocess.run(  # noqa: S603 - own arguments
            command, capture_output=True, timeout=SECONDS, check=False
        )
        time.sleep(PAUSE)
        if done.returncode == 0:
            return Path(f"{folder}.part").rename(folder)
    return None


def proposed_uses(
    package: str, releases: Mapping[str, Iterable[NameUsed]], names: Iterable[str]
) -> Iterator[ProposedUse]:
    """The uses of the names over the releases that were read; the use at import comes first."""
    order = sorted(releases, key=Version)
    for name in names:
        first_uses = [_first_use(name, releases[version]) for version in order]
        start = 0
        for at, used in enumerate(first_uses):
            following = first_uses[at + 1] if at + 1 < len(first_uses) else None
            if used is not None and following is not None and _same_moment(used, following):
                continue
            if used is not None:
                fixed = order[at + 1] if at + 1 < len(order) and following is None else None
                yield ProposedUse(package=package, first=order[start], last=order[at], fixed=fixed, used=used)
            start = at + 1


def proposed_rows(proposals: Iterable[ProposedUse], sought: Iterable[SoughtNames]) -> Iterator[str]:
    """The proposals as rows, one a line, under the removal that they belong to and the kind of use."""
    uses = tuple(proposals)
    for removal in sought:
        proposed = sorted((use for use in uses if use.used.name in removal.names), key=_order)
        for kind in dict.fromkeys(use.used.kind for use in proposed):
            yield f"# {removal.provider} {removal.others}, {kind}"
            yield from (_row(use) for use in proposed if use.used.kind == kind)


def _first_use(name: str, uses: Iterable[NameUsed]) -> NameUsed | None:
    ordered = sorted((use for use in uses if use.name == name), key=lambda use: (use.moment != IMPORT, use.moment))
    return ordered[0] if ordered else None


def _same_moment(first: NameUsed, second: NameUsed) -> bool:
    return (first.kind, first.moment) == (second.kind, second.moment)


def _order(use: ProposedUse) -> tuple[str, str, Version]:
    return use.used.name, use.package, Version(use.first)


def _row(use: ProposedUse) -> str:
    cells = [f'package = "{use.package}"', f'versions = "{use.versions}"', f'name = "{use.used.name}"']
    if use.used.moment != IMPORT:
        cells.append(f'moment = "`{use.used.moment}`"')
    if use.fixed is not None:
        cells.append(f'fixed = "{use.fixed}"')
    return f"  {{ {', '.join(cells)} }},  # {use.used.place}"


def _folders(asked: str, options: argparse.Namespace) -> Iterator[tuple[str, str, Path | None]]:
    """The releases that an argument stands for, with the folders of their files."""
    package, at, place = asked.partition("@")
    if not at:
        package, _, version = asked.partition("==")
        yield package, version, fetched_wheel(package, version, options.cache)
        return
    repository, _, rest = place.partition(":")
    folder, _, tag = rest.partition(":")
    clone = options.clones / repository.replace("/", "+") / "repo"
    tags = tagged_versions(clone, (tag,) if tag else TAGS)
    for version in tags if options.every else last_patches(tags):
        target = options.cache / f"{package}@{version}"
        yield package, version, target if target.is_dir() else laid_tree(clone, tags[version], folder, target)


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the proposals for the releases that are named."""
    parser = argparse.ArgumentParser(prog="python -m mlaudit.lab.removed_names")
    parser.add_argument("releases", nargs="+", metavar="RELEASE")
    parser.add_argument("--cache", type=Path, required=True, help="folder of wheels and of trees out of clones")
    parser.add_argument("--clones", type=Path, default=Path(), help="a folder of clones, OWNER+NAME/repo")
    parser.add_argument(
        "--every", action="store_true", help="of clones every release, not the last patch of each minor"
    )
    options = parser.parse_args(arguments)
    sought = sought_names()
    names = [name for removal in sought for name in removal.names]
    uses_by_package: dict[str, dict[str, tuple[NameUsed, ...]]] = {}
    for asked in options.releases:
        for package, version, folder in _folders(asked, options):
            if folder is None:
                sys.stderr.write(f"{package}=={version}: no files\n")
                continue
            uses_by_package.setdefault(package, {})[version] = tuple(uses_in(folder, names))
    proposals = [
        use for package, releases in uses_by_package.items() for use in proposed_uses(package, releases, names)
    ]
    sys.stdout.write("".join(f"{line}\n" for line in proposed_rows(proposals, sought)))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
