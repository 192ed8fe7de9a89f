"""Which build of a package an index offers, by the index's address."""

from __future__ import annotations

import re
from functools import lru_cache
from importlib import resources

_SEGMENT = re.compile(r"(?:cpu|xpu|cu[0-9]{2,4}|rocm[0-9.]{1,8})")


@lru_cache(maxsize=1)
def _packages() -> frozenset[str]:
    """Names of the packages that come in a build per accelerator (knowledge/accelerators.toml)."""
    import tomli

    text = resources.files("mlaudit").joinpath("knowledge/accelerators.toml").read_text(encoding="utf-8")
    return frozenset(tomli.loads(text)["packages"])


@lru_cache(maxsize=4096)
def variant_of_index(package: str, address: str) -> str | None:
    """`cu121` of `torch` from `https://download.pytorch.org/whl/cu121`; None where they tell none."""
    return build_of_index(address) if package in _packages() else None


def build_of_index(address: str) -> str | None:
    """The build that an index's address names (`cu121`, `cpu`, `rocm6.1`), None where it names none."""
    segments = address.partition("?")[0].lower().split("/")
    return next((segment for segment in reversed(segments) if _SEGMENT.fullmatch(segment)), None)
