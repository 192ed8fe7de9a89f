"""Artifact kinds: which package owns one, and what it carries inside (a CatBoost pickle holds numpy arrays)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache

from mlaudit.document.node import Malformed, Node
from mlaudit.knowledge.schema import built_from, checked, evidence, unknown_keys
from mlaudit.model.lazy_dataclass import dataclass
from mlaudit.model.nouns import Evidence

_KEYS = frozenset(
    {
        "title",
        "package",
        "holds",
        "readers",
        "holds_code",
        "holds_any",
        "holds_ending",
        "without",
        "closed",
        "is_exchanged",
        "read_as",
        "carriers",
        "source",
        "checked",
        "certainty",
    }
)
_FILE = "kinds.toml"
_BOUND_TO_PYTHON = ("python.bytecode", "python.predictor", "python.protocol5", "python.worker")


@dataclass(frozen=True, slots=True, kw_only=True)
class ArtifactKind:
    """One kind of model file.

    Attributes:
        holds: the kinds that travel inside it.
        readers: packages that load it besides the one that writes it.
        holds_code: every file of the kind holds byte code of functions, or needs Python's newest protocol of pickle.
        holds_any: files of the kind hold objects of any package.
        closed: no file of the kind holds objects of other packages than its own and those of what it holds.
        read_as: kinds of which a file of this kind may be, by the function that reads it.
        carriers: packages of which some releases have the kind's own package inside.
        is_exchanged: libraries other than the kind's own write it; loading a file does not need the one that wrote it.
    """

    name: str
    title: str
    package: str
    holds: tuple[str, ...]
    evidence: tuple[Evidence, ...]
    readers: tuple[str, ...] = ()
    holds_code: bool = False
    holds_any: bool = False
    closed: bool = False
    is_exchanged: bool = False
    read_as: tuple[str, ...] = ()
    carriers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Companion:
    """A package whose crossing counts for a model of another one, and the kinds of it that travel inside."""

    package: str
    kinds: frozenset[str]
    evidence: tuple[Evidence, ...]


class _KindsByName(Mapping[str, ArtifactKind]):
    """The kinds of the file by their names, each checked and built when it is first asked for: a run asks for few."""

    def __init__(self, root: Node) -> None:
        self.rows = dict(root.items())
        self._built: dict[str, ArtifactKind] = {}

    def __getitem__(self, name: str) -> ArtifactKind:
        kind = self._built.get(name)
        if kind is None:
            row = self.rows[name]
            kind = self._built[name] = built_from(_FILE, row, lambda row: _kind(name, row, self))
        return kind

    def __contains__(self, name: object) -> bool:
        return name in self.rows

    def __iter__(self) -> Iterator[str]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    def named(self, key: str, value: object) -> tuple[str, ...]:
        """The names of the kinds whose rows state a value."""
        return tuple(name for name, row in self.rows.items() if row.get(key).value == value)


@lru_cache(maxsize=1)
def artifact_kinds() -> _KindsByName:
    """Every kind by its name (`xgboost.json`). Raises KnowledgeError."""
    return checked(_FILE, _KindsByName)


def kind_problem(name: str) -> str | None:
    """Why a name is that of no artifact kind, None if it is one. Raises KnowledgeError."""
    known = artifact_kinds()
    if name in known:
        return None
    from mlaudit.model.nearest import suggestion

    near = suggestion(name, known) or "; `mlaudit kinds` lists them"
    return f'"{name[:60]}" is no kind of artifact{near}'


def _inside(table: Mapping[str, ArtifactKind], kind: str) -> set[str]:
    """A kind and all that travel inside it."""
    inside, waiting = set[str](), [kind]
    while waiting:
        name = waiting.pop()
        if name not in inside:
            inside.add(name)
            waiting.extend(table[name].holds if name in table else ())
    return inside


def _kind(name: str, row: Node, table: _KindsByName) -> ArtifactKind:
    unknown_keys(row, _KEYS)
    return ArtifactKind(
        name=name,
        title=row.get("title").text(),
        package=row.get("package").text(),
        holds=_holds(name, row, table),
        evidence=evidence(row),
        readers=row.get("readers").texts(),
        holds_code=row.get("holds_code").flag(),
        holds_any=row.get("holds_any").flag(),
        closed=row.get("closed").flag(),
        is_exchanged=row.get("is_exchanged").flag(),
        read_as=row.get("read_as").texts(),
        carriers=row.get("carriers").texts(),
    )


def _holds(name: str, row: Node, table: _KindsByName) -> tuple[str, ...]:
    """The kinds that travel inside one: those that it lists, or every kind with an ending but for some."""
    ending = row.get("holds_ending")
    if ending.exists:
        ending_alike = (kind for kind in table if kind != name and kind.endswith(ending.text()))
        return tuple(kind for kind in ending_alike if _inside(table, kind).isdisjoint(row.get("without").texts()))
    for inner_kind in row.get("holds").texts():
        if inner_kind not in table:
            raise Malformed(f"unknown kind: {inner_kind}", (name, "holds"))
    return row.get("holds").texts()


UNKNOWN_OBJECTS = "pickle.objects"
"""The kind of pickled objects of which nothing shows the classes."""


def with_unknown_objects(kinds: tuple[str, ...]) -> tuple[str, ...]:
    """Kinds of a file of whose objects the classes are not known."""
    known = artifact_kinds()
    return (*kinds, UNKNOWN_OBJECTS) if any(kind in known and known[kind].holds_any for kind in kinds) else kinds


def readers_of(kind: str) -> tuple[str, ...]:
    """Packages that load files of a kind besides the one that writes them."""
    known = artifact_kinds().get(kind)
    return known.readers if known is not None else ()


def carriers_of(kinds: tuple[str, ...]) -> frozenset[str]:
    """Packages that may have inside what loads files of some kinds, so that a list need not name it."""
    known = (artifact_kinds()[kind] for kind in kinds if kind in artifact_kinds())
    return frozenset(carrier for kind in known for carrier in kind.carriers)


def reads_otherwise(kind: str, broken: tuple[str, ...]) -> bool:
    """Whether a function that files of a kind may be read with is none of those that break."""
    known = artifact_kinds().get(kind)
    return known is not None and kind in broken and any(other not in broken for other in known.read_as)


def only_wrote(package: str, kinds: tuple[str, ...]) -> bool:
    """Whether a library that a file records only wrote it, so that loading the file does not need the library."""
    known = [artifact_kinds()[kind] for kind in kinds if kind in artifact_kinds()]
    return bool(known) and all(kind.is_exchanged and kind.package != package for kind in known)


@lru_cache(maxsize=1)
def code_picklers() -> Mapping[str, frozenset[str]]:
    """Packages that store what only some Pythons read (byte code, a protocol of pickle), with the kinds of it."""
    kinds_by_package: dict[str, frozenset[str]] = {}
    table = artifact_kinds()
    for kind in (table[name] for name in table.named("holds_code", True)):
        inside = frozenset(name for name in carried(frozenset({kind.name})) if name.startswith(_BOUND_TO_PYTHON))
        kinds_by_package[kind.package] = kinds_by_package.get(kind.package, frozenset()) | inside
    return kinds_by_package


@lru_cache(maxsize=1024)
def carried(kinds: frozenset[str]) -> frozenset[str]:
    """The kinds themselves and all that travel inside them."""
    table = artifact_kinds()
    return frozenset().union(*(_inside(table, kind) for kind in kinds))


def packages_needed(kinds: frozenset[str]) -> frozenset[str] | None:
    """The packages that files of these kinds may ask for; None if one of them may hold objects of any package."""
    table = artifact_kinds()
    inside = [table[name] for name in carried(kinds) if name in table]
    if not kinds or not all(name in table and table[name].closed for name in kinds):
        return None
    return frozenset(package for kind in inside for package in (kind.package, *kind.readers))


def kinds_of(package: str, kinds: frozenset[str]) -> frozenset[str]:
    """Those kinds, given or carried inside them, that belong to a package."""
    table = artifact_kinds()
    return frozenset(name for name in carried(kinds) if name in table and table[name].package == package)


def owned(package: str) -> frozenset[str]:
    """Every kind that a package writes."""
    return frozenset(artifact_kinds().named("package", package))


def companions(package: str, kinds: frozenset[str] = frozenset()) -> tuple[Companion, ...]:
    """The packages whose crossings count for artifacts of a package, by name; with no kinds, for all it writes."""
    table = artifact_kinds()
    own = kinds_of(package, kinds) if kinds else owned(package)
    inside: dict[str, set[str]] = {}
    for name in carried(own):
        if name in table and table[name].package != package:
            inside.setdefault(table[name].package, set()).add(name)
    proof = tuple(dict.fromkeys(entry for name in sorted(own) for entry in table[name].evidence))
    return tuple(
        Companion(package=other, kinds=frozenset(names), evidence=proof) for other, names in sorted(inside.items())
    )
