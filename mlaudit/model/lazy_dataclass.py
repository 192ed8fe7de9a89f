"""Dataclasses whose methods are made with their first instance.

`dataclasses` compiles six functions for each class that a module defines. A run uses a few dozen of the classes that it
loads, and compiling for all of them took a third of the time of a short one. Here a class gets its slots when it is
defined, its `__init__` with the first instance, and shares the other methods. Type checkers see what `dataclasses` has.
The module `dataclasses` itself is loaded for what only it can do: it brings `inspect` and twelve others.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from operator import attrgetter, ge, gt, le, lt
from reprlib import recursive_repr
from typing import TYPE_CHECKING, Any

from mlaudit.model.frozen_filling import (
    RareGroup,
    compiled_copier,
    frozen_filling,
    nothing_rare,
    plain_filling,
    put,
    readers,
)

if TYPE_CHECKING:
    from dataclasses import dataclass as dataclass
    from dataclasses import field as field
    from dataclasses import replace as replace

    def states_nothing_rare() -> property:
        """A property of a class that names `__rare__`: whether an instance states nothing of it."""
        ...
else:

    def states_nothing_rare() -> object:
        """Of a class that names `__rare__`: whether an instance states nothing of it."""
        return _NOTHING_RARE

    def dataclass(**options: bool) -> Callable[[type], type]:
        """`dataclasses.dataclass` of a class with slots; it knows the words `frozen`, `kw_only`, `eq` and `repr`."""
        if not options.get("slots") or not options.keys() <= _KNOWN_WORDS:
            return lambda plain: _standard_dataclass(plain, options)
        words = _DecoratorWords(**options)
        return lambda plain: _with_slots(plain, words)

    def field(**words: Any) -> _StatedField:
        """`dataclasses.field`; it knows the words `default`, `default_factory`, `init`, `repr` and `compare`."""
        return _StatedField(**words)

    def replace(noun: Any, /, **changes: Any) -> Any:
        """`dataclasses.replace` for instances of the dataclasses made here."""
        cls = type(noun)
        if cls not in _FIELDS:
            import dataclasses

            return dataclasses.replace(noun, **changes)
        copied = _COPIERS.get(cls)
        if copied is not None and changes.keys() <= _FIELDS[cls].keys():
            return copied(noun, changes)
        _REPLACED[cls] = _REPLACED.get(cls, 0) + 1
        if _REPLACED[cls] == _COPIED_SINGLY and _is_plain(cls):
            _COPIERS[cls] = compiled_copier(cls, _FIELDS[cls], _GROUPS.get(cls, ()))
        names, values_of = _stated_fields(cls)
        return cls(**{**dict(zip(names, values_of(noun), strict=True)), **changes})


_NOTHING_RARE = object()
_COPIED_SINGLY = 200
"""Instances of a class that are replaced before a function of its own that does it pays."""
_REPLACED: dict[type, int] = {}
_COPIERS: dict[type, Callable[[Any, Mapping[str, Any]], Any]] = {}


def _is_plain(cls: type) -> bool:
    """Whether `__init__` does nothing but put its values into slots."""
    return not hasattr(cls, "__post_init__") and all(field.init for field in _FIELDS[cls].values())


@cache
def _stated_fields(cls: type) -> tuple[tuple[str, ...], Callable[[Any], tuple[Any, ...]]]:
    """The names of the fields that `__init__` takes, and what gives their values."""
    names = tuple(name for name, field in _FIELDS[cls].items() if field.init)
    return names, attrgetter(*names) if len(names) > 1 else lambda noun: tuple(getattr(noun, name) for name in names)


def field_names(cls: type) -> tuple[str, ...]:
    """The names of the fields of a dataclass, in order; empty for any other class."""
    if cls not in _FIELDS and hasattr(cls, "__dataclass_fields__"):
        import dataclasses

        return tuple(field.name for field in dataclasses.fields(cls))
    return tuple(_FIELDS.get(cls, ()))


_KNOWN_WORDS = frozenset(("slots", "frozen", "kw_only", "eq", "repr", "order"))
"""What a decorator may say for its class to be made late; any other class is made by `dataclasses`."""


class _DecoratorWords:
    """The words of one decorator."""

    def __init__(
        self,
        *,
        slots: bool,
        frozen: bool = False,
        kw_only: bool = False,
        eq: bool = True,
        repr: bool = True,
        order: bool = False,
    ) -> None:
        self.slots, self.frozen, self.kw_only, self.eq, self.repr, self.order = slots, frozen, kw_only, eq, repr, order

    @property
    def standard(self) -> dict[str, bool]:
        """The words for `dataclasses.dataclass`; it is asked for the fields alone, of a class without slots."""
        return {"frozen": self.frozen, "kw_only": self.kw_only, "eq": False, "repr": False}


MISSING: Any = type("MISSING", (), {"__slots__": ()})()
"""What a field has for a default where it has none."""


class _StatedField:
    """What `field` makes."""

    __slots__ = ("compare", "default", "default_factory", "init", "repr")

    def __init__(
        self,
        *,
        default: Any = MISSING,
        default_factory: Any = MISSING,
        init: bool = True,
        repr: bool = True,
        compare: bool = True,
    ) -> None:
        self.default, self.default_factory = default, default_factory
        self.init, self.repr, self.compare = init, repr, compare

    def standard(self) -> Any:
        """The same as a field of `dataclasses`."""
        import dataclasses

        words: dict[str, Any] = {"init": self.init, "repr": self.repr, "compare": self.compare}
        if self.default is not MISSING:
            words["default"] = self.default
        if self.default_factory is not MISSING:
            words["default_factory"] = self.default_factory
        return dataclasses.field(**words)


def _standard_dataclass(plain: type, options: Mapping[str, bool]) -> type:
    """The class as `dataclasses` makes it, its own fields in the words of that module."""
    import dataclasses

    for name, stated in list(plain.__dict__.items()):
        if isinstance(stated, _StatedField):
            setattr(plain, name, stated.standard())
    standard: type = dataclasses.dataclass(**options)(plain)
    return standard


def _described(stated: Any) -> _StatedField | None:
    """What a class body states about a field, where it says more than a default."""
    if isinstance(stated, _StatedField):
        return stated
    standard = sys.modules.get("dataclasses")
    if standard is None or not isinstance(stated, standard.Field):
        return None
    default, factory = (
        MISSING if value is standard.MISSING else value for value in (stated.default, stated.default_factory)
    )
    return _StatedField(
        default=default, default_factory=factory, init=stated.init, repr=stated.repr, compare=stated.compare
    )


class _FieldWords:
    """What a class body states about one field."""

    __slots__ = ("compare", "default", "factory", "init", "kw_only", "shown")

    def __init__(self, stated: Any, kw_only: bool) -> None:
        described = _described(stated)
        self.default = stated if described is None else described.default
        self.factory = MISSING if described is None else described.default_factory
        self.init = described is None or described.init
        self.compare = described is None or described.compare
        self.shown = described is None or described.repr
        self.kw_only = kw_only

    def usual(self) -> Any:
        """What it is where nothing is stated."""
        return self.default if self.factory is MISSING else self.factory()


_INTERPRETED = 20
"""Instances of a class before its `__init__` is compiled, which takes as long as this many do without."""
_FIELDS: dict[type, dict[str, _FieldWords]] = {}
"""The fields of every dataclass made here, in order."""
_GROUPS: dict[type, tuple[RareGroup, ...]] = {}
"""Those of its fields that few instances state, of a class that names some."""


def _with_slots(plain: type, words: _DecoratorWords) -> type:
    """The class again, with slots for its fields, and an `__init__` that waits for the first instance."""
    namespace = dict(plain.__dict__)
    fields: dict[str, _FieldWords] = {}
    for base in reversed(plain.__mro__[1:]):
        fields.update(_FIELDS.get(base, {}))
    own = [name for name in namespace.get("__annotations__", ()) if name not in fields]
    rare = namespace.pop("__rare__", ())
    for name in namespace.get("__annotations__", ()):
        fields[name] = _FieldWords(namespace.pop(name, MISSING), words.kw_only)
    for name in ("__dict__", "__weakref__"):
        namespace.pop(name, None)
    groups = tuple(
        RareGroup(plain.__name__, number, {name: fields[name].usual() for name in names})
        for number, names in enumerate(rare)
    )
    grouped = {name for group in groups for name in group.names}
    namespace.update(readers(groups))
    namespace.update({name: nothing_rare(groups) for name, value in namespace.items() if value is _NOTHING_RARE})
    namespace.update(
        __slots__=(*(name for name in own if name not in grouped), *(group.slot for group in groups)),
        __qualname__=plain.__qualname__,
        __dataclass_fields__=_StandardFields(plain, words),
    )
    for name, method in _shared_methods(fields, words):
        namespace.setdefault(name, method)
    cls = type(plain)(plain.__name__, plain.__bases__, namespace)
    _FIELDS[cls] = fields
    if groups:
        _GROUPS[cls] = groups
    cls.__init__ = _waiting_init(cls, words.frozen)  # type: ignore[misc]
    return cls


def _shared_methods(fields: Mapping[str, _FieldWords], words: _DecoratorWords) -> Iterator[tuple[str, object]]:
    """Methods that need no code of their own, and the values that they look at."""
    yield "__match_args__", tuple(name for name, field in fields.items() if field.init and not field.kw_only)
    yield "_shown_fields", tuple(name for name, field in fields.items() if field.shown)
    yield "__reduce__", _reduced
    if words.repr:
        yield "__repr__", _shown
    if words.eq:
        compared = tuple(name for name, field in fields.items() if field.compare)
        yield "_compared_values", attrgetter(*compared) if compared else type
        yield "__eq__", _equal
        yield "__hash__", _hashed if words.frozen else None
    if words.order:
        yield from ((f"__{name}__", _compared_by(ask)) for name, ask in _ORDER.items())
    if words.frozen:
        yield "__setattr__", _refuse_to_assign
        yield "__delattr__", _refuse_to_delete


def _waiting_init(cls: type, frozen: bool) -> Callable[..., None]:
    """An `__init__` that puts the real one in its place when it is first called."""
    calls = 0

    def __init__(self: Any, *values: Any, **named: Any) -> None:  # noqa: N807  its name is shown in errors
        nonlocal calls
        calls += 1
        if calls > _INTERPRETED or values or not _interpreted_init(cls, self, named):
            compiled_init = _compiled_init(cls, frozen)
            cls.__init__ = compiled_init  # type: ignore[misc]
            compiled_init(self, *values, **named)

    return __init__


def _interpreted_init(cls: type, noun: Any, named: Mapping[str, Any]) -> bool:
    """Put values into the slots of an instance; False if they are not what its class asks for."""
    known, values = 0, dict[str, Any]()
    for name, field in _FIELDS[cls].items():
        if field.init and name in named:
            value, known = named[name], known + 1
        elif field.factory is not MISSING:
            value = field.factory()
        elif field.default is not MISSING:
            value = field.default
        elif not field.init:
            continue
        else:
            return False
        values[name] = value
    if known != len(named):
        return False
    put(cls, _GROUPS.get(cls, ()), noun, values)
    if hasattr(cls, "__post_init__"):
        noun.__post_init__()
    return True


def _compiled_init(cls: type, frozen: bool) -> Callable[..., None]:
    """The `__init__` of a class: every value goes into its slot, defaults where the caller gives none."""
    scope: dict[str, Any] = {"MISSING": MISSING}
    positional, by_name, lines, filled = ["self"], list[str](), list[str](), list[str]()
    for name, field in _FIELDS[cls].items():
        has_default = field.default is not MISSING or field.factory is not MISSING
        scope[f"_default_{name}"] = MISSING if field.factory is not MISSING else field.default
        scope[f"_make_{name}"] = field.factory
        if field.init:
            parameter = f"{name}=_default_{name}" if has_default else name
            (by_name if field.kw_only else positional).append(parameter)
        elif not has_default:
            continue
        filled.append(name)
        if not field.init:
            lines.append(f"{name} = {f'_default_{name}' if field.factory is MISSING else f'_make_{name}()'}")
        elif field.factory is not MISSING:
            lines.append(f"if {name} is MISSING: {name} = _make_{name}()")
    filling = frozen_filling if frozen else plain_filling
    lines += filling(cls, _GROUPS.get(cls, ()), filled, scope)
    lines.append("self.__post_init__()" if hasattr(cls, "__post_init__") else "return None")
    parameters = ", ".join([*positional, *(["*", *by_name] if by_name else [])])
    exec("\n    ".join([f"def __init__({parameters}):", *lines]), scope)  # noqa: S102  names of fields
    compiled: Callable[..., None] = scope["__init__"]
    compiled.__qualname__ = f"{cls.__qualname__}.__init__"
    return compiled


class _StandardFields:
    """What `dataclasses.fields` and its like ask for, made when they do."""

    def __init__(self, plain: type, words: _DecoratorWords) -> None:
        self.plain, self.words = plain, words

    def __get__(self, noun: object, cls: type) -> Any:
        standard: Any = _standard_dataclass(self.plain, self.words.standard)
        cls = next(base for base in cls.__mro__ if base.__dict__.get("__dataclass_fields__") is self)
        for name in ("__dataclass_fields__", "__dataclass_params__"):
            type.__setattr__(cls, name, getattr(standard, name))
        return standard.__dataclass_fields__


_ORDER: dict[str, Callable[[Any, Any], bool]] = {"lt": lt, "le": le, "gt": gt, "ge": ge}


def _compared_by(ask: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    def compare(self: Any, other: Any) -> bool:
        if other.__class__ is not self.__class__:
            return NotImplemented  # type: ignore[no-any-return]
        return ask(self._compared_values(self), other._compared_values(other))

    return compare


def _equal(self: Any, other: Any) -> bool:
    if other.__class__ is not self.__class__:
        return NotImplemented  # type: ignore[no-any-return]
    return bool(self._compared_values(self) == self._compared_values(other))


def _hashed(self: Any) -> int:
    return hash(self._compared_values(self))


@recursive_repr()
def _shown(self: Any) -> str:
    shown = ", ".join(f"{name}={getattr(self, name)!r}" for name in self._shown_fields)
    return f"{type(self).__qualname__}({shown})"


def _refuse_to_assign(_self: Any, name: str, _value: Any) -> None:
    from dataclasses import FrozenInstanceError

    raise FrozenInstanceError(f"cannot assign to field {name!r}")


def _refuse_to_delete(_self: Any, name: str) -> None:
    from dataclasses import FrozenInstanceError

    raise FrozenInstanceError(f"cannot delete field {name!r}")


def _reduced(self: Any) -> tuple[Any, ...]:
    """What copying and pickling take: the class and the values of its slots."""
    return _restored, (type(self), tuple(getattr(self, name) for name in _FIELDS[type(self)]))


def _restored(cls: Any, values: tuple[Any, ...]) -> Any:
    noun = cls.__new__(cls)
    put(cls, _GROUPS.get(cls, ()), noun, dict(zip(_FIELDS[cls], values, strict=True)))
    return noun
