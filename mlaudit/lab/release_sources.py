"""The Python text of releases, fetched and kept (developers only): `python -m mlaudit.lab.release_sources PACKAGE...`.

`PACKAGE` stands for the last patch of each minor version, `PACKAGE>=VERSION` for those from a version on, and
`PACKAGE==VERSION` for one release. What an index lists is asked of pip, and wheels are fetched by uv, one at a time,
without what they require; nothing is imported. Of each release the modules and METADATA are kept as
`PACKAGE==VERSION.zip`, without tests, and the names of compiled modules; what lies unpacked in a cache of uv
(`--unpacked`) is not fetched.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from packaging.version import InvalidVersion, Version

from mlaudit.knowledge.wheels import admits_python
from mlaudit.lab.measure import with_progress
from mlaudit.lab.release_clients import PYTHONS, ListedFile, listed_files, metadata_wanted
from mlaudit.lab.release_index import version_of_file
from mlaudit.lab.release_rows import of_metadata, wheel_tags
from mlaudit.model.metadata_names import DIST_INFO, WHEEL_METADATA, release_in_name

MAX_BYTES = 2_000_000
"""Of one module."""
PAUSE = 0.5
"""Seconds between two downloads."""
SECONDS = 300
COMPILED = (".so", ".pyd", ".pyx")
PLATFORM = "x86_64-manylinux_2_40"
_SPEAKING = ("-linux_x86_64", "-any")
_TESTS = frozenset({"tests", "test", "testsuite", "__pycache__"})


@dataclass(frozen=True, kw_only=True)
class ReleaseSources:
    """A release whose files are kept.

    Attributes:
        path: the archive, in which compiled modules are empty.
    """

    package: str
    version: str
    path: Path

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The paths of its modules, compiled ones too."""
        with zipfile.ZipFile(self.path) as archive:
            return tuple(name for name in archive.namelist() if not name.endswith(WHEEL_METADATA))

    def modules(self) -> Iterator[tuple[str, bytes]]:
        """The paths and texts of its modules."""
        with zipfile.ZipFile(self.path) as archive:
            for name in archive.namelist():
                if name.endswith(".py"):
                    yield name, archive.read(name)

    @cached_property
    def requirements(self) -> tuple[str | None, tuple[str, ...]]:
        """`Requires-Python` and what it requires, as METADATA has them."""
        with zipfile.ZipFile(self.path) as archive:
            for name in archive.namelist():
                if name.endswith(WHEEL_METADATA):
                    return of_metadata(archive.read(name).decode("utf-8", "replace"))
        return None, ()


class SourceCache:
    """The releases that are kept in a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def path(self, package: str, version: str) -> Path:
        """Where a release is kept."""
        return self._folder / f"{package}=={version}.zip"

    def releases(self, package: str) -> tuple[ReleaseSources, ...]:
        """The releases of a package, oldest first."""
        paths = self._folder.glob(f"{package}==*.zip")
        by_version = {path.name[:-4].partition("==")[2]: path for path in paths}
        return tuple(
            ReleaseSources(package=package, version=version, path=by_version[version])
            for version in sorted(by_version, key=Version)
        )

    def versions(self, package: str) -> tuple[str, ...]:
        """All final releases of a package of which an index lists wheels, oldest first; none where it was not asked."""
        path = self._folder / f"{package}.txt"
        return tuple(path.read_text().split()) if path.is_file() else ()

    def keep_versions(self, package: str, versions: Iterable[str]) -> None:
        """Keep what an index lists."""
        (self._folder / f"{package}.txt").write_text("".join(f"{text}\n" for text in sorted(versions, key=Version)))

    def keep(self, package: str, version: str, installed: Path) -> None:
        """Keep what a folder of an installed release has."""
        target = self.path(package, version)
        part = target.with_suffix(".part")
        with zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
            for path in sorted(installed.rglob("*")):
                name = path.relative_to(installed).as_posix()
                if _TESTS.isdisjoint(name.split("/")) and path.is_file():
                    _keep_file(archive, path, name)
        part.rename(target)


def _keep_file(archive: zipfile.ZipFile, path: Path, name: str) -> None:
    if name.endswith(COMPILED):
        archive.writestr(name, b"")
    elif (name.endswith(".py") and path.stat().st_size < MAX_BYTES) or name.endswith(WHEEL_METADATA):
        archive.writestr(name, path.read_bytes())


def unpacked_releases(folders: Iterable[Path]) -> Mapping[tuple[str, str], Path]:
    """The wheels that lie unpacked in folders below some, by package and version."""
    folders_by_release: dict[tuple[str, str], Path] = {}
    for folder in folders:
        for metadata in sorted(folder.glob(f"*/*{DIST_INFO}")):
            package, version = release_in_name(metadata.name)
            try:
                folders_by_release.setdefault((package, str(Version(version))), metadata.parent)
            except InvalidVersion:
                continue
    return folders_by_release


class SourceFetcher:
    """What brings releases into a cache."""

    def __init__(
        self, cache: SourceCache, scratch: Path, unpacked: Mapping[tuple[str, str], Path], platform: str
    ) -> None:
        self._cache = cache
        self._scratch = scratch
        self._unpacked = unpacked
        self._platform = platform

    def bring(self, asked: str) -> Iterator[str]:
        """Bring the releases that a word asks for, and name those that are not to be had."""
        package, exact, version = asked.partition("==")
        package, _, oldest = package.partition(">=")
        if exact and self._is_kept(package, version):
            return
        files = _by_version(package)
        self._cache.keep_versions(package, files)
        wanted = (version,) if exact else metadata_wanted(files, f"minor>={oldest}")
        for release in wanted:
            if not self._is_kept(package, release) and not self._fetched(package, release, files.get(release, ())):
                yield f"{package}=={release}"
        shutil.rmtree(self._scratch / "uv" / "archive-v0", ignore_errors=True)

    def listed(self, package: str) -> tuple[str, ...]:
        """The final releases of which an index lists wheels, oldest first; it is asked once."""
        if not self._cache.versions(package):
            self._cache.keep_versions(package, _by_version(package))
        return self._cache.versions(package)

    def _is_kept(self, package: str, version: str) -> bool:
        if self._cache.path(package, version).is_file():
            return True
        if (package, version) in self._unpacked:
            self._cache.keep(package, version, self._unpacked[package, version])
        return self._cache.path(package, version).is_file()

    def _fetched(self, package: str, version: str, files: Sequence[ListedFile]) -> bool:
        python = _python(files)
        if python is None:
            return False
        target = self._scratch / "installed"
        shutil.rmtree(target, ignore_errors=True)
        command = ["uv", "pip", "install", "--quiet", "--no-deps", "--only-binary", ":all:", "--no-python-downloads"]
        command += ["--python", sys.executable, "--python-version", f"3.{python}", "--link-mode", "hardlink"]
        command += ["--python-platform", self._platform, "--target", str(target), f"{package}=={version}"]
        environment = {**os.environ, "UV_CACHE_DIR": str(self._scratch / "uv")}
        try:
            done = subprocess.run(  # noqa: S603 - own arguments
                command, capture_output=True, timeout=SECONDS, check=False, env=environment
            )
        except subprocess.TimeoutExpired:
            return False
        time.sleep(PAUSE)
        if done.returncode == 0:
            self._cache.keep(package, version, target)
        shutil.rmtree(target, ignore_errors=True)
        return done.returncode == 0


def _by_version(package: str) -> Mapping[str, Sequence[ListedFile]]:
    """The wheels of the final releases that an index lists."""
    command = [sys.executable, "-m", "pip", "-vvv", "--disable-pip-version-check", "index", "versions"]
    command += ["--ignore-requires-python", "--pre", package]
    done = subprocess.run(  # noqa: S603 - own arguments
        command, capture_output=True, text=True, timeout=SECONDS, check=False
    )
    by_version: dict[str, list[ListedFile]] = {}
    for file in listed_files(done.stdout + done.stderr):
        version = version_of_file(package, file.name)
        if version is not None and not version.is_prerelease and not version.local and wheel_tags(file.name):
            by_version.setdefault(str(version), []).append(file)
    return by_version


def _python(files: Iterable[ListedFile]) -> int | None:
    """The newest Python 3 that a wheel for Linux or any machine is for; None where there is none."""
    fitting = []
    for file in files:
        for tag in wheel_tags(file.name):
            word = tag.partition("-")[0]
            if not tag.endswith(_SPEAKING) or word[2:3] != "3":
                continue
            minors = (int(word[3:]),) if word[3:].isdigit() and word.startswith("cp") else PYTHONS
            fitting += [minor for minor in minors if admits_python(file.requires_python, f"3.{minor}")]
    return max(fitting, default=None)


def main(arguments: Sequence[str] | None = None) -> int:
    """Bring the releases; name those that were not to be had."""
    parser = argparse.ArgumentParser(prog="python -m mlaudit.lab.release_sources", description=__doc__)
    parser.add_argument("packages", nargs="+", metavar="PACKAGE")
    parser.add_argument("--cache", type=Path, required=True, help="where releases are kept")
    parser.add_argument("--scratch", type=Path, required=True, help="a folder for what is fetched")
    parser.add_argument("--unpacked", type=Path, action="append", default=[], help="a folder of unpacked wheels")
    parser.add_argument("--platform", default=PLATFORM, help="whose wheels are fetched, as uv names it")
    options = parser.parse_args(arguments)
    options.cache.mkdir(parents=True, exist_ok=True)
    unpacked = unpacked_releases(options.unpacked)
    fetcher = SourceFetcher(SourceCache(options.cache), options.scratch, unpacked, options.platform)
    for asked in with_progress(options.packages, len(options.packages), "releases"):
        for missing in fetcher.bring(str(asked)):
            sys.stderr.write(f"{missing}: no files\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
