"""SHA-256 of short texts without OpenSSL, which `hashlib` loads and which takes as long as a tenth of a short run."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from importlib import import_module
from typing import Any

_BUILT_IN = ("_sha2", "_sha256")
"""The interpreter's own, as `random` of the standard library uses them: since Python 3.12, and before."""


def sha256_hex(data: bytes) -> str:
    """The digest of some bytes, in hexadecimal."""
    digest: str = _sha256()(data).hexdigest()
    return digest


@lru_cache(maxsize=1)
def _sha256() -> Callable[[bytes], Any]:
    for name in _BUILT_IN:
        try:
            function: Callable[[bytes], Any] = import_module(name).sha256
        except (ImportError, AttributeError):
            # A build may leave it to OpenSSL.
            continue
        return function
    import hashlib

    return hashlib.sha256
