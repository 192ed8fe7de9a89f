"""`--resolve lock`: what was resolved, with hashes, beside its source, so that the next audit needs no network."""

from __future__ import annotations

import posixpath
from pathlib import Path

from mlaudit.model.report import Environment
from mlaudit.resolving.answers import ResolvedPackage, ResolverAnswer
from mlaudit.resolving.questions import ResolverQuestion
from mlaudit.sources.cache_folder import write_whole
from mlaudit.sources.confinement import is_inside
from mlaudit.sources.paths import is_folder

NAME = "requirements.lock"
SIGN = "# Made by mlaudit --resolve lock"
"""How a file begins that may be replaced."""


class LockWriter:
    """Writes at most one lock a name; `notes` show what was written, and what was not and why."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._taken: dict[Path, str] = {}
        self.notes: list[str] = []

    def write(self, environment: Environment, asked: ResolverQuestion, answer: ResolverAnswer) -> None:
        """Write the lock of one environment."""
        if asked.left_out:
            self.notes.append(f"{environment.name}: no lock was written, since it would leave out {asked.left_out[0]}")
            return
        target = self._target(environment)
        shown = target.as_posix()
        refused = self._refused(target, environment)
        if refused:
            self.notes.append(f"{environment.name}: {shown} was not written: {refused}")
            return
        self._taken[target] = environment.name
        try:
            write_whole(target, _text(environment, asked, answer))
        except OSError as error:
            self.notes.append(f"{environment.name}: {shown} was not written: {error.strerror}")
            return
        self.notes.append(
            f"{environment.name}: wrote {shown} with {len(answer.packages)} packages and their hashes; "
            "where mlaudit.toml declares the sources, name it there"
        )

    def _target(self, environment: Environment) -> Path:
        """`requirements.lock` beside the first source; `serving-requirements.lock` where that is taken."""
        source = environment.sources[0].partition("#")[0] if environment.sources else ""
        place = self._root / source
        folder = place if is_folder(str(place)) else self._root / posixpath.dirname(source)
        target = folder / NAME
        return target if target not in self._taken else folder / f"{_file_name(environment.name)}-{NAME}"

    def _refused(self, target: Path, environment: Environment) -> str:
        if ":" in (environment.sources[0] if environment.sources else ":"):
            return "its source is no file of a folder"
        if target in self._taken:
            return f"{self._taken[target]} wrote it in this run"
        if target.is_symlink() or not is_inside(target.parent, self._root.resolve()):
            return "it is a link, or is outside of the audited folder"
        try:
            with target.open(encoding="utf-8") as stream:
                begin = stream.read(len(SIGN))
        except FileNotFoundError:
            return ""
        except (OSError, UnicodeDecodeError):
            begin = ""
        return "" if begin == SIGN else "a file of that name is there, and mlaudit did not make it"


def _file_name(name: str) -> str:
    return "".join(sign if sign.isalnum() or sign in "._-" else "-" for sign in name)[:80].strip(".-") or "environment"


def _text(environment: Environment, asked: ResolverQuestion, answer: ResolverAnswer) -> str:
    where = f"Python {asked.python}{f', {asked.platform}' if asked.platform else ''}"
    head = [f"{SIGN}: {', '.join(environment.sources)} for {where}"]
    head += [f"--index-url {asked.default_index}"] if asked.default_index else []
    head += [f"--extra-index-url {url}" for url in asked.indexes]
    return "\n".join([*head, *(_entry(package) for package in answer.packages)]) + "\n"


def _entry(package: ResolvedPackage) -> str:
    hashes = [f"    --hash={text}" for text in package.hashes]
    reason = f"    # via {', '.join(package.via)}" if package.via else ""
    entry = " \\\n".join((f"{package.name}=={package.version}", *hashes))
    return f"{entry}\n{reason}" if reason else entry
