"""What was asked for on the command line, and the configuration that it is laid over."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

from mlaudit.baseline import loads
from mlaudit.config import find_configuration, load
from mlaudit.document import Document
from mlaudit.errors import Unreadable, UsageError
from mlaudit.model import Severity
from mlaudit.registry import rules
from mlaudit.settings import Settings, python_version
from mlaudit.sources import paths
from mlaudit.sources.files import Root
from mlaudit.target import Wanted, platform_of

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What was asked for on the command line, laid over the configuration.

    Attributes:
        root: the folder that paths are reported relative to, and below which included files may lie.
        as_format: the format of every source, None to recognize it.
        settings: the configuration with the policy options laid over it.
        only: globs over packages; others are not reported.
        today: the day on which an ignore's `until` is judged.
        progress: told how many sources there are, and of each before it is read.
    """

    root: Path = field(default_factory=Path)
    as_format: str | None = None
    wanted: Wanted = field(default_factory=Wanted)
    settings: Settings = field(default_factory=Settings)
    only: tuple[str, ...] = ()
    today: date = date.max
    baseline: Mapping[str, str] | None = None
    progress: Progress = field(default_factory=Progress)


def settings_for(
    start: Path,
    root: Path,
    config: Path | None,
    *,
    fail_on: str | None,
    select: Sequence[str],
    ignore: Sequence[str],
    packages: Sequence[str],
    defines: Mapping[str, str],
) -> Settings:
    """The configuration that applies to a folder, with the options laid over it. Raises ConfigError and UsageError."""
    settings = _configured(start, root, config)
    level = settings.fail_on
    if fail_on is not None:
        if fail_on not in LEVELS:
            raise UsageError(f"--fail-on {fail_on}: expected one of {', '.join(LEVELS)}")
        level = LEVELS[fail_on]
    return replace(
        settings,
        fail_on=level,
        select=tuple(select) or settings.select,
        ignore_codes=(*settings.ignore_codes, *ignore),
        packages=(*settings.packages, *packages),
        defines={**settings.defines, **defines},
    )


def _configured(start: Path, root: Path, config: Path | None) -> Settings:
    files = Root(root)
    if config is not None:
        return load(_configuration(config, files), codes=_codes())
    folder = start if paths.is_folder(start) else start.parent

    def ask(path: str) -> Document | None:
        found = Path(os.path.normpath(folder / path))
        return files.document(found) if paths.is_file(found) else None

    document = find_configuration(_upwards(folder, root), ask)
    return load(document, codes=_codes()) if document is not None else Settings()


def _configuration(path: Path, files: Root) -> Document:
    """The configuration file that the user names. Raises UsageError."""
    try:
        document = files.document(path)
        _ = document.head
    except Unreadable as error:
        raise UsageError(f"--config {path}: {error.why}") from None
    return document


def _codes() -> frozenset[str]:
    return frozenset(word for rule in rules().values() for word in (rule.code, rule.name))


def _upwards(folder: Path, root: Path) -> list[str]:
    """The prefixes from a folder up to the root, as `find_configuration` wants them."""
    inside, top = paths.resolved(folder), paths.resolved(root)
    depth = len(inside.relative_to(top).parts) if inside.is_relative_to(top) else 0
    return ["../" * steps for steps in range(depth + 1)]


def baseline_of(path: Path | None) -> Mapping[str, str] | None:
    """The fingerprints of a baseline file, None where none is given. Raises UsageError."""
    if path is None:
        return None
    try:
        return loads(Root(path.parent).document(path))
    except Unreadable as error:
        raise UsageError(f"--baseline {path}: {error.why}") from None


def wanted_of(
    python: str | None, platform: str | None, extras: Sequence[str] | None, groups: Sequence[str] | None
) -> Wanted:
    """What `--python`, `--platform`, `--extra` and `--group` ask for. Raises UsageError."""
    try:
        checked = python_version(python) if python is not None else None
    except ValueError as error:
        raise UsageError(f"--python: {error}") from None
    if platform is not None and platform_of(platform)[0] is None:
        raise UsageError(
            f"--platform {platform}: expected a platform such as linux-x86_64, macos-arm64 or windows-AMD64"
        )
    return Wanted(python=checked, platform=platform, extras=tuple(extras or ()), groups=tuple(groups or ()))


def codes_of(given: Sequence[str] | None) -> tuple[str, ...]:
    """Codes that stand in one option with commas between them, or in several."""
    return tuple(code.strip() for text in given or () for code in text.split(",") if code.strip())


def defines_of(given: Sequence[str] | None) -> dict[str, str]:
    """The values of `--define NAME=VALUE`. Raises UsageError."""
    defines = {}
    for text in given or ():
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise UsageError(f"--define {text}: expected NAME=VALUE")
        defines[name] = value
    return defines
