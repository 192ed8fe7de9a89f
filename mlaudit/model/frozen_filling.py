"""How the slots of a dataclass are filled: those of a frozen one at once, and those that are seldom stated together.

A frozen class refuses every assignment, and to go by each slot's descriptor takes twenty times as long as an assignment
does. So an instance is filled as one of a subclass that refuses nothing, and then becomes one of its own class.

A class may name slots that few of its instances state (`__rare__`, in groups). Each group is one object, which all
instances share that state nothing of it: of a fleet there are millions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from operator import attrgetter
from typing import Any

DRAFTED = 3
"""Slots of a frozen class from which on it pays that an instance is filled as one of another class."""


def draft_of(cls: type) -> type:
    """A subclass whose instances take assignments, and can become instances of the class."""
    # Both methods fill one slot of a type: only with both of them does Python see that they are the usual ones.
    usual = {"__setattr__": object.__setattr__, "__delattr__": object.__delattr__}
    return type(cls)(cls.__name__, (cls,), {"__slots__": (), **usual})


class RareGroup:
    """Fields that few instances state, and the object that has their defaults.

    Attributes:
        slot: of the instances of the class, where such an object is.
        made: the class of such objects.
        usual: the one with nothing but defaults.
    """

    def __init__(self, owner: str, number: int, defaults: Mapping[str, Any]) -> None:
        self.slot, self.names = f"_rare_{number}", tuple(defaults)
        self.made: type = type(f"{owner}Rare{number}", (), {"__slots__": self.names})
        self.usual = self.holding(defaults.values())

    def holding(self, values: Iterable[Any]) -> Any:
        """Such an object, with the values of all its fields in their order."""
        filling = self.made()
        for name, value in zip(self.names, values, strict=True):
            setattr(filling, name, value)
        return filling


def readers(groups: Iterable[RareGroup]) -> Iterator[tuple[str, property]]:
    """What gives the values of fields that lie in groups."""
    for group in groups:
        for name in group.names:
            yield name, property(attrgetter(f"{group.slot}.{name}"))


def nothing_rare(groups: Sequence[RareGroup]) -> property:
    """What tells whether an instance states nothing of any group, of which there are one or two."""
    first, last = groups[0], groups[-1]
    of_first, of_last = attrgetter(first.slot), attrgetter(last.slot)
    usual, usual_last = first.usual, last.usual
    if first is last:
        return property(lambda noun: of_first(noun) is usual)
    return property(lambda noun: of_first(noun) is usual and of_last(noun) is usual_last)


def put(cls: type, groups: Sequence[RareGroup], noun: object, values: Mapping[str, Any]) -> None:
    """Put the values of all fields into the slots of an instance, one by one."""
    if not groups:
        for name, value in values.items():
            getattr(cls, name).__set__(noun, value)
        return
    grouped = {name for group in groups for name in group.names}
    for name, value in values.items():
        if name not in grouped:
            getattr(cls, name).__set__(noun, value)
    for group in groups:
        is_usual = all(values[name] is getattr(group.usual, name) for name in group.names)
        filling = group.usual if is_usual else group.holding(values[name] for name in group.names)
        getattr(cls, group.slot).__set__(noun, filling)


def plain_filling(_cls: type, groups: Sequence[RareGroup], names: Sequence[str], scope: dict[str, Any]) -> list[str]:
    """The lines of an `__init__` that put its variables into slots; what they refer to goes into `scope`."""
    grouped = {name for group in groups for name in group.names}
    lines = [f"self.{name} = {name}" for name in names if name not in grouped]
    for group in groups:
        usual, made_name = f"_usual{group.slot}", f"_made{group.slot}"
        scope.update({usual: group.usual, made_name: group.made})
        scope.update({f"_usual_{name}": getattr(group.usual, name) for name in group.names})
        lines += [
            f"if {' and '.join(f'{name} is _usual_{name}' for name in group.names)}:",
            f"    self.{group.slot} = {usual}",
            "else:",
            f"    self.{group.slot} = _held = {made_name}()",
            *(f"    _held.{name} = {name}" for name in group.names),
        ]
    return lines


def frozen_filling(cls: type, groups: Sequence[RareGroup], names: Sequence[str], scope: dict[str, Any]) -> list[str]:
    """The same of a class that refuses assignments."""
    if len(names) < DRAFTED and not groups:
        scope.update({f"_set_{name}": getattr(cls, name).__set__ for name in names})
        return [f"_set_{name}(self, {name})" for name in names]
    scope.update(_cls=cls, _draft=draft_of(cls), _become=object.__setattr__)
    scope["_put"] = lambda noun, values: put(cls, groups, noun, {name: values[name] for name in names})
    return [
        # An instance of a subclass that states no fields of its own could not come back from being a draft.
        "if self.__class__ is _cls:",
        "    _become(self, '__class__', _draft)",
        *(f"    {line}" for line in plain_filling(cls, groups, names, scope)),
        "    self.__class__ = _cls",
        "else:",
        "    _put(self, locals())",
    ]


def compiled_copier(
    cls: type, names: Iterable[str], groups: Sequence[RareGroup]
) -> Callable[[Any, Mapping[str, Any]], Any]:
    """What gives a copy of an instance with some fields changed, slot by slot."""
    grouped = frozenset(name for group in groups for name in group.names)
    slots = [*(name for name in names if name not in grouped), *(group.slot for group in groups)]
    scope: dict[str, Any] = {"cls": cls, "draft": draft_of(cls), "new": object.__new__, "put": put}
    scope.update(grouped=grouped, groups=groups)
    lines = [
        "made = new(draft)",
        *(f"made.{slot} = noun.{slot}" for slot in slots),
        "if grouped.isdisjoint(changes):",
        "    for name, value in changes.items():",
        "        setattr(made, name, value)",
        "else:",
        f"    put(cls, groups, made, {{{', '.join(f'{name!r}: noun.{name}' for name in names)}, **changes}})",
        "made.__class__ = cls",
        "return made",
    ]
    exec("\n    ".join(["def copied(noun, changes):", *lines]), scope)  # noqa: S102  names of fields
    copier: Callable[[Any, Mapping[str, Any]], Any] = scope["copied"]
    return copier
