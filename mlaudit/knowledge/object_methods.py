"""Which methods of a model serving calls (`object_methods.toml`)."""

from __future__ import annotations

from functools import lru_cache

from mlaudit.document.node import Node
from mlaudit.knowledge.schema import checked, evidence
from mlaudit.model.lazy_dataclass import dataclass


@dataclass(frozen=True, slots=True)
class MethodNames:
    """Names of methods, and the beginnings of more."""

    names: frozenset[str]
    beginnings: tuple[str, ...]

    def covers(self, name: str) -> bool:
        """Whether a method is one of them."""
        return name in self.names or name.startswith(self.beginnings)


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectMethods:
    """The methods of models by what they are called for.

    Attributes:
        bases: classes of libraries that give no data, each with the names that it gives.
        merged: methods that put together what another method of each class gives.
        unusual: functions that tell whether data is of an unusual kind, with a word for that.
    """

    serving: MethodNames
    training: MethodNames
    preparing: MethodNames
    implicit: MethodNames
    bases: dict[str, frozenset[str]]
    merged: dict[str, str]
    unusual: dict[str, str]

    def may_serve(self, name: str) -> bool:
        """Whether somebody who has a loaded object may call a method of it."""
        if self.preparing.covers(name):
            return False
        return not name.startswith("_") or self.implicit.covers(name)


@lru_cache(maxsize=1)
def object_methods() -> ObjectMethods:
    """The table. Raises KnowledgeError where the file breaks its schema."""
    return checked("object_methods.toml", _methods)


def _methods(root: Node) -> ObjectMethods:
    methods = {name: _names(row) for name, row in root.get("methods").items() if evidence(row)}
    bases = {
        cls: frozenset(row.get("gives").texts())
        for _, row in root.get("bases").items()
        if evidence(row)
        for cls in row.get("classes").texts()
    }
    return ObjectMethods(
        serving=methods["serving"],
        training=methods["training"],
        preparing=methods["preparing"],
        implicit=methods["implicit"],
        bases=bases,
        merged={
            row.get("method").text(): row.get("of").text() for _, row in root.get("merged").items() if evidence(row)
        },
        unusual={
            name: row.get("kind").text()
            for _, row in root.get("unusual").items()
            if evidence(row)
            for name in row.get("functions").texts()
        },
    )


def _merged(row: Node) -> tuple[str, str]:
    return row.get("method").text(), row.get("of").text()


def _names(row: Node) -> MethodNames:
    texts = row.get("names").texts()
    return MethodNames(
        frozenset(text for text in texts if not text.endswith("*")),
        tuple(text.removesuffix("*") for text in texts if text.endswith("*")),
    )
