"""Dataclasses that make their methods late behave as those of the standard library."""

from __future__ import annotations

import copy
import dataclasses
import importlib
import pickle
import subprocess
import sys
from collections.abc import Callable
from pkgutil import walk_packages
from types import SimpleNamespace
from typing import Any

import pytest

import mlaudit
from mlaudit.model import lazy_dataclass
from mlaudit.model.nouns import Pin, Place

Decorator = Callable[..., Callable[[type], type]]
PLACE = Place(path="a.txt", line=3)


def classes(decorator: Any) -> SimpleNamespace:
    """The same classes by one decorator or the other."""

    @decorator(frozen=True, slots=True, kw_only=True)
    class Base:
        name: str
        size: int = 3
        tags: dict[str, str] = dataclasses.field(default_factory=dict)

    @decorator(frozen=True, slots=True, kw_only=True)
    class Derived(Base):
        size: int = 5
        kind: str = "x"

    @decorator(slots=True)
    class Changing:
        first: int
        second: list[int] = dataclasses.field(default_factory=list)
        cache: dict[str, int] = dataclasses.field(default_factory=dict, init=False, repr=False, compare=False)

    @decorator(frozen=True, slots=True, kw_only=True, eq=False)
    class Alone:
        name: str

    @decorator(frozen=True, slots=True, kw_only=True, repr=False)
    class Speaking:
        name: str

        def __repr__(self) -> str:
            return f"<{self.name}>"

    @decorator(frozen=True, slots=True)
    class Single:
        value: int

    @decorator(frozen=True, slots=True, order=True)
    class Ordered:
        first: int
        second: str = ""

    @decorator(frozen=True, slots=True, kw_only=True)
    class Prepared:
        name: str
        length: int = dataclasses.field(init=False, repr=False, compare=False)

        def __post_init__(self) -> None:
            object.__setattr__(self, "length", len(self.name))

    @decorator(frozen=True, slots=True, kw_only=True)
    class Sparse:
        name: str
        note: str | None = None
        tags: dict[str, str] = dataclasses.field(default_factory=dict)
        steps: tuple[int, ...] = ()
        last: int = 0

        __rare__ = (("note", "tags"), ("steps",))

    class Plain(Base):
        pass

    made = (Sparse, Plain, Prepared, Ordered, Base, Derived, Changing, Alone, Speaking, Single)
    return SimpleNamespace(**{one.__name__: one for one in made})


LATE, STANDARD = classes(lazy_dataclass.dataclass), classes(dataclasses.dataclass)


def outcome(ask: Callable[[SimpleNamespace], object], ours: SimpleNamespace) -> object:
    try:
        return ask(ours)
    except (TypeError, AttributeError) as error:
        return type(error), str(error)


@pytest.mark.parametrize(
    "ask",
    [
        lambda of: repr(of.Base(name="a")),
        lambda of: repr(of.Derived(name="a", tags={"b": "c"})),
        lambda of: repr(of.Changing(1)),
        lambda of: [of.Prepared(name="a" * size).length for size in range(40)],
        lambda of: (repr(of.Prepared(name="a")), of.Prepared(name="a") == of.Prepared(name="a")),
        lambda of: of.Prepared(name="a", length=3),
        lambda of: dataclasses.replace(of.Prepared(name="a"), name="abc").length,
        lambda of: sorted([of.Ordered(2), of.Ordered(1, "b"), of.Ordered(1)])[0].second,
        lambda of: (of.Ordered(1) < of.Ordered(2), of.Ordered(1) >= of.Ordered(1, "a"), of.Ordered(3) > of.Ordered(2)),
        lambda of: of.Ordered(1) < 1,
        lambda of: repr(of.Speaking(name="a")),
        lambda of: [repr(of.Sparse(name="a", last=at)) for at in range(40)],
        lambda of: [
            repr(of.Sparse(name="a", note=None if at % 3 else "b", steps=(at,) * (at % 2))) for at in range(40)
        ],
        lambda of: of.Sparse(name="a", tags={"b": "c"}).tags,
        lambda of: of.Sparse(name="a", steps=(1,)) == of.Sparse(name="a", steps=(1,)),
        lambda of: of.Sparse(name="a", steps=(1,)) == of.Sparse(name="a"),
        lambda of: of.Sparse(note="a"),
        lambda of: of.Sparse(name="a", other=1),
        lambda of: setattr([of.Sparse(name="a", last=at) for at in range(40)][-1], "last", 1),
        lambda of: setattr([of.Sparse(name="a", last=at) for at in range(40)][-1], "note", "b"),
        lambda of: dataclasses.asdict(of.Sparse(name="a", note="b")),
        lambda of: repr(copy.copy(of.Sparse(name="a", note="b"))),
        lambda of: [field.name for field in dataclasses.fields(of.Sparse)],
        lambda of: [repr(of.Plain(name="a", size=at)) for at in range(40)],
        lambda of: [type(of.Plain(name="a", size=at)).__name__ for at in range(40)][-1],
        lambda of: repr(of.Single(4)),
        lambda of: of.Base(),
        lambda of: of.Base("a"),
        lambda of: of.Base(name="a", other=1),
        lambda of: of.Changing(1, [2], {}),
        lambda of: of.Base(name="a") == of.Base(name="a"),
        lambda of: of.Base(name="a") == of.Base(name="b"),
        lambda of: of.Base(name="a") == of.Derived(name="a", size=3),
        lambda of: of.Base(name="a") == "a",
        lambda of: of.Alone(name="a") == of.Alone(name="a"),
        lambda of: hash(of.Single(4)) == hash(of.Single(4)),
        lambda of: hash(of.Changing(1)),
        lambda of: len({of.Single(4), of.Single(4), of.Single(5)}),
        lambda of: of.Base(name="a").tags is of.Base(name="a").tags,
        lambda of: setattr(of.Base(name="a"), "name", "b"),
        lambda of: setattr(of.Derived(name="a"), "size", 4),
        lambda of: delattr(of.Base(name="a"), "name"),
        lambda of: setattr(of.Changing(1), "third", 3),
        lambda of: [field.name for field in dataclasses.fields(of.Derived)],
        lambda of: [(field.name, field.default, field.init) for field in dataclasses.fields(of.Changing(1))],
        lambda of: dataclasses.asdict(of.Derived(name="a")),
        lambda of: dataclasses.is_dataclass(of.Base),
        lambda of: repr(dataclasses.replace(of.Derived(name="a"), size=9)),
        lambda of: of.Changing.__match_args__ + of.Base.__match_args__ + of.Single.__match_args__,
        # Python 3.10 gives a derived class the slots of its base a second time.
        lambda of: [name for name in of.Derived.__slots__ if name not in of.Base.__slots__],
        lambda of: repr(copy.deepcopy(of.Changing(1, [2, 3]))),
        lambda of: repr(copy.copy(of.Derived(name="a"))),
    ],
)
def test_a_late_dataclass_is_one_of_the_standard_library(ask: Callable[[SimpleNamespace], object]) -> None:
    assert outcome(ask, LATE) == outcome(ask, STANDARD)


def test_replacing_keeps_what_is_not_named() -> None:
    pin = Pin(name="numpy", package="numpy", at=PLACE, version="1.0", extras=("a",))
    moved = lazy_dataclass.replace(pin, version="2.0")
    assert (moved.version, moved.extras, moved.at, pin.version) == ("2.0", ("a",), PLACE, "1.0")
    with pytest.raises(TypeError, match="no_such"):
        lazy_dataclass.replace(pin, no_such=1)  # type: ignore[call-arg]


def test_what_few_state_is_shared_by_those_that_do_not() -> None:
    pins = [Pin(name="numpy", package="numpy", at=PLACE, version=str(at)) for at in range(300)]
    assert len({id(pin._rare_0) for pin in pins}) == 1  # type: ignore[attr-defined]
    assert all(pin.is_plain for pin in pins)
    assert not Pin(name="numpy", package="numpy", at=PLACE, step=1).is_plain
    assert not Pin(name="numpy", package="numpy", at=PLACE, groups=("dev",)).is_plain
    moved = [lazy_dataclass.replace(pin, at=Place(path="b.txt")) for pin in pins]
    assert moved[-1] == Pin(name="numpy", package="numpy", at=Place(path="b.txt"), version="299")
    assert moved[-1].is_plain
    grouped = lazy_dataclass.replace(moved[-1], groups=("dev",), version="1.0")
    assert (grouped.groups, grouped.step, grouped.version, grouped.is_plain) == (("dev",), 0, "1.0", False)
    assert lazy_dataclass.replace(grouped, groups=()).is_plain
    with pytest.raises(dataclasses.FrozenInstanceError):
        moved[-1].version = "2.0"  # type: ignore[misc]


def test_nouns_travel_between_processes() -> None:
    pin = Pin(name="numpy", package="numpy", at=PLACE, version="1.0")
    assert pickle.loads(pickle.dumps(pin)) == pin  # noqa: S301  it was made here


def test_what_cannot_be_made_late_is_made_by_the_standard_library() -> None:
    class Plain:
        name: str
        size: int = 0

    made: Any = lazy_dataclass.dataclass(frozen=True)(Plain)
    assert made not in lazy_dataclass._FIELDS
    assert lazy_dataclass.replace(made("a"), size=2) == made("a", 2)
    assert lazy_dataclass.field_names(made) == ("name", "size")
    assert lazy_dataclass.field_names(str) == ()


def test_every_dataclass_of_the_package_has_the_fields_that_it_states() -> None:
    """What is made late cannot fail late: each `__init__` is compiled here, and its fields are asked for."""
    for module in walk_packages(mlaudit.__path__, "mlaudit."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    every = list(lazy_dataclass._FIELDS)
    assert len(every) > 150
    for cls in every:
        with pytest.raises(TypeError, match=r"__init__\(\) got an unexpected keyword argument 'no_such_field'"):
            cls(no_such_field=None)
        names = tuple(field.name for field in dataclasses.fields(cls))
        assert lazy_dataclass.field_names(cls) == names


def test_nothing_is_compiled_before_the_first_instance() -> None:
    code = (
        "import dataclasses, sys\n"
        "compiled = []\n"
        "sys.addaudithook(lambda event, args: compiled.append(args) if event == 'compile' else None)\n"
        "from mlaudit.model import nouns\n"
        "before = len([one for one in compiled if str(one[0]).lstrip('b\\'').startswith('def __init__')])\n"
        "nouns.Place(path='a')\n"
        "nouns.Place(path='b')\n"
        "print(before, len(compiled))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split()[0] == "0"
