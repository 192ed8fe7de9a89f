"""What a model artifact states about itself and of the libraries that wrote it, and what excludes one another.

Named tuples rather than dataclasses: they are made at every start, and cost a fifth.
"""

from __future__ import annotations

from typing import NamedTuple

from mlaudit.model.scales import Strength


class PickledName(NamedTuple):
    """A name that a pickle imports; `name` is qualified (`Outer.Inner`)."""

    module: str
    name: str

    @property
    def full_name(self) -> str:
        """The name with its module."""
        return f"{self.module}.{self.name}"


class Artifact(NamedTuple):
    """What an artifact states about itself.

    Attributes:
        kind: a row of `knowledge/kinds.toml`, else `<package>.<form>`; None if a pin only stands in for a model.
        classes: those of the objects in it, the outermost first.
        names: what loading it imports, if all of the file was walked; the first few thousand.
    """

    kind: str | None = None
    classes: tuple[str, ...] = ()
    names: tuple[PickledName, ...] = ()


class Recorded(NamedTuple):
    """What an artifact records of one library beside its version.

    Attributes:
        kinds: the artifact kinds in which that library's data is.
        strength: how the artifact shows the version.
        numbers: the format's own numbers by name (`ir` `8`, `ai.onnx` `17`), to hold against a reader's table.
        classes: what the file shows of this library's own part, where it is not the classes of the whole artifact.
    """

    kinds: tuple[str, ...] = ()
    strength: Strength = Strength.NONE
    numbers: tuple[tuple[str, str], ...] = ()
    classes: tuple[str, ...] = ()

    def number(self, name: str) -> int | None:
        """A number of the format, None if it is not recorded or is no number."""
        text = dict(self.numbers).get(name, "")
        return int(text) if text.isdecimal() else None


class ProjectPart(NamedTuple):
    """A package, one of its extras, or one of its dependency groups."""

    package: str
    extra: str | None = None
    group: str | None = None

    def __str__(self) -> str:
        """As it is written on a command line: `api[cpu]`, `api:dev`, `api`."""
        if self.extra:
            return f"{self.package}[{self.extra}]"
        return f"{self.package}:{self.group}" if self.group else self.package
