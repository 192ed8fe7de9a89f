"""What was asked for on the command line, and the configuration that it is laid over."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

from mlaudit.baseline import loads
from mlaudit.config import OWN_FILE, ConfigError, find_configuration, load
from mlaudit.document import Document
from mlaudit.errors import Unreadable, UsageError
from mlaudit.model import Place, Severity
from mlaudit.registry import rules
from mlaudit.settings import Settings, python_version
from mlaudit.sources.confinement import is_inside, tree_around
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
        tree: the folder below which included files may lie, where that is another.
        as_format: the format of every source, None to recognize it.
        settings: the configuration with the policy options laid over it.
        only: globs over packages; others are not reported.
        waivers: comments in the sources that accept a finding count.
        today: the day on which an ignore's `until` is judged.
        progress: told how many sources there are, and of each before it is read.
    """

    root: Path = field(default_factory=Path)
    tree: Path | None = None
    as_format: str | None = None
    wanted: Wanted = field(default_factory=Wanted)
    settings: Settings = field(default_factory=Settings)
    only: tuple[str, ...] = ()
    waivers: bool = True
    today: date = date.max
    baseline: Mapping[str, str] | None = None
    progress: Progress = field(default_factory=Progress)


def root_of(start: Path) -> Path:
    """The folder that holds `.git`, from the current folder upwards; the current folder where there is none."""
    here = Path.cwd()
    real = Path(os.path.realpath(start))
    inside = real if real.is_relative_to(here) else here
    found = next((folder for folder in (inside, *inside.parents) if (folder / ".git").exists()), here)
    return Path(os.path.relpath(found, here))


def settings_for(
    start: Path,
    root: Path,
    config: Path | None,
    *,
    isolated: bool = False,
    fail_on: str | None,
    select: Sequence[str],
    ignore: Sequence[str],
    packages: Sequence[str],
    defines: Mapping[str, str],
) -> Settings:
    """The configuration that applies to a folder, with the options laid over it. Raises ConfigError and UsageError.

    Args:
        isolated: no configuration is looked for; one that the user names with `config` counts all the same.
    """
    settings = Settings() if isolated and config is None else _configured(start, root, config)
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
        if not config.is_file():
            raise UsageError(f"{config}: {_why_no_configuration(config)}")
        return replace(load(files.document(config), codes=_codes()), named_by_user=True)
    folder = start if start.is_dir() else start.parent

    def ask(path: str) -> Document | None:
        return _found(Path(os.path.normpath(folder / path)), files)

    document = find_configuration(_upwards(folder, root), ask)
    return load(document, codes=_codes()) if document is not None else Settings()


def _found(path: Path, files: Root) -> Document | None:
    """A configuration that lies in the audited tree, None where there is none.

    Raises ConfigError where `mlaudit.toml` is there and is not read: who wrote one does not expect that it is ignored.
    """
    inside = is_inside(path, tree_around(path.parent))
    if path.is_file() and inside:
        return files.document(path)
    if path.name == OWN_FILE and os.path.lexists(path):
        why = _why_no_configuration(path) if inside else "it is a link that leads out of the audited folder"
        raise ConfigError(Place(path=files.shown(path)), f"{why}; --no-config audits without it")
    return None


def _why_no_configuration(path: Path) -> str:
    if path.is_symlink() and not path.exists():
        return "it is a link to what is not there"
    return "it is not a regular file" if path.exists() else "there is no such configuration file"


def _codes() -> frozenset[str]:
    return frozenset(word for rule in rules().values() for word in (rule.code, rule.name))


def _upwards(folder: Path, root: Path) -> list[str]:
    """The prefixes from a folder up to the root, as `find_configuration` wants them."""
    inside = folder.resolve()
    top = root.resolve()
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
