"""What the user declared, as frozen values; paths, globs and source texts are kept as they were written."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from enum import Enum

from mlaudit.model.lazy_dataclass import dataclass, field
from mlaudit.model.lazy_pattern import lazy_pattern
from mlaudit.model.nouns import Place, Severity

_PYTHON = lazy_pattern(r"[0-9]{1,3}\.[0-9]{1,3}(?:\.[0-9]{1,3})?")
_MACHINE = lazy_pattern(r"[A-Za-z0-9_]{1,32}")
_PLATFORMS: Mapping[str, str] = {
    "linux": "linux",
    "darwin": "darwin",
    "macos": "darwin",
    "win32": "win32",
    "windows": "win32",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetSettings:
    """The machine that was requested; None if nothing was stated.

    Attributes:
        python: `3.11` or `3.11.7`.
        platform: as `sys.platform` names it: `linux`, `darwin`, `win32`.
        machine: as `platform.machine()` names it: `x86_64`, `aarch64`, `arm64`, `AMD64`.
    """

    python: str | None = None
    platform: str | None = None
    machine: str | None = None
    at: Place | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvironmentSettings:
    """One declared environment.

    Attributes:
        role: a word for people and reports (`training`, `serving`); the name where none is given.
        sources: as written, `uv.lock#package=trainer`.
        source_places: where each of `sources` is.
        follows: the environments that write what this one reads.
        writes, reads: paths of artifacts that it writes and reads.
        artifact_kinds: what crosses where no artifact is available (`sklearn.pickle`).
        crosses: the same for each of the environments that it follows.
        guessed: nothing but names shows that it follows them; findings between them are warnings at most.
    """

    name: str
    at: Place
    role: str
    sources: tuple[str, ...] = ()
    source_places: tuple[Place, ...] = ()
    follows: tuple[str, ...] = ()
    extras: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    target: TargetSettings = field(default_factory=TargetSettings)
    writes: tuple[str, ...] = ()
    reads: tuple[str, ...] = ()
    artifact_kinds: tuple[str, ...] = ()
    crosses: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    guessed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PairSettings:
    """Two path globs of a fleet: what their wildcards match alike is one training and one serving environment."""

    training: str
    serving: str
    at: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class SameSettings:
    """Files that must be the same on every side."""

    files: tuple[str, ...]
    at: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Which findings a row of the configuration speaks of; None means every one.

    Attributes:
        package: a glob over package names.
        code: a rule's code or name.
        environment: a glob over environment names.
    """

    package: str | None = None
    code: str | None = None
    environment: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SeverityRow:
    """Another severity for some findings; of several rows that select a finding the last one counts."""

    selection: Selection
    level: Severity
    at: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class IgnoreRow:
    """Findings that the user accepts, with the reason and the last day on which that holds."""

    selection: Selection
    reason: str
    at: Place
    until: date | None = None


class GroupRule(str, Enum):
    """What holds for the packages of a version group."""

    TOGETHER = "together"
    MAY_DIFFER = "may-differ"
    FOLLOWS = "follows"


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionGroup:
    """Packages whose versions are under a rule of their own.

    Attributes:
        packages: globs over package names.
        rule: `together`: where one of them differs, all of them must; `may-differ`: their differences are no findings;
            `follows`: their versions are those of the environment named by `follows`.
        environments: globs over environment names; empty means every one.
    """

    packages: tuple[str, ...]
    rule: GroupRule
    at: Place
    follows: str | None = None
    environments: tuple[str, ...] = ()
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class BannedRow:
    """Versions that must not be installed; `versions` is a PEP 440 specifier, None means all of them."""

    package: str
    reason: str
    at: Place
    versions: str | None = None
    environment: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The whole configuration; its defaults are those of a project that declares nothing.

    Attributes:
        path: the configuration file, None if there is none.
        named_by_user: the user named the file, so what it names may lie anywhere; one that was found stays in its tree.
        fail_on: the mildest severity that fails a run, None for never.
        packages: globs over packages that are watched besides those of the ML table.
        select: codes, names or beginnings of codes that are reported; empty means all.
        ignore_codes: the same, left out.
        defines: values of the variables that templates in sources use.
    """

    path: str | None = None
    named_by_user: bool = False
    fail_on: Severity | None = Severity.ERROR
    target: TargetSettings = field(default_factory=TargetSettings)
    environments: tuple[EnvironmentSettings, ...] = ()
    pairs: tuple[PairSettings, ...] = ()
    same: tuple[SameSettings, ...] = ()
    severities: tuple[SeverityRow, ...] = ()
    ignores: tuple[IgnoreRow, ...] = ()
    version_groups: tuple[VersionGroup, ...] = ()
    banned: tuple[BannedRow, ...] = ()
    packages: tuple[str, ...] = ()
    select: tuple[str, ...] = ()
    ignore_codes: tuple[str, ...] = ()
    defines: Mapping[str, str] = field(default_factory=dict)


def python_version(text: str) -> str:
    """The text, if it is `3.11` or `3.11.7`. Raises ValueError with what was expected."""
    if not _PYTHON.fullmatch(text):
        raise ValueError(f'expected a Python version such as "3.11" or "3.11.7", found "{text[:40]}"')
    return text


def platform_and_machine(text: str) -> tuple[str, str | None]:
    """`linux-x86_64` as `sys.platform` and machine; the machine may be left out. Raises ValueError."""
    name, dash, machine = text.partition("-")
    if name.lower() not in _PLATFORMS or (dash and not _MACHINE.fullmatch(machine)):
        raise ValueError(
            f'expected a platform such as "linux-x86_64", "darwin-arm64" or "windows-AMD64", found "{text[:40]}"'
        )
    return _PLATFORMS[name.lower()], machine or None
