"""The nouns of static reading: artifact uses and their names, imports, entry points, and the reading of a module."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum, IntEnum
from typing import TYPE_CHECKING

from mlaudit.model.lazy_dataclass import dataclass, field
from mlaudit.model.nouns import Place, Unread

if TYPE_CHECKING:
    from mlaudit.code.source import ModuleSource


class Direction(str, Enum):
    """Whether a call writes an artifact or reads one."""

    WRITES = "writes"
    READS = "reads"


class NameKind(str, Enum):
    """What a name is a name of."""

    PATH = "path"
    REGISTRY = "registry"
    HUB = "hub"
    BUCKET = "bucket"
    TABLE = "table"
    ENV = "env"
    VOLUME = "volume"


class Sameness(IntEnum):
    """How sure it is that two names are those of one artifact."""

    DIFFERENT = 0
    POSSIBLE = 1
    LIKELY = 2
    CERTAIN = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class ArtifactName:
    """One name that a call gives an artifact.

    Attributes:
        kind: path, name in a registry, repository of a hub, key in a bucket, table, or environment variable.
        pieces: the known parts in their order; None is a part that only running the code would give. Paths have `/`.
        scope: what the name is unique in: the registry (`mlflow`, `wandb`, `zenml`), the bucket.
        variable: the environment variable or option that replaces the name where it is set.
        bucket_variable: the one that holds the name of the bucket.
        at: the literal that names it, or the call if there is none.
        certain: the code has no other value for it on the way to this call.
        in_run: it is a name inside a run of a tracker, of which there are many.
    """

    kind: NameKind
    pieces: tuple[str | None, ...]
    at: Place
    scope: str = ""
    variable: str = ""
    bucket_variable: str = ""
    certain: bool = True
    in_run: bool = False

    @property
    def text(self) -> str:
        """The name with `*` for parts that are not known."""
        return "".join("*" if piece is None else piece for piece in self.pieces)

    @property
    def complete(self) -> bool:
        """Whether every part is known."""
        return all(piece is not None for piece in self.pieces)


@dataclass(frozen=True, slots=True, kw_only=True)
class ArtifactUse:
    """One call that writes or reads an artifact, seen from one chain of callers.

    Attributes:
        at: the library call.
        direction: whether it writes or reads.
        form: how the artifact is stored: a kind of `kinds.toml` or a form of `artifact_calls.toml`.
        holds: kinds of `kinds.toml` that the code shows inside (`sklearn.joblib`), empty if it does not.
        call: the call's full name (`joblib.dump`), `*` before the dot where the receiver's type is not known.
        library: the distribution that writes or reads (`scikit-learn`); empty where no library's call is seen.
        names: what names the artifact, the most probable first; empty if nothing of it is known.
        settings: arguments that condition what happens (`weights_only`, `allow_pickle`), as the source has them.
        function: the function or method that holds the call, empty at module level.
        callers: the calls that lead to it from other functions, innermost first; they decide which code runs it.
        certain: the receiver's type, or the imported function, is known.
        is_placed: its names are those that one recipe gives it, not what other environments with the same code use.
    """

    at: Place
    direction: Direction
    form: str
    call: str
    library: str = ""
    holds: tuple[str, ...] = ()
    names: tuple[ArtifactName, ...] = ()
    settings: tuple[tuple[str, str], ...] = ()
    function: str = ""
    callers: tuple[Place, ...] = ()
    certain: bool = True
    is_placed: bool = False

    @property
    def files(self) -> frozenset[str]:
        """The modules that must all run for this use to happen."""
        return frozenset((self.at.path, *(caller.path for caller in self.callers)))


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportedModule:
    """One import: `from ..config import PATHS` is module `config`, level 2, names `PATHS`."""

    module: str
    line: int
    level: int = 0
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryPoint:
    """Something that a module starts or offers to a runner.

    Attributes:
        kind: `main`, or a word of `artifact_calls.toml`: `fastapi`, `flask`, `gradio`, `streamlit`, `zenml.step`.
        role: `training`, `serving`, `pipeline` or empty, as that file says.
        name: the variable, function or class (`app`, `train_model`).
    """

    kind: str
    name: str
    at: Place
    role: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeOption:
    """A command-line option or setting of a module with its default (`--model-path`, `models/model.pkl`)."""

    name: str
    default: str | None
    at: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class ModuleReading:
    """What one Python source or notebook says by itself.

    Attributes:
        uses: what is known without other modules; `link` shows more.
        imports: every import, those inside functions too.
        source: the syntax tree for linking; None if the module is unread.
    """

    path: str
    imports: tuple[ImportedModule, ...] = ()
    uses: tuple[ArtifactUse, ...] = ()
    entry_points: tuple[EntryPoint, ...] = ()
    options: tuple[CodeOption, ...] = ()
    unread: tuple[Unread, ...] = ()
    source: ModuleSource | None = field(default=None, repr=False, compare=False)

    @property
    def top_level_imports(self) -> frozenset[str]:
        """The first word of everything that is imported absolutely (`sklearn`, `torch`)."""
        return frozenset(
            module.module.partition(".")[0] for module in self.imports if not module.level and module.module
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """A function or class of a module.

    Attributes:
        digest: of its normalized syntax tree: comments, docstrings, annotations and layout do not count.
    """

    name: str
    digest: str
    at: Place


Definitions = Mapping[str, Definition]
