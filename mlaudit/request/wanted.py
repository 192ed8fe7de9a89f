"""What the user wants an environment to be installed for."""

from __future__ import annotations

from collections.abc import Mapping

from mlaudit.model.lazy_dataclass import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What the user asked for: options applied to the configuration.

    Attributes:
        python: a version (`3.11`, `3.11.7`) or a range (`>=3.10`).
        platform: `linux-x86_64`, `linux`, `macos-arm64`, `win-amd64`; conda's and Docker's words too.
        default_groups: whether the groups that a tool installs by default are wanted.
        parts: names behind `#`, by the word in front of them (`{"package": "api"}`).
    """

    python: str | None = None
    platform: str | None = None
    extras: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    default_groups: bool = False
    parts: Mapping[str, str] = field(default_factory=dict)
