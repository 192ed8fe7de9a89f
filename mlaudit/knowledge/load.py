"""Knowledge files: read out of the package on demand, checked against their schema, kept once read."""

from __future__ import annotations

from enum import Enum
from functools import lru_cache

from mlaudit.document.node import Malformed, Node
from mlaudit.knowledge.schema import (
    checked,
    choice,
    count,
    evidence,
    specifier,
    unknown_keys,
)
from mlaudit.model.lazy_dataclass import dataclass
from mlaudit.model.lazy_pattern import lazy_pattern
from mlaudit.model.nouns import Distance, Evidence, Severity
from mlaudit.model.packaged import packaged_names

_NAME = lazy_pattern(r"[a-z0-9](?:[a-z0-9-]{0,80}[a-z0-9])?")


class Effect(str, Enum):
    """What a version crossing does to a model or to the code around it."""

    SILENT = "silent"
    UNREADABLE = "unreadable"
    PREPROCESSING = "preprocessing"
    NO_PROMISE = "no-promise"
    HARMLESS = "harmless"

    @property
    def rank(self) -> int:
        """0 for the worst: a wrong number that nobody sees is worse than a crash."""
        return tuple(Effect).index(self)


class Certainty(str, Enum):
    """How sure a row is: run here, promised by the project, or concluded from such rows."""

    MEASURED = "measured"
    DOCUMENTED = "documented"
    DERIVED = "derived"


class Moment(str, Enum):
    """When changed behaviour counts: wherever features are made, or only where a model is fitted again."""

    FEATURES = "features"
    TRAINING = "training"


class Step(str, Enum):
    """The order in which rows are asked; the first that hits wins."""

    EDGE = "edge"
    FORMAT = "format"
    REQUIREMENT = "requirement"
    RATE = "rate"


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """One row: what happens between a range of writing and a range of reading versions.

    Attributes:
        writer, reader, writer_python, reader_python: PEP 440 specifiers; empty admits every version.
        distances: only crossings this far apart; empty means any.
        direction: `newer` (the reader is), `older`, or empty for both.
        severity: where the artifact is known to be of these kinds and classes.
        unsure: where the row is only for some kinds, classes or names and what crosses is not known; by default a row
            about classes that nobody measured is then a warning, since most models may have none of them.
        kinds, classes: what it is for, empty means any; a class may end in `*`.
        unless: classes of which one in the file takes the row back, since they do not run what breaks.
        names: what a pickle has to import, with its module, for the row to speak of it; may have `*`. Where the names
            of what crosses are not known, the row speaks.
        beside, besides: a package and the versions of it that the reader must have for the row to speak.
        failed, tried: of the artifacts measured, how many failed or changed.
        via: the companion package that causes it.
    """

    id: str
    step: Step
    effect: Effect
    severity: Severity
    unsure: Severity
    says: str
    remedy: str
    certainty: Certainty
    evidence: tuple[Evidence, ...]
    writer: str = ""
    reader: str = ""
    writer_python: str = ""
    reader_python: str = ""
    distances: tuple[Distance, ...] = ()
    direction: str = ""
    kinds: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()
    unless: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    beside: str | None = None
    besides: str = ""
    failed: int | None = None
    tried: int | None = None
    via: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Skew:
    """One change of behaviour: the same code gives different results from version `since` on.

    Attributes:
        before, after: verb phrases behind `what`; equal ones (`gives another last digit`) say only that it differs.
    """

    id: str
    what: str
    before: str
    after: str
    since: str
    affects: str
    when: Moment
    severity: Severity
    size: str
    certainty: Certainty
    evidence: tuple[Evidence, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Dossier:
    """Everything known of one package: its promise, the versions measured, and its rows in the order of the steps."""

    package: str
    promise: str
    evidence: tuple[Evidence, ...]
    kinds: tuple[str, ...]
    tested: tuple[str, ...]
    rows: tuple[Known, ...]
    skews: tuple[Skew, ...]


_ROW_KEYS = frozenset(Known.__slots__) - {"step", "evidence", "distances"} | {"source", "checked", "distance"}
_SKEW_KEYS = frozenset(Skew.__slots__) - {"evidence"} | {"source", "checked"}
_SAME_KEYS = frozenset({"says", "remedy", "unsure"})
_DOSSIER_KEYS = frozenset(
    {"package", "promise", "source", "checked", "kinds", "tested", "skew", *(step.value for step in Step)} | _SAME_KEYS
)
SAME = "same"
"""The promise of a package whose artifacts only the version that wrote them reads."""


@lru_cache(maxsize=1024)
def dossier(package: str) -> Dossier | None:
    """What is known of a package (its normalized name), or None. Raises KnowledgeError."""
    if not _NAME.fullmatch(package):
        return None
    try:
        return checked(f"packages/{package}.toml", _dossier)
    except FileNotFoundError:
        return None


def owns_kinds(package: str) -> bool:
    """Whether what is known of a package names artifacts that it writes; its rows are not built for that."""
    try:
        return bool(checked(f"packages/{package}.toml", lambda root: root.get("kinds").texts()))
    except FileNotFoundError:
        return False


def packages() -> tuple[str, ...]:
    """Packages that have a file of their own, in order."""
    names = packaged_names("knowledge/packages")
    return tuple(name.removesuffix(".toml") for name in names if name.endswith(".toml"))


@lru_cache(maxsize=1024)
def asked_beside(package: str) -> tuple[str, ...]:
    """The other packages of a reader that rows about a package depend on."""
    known = dossier(package)
    return tuple(dict.fromkeys(row.beside for row in known.rows if row.beside)) if known is not None else ()


def _dossier(root: Node) -> Dossier:
    unknown_keys(root, _DOSSIER_KEYS)
    package, promise = root.get("package").text(), root.get("promise").text()
    if promise != SAME and any(root.get(key).exists for key in _SAME_KEYS):
        raise Malformed(f'`{", ".join(sorted(_SAME_KEYS))}` are for promise = "{SAME}"', root.route)
    rows = tuple(_known(row, step) for step in Step for row in root.get(step.value).each())
    return Dossier(
        package=package,
        promise=f"What one version of {package} writes, only the same version reads." if promise == SAME else promise,
        evidence=evidence(root),
        kinds=root.get("kinds").texts(),
        tested=root.get("tested").texts(),
        rows=(*rows, _same(root, package)) if promise == SAME else rows,
        skews=tuple(_skew(row) for row in root.get("skew").each()),
    )


def _same(root: Node, package: str) -> Known:
    """The row of a package without any promise: every difference is an error."""
    unsure = root.get("unsure")
    return Known(
        id=f"{package}-same",
        step=Step.RATE,
        effect=Effect.UNREADABLE,
        severity=Severity.ERROR,
        unsure=choice(unsure, Severity) if unsure.exists else Severity.ERROR,
        says=root.get("says").text(),
        remedy=root.get("remedy").maybe_text() or f"Serve with {package} {{writer}}.",
        certainty=Certainty.DOCUMENTED,
        evidence=evidence(root),
        kinds=root.get("kinds").texts(),
    )


def _known(row: Node, step: Step) -> Known:
    unknown_keys(row, _ROW_KEYS)
    severity = choice(row.get("severity"), Severity)
    unsure, certainty = row.get("unsure"), choice(row.get("certainty"), Certainty)
    depends = row.get("classes").exists and certainty is not Certainty.MEASURED
    return Known(
        id=row.get("id").text(),
        step=step,
        effect=choice(row.get("effect"), Effect),
        severity=severity,
        unsure=choice(unsure, Severity) if unsure.exists else _mildest(severity) if depends else severity,
        says=row.get("says").text(),
        remedy=row.get("remedy").maybe_text() or "",
        certainty=certainty,
        evidence=evidence(row),
        writer=specifier(row.get("writer")),
        reader=specifier(row.get("reader")),
        writer_python=specifier(row.get("writer_python")),
        reader_python=specifier(row.get("reader_python")),
        distances=tuple(choice(word, Distance) for word in row.get("distance").each()),
        direction=_direction(row.get("direction")),
        kinds=row.get("kinds").texts(),
        classes=row.get("classes").texts(),
        unless=row.get("unless").texts(),
        names=row.get("names").texts(),
        beside=row.get("beside").maybe_text(),
        besides=specifier(row.get("besides")),
        failed=count(row.get("failed")),
        tried=count(row.get("tried")),
        via=row.get("via").maybe_text(),
    )


def _mildest(severity: Severity) -> Severity:
    """A warning at most."""
    return max(severity, Severity.WARNING, key=lambda level: level.rank)


def _direction(node: Node) -> str:
    text = node.maybe_text() or ""
    if text not in ("", "newer", "older"):
        raise Malformed(f"expected newer or older, found {text!r}", node.route)
    return text


def _skew(row: Node) -> Skew:
    unknown_keys(row, _SKEW_KEYS)
    return Skew(
        id=row.get("id").text(),
        what=row.get("what").text(),
        before=row.get("before").text(),
        after=row.get("after").text(),
        since=row.get("since").text(),
        affects=row.get("affects").text(),
        when=choice(row.get("when"), Moment) if row.get("when").exists else Moment.FEATURES,
        severity=choice(row.get("severity"), Severity),
        size=row.get("size").text(),
        certainty=choice(row.get("certainty"), Certainty),
        evidence=evidence(row),
    )
