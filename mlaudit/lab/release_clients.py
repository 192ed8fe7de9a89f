"""What pip and uv tell of a package's releases: the index that they are set up with is asked by them alone.

`pip index versions -vvv` says of every file of a project, out of one page, its name and `Requires-Python`. uv keeps
that page too, so that `uv pip compile --offline` tells without a request when a release was uploaded and whether it was
yanked. METADATA is asked for one release at a time, with what it requires excluded, and read where uv keeps it.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import tomli
from packaging.utils import canonicalize_name
from packaging.version import Version

from mlaudit.knowledge.declared_requirements import required_name
from mlaudit.knowledge.releases import FILES
from mlaudit.knowledge.wheels import admits_python
from mlaudit.lab.release_index import version_of_file
from mlaudit.lab.release_rows import GatheredRelease, canonical_requirements, kept_versions, wheel_tags
from mlaudit.lab.release_wheels import SOURCE

PYTHONS = tuple(range(6, 16))
"""Minor versions of Python 3 that uv resolves for."""
SPEAKING = ("-linux_x86_64", "-any")
"""How the tags of wheels end whose METADATA speaks for a release."""
PAUSE = 0.5
"""Seconds between two releases whose METADATA is asked for."""
SECONDS = 300
PATCH = 99
"""Of the Python that uv resolves for: where 3.8 is asked for, it refuses what wants 3.8.1."""

_LINK = re.compile(r"https?://\S+/(?P<file>[^/\s#]+)\S* \(from \S+\)(?: \(requires-python:(?P<python>[^)]*)\))?")
_REQUIRES, _REQUIRES_PYTHON = 2, 3
"""Where uv's record of METADATA has them, behind name and version."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedFile:
    """A file of a release as pip lists it."""

    name: str
    requires_python: str | None


class InstallerIndex:
    """A package index as pip and uv see it; what they fetch is kept in a folder."""

    def __init__(self, cache: Path, excluded: Iterable[str], *, pause: float = PAUSE) -> None:
        self._cache = cache
        self._excluded = set(excluded)
        self._pause = pause
        cache.mkdir(parents=True, exist_ok=True)

    def releases(
        self, package: str, policy: str, known: Mapping[str, Collection[str]], *, oldest: bool = False
    ) -> tuple[GatheredRelease, ...]:
        """Every release that is not yanked; METADATA of those that the policy wants and that are not known by it.

        Args:
            known: the requirements of releases that are known by METADATA.
            oldest: the wheel for the oldest Python speaks for a release, else that for the newest one.

        Raises OSError where an installer refuses.
        """
        files = _by_version(package, self._listed_files(package))
        self._keep_page(package, files)
        listed = (self._listed(package, version, files[version]) for version in files)
        releases = {Version(release.version): release for release in listed if release is not None}
        read = {Version(text): requires for text, requires in known.items()}
        unread = set[Version]()
        wanted = [Version(text) for text in metadata_wanted(files, policy)]
        while wanted:
            for version in wanted:
                if version in read or version not in releases:
                    continue
                speaking = _speaking_python(files[str(version)], oldest=oldest)
                releases[version] = release = self._with_metadata(releases[version], speaking)
                if release.requires is None:
                    unread.add(version)
                else:
                    read[version] = release.requires
            wanted = halves_wanted(releases.keys() - unread, policy, read)
        return tuple(releases.values())

    def _listed_files(self, package: str) -> Sequence[ListedFile]:
        command = ("-m", "pip", "-vvv", "--disable-pip-version-check", "index", "versions")
        options = ("--ignore-requires-python", "--pre", package)
        done = _run([sys.executable, *command, *options], os.environ)
        if done.returncode != 0:
            raise OSError(f"pip index versions {package}: {done.stderr.strip().rpartition(chr(10))[2]}")
        return tuple(listed_files(done.stdout + done.stderr))

    def _keep_page(self, package: str, files: Mapping[str, Sequence[ListedFile]]) -> None:
        """Have uv fetch the page once, so that each release is known without a request."""
        newest = max(files, key=Version)
        self._compile(f"{package}=={newest}", _first_python(files[newest]), "--universal", "--no-deps")

    def _listed(self, package: str, version: str, files: Sequence[ListedFile]) -> GatheredRelease | None:
        """A release without its requirements, None where it was yanked."""
        done = self._compile(f"{package}=={version}", _first_python(files), "--universal", "--no-deps", "--offline")
        if done.returncode == 0 and " is yanked" in done.stderr:
            return None
        wheels = sorted({tag for file in files for tag in wheel_tags(file.name)})
        return GatheredRelease(
            package=package,
            version=version,
            source=FILES.replace("{package}", package),
            from_metadata=False,
            day=_day(done.stdout) if done.returncode == 0 else None,
            requires_python=_preferred(files).requires_python,
            wheels=tuple(wheels),
        )

    def _with_metadata(self, release: GatheredRelease, minor: int) -> GatheredRelease:
        """The same with what METADATA says, where there is a wheel and uv reads it."""
        if not release.wheels:
            return release
        metadata = self._kept(release) or self._asked(release, minor)
        if metadata is None:
            return release
        requires, python = metadata
        self._excluded |= {required_name(text) for text in requires}
        source = SOURCE.replace("{package}", release.package)
        return replace(release, source=source, from_metadata=True, requires=requires, requires_python=python)

    def _asked(self, release: GatheredRelease, minor: int) -> tuple[tuple[str, ...], str | None] | None:
        excluded = self._cache / "excluded.txt"
        excluded.write_text("".join(f"{name}\n" for name in sorted(self._excluded - {release.package, ""})))
        options = ("--only-binary", ":all:", "--excludes", str(excluded), "--python-platform", "x86_64-manylinux_2_40")
        self._compile(f"{release.package}=={release.version}", minor, *options)
        time.sleep(self._pause)
        return self._kept(release)

    def _kept(self, release: GatheredRelease) -> tuple[tuple[str, ...], str | None] | None:
        """METADATA of the wheel for Linux x86_64 or for any machine, as uv has kept it in msgpack.

        Where the tags of a wheel are long, uv names the record by their hash: it was asked for Linux, and counts if all
        such records of the release are alike.
        """
        unnamed = set()
        for path in sorted(self._cache.glob(f"uv/wheels-v*/**/{release.package}/*.msgpack")):
            record = _record(path)
            if Version(str(record[1])) != Version(release.version):
                continue
            texts = canonical_requirements(str(text) for text in _list(record[_REQUIRES]))
            described = texts, str(record[_REQUIRES_PYTHON] or "") or None
            tags = wheel_tags(f"{release.package.replace('-', '_')}-{path.stem}.whl")
            if any(tag.endswith(SPEAKING) for tag in tags):
                return described
            if not tags:
                unnamed.add(described)
        return unnamed.pop() if len(unnamed) == 1 else None

    def _compile(self, requirement: str, minor: int, *options: str) -> subprocess.CompletedProcess[str]:
        fixed = ("--no-python-downloads", "--no-header", "--format", "pylock.toml", "--python", sys.executable)
        command = ["uv", "pip", "compile", "-", *fixed, "--python-version", f"3.{minor}.{PATCH}", *options]
        return _run(command, {**os.environ, "UV_CACHE_DIR": str(self._cache / "uv")}, requirement)


def _run(command: Sequence[str], environment: Mapping[str, str], words: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - own words
        command, input=words, env=environment, capture_output=True, text=True, check=False, timeout=SECONDS
    )


def listed_files(log: str) -> Iterator[ListedFile]:
    """The files of an index that a log of pip names, whether pip would take them or not."""
    seen = set()
    for link in _LINK.finditer(log):
        name = unquote(link["file"])
        if name not in seen:
            seen.add(name)
            yield ListedFile(name=name, requires_python=(link["python"] or "").strip() or None)


def _by_version(package: str, files: Iterable[ListedFile]) -> dict[str, list[ListedFile]]:
    """The files of each release that is kept."""
    known: dict[Version, list[ListedFile]] = defaultdict(list)
    for file in files:
        version = version_of_file(canonicalize_name(package), file.name)
        if version is not None and not version.is_devrelease and not version.local:
            known[version].append(file)
    return {str(version): known[version] for version in kept_versions(known)}


def metadata_wanted(versions: Iterable[str], policy: str) -> tuple[str, ...]:
    """The releases whose METADATA a policy asks for.

    `none`, `minor>=2.0` (the last patch of each minor version), `every>=2.0`, or several of them with spaces between;
    pre-releases only of a project that has no final release. What `halves>=2.0` asks for hangs on what the others tell.
    """
    known = sorted(map(Version, versions))
    final = [version for version in known if not version.is_prerelease] or known
    wanted: set[Version] = set()
    for part in policy.split():
        kind, _, oldest = part.partition(">=")
        since = [version for version in final if version >= Version(oldest or "0")]
        if kind == "minor":
            wanted |= {*{version.release[:2]: version for version in since}.values()}
        if kind == "every":
            wanted |= {*since}
    return tuple(map(str, sorted(wanted)))


def halves_wanted(versions: Iterable[Version], policy: str, read: Mapping[Version, Collection[str]]) -> list[Version]:
    """The middle of each run of unread releases before and after which METADATA requires otherwise, by `halves>=2.0`.

    What only extras hold does not count: it changes too often. The release after a run is one of the same minor
    version, as `ReleaseHistory.around` has it; of a run before which nothing was read, the first.
    """
    since = [
        Version(oldest or "0")
        for kind, _, oldest in (part.partition(">=") for part in policy.split())
        if kind == "halves"
    ]
    wanted: list[Version] = []
    run: list[Version] = []
    before: Version | None = None
    for version in sorted(versions) if since else ():
        if version not in read:
            run += [version] if version >= since[0] else []
            continue
        near = [other for other in run if other.release[:2] == version.release[:2]]
        if near and (before is None or _without_extras(read[before]) != _without_extras(read[version])):
            wanted.append(near[len(near) // 2 if before is not None else 0])
        run, before = [], version
    return wanted


def _without_extras(requires: Collection[str]) -> frozenset[str]:
    return frozenset(text for text in requires if "extra ==" not in text)


def _wheel_pythons(files: Iterable[ListedFile], platforms: tuple[str, ...] = ("",)) -> list[int]:
    """The minor versions of Python 3 that wheels are for by their names."""
    tags = (tag for file in files for tag in wheel_tags(file.name) if tag.endswith(platforms))
    pythons = (tag.partition("-")[0] for tag in tags)
    return [int(python[3:]) for python in pythons if python[2:3] == "3" and python[3:].isdigit()]


def _first_python(files: Sequence[ListedFile], built: int | None = None) -> int:
    """The oldest Python 3 that a wheel is for, that `Requires-Python` admits, and that uv resolves for."""
    first = min(_wheel_pythons(files), default=0) if built is None else built
    declared = _preferred(files).requires_python
    fitting = (minor for minor in PYTHONS if minor >= first and admits_python(declared, f"3.{minor}"))
    return next(fitting, PYTHONS[0])


def _speaking_python(files: Sequence[ListedFile], *, oldest: bool) -> int:
    """The Python whose wheel speaks for a release."""
    pythons = _wheel_pythons(files, SPEAKING) or [0]
    return _first_python(files, min(pythons) if oldest else max(pythons))


def _preferred(files: Sequence[ListedFile]) -> ListedFile:
    """The file that speaks for a release: a wheel, else what there is."""
    return next((file for file in reversed(files) if wheel_tags(file.name)), files[-1])


def _day(lock: str) -> str | None:
    """The day on which the first file of the one package in a lock was uploaded."""
    days = [
        file["upload-time"].date().isoformat()
        for package in tomli.loads(lock)["packages"]
        for file in (*package.get("wheels", ()), *([package["sdist"]] if "sdist" in package else ()))
        if "upload-time" in file
    ]
    return min(days, default=None)


def _record(path: Path) -> Sequence[object]:
    from pip._vendor import msgpack

    reader: Any = getattr(msgpack, "Unpacker")(strict_map_key=False)  # noqa: B009 - it has no types
    reader.feed(path.read_bytes())
    return _list(reader.unpack())


def _list(value: object) -> Sequence[object]:
    if not isinstance(value, (list, tuple)):
        raise OSError("uv keeps METADATA in a form that is not known here")
    return value
