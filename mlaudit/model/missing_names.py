"""Names that a pickle imports, and those of them that the code of a reader does not have."""

from __future__ import annotations

from enum import Enum

from mlaudit.model.lazy_dataclass import dataclass
from mlaudit.model.nouns import Place


class Lack(str, Enum):
    """What is missing: the whole module, the name in it, or the name in the script that is started."""

    MODULE = "module"
    NAME = "name"
    MAIN = "main"


@dataclass(frozen=True, slots=True, kw_only=True)
class MissingName:
    """A name of an artifact that the code of its reader surely does not have.

    Attributes:
        writer: the environment that writes the artifact.
        artifact: where the artifact is.
        module, name: as the artifact names them; `name` is qualified.
        package: the distribution that the module belongs to, None for code of the user's own.
        searched: the file or folder in which it is missing.
        elsewhere: the module of the reader that defines the name, as it is imported; empty if none is known.
    """

    writer: str
    artifact: Place
    module: str
    name: str
    lack: Lack
    searched: Place
    package: str | None = None
    elsewhere: str = ""

    @property
    def full_name(self) -> str:
        """Module and name, dotted."""
        return f"{self.module}.{self.name}"
