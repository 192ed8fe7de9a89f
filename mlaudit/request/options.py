"""What was requested on the command line, and the configuration that it is applied to."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from mlaudit.document.document import Document
from mlaudit.model.errors import UsageError
from mlaudit.model.lazy_dataclass import dataclass, field
from mlaudit.model.lazy_pattern import lazy_pattern
from mlaudit.model.names import package_meant
from mlaudit.model.nouns import Reading, Severity
from mlaudit.request.settings import Settings, python_version
from mlaudit.request.wanted import Wanted

if TYPE_CHECKING:
    from mlaudit.request.resolution import Resolution

EVIDENCE_FILE = "mlaudit.evidence.toml"
"""Where proofs are recorded, at the root."""

_CODE = lazy_pattern(r"[Mm][Ll][Aa]\d*")
_GLOB = lazy_pattern(r"[A-Za-z0-9*?\[\]!_.-]{1,200}")

LEVELS: Mapping[str, Severity | None] = {
    "error": Severity.ERROR,
    "warning": Severity.WARNING,
    "info": Severity.INFO,
    "never": None,
}
"""What `--fail-on` may be."""


class Progress:
    """Who wants to hear how far reading has come; this one does not."""

    def expect(self, sources: int) -> None:
        """So many sources will be read."""

    def reading(self, path: str) -> None:
        """The next source is about to be read."""


class ReadingCache(Protocol):
    """Who has read documents before, and gives the same reading for the same content."""

    def read(self, document: Document, as_format: str | None) -> Reading:
        """What a document says."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What was requested on the command line, applied to the configuration.

    Attributes:
        root: the folder that paths are reported relative to, and below which included files may be.
        tree: the folder below which included files may be, where that is another.
        as_format: the format of every source, None to recognize it.
        settings: the configuration with the policy options applied to it.
        only: globs over packages; others are not reported.
        waivers: comments in the sources that accept a finding count.
        caches: those of installers may be read for the code of packages.
        today: the day on which an ignore's `until` is judged; the current one where none is given.
        resolution: how environments without a lock are resolved; None if they are left as they are.
        progress: gets the number of sources, and each source before it is read.
        readings: reads documents, where that is worth keeping; each is read again where None.
        revisions: commits that stand for revisions of sources, by the folder of the clone (None for the audited
            repository) and the revision as it is written.
        opened: documents that were read and are outside the working tree, by the paths under which they are reported:
            what the code of readers is asked of models opens them again.
    """

    root: Path = field(default_factory=Path)
    tree: Path | None = None
    as_format: str | None = None
    wanted: Wanted = field(default_factory=Wanted)
    settings: Settings = field(default_factory=Settings)
    only: tuple[str, ...] = ()
    waivers: bool = True
    caches: bool = True
    today: date = field(default_factory=date.today)
    baseline: Mapping[str, str] | None = None
    progress: Progress = field(default_factory=Progress)
    resolution: Resolution | None = None
    readings: ReadingCache | None = None
    revisions: Mapping[tuple[str | None, str], str] = field(default_factory=dict)
    opened: dict[str, Document] = field(default_factory=dict)


def _is_platform(name: str) -> bool:
    from mlaudit.model.platforms import platform_of

    return platform_of(name)[0] is not None


def wanted_of(
    python: str | None, platform: str | None, extras: Sequence[str] | None, groups: Sequence[str] | None
) -> Wanted:
    """What `--python`, `--platform`, `--extra` and `--group` ask for. Raises UsageError."""
    try:
        checked = python_version(python) if python is not None else None
    except ValueError as error:
        raise UsageError(f"--python: {error}") from None
    if platform is not None and not _is_platform(platform):
        raise UsageError(
            f"--platform {platform}: expected a platform such as linux-x86_64, macos-arm64 or windows-AMD64"
        )
    return Wanted(python=checked, platform=platform, extras=tuple(extras or ()), groups=tuple(groups or ()))


def codes_of(option: str, given: Sequence[str] | None, known: Collection[str]) -> tuple[str, ...]:
    """Codes, beginnings of codes and names of rules, in one option with commas between or in several.

    Raises UsageError on what names no rule: it would select nothing, or ignore nothing, without a word.
    """
    codes = tuple(code.strip() for text in given or () for code in text.split(",") if code.strip())
    if given and not codes:
        raise UsageError(f"{option}: expected a rule's code or name, such as MLA101")
    for code in codes:
        if not _names_rule(code, known):
            from mlaudit.model.nearest import nearest

            # A number that is near another says nothing of what was meant.
            near = None if _CODE.fullmatch(code) else nearest(code.lower(), known)
            meant = f"did you mean {near}?" if near else "`mlaudit rules` lists all"
            raise UsageError(f"{option} {code}: there is no such rule; {meant}")
    return codes


def _names_rule(code: str, known: Collection[str]) -> bool:
    upper = code.upper()
    return code in known or (upper.startswith("MLA") and any(word.startswith(upper) for word in known))


def packages_of(given: Sequence[str] | None) -> tuple[str, ...]:
    """Names and globs of `--package` as rows are called: `sklearn` is scikit-learn. Raises UsageError."""
    return tuple(_package(text.strip()) for text in given or ())


def _package(text: str) -> str:
    if not _GLOB.fullmatch(text):
        raise UsageError(f"--package {text}: expected a package's name or a glob, such as numpy or torch*")
    return text.lower() if any(sign in text for sign in "*?[") else package_meant(text)


def defines_of(given: Sequence[str] | None) -> dict[str, str]:
    """The values of `--define NAME=VALUE`. Raises UsageError."""
    defines = {}
    for text in given or ():
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise UsageError(f"--define {text}: expected NAME=VALUE")
        defines[name] = value
    return defines
