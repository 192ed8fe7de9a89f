"""Locks that a recipe installs from: read beside the recipe, for the part of them that its commands take."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator, Mapping, Sequence

from mlaudit.environments.target import chosen_roots
from mlaudit.grammars.pypi.selected import asked
from mlaudit.model.lazy_dataclass import replace
from mlaudit.model.nouns import Include, InstallSelection, Reading, Target

_OF_THE_LOCK = ("pyproject", "pipfile", "pixi-toml")
"""Formats whose project a lock in the same folder is of: what is chosen of the lock is chosen of them too."""

Selections = Mapping[str, InstallSelection]


def with_attached(readings: Sequence[Reading], parts: Mapping[str, str]) -> tuple[Reading, ...]:
    """Readings and the locks that they install from, each document once."""
    paths = {reading.path for reading in readings}
    with_lock = list(readings)
    for _, attached in _installs(readings, parts):
        if attached.path not in paths:
            paths.add(attached.path)
            with_lock.append(attached)
    return tuple(with_lock)


def selections_of(readings: Iterable[Reading], parts: Mapping[str, str]) -> Selections:
    """What is chosen of each document, by its path; of what commands do one after the other, all of it."""
    selections: dict[str, InstallSelection] = {}
    for include, attached in _installs(readings, parts):
        selection = include.selection or InstallSelection()
        before = selections.get(attached.path)
        selections[attached.path] = selection if before is None or selection.exact else united(before, selection)
    return selections


def united(selection: InstallSelection, other: InstallSelection) -> InstallSelection:
    """What two installs, one after the other, leave behind."""
    return InstallSelection(
        extras=tuple(dict.fromkeys((*selection.extras, *other.extras))),
        groups=tuple(dict.fromkeys((*selection.groups, *other.groups))),
        all_extras=selection.all_extras or other.all_extras,
        all_groups=selection.all_groups or other.all_groups,
        without=tuple(name for name in selection.without if name in other.without),
        default_groups=selection.default_groups or other.default_groups,
        own=selection.own or other.own,
        parts=tuple(dict.fromkeys((*selection.parts, *other.parts))),
    )


def target_of(reading: Reading, target: Target, selections: Selections) -> Target:
    """The target for one reading: that of the environment, with what a recipe chooses of this document."""
    selection = selections.get(reading.path) or _of_its_lock(reading, selections)
    if selection is None:
        return target
    extras, groups = asked(selection, reading.roots, reading.pins)
    return replace(
        target,
        extras=tuple(dict.fromkeys((*target.extras, *sorted(extras)))),
        groups=tuple(dict.fromkeys((*target.groups, *sorted(groups)))),
        parts={**_joined(selection.parts), **target.parts},
        own=selection.own,
        without=selection.without,
    )


def _joined(parts: Iterable[tuple[str, str]]) -> dict[str, str]:
    """For each word all that a command chooses by it (`--package api --package core`)."""
    joined: dict[str, str] = {}
    for word, name in parts:
        joined[word] = f"{joined[word]},{name}" if word in joined else name
    return joined


def _of_its_lock(reading: Reading, selections: Selections) -> InstallSelection | None:
    if reading.format not in _OF_THE_LOCK:
        return None
    folder = posixpath.dirname(reading.path)
    return next((selection for path, selection in selections.items() if posixpath.dirname(path) == folder), None)


def _installs(readings: Iterable[Reading], parts: Mapping[str, str]) -> Iterator[tuple[Include, Reading]]:
    """The attached documents of the stages and jobs that are chosen."""
    for reading in readings:
        names = {root.name for root in chosen_roots(reading, parts)}
        for include, attached in reading.attached:
            if not include.parts or not names or not names.isdisjoint(include.parts):
                yield include, attached
