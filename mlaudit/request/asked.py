"""What is asked in the words of the command line, before a configuration is laid under it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from mlaudit.model.lazy_dataclass import dataclass, field
from mlaudit.request.wanted import Wanted

if TYPE_CHECKING:
    from mlaudit.request.resolution import Resolution


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What may be asked of every command, in the words of the command line."""

    wanted: Wanted
    config: Path | None = None
    isolated: bool = False
    caches: bool = True
    fail_on: str | None = None
    select: Sequence[str] | None = ()
    ignore: Sequence[str] | None = ()
    package: Sequence[str] | None = ()
    define: Mapping[str, str] = field(default_factory=dict)
    as_format: str | None = None
    baseline: Path | None = None
    resolution: Resolution | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Overlay:
    """What options lay over a configuration, checked; see `Settings` for the words."""

    fail_on: str | None = None
    select: Sequence[str] = ()
    ignore: Sequence[str] = ()
    packages: Sequence[str] = ()
    defines: Mapping[str, str] = field(default_factory=dict)
