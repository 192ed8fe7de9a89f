"""Readers that are too old for a file by its format alone, whoever wrote it: `minimum_readers.toml`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fnmatch import fnmatchcase
from functools import lru_cache

from mlaudit.document.node import Malformed, Node
from mlaudit.knowledge.crossing import Consequence
from mlaudit.knowledge.load import Certainty, Effect
from mlaudit.knowledge.schema import checked, evidence, specifier, unknown_keys
from mlaudit.model.lazy_dataclass import dataclass
from mlaudit.model.nouns import Evidence, Severity
from mlaudit.model.versions import admits, parsed, public

_FILE = "minimum_readers.toml"
_KEYS = frozenset(
    {"id", "kind", "reader", "versions", "classes", "number", "absent", "says", "remedy", "source", "checked"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class MinimumReader:
    """What a release of a reader does not load of a kind of files.

    Attributes:
        versions: releases of the reader that do not; empty if `number` decides.
        classes: patterns of what the file must hold; empty means any.
        number: a number in the file that is the oldest release that loads it.
        absent: packages that may load such a file by themselves; the row is for readers that have none of them.
        says: one full sentence; `{file}`, `{reader}` and `{number}` stand for what they name, `{word}` for the class of
            the file that the row is about, without what stands before `=`.
    """

    id: str
    kind: str
    reader: str
    versions: str
    classes: tuple[str, ...]
    number: str | None
    absent: tuple[str, ...]
    says: str
    remedy: str
    evidence: tuple[Evidence, ...]

    def refuses(self, version: str, classes: tuple[str, ...], numbers: Mapping[str, str]) -> bool:
        """Whether this version of the reader does not load such a file."""
        if self.classes and self.class_among(classes) is None:
            return False
        if self.number is None:
            return admits(self.versions, public(version))
        oldest, here = parsed(numbers.get(self.number, "")), parsed(public(version))
        return oldest is not None and here is not None and here < oldest

    def class_among(self, classes: tuple[str, ...]) -> str | None:
        """The first class of a file that the row is about."""
        hits = (class_ for class_ in classes if any(fnmatchcase(class_, pattern) for pattern in self.classes))
        return next(hits, None)


@lru_cache(maxsize=1)
def minimum_readers() -> Mapping[tuple[str, str], tuple[MinimumReader, ...]]:
    """The rows by kind and reader. Raises KnowledgeError."""
    return checked(_FILE, _rows)


def _rows(root: Node) -> Mapping[tuple[str, str], tuple[MinimumReader, ...]]:
    by_kind: dict[tuple[str, str], list[MinimumReader]] = {}
    for node in root.get("row").each():
        row = _row(node)
        by_kind.setdefault((row.kind, row.reader), []).append(row)
    return {key: tuple(rows) for key, rows in by_kind.items()}


def _row(node: Node) -> MinimumReader:
    unknown_keys(node, _KEYS)
    number = node.get("number").maybe_text()
    if (number is None) != node.get("versions").exists:
        raise Malformed("it needs `versions` or `number`, not both", node.route)
    return MinimumReader(
        id=node.get("id").text(),
        kind=node.get("kind").text(),
        reader=node.get("reader").text(),
        versions=specifier(node.get("versions")),
        classes=node.get("classes").texts(),
        number=number,
        absent=node.get("absent").texts(),
        says=node.get("says").text(),
        remedy=node.get("remedy").text(),
        evidence=evidence(node),
    )


def too_old_for(
    kind: str,
    reader: str,
    version: str,
    *,
    file: str,
    classes: tuple[str, ...],
    numbers: Mapping[str, str],
    has: Callable[[str], bool] = lambda _package: False,
) -> Consequence | None:
    """Why a release of a reader that has certain packages does not load a file; None if nothing is known against it."""
    for row in minimum_readers().get((kind, reader), ()):
        if row.refuses(version, classes, numbers) and not any(has(package) for package in row.absent):
            number = numbers.get(row.number or "", "")
            word = (row.class_among(classes) or "").rpartition("=")[2]
            filled = {"{file}": file, "{reader}": version, "{number}": number, "{word}": word}
            return Consequence(
                id=row.id,
                effect=Effect.UNREADABLE,
                severity=Severity.ERROR,
                says=_filled(row.says, filled),
                kinds=(kind,),
                classes=row.classes,
                certainty=Certainty.DOCUMENTED.value,
                evidence=row.evidence,
                remedy=_filled(row.remedy, filled),
                via=reader,
            )
    return None


def _filled(text: str, values: Mapping[str, str]) -> str:
    for name, value in values.items():
        text = text.replace(name, value)
    return text
