"""The modules of a release out of a clone of its repository, laid as they are installed; nothing is built."""

from __future__ import annotations

import io
import subprocess
import tarfile
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from packaging.version import InvalidVersion, Version

MAX_BYTES = 2_000_000
"""Of one module."""
LAYOUTS = ("", "src", "lib", "python")
"""Where the packages of a repository lie."""


def tagged_versions(clone: Path, tags: Iterable[str]) -> dict[str, str]:
    """The tags that name final releases, by version. Raises CalledProcessError if there is no clone."""
    listed = _git(clone, "for-each-ref", "--format=%(refname:strip=2)", "refs/tags").decode().splitlines()
    by_version: dict[str, str] = {}
    for name in tags:
        before, _, after = name.partition("{version}")
        for tag in listed:
            text = tag.removeprefix(before).removesuffix(after)
            if tag != f"{before}{text}{after}" or not text[:1].isdigit():
                continue
            try:
                version = Version(text)
            except InvalidVersion:
                continue
            if not version.is_prerelease and not version.local:
                by_version.setdefault(str(version), tag)
    return by_version


def last_patches(versions: Iterable[str]) -> tuple[str, ...]:
    """The last patch of each minor version, oldest first."""
    ordered = sorted(map(Version, versions))
    return tuple(map(str, {version.release[:2]: version for version in ordered}.values()))


def laid_tree(clone: Path, tag: str, folder: str, target: Path) -> Path | None:
    """Write the modules of the packages below a folder of a tag; None if there is no package."""
    command = ["git", "-C", str(clone), "archive", "--format=tar", f"refs/tags/{tag}", *([folder] if folder else ())]
    done = subprocess.run(command, capture_output=True, check=False)  # noqa: S603 - own arguments
    if done.returncode != 0:
        return None
    with tarfile.open(fileobj=io.BytesIO(done.stdout)) as archive:
        files = {
            member.name: member
            for member in archive
            if member.isfile() and member.name.endswith(".py") and member.size < MAX_BYTES
        }
        modules = _modules(files, folder)
        for path, name in modules.items():
            reader = archive.extractfile(files[path])
            written = target / name
            written.parent.mkdir(parents=True, exist_ok=True)
            written.write_bytes(reader.read() if reader is not None else b"")
    return target if modules else None


def _modules(files: Iterable[str], folder: str) -> dict[str, str]:
    """The modules of a repository's packages by their paths, with the paths that they are installed under."""
    paths = [PurePosixPath(path) for path in files]
    for layout in LAYOUTS:
        root = PurePosixPath(folder, layout)
        inside = {path: path.relative_to(root) for path in paths if path.is_relative_to(root)}
        tops = {name.parts[0] for name in inside.values() if len(name.parts) == 2 and name.name == "__init__.py"}
        packages = tops - {"tests", "test", "docs", "doc", "examples", "benchmarks", "scripts", "tools"}
        if packages:
            return {str(path): str(name) for path, name in inside.items() if name.parts[0] in packages}
    return {}


def _git(clone: Path, *arguments: str) -> bytes:
    command = ["git", "-C", str(clone), *arguments]
    return subprocess.run(command, check=True, capture_output=True).stdout  # noqa: S603 - own arguments
