"""What configurations of a model require of the code of their reader, and it refuses."""

from __future__ import annotations

from enum import Enum

from mlaudit.model.lazy_dataclass import dataclass
from mlaudit.model.nouns import Place


class Refusal(str, Enum):
    """What is refused: keys that a constructor does not take, a name that is not there, a value that is not known."""

    KEYS = "keys"
    NAME = "name"
    VALUE = "value"


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedConfiguration:
    """Something in a configuration that the code of its reader surely refuses.

    Attributes:
        writer: the environment that writes the artifact.
        artifact: the configuration, with the line if it is known.
        what: the class that is called, the name that is missing, or the field whose value is not known.
        values: the keys that it does not take, or the value.
        searched: where the reader's code says so.
        package: the distribution that the code belongs to.
    """

    writer: str
    artifact: Place
    refusal: Refusal
    what: str
    values: tuple[str, ...]
    searched: Place
    package: str
