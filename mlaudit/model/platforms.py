"""The words by which tools name a platform, as `sys.platform` and `platform.machine()` name it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

_SYSTEMS = {
    "linux": ("linux", "manylinux", "musllinux"),
    "darwin": ("darwin", "macos", "macosx", "osx", "apple"),
    "win32": ("win32", "win64", "win", "windows"),
}


_MACHINES = {
    "x86_64": ("x86_64", "amd64", "x64", "64"),
    "aarch64": ("aarch64", "arm64"),
    "i686": ("i686", "i386", "x86", "32"),
    "ppc64le": ("ppc64le",),
    "s390x": ("s390x",),
    "riscv64": ("riscv64",),
    "armv7l": ("armv7l",),
    "wasm32": ("wasm32",),
}


_OWN_MACHINES = {
    ("darwin", "aarch64"): "arm64",
    ("win32", "aarch64"): "ARM64",
    ("win32", "x86_64"): "AMD64",
    ("win32", "i686"): "x86",
}


@lru_cache(maxsize=1024)
def platform_of(text: str) -> tuple[str | None, str | None]:
    """`sys.platform` and `platform.machine()` that a word for a platform means (`linux-64`, `macos-arm64`, `windows`).

    Each is None if the text does not show it.
    """
    words = text.lower()
    system = next((system for system, names in _SYSTEMS.items() if _holds(words, names)), None)
    machine = next((machine for machine, names in _MACHINES.items() if _holds(words, names)), None)
    if machine is None and system == "win32" and "win32" in words:
        return system, None
    return system, _OWN_MACHINES.get((system or "", machine or ""), machine)


def _holds(text: str, words: Iterable[str]) -> bool:
    return any(re.search(rf"(?<![a-z0-9]){word}(?![a-z0-9])", text) for word in words)
