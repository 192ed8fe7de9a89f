"""The code of one side, asked about pickled objects: what its methods read of them, and what these have once loaded."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from enum import IntEnum
from typing import TypeVar

from mlaudit.code.package.classes import ClassCode, Lineage, MethodKind
from mlaudit.code.package.conditions import Need
from mlaudit.code.package.member_calls import MemberCalls, member_calls
from mlaudit.code.package.needs import NeedReader, StepCache
from mlaudit.code.package.object_values import OBJECT, UNKNOWN, StateMapping, Truth, is_scalar
from mlaudit.code.package.returned_values import CALL_DEPTH, ReturnedValues
from mlaudit.code.package.symbols import PackageSymbols
from mlaudit.grammars.model_file.pickle_states import ARRAY_WRAPPER, NEVER_BUILT, Making, PickledObject
from mlaudit.knowledge.object_methods import object_methods
from mlaudit.model.lazy_dataclass import dataclass

Key = TypeVar("Key", str, tuple[str, ...])

MAX_OWNERS = 20
"""Containers around each other that are looked through."""

_KEPT_APART = frozenset(("set_params", "_set_params", "__setstate__", "__sklearn_clone__", "__setattr__"))
_MAKES_PARAMETERS = ("get_params", "_get_param_names")


class Calling(IntEnum):
    """For what a method is called."""

    SERVING = 0
    OTHERWISE = 1
    UPKEEP = 2


class Sureness(IntEnum):
    """When an attribute is read: always, where a condition is met, or with other than the default arguments."""

    CERTAIN = 0
    CONDITIONAL = 1
    ARGUMENTS = 2


@dataclass(frozen=True, slots=True, eq=False)
class FoundNeed:
    """An attribute that is read, with when and for what."""

    need: Need
    calling: Calling
    sureness: Sureness

    def as_upkeep(self) -> FoundNeed:
        """The same, of an object that only training and copying use."""
        return FoundNeed(self.need, Calling.UPKEEP, self.sureness)

    @property
    def is_in_any_case(self) -> bool:
        """Whether serving reads it in any case."""
        return self.calling is Calling.SERVING and self.sureness is Sureness.CERTAIN

    @property
    def rank(self) -> tuple[bool, bool, Calling, Sureness]:
        """The smaller, the more certainly it is read."""
        is_upkeep, is_by_arguments = self.calling is Calling.UPKEEP, self.sureness is Sureness.ARGUMENTS
        return is_upkeep, is_by_arguments, self.calling, self.sureness


@dataclass(frozen=True, slots=True, eq=False)
class Lacking:
    """What an object lacks by the code of one side.

    Attributes:
        names: attributes that are read and not there.
        chains: what is read of its parts.
        is_useless: one of the attributes is read in any case, so that nothing can be asked of the object.
    """

    names: frozenset[str]
    chains: frozenset[tuple[str, ...]]
    is_useless: bool = False


class ObjectCode:
    """The code of a reader or a writer, asked about the classes of pickled objects; what it finds is kept.

    `called` are methods that the code of the reader is known to call, beside those that serving calls by convention.
    """

    def __init__(self, symbols: PackageSymbols, *, repairs: bool, called: frozenset[str] = frozenset()) -> None:
        self.symbols = symbols
        self._called = called
        self._repairs = repairs
        self._steps = StepCache()
        self._written: dict[Lineage, tuple[frozenset[str], bool]] = {}
        self._missing: dict[int, tuple[PickledObject, Lacking]] = {}
        self._member_calls: dict[tuple[Lineage, Lineage], MemberCalls] = {}

    @property
    def steps_left(self) -> int:
        """How many steps more are followed."""
        return self._steps.left

    @property
    def is_exhausted(self) -> bool:
        """Whether so much was followed that nothing more is."""
        return self._steps.left < 0

    def missing(self, pickled_object: PickledObject) -> Lacking:
        """The names that an object lacks by this code, and what this code reads of its parts."""
        if id(pickled_object) not in self._missing:
            self._missing[id(pickled_object)] = (pickled_object, self._lacking(pickled_object))
        return self._missing[id(pickled_object)][1]

    def _lacking(self, pickled_object: PickledObject) -> Lacking:
        judged_class = self.judged(pickled_object)
        if judged_class is None:
            return Lacking(frozenset(), frozenset())
        _, lineage, attributes = judged_class
        view = ObjectState(self, lineage, attributes, self.present(pickled_object, lineage, attributes))
        needs, chains = self.needs(lineage, view)
        names = {*needs, *self.parameters(lineage)}
        lacking = frozenset(name for name in names if not view.surely_has(name))
        return Lacking(lacking, frozenset(chains), any(needs[name].is_in_any_case for name in lacking & needs.keys()))

    def class_of(self, pickled_object: PickledObject) -> tuple[ClassCode, Lineage] | None:
        """The class of an object, where its whole inheritance can be read and looks names up as usual."""
        cls = (
            self.symbols.find(pickled_object.cls.module, pickled_object.cls.name)
            if pickled_object.cls is not None
            else None
        )
        if not isinstance(cls, ClassCode) or cls.name == ARRAY_WRAPPER:
            return None
        lineage = self.symbols.lineage(cls)
        if not lineage.is_whole or lineage.is_open or lineage.answers_any_name:
            return None
        return cls, lineage

    def judged(self, pickled_object: PickledObject) -> tuple[ClassCode, Lineage, dict[str, object]] | None:
        """The class and attributes of an object whose state can be judged."""
        if pickled_object.state is NEVER_BUILT:
            return None
        attributes = pickled_object.attributes
        known = self.class_of(pickled_object) if attributes is not None else None
        return (*known, attributes) if known is not None and attributes is not None else None

    def present(
        self, pickled_object: PickledObject, lineage: Lineage, attributes: Mapping[str, object]
    ) -> frozenset[str]:
        """The attributes that an object has once it is loaded, those of its class left aside."""
        attributes_present = set(attributes)
        if lineage.member("__setstate__") is not None:
            state = StateMapping({name: _value(value) for name, value in attributes.items()})
            written = self._written_by("__setstate__", lineage, {"state": state})
            attributes_present = {*state.entries, *written}
        if pickled_object.making is Making.CALL and pickled_object.made_by == pickled_object.cls:
            attributes_present |= self._written_by("__init__", lineage, {})
        if self._repairs:
            attributes_present |= _repaired(lineage)
        return frozenset(attributes_present)

    def _written_by(self, method: str, lineage: Lineage, given: Mapping[str, object]) -> set[str]:
        """What a method sets on an object without attributes."""
        view = ObjectState(self, lineage, {}, frozenset())
        reader = NeedReader(self.symbols, lineage, view, self._steps, takes_defaults=False)
        reader.enter(method, given)
        return reader.written

    def calls_of(self, pickled_object: PickledObject, lineage: Lineage) -> MemberCalls | None:
        """What the innermost owner of an object that serves calls on it; None where anybody may ask."""
        owner = pickled_object.owner
        for _ in range(MAX_OWNERS):
            if owner is None:
                return None
            own_class = self.class_of(owner)
            if own_class is None:
                return None
            entries = [name for name, calling in _entries(own_class[1], self._called) if calling is Calling.SERVING]
            if entries and not own_class[1].is_container:
                return self._calls_between(own_class[1], lineage, entries)
            owner = owner.owner
        return None

    def _calls_between(self, owner: Lineage, member: Lineage, entries: Iterable[str]) -> MemberCalls:
        if (owner, member) not in self._member_calls:
            self._member_calls[owner, member] = member_calls(self.symbols, owner, member, entries)
        return self._member_calls[owner, member]

    def needs(
        self, lineage: Lineage, view: ObjectState, asked: MemberCalls | None = None
    ) -> tuple[dict[str, FoundNeed], dict[tuple[str, ...], FoundNeed]]:
        """What the methods of a class read, and what they read of its parts."""
        needs: dict[str, FoundNeed] = {}
        chains: dict[tuple[str, ...], FoundNeed] = {}
        for name, calling in self._asked(lineage, asked):
            of_any, of_defaults = self._followed(name, lineage, view, calling)
            _keep(needs, of_any.needs, of_defaults.needs, calling)
            if calling is not Calling.UPKEEP:
                _keep(chains, of_any.chains, of_defaults.chains, calling)
        return needs, chains

    def _asked(self, lineage: Lineage, asked: MemberCalls | None) -> Iterator[tuple[str, Calling]]:
        """The methods of an object that are followed, with what they are called for by its owner."""
        surely = asked.surely if asked is not None else frozenset()
        for name, calling in _entries(lineage, self._called | surely):
            is_asked = asked is None or object_methods().implicit.covers(name) or asked.may_call(name)
            yield name, calling if is_asked or calling is Calling.UPKEEP else Calling.OTHERWISE

    def _followed(
        self, name: str, lineage: Lineage, view: ObjectState, calling: Calling
    ) -> tuple[NeedReader, NeedReader]:
        readers = []
        for takes_defaults in (False, True):
            reader = NeedReader(
                self.symbols,
                lineage,
                view,
                self._steps,
                takes_defaults=takes_defaults,
                leaves_class=calling is not Calling.UPKEEP,
            )
            reader.enter(name)
            readers.append(reader)
        return readers[0], readers[1]

    def writes(self, lineage: Lineage) -> frozenset[str]:
        """Every attribute that some method of a class may set."""
        return self._writes(lineage)[0]

    def writes_any(self, lineage: Lineage) -> bool:
        """Whether a method sets attributes by names that are computed."""
        return self._writes(lineage)[1]

    def _writes(self, lineage: Lineage) -> tuple[frozenset[str], bool]:
        if lineage not in self._written:
            self._written[lineage] = _all_writes(lineage)
        return self._written[lineage]

    def parameters(self, lineage: Lineage) -> dict[str, FoundNeed]:
        """The parameters of `__init__` that `get_params` reads by their names, as scikit-learn's base class does."""
        init = lineage.member("__init__")
        if init is None or init[1] is None or not any(map(lineage.member, _MAKES_PARAMETERS)):
            return {}
        owner, method = init[0], init[1]
        given = method.node.args
        need = Need(None, ("get_params",), owner.module, method.node.lineno)
        names = [argument.arg for argument in (*given.posonlyargs, *given.args, *given.kwonlyargs)]
        return dict.fromkeys(names[1:], FoundNeed(need, Calling.UPKEEP, Sureness.CERTAIN))


class ObjectState:
    """A pickled object as its methods see it."""

    def __init__(
        self, side: ObjectCode, lineage: Lineage, attributes: Mapping[str, object], present: frozenset[str]
    ) -> None:
        self._side, self._lineage = side, lineage
        self._attributes, self._present = attributes, present

    def surely_has(self, name: str) -> bool:
        """Whether it has an attribute by its state or its class."""
        return name in self._present or self._lineage.gives(name)

    def has(self, name: str, written: set[str]) -> Truth:
        """Whether it has an attribute."""
        if name in written or name in self._present:
            return True
        return _class_gives(self._lineage, name)

    def value(self, name: str) -> object:
        """The value of an attribute in the state."""
        return _value(self._attributes[name]) if name in self._attributes else UNKNOWN

    def attribute_of(self, value: object, name: str) -> object:
        """The value of an attribute of another pickled object."""
        attributes = value.attributes if isinstance(value, PickledObject) else None
        return _value(attributes[name]) if attributes is not None and name in attributes else UNKNOWN

    def returned(self, method: str, route: tuple[str, ...], written: set[str], depth: int) -> object:
        """The value of a part of what one of its methods gives when it is called without arguments."""
        return ReturnedValues(self._lineage, self, written).part(method, route, depth + CALL_DEPTH)

    def has_of(self, value: object, name: str) -> Truth:
        """Whether another pickled object has an attribute."""
        judged = self._side.judged(value) if isinstance(value, PickledObject) else None
        if judged is None:
            return None
        _, lineage, attributes = judged
        if name in attributes:
            return True
        return None if lineage.member("__setstate__") is not None else _class_gives(lineage, name)


def _class_gives(lineage: Lineage, name: str) -> Truth:
    member = lineage.member(name)
    if member is not None:
        is_property = member[1] is not None and member[1].kind is MethodKind.PROPERTY
        return None if is_property else True
    return None if lineage.gives(name) else False


def _value(value: object) -> object:
    return value if is_scalar(value) or isinstance(value, PickledObject) else OBJECT


def _entries(lineage: Lineage, called: frozenset[str]) -> Iterator[tuple[str, Calling]]:
    """The methods that are followed, with what they are called for."""
    methods = object_methods()
    for name in dict.fromkeys(name for cls in lineage.classes for name in cls.methods):
        if methods.training.covers(name):
            yield name, Calling.UPKEEP
        elif name in called and not methods.preparing.covers(name):
            yield name, Calling.SERVING
        elif methods.may_serve(name):
            yield name, Calling.SERVING if methods.serving.covers(name) else Calling.OTHERWISE


def _keep(
    needs: dict[Key, FoundNeed], of_any: Mapping[Key, Need], of_defaults: Mapping[Key, Need], calling: Calling
) -> None:
    for name, need in {**of_defaults, **of_any}.items():
        if need.where is not None and need.where.is_rare:
            gap = FoundNeed(need, calling, Sureness.ARGUMENTS)
        elif name in of_any and not of_any[name].where:
            gap = FoundNeed(need, calling, Sureness.CERTAIN)
        elif name in of_defaults:
            gap = FoundNeed(of_defaults[name], calling, Sureness.CONDITIONAL)
        else:
            gap = FoundNeed(need, calling, Sureness.ARGUMENTS)
        if name not in needs or gap.rank < needs[name].rank:
            needs[name] = gap


def _all_writes(lineage: Lineage) -> tuple[frozenset[str], bool]:
    """The attributes that the methods of a class set on any object, and whether they set others by computed names."""
    attributes: set[str] = set()
    is_any = False
    for cls in lineage.classes:
        attributes |= cls.slots | {name for name, _ in cls.fields}
        for name, method in cls.methods.items():
            written, computed = _writes_of(method.node)
            attributes |= written
            is_any = is_any or (computed and name not in _KEPT_APART)
    return frozenset(attributes), is_any


def _writes_of(function: ast.AST) -> tuple[set[str], bool]:
    attributes: set[str] = set()
    computed = False
    for node in ast.walk(function):
        name = _set_name(node)
        if isinstance(name, str):
            attributes.add(name)
        computed = computed or name is UNKNOWN
    return attributes, computed


def _set_name(node: ast.AST) -> object:
    """The name that an expression sets: a text, `UNKNOWN` for computed ones, None if it sets none."""
    if isinstance(node, ast.Attribute) and not isinstance(node.ctx, ast.Load):
        return UNKNOWN if node.attr == "__dict__" else node.attr
    if isinstance(node, ast.Subscript) and not isinstance(node.ctx, ast.Load):
        return _text_or_unknown(node.slice) if _is_dictionary(node.value) else None
    if not isinstance(node, ast.Call):
        return None
    if isinstance(node.func, ast.Name) and node.func.id == "setattr" and len(node.args) == 3:
        return _text_or_unknown(node.args[1])
    is_update = isinstance(node.func, ast.Attribute) and node.func.attr == "update" and _is_dictionary(node.func.value)
    return UNKNOWN if is_update else None


def _text_or_unknown(node: ast.expr) -> object:
    return node.value if isinstance(node, ast.Constant) else UNKNOWN


def _is_dictionary(node: ast.expr) -> bool:
    """Whether an expression is the dictionary of an object's attributes: `x.__dict__`, `vars(x)`."""
    if isinstance(node, ast.Call):
        return isinstance(node.func, ast.Name) and node.func.id == "vars"
    return isinstance(node, ast.Attribute) and node.attr == "__dict__"


_LOADERS = ("load", "_load_specials")


def _repaired(lineage: Lineage) -> frozenset[str]:
    """What a class's own `load` may set on what it has loaded, helpers of its class that it calls among them."""
    attributes: set[str] = set()
    waiting, seen = list(_LOADERS), set()
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        for cls in lineage.classes:
            method = cls.methods.get(name)
            if method is not None:
                attributes |= _writes_of(method.node)[0]
                waiting.extend(_helpers(method.node))
    return frozenset(attributes)


def _helpers(function: ast.AST) -> Iterable[str]:
    for node in ast.walk(function):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr.startswith("_"):
            yield node.func.attr
