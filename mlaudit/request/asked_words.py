"""For type checkers: the words that are passed on as they are given."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TypedDict

from mlaudit.request.resolution import Resolution


class PolicyWords(TypedDict, total=False):
    """Which findings count."""

    fail_on: str | None
    select: Sequence[str] | None
    ignore: Sequence[str] | None
    package: Sequence[str] | None


class FileWords(TypedDict, total=False):
    """Files beside the sources."""

    config: Path | None
    baseline: Path | None


class AskedWords(PolicyWords, FileWords, total=False):
    """Fields of `Asked` that the command line has under the same name."""

    isolated: bool
    caches: bool
    as_format: str | None
    resolution: Resolution | None
