"""What the code of a reader requires and the objects in an artifact lack, and the calls that it refuses."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

from mlaudit.code.package.object_code import Calling, ObjectCode, Sureness
from mlaudit.code.package.refused_calls import CallJudge
from mlaudit.code.package.state_gaps import StateGap, StateJudge
from mlaudit.document.document import Document
from mlaudit.environments.artifact_files import ArtifactFiles
from mlaudit.grammars.model_file.formats import formats
from mlaudit.grammars.model_file.pickle_states import PickledObject, PickledStates, states_of
from mlaudit.model.errors import Unreadable
from mlaudit.model.lazy_dataclass import replace
from mlaudit.model.missing_states import MissingState, RefusedByCode, WhenRead
from mlaudit.model.nouns import Pin, Place

MAX_OBJECTS = 1_000
"""Objects of one artifact that are judged."""


class StateSearch:
    """The objects of one artifact, compared with the code of its reader, and of its writer where that is available.

    `is_own` where the reader's code is the user's own, of which there is one version in the repository.
    """

    def __init__(
        self,
        writer: str,
        pin: Pin,
        reader: ObjectCode,
        written_by: ObjectCode | None,
        files: ArtifactFiles,
        *,
        is_own: bool = False,
    ) -> None:
        self.writer, self.pin, self._files = writer, pin, files
        self._is_own = is_own
        self._reader, self._written_by = reader, written_by

    @cached_property
    def _pickle(self) -> Document | None:
        """The pickle; None if the artifact has none that can be read."""
        try:
            return self._files.pickle(self.pin.at.path)
        except Unreadable:
            return None

    @cached_property
    def _states(self) -> PickledStates | None:
        """The objects, None if the artifact is no pickle."""
        try:
            return states_of(self._pickle) if self._pickle is not None else None
        except Unreadable:
            return None

    @property
    def _objects(self) -> tuple[PickledObject, ...]:
        return tuple(self._states.objects[:MAX_OBJECTS]) if self._states is not None else ()

    @property
    def is_whole(self) -> bool:
        """Whether all objects are followed, through the code of both sides."""
        states = self._states if self._written_by is not None else None
        return states is not None and not states.is_cut and len(states.objects) <= MAX_OBJECTS

    def missing_states(self) -> Iterator[MissingState]:
        """The attributes that objects lack, each once for its class."""
        judge = StateJudge(self._reader, self._written_by)
        seen = set()
        for pickled_object in self._objects:
            for gap in judge.gaps(pickled_object):
                when = _when(gap)
                key = (gap.cls.full_name, gap.attribute)
                if when is not None and self._is_worth(gap, when) and key not in seen:
                    seen.add(key)
                    yield self._state(gap, when)

    def _is_worth(self, gap: StateGap, when: WhenRead) -> bool:
        """Without the writer's code only what is surely read counts, of an object that was trained or filled."""
        if self._written_by is not None:
            return True
        return not gap.is_of_template and (when is WhenRead.ALWAYS or (self._is_own and when is WhenRead.CONDITION))

    def refused_calls(self) -> Iterator[RefusedByCode]:
        """The calls that the reader's code refuses, each once."""
        judge = CallJudge(self._reader.symbols, self._written_by.symbols if self._written_by is not None else None)
        seen = set()
        for pickled_object in self._objects:
            for call in judge.refused(pickled_object):
                if (call.called, call.reason) not in seen:
                    seen.add((call.called, call.reason))
                    yield RefusedByCode(
                        writer=self.writer,
                        artifact=self._at(pickled_object),
                        called=call.called,
                        reason=call.reason,
                        taken=Place(path=self._shown(call.path), line=call.line),
                        package=_package(call.called),
                    )

    def _state(self, gap: StateGap, when: WhenRead) -> MissingState:
        need = gap.need.need
        return MissingState(
            writer=self.writer,
            artifact=self._at(gap.owner),
            owner=gap.cls.full_name,
            attribute=gap.attribute,
            method=need.route[0],
            when=when,
            condition=str(need.where or ""),
            read=Place(path=self._shown(need.module.path), line=need.line),
            is_sure=self._is_own or self._written_by is not None,
            package=_package(gap.cls.full_name),
            unless=need.unless,
        )

    def _at(self, pickled_object: PickledObject) -> Place:
        path = self._pickle.path if self._pickle is not None else self.pin.at.path
        return replace(self.pin.at, path=path, start=pickled_object.at)

    def _shown(self, path: str) -> str:
        return self._reader.symbols.modules.code.shown(path)


def _when(gap: StateGap) -> WhenRead | None:
    """When an attribute is read; None for methods that few call, and for arguments that few give."""
    need = gap.need
    if need.calling is Calling.UPKEEP:
        return WhenRead.UPKEEP if need.sureness is Sureness.CERTAIN else None
    if need.calling is Calling.OTHERWISE:
        return None
    return {Sureness.CERTAIN: WhenRead.ALWAYS, Sureness.CONDITIONAL: WhenRead.CONDITION}.get(need.sureness)


def _package(name: str) -> str | None:
    family = formats().families.get(name.partition(".")[0])
    return family.package if family is not None else None
