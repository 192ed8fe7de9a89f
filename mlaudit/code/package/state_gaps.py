"""Attributes that the reader's methods read of a pickled object and that nothing gives it.

An attribute is missing where the state, what `__setstate__` makes of it, and the class do not have it, and where the
reader's code sets it somewhere: what no code ever sets is no attribute of the object. What the code of the writer would
miss as well is left out, where that code is available: it is no difference between the two.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from mlaudit.code.package.classes import ClassCode, Lineage
from mlaudit.code.package.object_code import Calling, FoundNeed, ObjectCode, ObjectState
from mlaudit.grammars.model_file.pickle_states import PickledObject
from mlaudit.model.lazy_dataclass import dataclass

_MARKS = ("_sklearn_version",)
"""Keys that a state has beside attributes."""


@dataclass(frozen=True, slots=True, eq=False)
class StateGap:
    """An attribute that an object lacks.

    Attributes:
        owner: the object that lacks it.
        cls: its class in the reader's code.
        attribute: the attribute, dotted where it is read of a part (`tree_.missing`).
        need: where, when and for what it is read.
        is_of_template: its state has nothing but parameters of its `__init__`, as one that was never trained.
    """

    owner: PickledObject
    cls: ClassCode
    attribute: str
    need: FoundNeed
    is_of_template: bool = False


class StateJudge:
    """Judges the states of pickled objects by the code of their reader, and of their writer where it is available."""

    def __init__(self, reader: ObjectCode, writer: ObjectCode | None) -> None:
        self._reader, self._writer = reader, writer

    def gaps(self, pickled_object: PickledObject) -> Sequence[StateGap]:
        """What an object lacks; nothing if it was too much to follow."""
        gaps = list(self._gaps(pickled_object))
        exhausted = self._reader.is_exhausted or (self._writer is not None and self._writer.is_exhausted)
        return () if exhausted else gaps

    def _gaps(self, pickled_object: PickledObject) -> Iterator[StateGap]:
        side = self._reader
        judged_class = side.judged(pickled_object)
        if judged_class is None:
            return
        cls, lineage, attributes = judged_class
        present = side.present(pickled_object, lineage, attributes)
        view = ObjectState(side, lineage, attributes, present)
        needs, chains = side.needs(lineage, view, side.calls_of(pickled_object, lineage))
        missing = {name: need for name, need in needs.items() if not view.surely_has(name)}
        for name, need in side.parameters(lineage).items():
            is_known = name in missing and missing[name].calling is not Calling.UPKEEP
            if not is_known and not view.surely_has(name):
                missing[name] = need
        if missing:
            yield from self._attributes(pickled_object, cls, lineage, missing)
        yield from self._parts(pickled_object, chains, attributes)

    def _attributes(
        self, pickled_object: PickledObject, cls: ClassCode, lineage: Lineage, missing: Mapping[str, FoundNeed]
    ) -> Iterator[StateGap]:
        written = self._reader.writes(lineage)
        parameters = self._reader.parameters(lineage)
        for_writer = self._writer.missing(pickled_object) if self._writer is not None else None
        is_of_template = bool(parameters) and (pickled_object.attributes or {}).keys() <= {*parameters, *_MARKS}
        is_idle = is_of_template and for_writer is not None and for_writer.is_useless
        for name, need in missing.items():
            is_for_both = for_writer is not None and name in for_writer.names
            if not is_for_both and (name in written or name in parameters):
                # Nothing is asked of a model that a search only copies: its writer could not use it either.
                yield StateGap(pickled_object, cls, name, need.as_upkeep() if is_idle else need, is_of_template)

    def _parts(
        self,
        pickled_object: PickledObject,
        chains: Mapping[tuple[str, ...], FoundNeed],
        attributes: Mapping[str, object],
    ) -> Iterator[StateGap]:
        """What objects inside it lack that its methods read of them."""
        for chain, need in chains.items():
            part: object = attributes.get(chain[0])
            for at, name in enumerate(chain[1:], start=1):
                inside = self._reader.judged(part) if isinstance(part, PickledObject) else None
                if inside is None or not isinstance(part, PickledObject):
                    break
                inner, lineage, state = inside
                if name in state:
                    part = state[name]
                    continue
                if self._lacks(part, lineage, state, name) and not self._writer_reads(pickled_object, chain[: at + 1]):
                    yield StateGap(part, inner, name, need)
                break

    def _lacks(self, part: PickledObject, lineage: Lineage, state: Mapping[str, object], name: str) -> bool:
        side = self._reader
        if lineage.gives(name) or name in side.present(part, lineage, state):
            return False
        return name in side.writes(lineage) or not side.writes_any(lineage)

    def _writer_reads(self, pickled_object: PickledObject, chain: tuple[str, ...]) -> bool:
        chains = self._writer.missing(pickled_object).chains if self._writer is not None else frozenset()
        return any(read[: len(chain)] == chain for read in chains)
