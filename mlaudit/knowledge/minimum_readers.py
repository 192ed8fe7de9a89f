"""Readers that are too old for a file by its format alone, whoever wrote it: `minimum_readers.toml`."""

from __future__ import annotations

from collections.abc import Mapping
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
_KEYS = frozenset({"id", "kind", "reader", "versions", "classes", "number", "says", "remedy", "source", "checked"})


@dataclass(frozen=True, slots=True, kw_only=True)
class MinimumReader:
    """What a release of a reader does not load of a kind of files.

    Attributes:
        versions: releases of the reader that do not; empty if `number` decides.
        classes: patterns of what the file must hold; empty means any.
        number: a number in the file that is the oldest release that loads it.
        says: one full sentence; `{file}`, `{reader}` and `{number}` stand for what they name.
    """

    id: str
    kind: str
    reader: str
    versions: str
    classes: tuple[str, ...]
    number: str | None
    says: str
    remedy: str
    evidence: tuple[Evidence, ...]

    def refuses(self, version: str, classes: tuple[str, ...], numbers: Mapping[str, str]) -> bool:
        """Whether this version of the reader does not load such a file."""
        if self.classes and not any(fnmatchcase(class_, pattern) for class_ in classes for pattern in self.classes):
            return False
        if self.number is None:
            return admits(self.versions, public(version))
        oldest, here = parsed(numbers.get(self.number, "")), parsed(public(version))
        return oldest is not None and here is not None and here < oldest


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
        says=node.get("says").text(),
        remedy=node.get("remedy").text(),
        evidence=evidence(node),
    )


def too_old_for(
    kind: str, reader: str, version: str, *, file: str, classes: tuple[str, ...], numbers: Mapping[str, str]
) -> Consequence | None:
    """Why a release of a reader does not load a file; None if nothing is known against it."""
    for row in minimum_readers().get((kind, reader), ()):
        if row.refuses(version, classes, numbers):
            number = numbers.get(row.number or "", "")
            filled = {"{file}": file, "{reader}": version, "{number}": number}
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
