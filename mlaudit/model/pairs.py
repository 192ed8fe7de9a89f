"""What is known to cross from one environment to another."""

from __future__ import annotations

from mlaudit.model.lazy_dataclass import dataclass, field
from mlaudit.model.nouns import Place


@dataclass(frozen=True, slots=True, kw_only=True)
class CrossingArtifact:
    """One artifact that one environment writes and another reads.

    Attributes:
        artifact: how both sides name it (`model.joblib`).
        form: how it is stored, in words (`sklearn joblib`).
        kinds: its artifact kinds, where they are known (`sklearn.joblib`); empty if they are not.
        written, read: where each side names it.
        named: where else the project that writes it names it as the reader does.
        certain: both sides name one artifact beyond doubt.
        is_plain: it is a table or text, which no library must be able to unpickle.
        settings: arguments of the reading call that condition what happens (`weights_only`).
        stated: arguments of the writing call that condition what is written (`opset_version`).
    """

    artifact: str
    form: str
    kinds: tuple[str, ...] = ()
    written: Place
    read: Place
    named: tuple[Place, ...] = ()
    certain: bool = True
    is_plain: bool = False
    settings: tuple[tuple[str, str], ...] = ()
    stated: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PartedDefinition:
    """A function that both sides have a copy of, and that is no longer the same."""

    name: str
    written: Place
    read: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvironmentPair:
    """A writer and a reader by name, what crosses between them and how sure that is."""

    writer: str
    reader: str
    certain: bool = True
    crosses: tuple[CrossingArtifact, ...] = field(default=())
    reason: str = ""
    parted: tuple[PartedDefinition, ...] = ()

    @property
    def exchanges_tables_alone(self) -> bool:
        """Whether tables or texts are known to cross, and nothing else is."""
        return bool(self.crosses) and all(artifact.is_plain for artifact in self.crosses)
