"""Why the statements of one environment cannot be installed together, as a resolver explains it."""

from __future__ import annotations

from typing import NamedTuple


class Unresolvable(NamedTuple):
    """What a resolver concludes of one environment.

    Attributes:
        says: its explanation, as sentences.
        packages: those that the explanation names and the environment states.
        tool: the resolver's name.
    """

    says: str
    packages: tuple[str, ...] = ()
    tool: str = "uv"
