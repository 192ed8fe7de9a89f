"""Pairs of two repositories: one writes an artifact to a registry, a hub or a bucket, the other reads it there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from mlaudit.document.document import Document
from mlaudit.environments.inventory import inventory_environments
from mlaudit.model.lazy_dataclass import replace
from mlaudit.model.report import Environment

MAX_SPANNING = 5_000
"""Pairs across repositories that are compared."""

Address = tuple[str, str, str]


class ExchangeEnd(NamedTuple):
    """One environment at one end of an exchange."""

    repository: str
    environment: str
    kinds: tuple[str, ...]
    at: str


class SpanningPair(NamedTuple):
    """A writer and a reader of two repositories, and the address that both name.

    Attributes:
        certain: nobody else writes to the address.
    """

    writer: ExchangeEnd
    reader: ExchangeEnd
    address: Address
    certain: bool


class ExchangeIndex:
    """Who writes to and who reads from which address."""

    def __init__(self) -> None:
        self._ends: dict[Address, tuple[list[ExchangeEnd], list[ExchangeEnd]]] = {}

    def add(self, row: dict[str, Any]) -> None:
        """What the environments of one repository exchange."""
        for environment in row.get("environments", ()):
            for side, kind, scope, name, kinds, at in environment["exchanges"]:
                writes, reads = self._ends.setdefault((kind, scope, name), ([], []))
                end = ExchangeEnd(row["repository"], environment["name"], tuple(kinds), at)
                (writes if side == "writes" else reads).append(end)

    def pairs(self) -> Iterator[SpanningPair]:
        """Every pair across repositories, once, in the order of its names."""
        seen: dict[tuple[str, str, str, str], SpanningPair] = {}
        for address, (writes, reads) in sorted(self._ends.items()):
            writers = {(write.repository, write.environment) for write in writes}
            for writer in writes:
                for reader in reads:
                    if writer.repository != reader.repository:
                        key = (*writer[:2], *reader[:2])
                        seen.setdefault(key, SpanningPair(writer, reader, address, len(writers) == 1))
                        if len(seen) > MAX_SPANNING:
                            return
        yield from (seen[key] for key in sorted(seen))


def inventories(rows: Iterable[dict[str, Any]], wanted: set[tuple[str, str]]) -> dict[tuple[str, str], str]:
    """The inventories of some environments, by repository and environment."""
    by_key = {}
    for row in rows:
        for environment in row.get("environments", ()):
            key = row["repository"], environment["name"]
            if key in wanted and "inventory" in environment:
                by_key[key] = environment["inventory"]
    return by_key


def paired(request: dict[str, Any]) -> list[Environment]:
    """The two environments of a pair under the names of the fleet, the reader following the writer."""
    writer = _environment(request["writer"])
    reader = _environment(request["reader"])
    kinds = tuple(request["kinds"])
    return [
        writer,
        replace(
            reader,
            follows=(writer.name,),
            guessed=not request["certain"],
            kinds_from={writer.name: kinds} if kinds else {},
        ),
    ]


def _environment(row: dict[str, Any]) -> Environment:
    """An environment of another repository: its name, and the places of its statements, begin with that one's."""
    document = Document("mlaudit-list.json", data=row["inventory"].encode())
    (environment,) = inventory_environments(document, row["repository"])
    return environment
