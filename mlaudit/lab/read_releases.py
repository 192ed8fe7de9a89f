"""Releases that `mlaudit.lab.release_sources` kept, as the matrix of names reads them."""

from __future__ import annotations

import pickle
import sqlite3
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from hashlib import sha256
from pathlib import Path

from packaging.markers import InvalidMarker, UndefinedComparison, UndefinedEnvironmentName
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from mlaudit.knowledge.releases import release
from mlaudit.knowledge.wheels import admits_python
from mlaudit.lab.module_facts import ModuleFacts, facts_of
from mlaudit.lab.release_sources import ReleaseSources
from mlaudit.lab.release_surface import LackedName, NeededName, ReleaseSurface
from mlaudit.model.metadata_names import WHEEL_METADATA

PYTHONS = ("3.7", "3.8", "3.9", "3.10", "3.11", "3.12", "3.13")
SECONDS = 120
"""Of waiting for another process that writes to the same file."""
FORMAT = 8
"""Of the facts that are kept; another one where they are read in another way."""


class KeptFacts:
    """The facts of modules by the digests of their texts."""

    def __init__(self, path: Path) -> None:
        self._base = sqlite3.connect(path, timeout=SECONDS, isolation_level=None)
        for statement in ("pragma journal_mode = wal", "pragma synchronous = off"):
            self._base.execute(statement)
        self._base.execute("create table if not exists facts (key blob primary key, data blob)")

    def read(self, text: bytes, module: str, is_package: bool) -> ModuleFacts | None:
        """The facts of a module, parsed once."""
        key = sha256(b"%d %s %d\0" % (FORMAT, module.encode(), is_package) + text).digest()
        row = self._base.execute("select data from facts where key = ?", (key,)).fetchone()
        if row is not None:
            known: ModuleFacts | None = pickle.loads(row[0])  # noqa: S301 - own data
            return known
        known = facts_of(text, module, is_package=is_package)
        self._base.execute("insert or ignore into facts values (?, ?)", (key, pickle.dumps(known)))
        return known


class _Texts(Mapping[str, bytes]):
    """The texts in an archive, each read when it is asked for."""

    def __init__(self, path: Path) -> None:
        self._archive = zipfile.ZipFile(path)
        self._names = {name for name in self._archive.namelist() if not name.endswith(WHEEL_METADATA)}

    def __getitem__(self, name: str) -> bytes:
        if name not in self._names:
            raise KeyError(name)
        return self._archive.read(name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


class ReadRelease:
    """A release of the cache with its surface."""

    def __init__(self, sources: ReleaseSources, facts: KeptFacts) -> None:
        self.package = sources.package
        self.version = sources.version
        self._sources = sources
        self.surface = ReleaseSurface(lambda: _Texts(sources.path), sources.names, facts.read)
        self._found: dict[tuple[str, str, str], LackedName | bool | None] = {}

    @cached_property
    def pythons(self) -> tuple[str, ...]:
        """The Pythons that its METADATA admit."""
        declared = self._sources.requirements[0]
        known = release(self.package, self.version)
        wheels = known.wheels if known is not None and known.wheels else None
        admitted = (python for python in PYTHONS if admits_python(declared, python))
        return tuple(python for python in admitted if wheels is None or _has_wheel(wheels, python))

    @cached_property
    def day(self) -> str | None:
        """When it was published, where that is known."""
        known = release(self.package, self.version)
        return known.day if known is not None else None

    @cached_property
    def requirements(self) -> Mapping[str, Sequence[Requirement]]:
        """What it requires, extras included, by name."""
        by_name: dict[str, list[Requirement]] = {}
        for text in self._sources.requirements[1]:
            try:
                requirement = Requirement(text)
            except InvalidRequirement:
                continue
            by_name.setdefault(canonicalize_name(requirement.name), []).append(requirement)
        return by_name

    def admits(self, other: str, version: str, python: str) -> bool:
        """Whether METADATA admit a release of another package on a Python."""
        for requirement in self.requirements.get(other, ()):
            environment = {"python_version": python, "python_full_version": f"{python}.9", "extra": ""}
            environment |= {"sys_platform": "linux", "platform_system": "Linux", "platform_machine": "x86_64"}
            try:
                holds = requirement.marker is None or requirement.marker.evaluate(environment)
            except (InvalidMarker, UndefinedComparison, UndefinedEnvironmentName):
                holds = True
            if holds and not requirement.specifier.contains(version, prereleases=True):
                return False
        return True

    def look_up(self, need: NeededName) -> LackedName | bool | None:
        """What of a need it lacks; True: nothing; None: its texts do not say."""
        step = need.step
        key = (step.kind, step.name, step.base)
        if key not in self._found:
            self._found[key] = self.surface.look_up(step)
        return self._found[key]


def _has_wheel(wheels: Iterable[str], python: str) -> bool:
    """Whether one of a release's wheels is for a Python."""
    built = f"cp{python.replace('.', '')}-"
    return any(tag.startswith(built) or "-abi3-" in tag or tag.endswith("-none-any") for tag in wheels)
