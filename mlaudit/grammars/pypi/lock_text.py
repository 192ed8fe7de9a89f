"""What the locks of several tools have in common: where a package comes from, and the build that its index decides."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from mlaudit.grammars.pypi.markers import program
from mlaudit.grammars.pypi.wheel_indexes import wheel_index
from mlaudit.model.lazy_pattern import lazy_pattern
from mlaudit.model.names import package_of
from mlaudit.model.nouns import Pin

_HOST = lazy_pattern(r"https?://(?:[^/@\s]{0,256}@)?([^/:\s]{1,256})")


@lru_cache(maxsize=4096)
def named_index(address: str) -> str | None:
    """The address, None for the index that installers take when none is named: its host's first label is `pypi`."""
    host = _HOST.match(address)
    return None if host is not None and host.group(1).partition(".")[0].lower() == "pypi" else address


def variant(name: str, version: str | None, origin: str | None) -> str | None:
    """The build that a package's index decides where its version has no local part to tell it, else None."""
    if origin is None or version is None or "+" in version:
        return None
    index = wheel_index(origin)
    return index.variant if index is not None and package_of(name) in index.packages else None


def unreadable_markers(pin: Pin) -> Iterator[str]:
    """Why markers of a package, or of what it requires, cannot be read; what hangs on them stays open."""
    stated = ((pin.name, pin.marker), *((edge.name, edge.marker) for edge in pin.requires))
    for name, marker in stated:
        if marker is not None and program(marker) is None:
            yield f"`{marker[:80]}` is no environment marker, so it is not known when {name} is installed"
