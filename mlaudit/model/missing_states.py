"""What the code of a reader requires of the objects in a pickle and they do not have, and calls that it refuses."""

from __future__ import annotations

from enum import Enum

from mlaudit.model.lazy_dataclass import dataclass
from mlaudit.model.nouns import Place


class WhenRead(str, Enum):
    """When an attribute is read: on every way, where a condition is met, or only by what trains or copies a model."""

    ALWAYS = "always"
    CONDITION = "condition"
    UPKEEP = "upkeep"


@dataclass(frozen=True, slots=True, kw_only=True)
class MissingState:
    """An attribute that a pickled object does not have and the code of its reader reads.

    Attributes:
        writer: the environment that writes the artifact.
        artifact: where the artifact is; `start` is the byte at which the object is made.
        owner: the class of the object, dotted.
        method: the method that is called.
        condition: what must be so for the attribute to be read, as the source has it; empty if it always is.
        read: the file and line of the reader that read it.
        is_sure: the writer's code was asked too and does not miss the attribute, or the class is the user's own.
        package: the distribution that the class belongs to, None for code of the user's own.
        unless: what the data is not where it is read, in a word.
    """

    writer: str
    artifact: Place
    owner: str
    attribute: str
    method: str
    when: WhenRead
    condition: str
    read: Place
    is_sure: bool
    package: str | None = None
    unless: str = ""

    @property
    def is_always_read(self) -> bool:
        """Whether every call of the method reads it."""
        return self.when is WhenRead.ALWAYS


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedByCode:
    """A call of a pickle that the code of its reader refuses.

    Attributes:
        called: what is called, dotted.
        reason: what is the matter, behind `called`.
        taken: where the reader's code states what it takes.
    """

    writer: str
    artifact: Place
    called: str
    reason: str
    taken: Place
    package: str | None = None
