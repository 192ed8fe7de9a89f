"""The environment that some readings make: its target settled, its pins chosen, its cells computed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache

from mlaudit.environments.attached import selections_of, target_of, with_attached
from mlaudit.environments.cells import NotRead, Stated, cells, crowded, stated_pins
from mlaudit.environments.target import Choice, choose, part_names, pythons_of, target_for
from mlaudit.environments.target_problems import problems
from mlaudit.model.lazy_dataclass import replace
from mlaudit.model.nouns import Kind, Layer, Place, Reading, Target
from mlaudit.model.report import Environment
from mlaudit.parsers._registry import kind_of
from mlaudit.request.audit_request import EnvironmentRequest
from mlaudit.request.wanted import Wanted


def is_artifact(reading: Reading) -> bool:
    """Whether a reading is of a model artifact: everything that it says is recorded, nothing is installed by it."""
    return any(pin.kind is Kind.ARTIFACT for pin in reading.pins) and all(
        pin.layer is Layer.RECORDED for pin in reading.pins
    )


def environment(
    request: EnvironmentRequest,
    readings: Iterable[Reading],
    wanted: Wanted,
    *,
    sources: Sequence[str] = (),
    writes: Iterable[Reading] = (),
    reads: Iterable[Reading] = (),
) -> Environment:
    """The environment that some readings make: its target settled, its pins chosen, its cells computed.

    Model artifacts among the readings are what it writes: they say nothing of what is installed.
    """
    named = tuple(readings)
    given = with_attached(named, wanted.parts)
    writes = tuple(writes)
    read = tuple(reading for reading in given if not is_artifact(reading))
    artifacts = tuple(reading for reading in given if is_artifact(reading))
    target = target_for(read, wanted)
    selections = selections_of(named, target.parts)
    choices = tuple(choose(reading, target_of(reading, target, selections)) for reading in read)
    all_problems = problems(read, wanted, target)
    settled = cells(request.name, _stated(read, choices, len(pythons_of(target))), _unread(read, target), target)
    return Environment(
        name=request.name,
        role=request.role,
        follows=tuple(request.follows),
        sources=tuple(dict.fromkeys(sources)),
        target=target,
        readings=read,
        selected=tuple(_selected(chosen) for chosen in choices),
        complete=_complete(read),
        cells=settled,
        artifact_kinds=tuple(request.artifact_kinds),
        kinds_from=dict(request.kinds_from),
        guessed=request.guessed,
        evidence=tuple(request.evidence),
        exchanges=tuple(request.exchanges),
        writes=(*writes, *artifacts),
        is_model=_is_model(read, (*writes, *artifacts)),
        reads=tuple(reads),
        notes=(
            *request.notes,
            *(str(problem) for problem in all_problems if not problem.about),
            *_noted(given),
            *crowded(settled),
        ),
        problems=tuple(problem for problem in all_problems if problem.about),
    )


def with_reading(base: Environment, added: Reading) -> Environment:
    """The environment with one more reading, all of whose pins are installed, and its cells computed again."""
    readings = (*base.readings, added)
    selections = selections_of(base.readings, base.target.parts)
    whole = Choice(selected=True, pythons=pythons_of(base.target))
    choices = (
        *(choose(reading, target_of(reading, base.target, selections)) for reading in base.readings),
        (whole,) * len(added.pins),
    )
    stated = _stated(readings, choices, len(pythons_of(base.target)))
    return replace(
        base,
        readings=readings,
        selected=tuple(_selected(chosen) for chosen in choices),
        complete=_complete(readings),
        cells=cells(base.name, stated, _unread(readings, base.target), base.target),
    )


def _selected(choices: Iterable[Choice]) -> tuple[bool | None, ...]:
    return _shared(tuple(choice.selected for choice in choices))


@lru_cache(maxsize=256)
def _shared(selected: tuple[bool | None, ...]) -> tuple[bool | None, ...]:
    """One tuple for all equal ones: most environments of a fleet install everything that they state."""
    return selected


def _is_model(read: Sequence[Reading], writes: Sequence[Reading]) -> bool:
    """Whether nothing but a model was given: model files, and the lists that are beside a model's own description."""
    if not read:
        return bool(writes)
    if not any(kind_of(reading.format) == "descriptor" for reading in (*read, *writes)):
        return False
    from mlaudit.knowledge.roles import WRITER, words

    described = words().descriptors
    homes = {
        _home(reading) for reading in (*read, *writes) if words().side(described.get(reading.format, "")) == WRITER
    }
    return all(_home(reading) in homes for reading in read)


def _home(reading: Reading) -> str:
    return reading.path.rpartition("/")[0]


def _noted(readings: Sequence[Reading]) -> Iterator[str]:
    """What parsers want the user to know, each sentence once, with the first place that says it."""
    noted: dict[str, Place] = {}
    for reading in readings:
        for fact in reading.facts:
            if fact.key == "note":
                noted.setdefault(fact.value, fact.at)
    yield from (f"{sentence} ({at})" for sentence, at in noted.items())


def _complete(readings: Sequence[Reading]) -> bool:
    """One source names everything that is installed, and nothing was lost of which the package is not known."""
    lost = any(entry.whole for reading in readings for entry in reading.unread)
    whole = (reading for reading in readings if reading.complete and all(entry.package for entry in reading.unread))
    return not lost and any(whole)


def _stated(readings: Sequence[Reading], choices: Sequence[Sequence[Choice]], pythons: int) -> Iterator[Stated]:
    for number, (reading, chosen) in enumerate(zip(readings, choices, strict=True)):
        yield from stated_pins(reading.pins, chosen, number, pythons)


def _unread(readings: Sequence[Reading], target: Target) -> Iterator[NotRead]:
    """What could not be read of the parts that are chosen."""
    for number, reading in enumerate(readings):
        chosen = part_names(reading, target) if any(entry.parts for entry in reading.unread) else frozenset()
        for entry in reading.unread:
            if not entry.parts or not chosen or not chosen.isdisjoint(entry.parts):
                yield NotRead(entry, number)
