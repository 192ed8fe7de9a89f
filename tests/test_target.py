"""Targets: what settles them, how markers are evaluated, and which pins of a reading are chosen."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from packaging.markers import Marker

from mlaudit.document.document import Document
from mlaudit.environments.graph import Evaluator, SelectedParts
from mlaudit.environments.target import KNOWN_MINORS, Choice, choose, pythons_of, target_for
from mlaudit.environments.target_problems import problems
from mlaudit.grammars.pypi import markers
from mlaudit.grammars.pypi.markers import Worlds, atom_bits, encoded, program
from mlaudit.model.nouns import Edge, Fact, Kind, Layer, Pin, Place, Reading, Root, Target
from mlaudit.model.platforms import platform_of
from mlaudit.parsers._read import read
from mlaudit.request.wanted import Wanted
from tests.native import environment

AT = Place(path="a", line=1, column=1)


def pin(name: str, version: str | None = "1.0", **more: Any) -> Pin:
    return Pin(name=name, package=name, at=AT, version=version, **more)


def python(version: str | None = None, specifier: str | None = None, layer: Layer = Layer.DECLARED) -> Pin:
    return pin("python", version, specifier=specifier, kind=Kind.PYTHON, layer=layer)


def reading(*pins: Pin, roots: tuple[Root, ...] = (), facts: Mapping[str, str] | None = None) -> Reading:
    told = tuple(Fact(key=key, value=value, at=AT) for key, value in (facts or {}).items())
    return Reading(path="a", format="x", complete=True, roots=roots, pins=pins, facts=told)


def selected(read: Reading, **target: Any) -> dict[str, bool | None]:
    chosen = choose(read, Target(**{"pythons": ("3.11",), **target}))
    return {f"{one.name} {one.version}": choice.selected for one, choice in zip(read.pins, chosen, strict=True)}


# What settles the target


@pytest.mark.parametrize(
    ("pins", "wanted", "pythons"),
    [
        ([python("3.11.7", layer=Layer.INSTALLED), python("3.9")], "3.12", ("3.11.7",)),
        ([python("3.9")], "3.12", ("3.12",)),
        ([python("3.9")], "3.12.4", ("3.12.4",)),
        ([python(specifier=">=3.12")], ">=3.9,<3.11", ("3.9", "3.10")),
        ([python("3.11"), python("3.11.4")], None, ("3.11.4",)),
        ([python("3.11"), python("3.12")], None, ("3.11", "3.12")),
        ([python("3.11.0rc1")], None, ("3.11.0",)),
        ([python("3.7", layer=Layer.RECORDED)], None, ()),
        ([python(specifier=">=3.10,<3.13")], None, ("3.10", "3.11", "3.12")),
        ([python(specifier=">=3.10,<=3.12")], None, ("3.10", "3.11", "3.12")),
        ([python(specifier=">3.10.3,<3.11.1")], None, ("3.10", "3.11")),
        ([python(specifier="==3.11.*")], None, ("3.11",)),
        ([python(specifier="==3.11.4")], None, ("3.11.4",)),
        ([python(specifier=">=3.9"), python(specifier="<3.11")], None, ("3.9", "3.10")),
        ([python("3")], None, ()),
        ([python(specifier="nonsense")], None, ()),
        ([], "latest", ()),
        ([], None, ()),
    ],
)
def test_the_python_comes_from_the_surest_word(pins: list[Pin], wanted: str | None, pythons: tuple[str, ...]) -> None:
    target = target_for([reading(*pins)], Wanted(python=wanted))
    assert target.pythons == pythons
    assert ("python" in target.assumed) == (not pythons)


def test_a_root_restricts_the_python_by_its_range() -> None:
    roots = (Root(name="a", requires_python=">=3.13"), Root(name="b", requires_python="<3.9", default=False))
    assert target_for([reading(roots=roots)], Wanted()).pythons == ("3.13", "3.14")
    assert target_for([reading(roots=roots)], Wanted(parts={"package": "b"})).pythons == ("3.8",)


def test_ranges_that_cannot_meet_leave_those_of_the_lock() -> None:
    read = reading(python(specifier="<3.9"), roots=(Root(name="a", requires_python=">=3.13"),))
    assert target_for([read], Wanted()).pythons == ("3.13", "3.14")


@pytest.mark.parametrize(
    ("facts", "wanted", "platform", "machine", "assumed"),
    [
        ({}, None, "linux", "x86_64", ("python", "platform", "machine")),
        ({}, "linux", "linux", "x86_64", ("python", "machine")),
        ({}, "macos", "darwin", "arm64", ("python", "machine")),
        ({}, "win-amd64", "win32", "AMD64", ("python",)),
        ({"platform": "darwin", "machine": "arm64"}, "linux-x86_64", "darwin", "arm64", ("python",)),
        ({"platform": "linux", "implementation": "pypy"}, None, "linux", "x86_64", ("python", "machine")),
    ],
)
def test_facts_of_a_source_overrule_the_platform_that_is_wanted(
    facts: dict[str, str], wanted: str | None, platform: str, machine: str, assumed: tuple[str, ...]
) -> None:
    target = target_for([reading(facts=facts)], Wanted(platform=wanted))
    assert (target.platform, target.machine, target.assumed) == (platform, machine, assumed)
    assert target.implementation == facts.get("implementation", "cpython")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("linux-x86_64", ("linux", "x86_64")),
        ("linux-64", ("linux", "x86_64")),
        ("linux/amd64", ("linux", "x86_64")),
        ("linux-aarch64", ("linux", "aarch64")),
        ("linux-32", ("linux", "i686")),
        ("x86_64-unknown-linux-gnu", ("linux", "x86_64")),
        ("macos-arm64", ("darwin", "arm64")),
        ("osx-64", ("darwin", "x86_64")),
        ("aarch64-apple-darwin", ("darwin", "arm64")),
        ("win-64", ("win32", "AMD64")),
        ("win32", ("win32", None)),
        ("win-arm64", ("win32", "ARM64")),
        ("linux", ("linux", None)),
        ("solaris", (None, None)),
    ],
)
def test_words_for_platforms(text: str, found: tuple[str | None, str | None]) -> None:
    assert platform_of(text) == found


# Markers


@pytest.mark.parametrize(
    "marker",
    [
        "",
        "and",
        "python_version",
        "python_version >= '3.9' and",
        "(python_version >= '3.9'",
        "python_version >= '3.9')",
        "python_version >= '3.9' python_version < '4'",
        "python_version >= '3.9' (python_version < '4')",
        "()",
        "python_version >= 3.9",
        "x" * 70000,
    ],
)
def test_what_is_no_marker_is_told_as_such(marker: str) -> None:
    assert program(marker) is None


def test_no_nesting_is_too_deep() -> None:
    marker = "(" * 2000 + "python_version >= '3.9'" + ")" * 2000
    assert selected(reading(pin("a", marker=marker))) == {"a 1.0": True}


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("extra-3-api-cpu", ("extra", "api", "cpu")),
        ("extra-7-my-lib2-a-b", ("extra", "my-lib2", "a-b")),
        ("group-3-api-dev", ("group", "api", "dev")),
        ("project-3-api", ("project", "api", "")),
        ("extra-9-api-cpu", None),
        ("extra-3-apix", None),
        ("extra-3-api", None),
        ("cpu", None),
    ],
)
def test_the_names_under_which_uv_writes_conflicts(name: str, found: tuple[str, str, str] | None) -> None:
    assert encoded(name) == found


ATOMS = st.sampled_from(
    [
        "python_version >= '3.11'",
        "python_version < '3.10'",
        "'3.12' > python_version",
        "python_full_version <= '3.11'",
        "python_full_version < '3.11.4'",
        "sys_platform == 'linux'",
        'sys_platform != "win32"',
        "platform_machine in 'x86_64 aarch64'",
        "platform_system == 'Darwin'",
        "os_name == 'posix'",
        "implementation_name == 'cpython'",
        "platform_python_implementation != 'PyPy'",
        "python_version not in '3.9, 3.10'",
        "python_version == '3.11.*'",
    ]
)
MARKERS = st.recursive(
    ATOMS,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["and", "or"]), inner).map(" ".join), inner.map(lambda text: f"({text})")
    ),
    max_leaves=12,
)


@settings(max_examples=300, deadline=None)
@given(MARKERS)
def test_a_marker_means_what_packaging_says(marker: str) -> None:
    pythons = ("3.9.1", "3.11.0", "3.11.4", "3.12.9")
    evaluator = Evaluator(worlds=Worlds(pythons, "linux", "x86_64"), asked=SelectedParts(), hopeful=True)
    bits = evaluator.bits(marker, frozenset())
    assert [bool(bits >> bit & 1) for bit in range(len(pythons))] == [
        Marker(marker).evaluate(environment(python)) for python in pythons
    ]
    assert not evaluator.guessed


@settings(max_examples=200, deadline=None)
@given(st.lists(MARKERS, min_size=1, max_size=4), st.sampled_from(KNOWN_MINORS))
def test_a_minor_is_the_agreement_of_its_first_and_a_last_patch(markers: list[str], minor: str) -> None:
    read = reading(*(pin(f"p{number}", marker=marker) for number, marker in enumerate(markers)))
    both = [choose(read, Target(pythons=(f"{minor}.{patch}",))) for patch in (0, 99)]
    for first, last, whole in zip(*both, choose(read, Target(pythons=(minor,))), strict=True):
        agreed = first.selected if first.selected == last.selected else None
        assert whole.selected == agreed
        assert whole.pythons == ((minor,) if first.selected or last.selected else ())


def test_what_nothing_can_tell_stays_open() -> None:
    open_ones = ["platform_release >= '5'", "no marker", "os_name == os_name", "extra in 'a b'"]
    read = reading(*(pin(f"p{number}", marker=marker) for number, marker in enumerate(open_ones)))
    assert set(selected(read).values()) == {None}
    settled = reading(
        pin("a", marker="sys_platform == 'darwin' and platform_release >= '5'"),
        pin("b", marker="sys_platform == 'linux' or platform_release >= '5'"),
    )
    assert selected(settled) == {"a 1.0": False, "b 1.0": True}


def test_packaging_refuses_a_comparison_without_a_crash() -> None:
    assert atom_bits("python_version ~= 'x'", Worlds(("3.11.0",), "linux", "x86_64")) is None


# Pins that stand by themselves


def test_plain_pins_are_chosen_for_every_python() -> None:
    read = reading(pin("a"), pin("b"))
    assert choose(read, Target()) == (Choice(selected=True, pythons=KNOWN_MINORS),) * 2
    assert pythons_of(Target(pythons=("3.9",))) == ("3.9",)


def test_a_pin_for_some_of_several_pythons_says_for_which() -> None:
    (choice,) = choose(reading(pin("a", marker="python_version < '3.12'")), Target(pythons=("3.11", "3.12")))
    assert choice == Choice(selected=None, pythons=("3.11",))


@pytest.mark.parametrize(
    ("more", "target", "expected"),
    [
        ({"groups": ("main",)}, {}, True),
        ({"groups": ("default",)}, {}, True),
        ({"groups": ("dev",)}, {}, False),
        ({"groups": ("dev",)}, {"groups": ("dev",)}, True),
        ({"groups": ("Lint_It",)}, {"groups": ("lint-it",)}, True),
        ({"groups": ("dev", "main")}, {}, True),
        ({"under_extras": ("gpu",)}, {}, False),
        ({"under_extras": ("gpu",)}, {"extras": ("gpu",)}, True),
        ({"optional": True}, {"extras": ("gpu",)}, False),
        ({"optional": True, "under_extras": ("gpu",)}, {"extras": ("gpu",)}, True),
        ({"optional": True, "marker": "extra == 'gpu'"}, {"extras": ("gpu",)}, True),
        ({"optional": True, "marker": "extra == 'gpu'"}, {}, False),
        ({"marker": "extra != 'gpu'"}, {}, True),
        ({"marker": "'gpu' in extras"}, {"extras": ("gpu",)}, True),
        ({"marker": "'gpu' not in extras"}, {"extras": ("gpu",)}, False),
        ({"marker": "'dev' in dependency_groups"}, {}, False),
        ({"marker": "'dev' in dependency_groups"}, {"groups": ("dev",)}, True),
        ({"marker": "'default' in dependency_groups"}, {}, True),
        ({"platforms": ("linux-64",)}, {}, True),
        ({"platforms": ("osx-arm64", "win-64")}, {}, False),
        ({"platforms": ("osx-arm64",)}, {"platform": "darwin", "machine": "arm64"}, True),
        ({"platforms": ("noarch",)}, {}, True),
        ({"platforms": ("unix",)}, {"platform": "win32", "machine": "AMD64"}, False),
        ({"platforms": ("linux-aarch64",)}, {}, False),
        ({"kind": Kind.BOUND, "groups": ("build",)}, {}, True),
        ({"kind": Kind.BOUND, "marker": "sys_platform == 'win32'"}, {}, False),
    ],
)
def test_a_pin_is_chosen_by_what_stands_on_it(
    more: dict[str, Any], target: dict[str, Any], expected: bool | None
) -> None:
    assert selected(reading(pin("a", **more)), **target) == {"a 1.0": expected}


def test_groups_that_a_tool_installs_by_default_are_chosen_where_that_is_asked() -> None:
    read = reading(pin("a", groups=("dev",)), roots=(Root(name="x", groups=("dev",), default_groups=("dev",)),))
    assert selected(read) == {"a 1.0": False}
    assert selected(read, default_groups=True) == {"a 1.0": True}


def test_parts_are_chosen_by_name_and_by_default() -> None:
    stages = (Root(name="build", kind="stage", default=False), Root(name="Serve", kind="stage"))
    read = reading(pin("a", parts=("build",)), pin("b", parts=("Serve",)), pin("c"), roots=stages)
    assert selected(read) == {"a 1.0": False, "b 1.0": True, "c 1.0": True}
    assert selected(read, parts={"stage": "build"}) == {"a 1.0": True, "b 1.0": False, "c 1.0": True}
    assert selected(read, parts={"stage": "unknown"}) == {"a 1.0": False, "b 1.0": True, "c 1.0": True}


# Graphs


def graph(root: Root, *pins: Pin) -> Reading:
    return reading(*pins, roots=(root,))


def test_only_what_is_reached_is_chosen() -> None:
    root = Root(
        name="app",
        extras=("gpu",),
        edges=(
            Edge(name="a", extras=("fast",)),
            Edge(name="b", when_extra="gpu"),
            Edge(name="c", when_group="dev"),
            Edge(name="d", marker="sys_platform == 'win32'"),
        ),
    )
    read = graph(
        root,
        pin("a", requires=(Edge(name="f", when_extra="fast"), Edge(name="g", when_extra="slow"), Edge(name="a"))),
        pin("b"),
        pin("c"),
        pin("d", requires=(Edge(name="e"),)),
        pin("e"),
        pin("f"),
        pin("g"),
    )
    assert [name for name, held in selected(read).items() if held] == ["a 1.0", "f 1.0"]
    more = selected(read, extras=("gpu",), groups=("dev",))
    assert [name for name, held in more.items() if held] == ["a 1.0", "b 1.0", "c 1.0", "f 1.0"]
    windows = selected(read, platform="win32", machine="AMD64")
    assert [name for name, held in windows.items() if held] == ["a 1.0", "d 1.0", "e 1.0", "f 1.0"]


def test_forks_are_told_apart_by_version_and_origin() -> None:
    root = Root(
        name="app",
        edges=(
            Edge(name="torch", version="2.5.1", origin="https://x/cu124", marker="sys_platform == 'linux'"),
            Edge(name="torch", version="2.5.1", marker="sys_platform != 'linux'"),
        ),
    )
    read = graph(root, pin("torch", "2.5.1"), pin("torch", "2.5.1", origin="https://x/cu124"), pin("torch", "2.4"))
    assert [choice.selected for choice in choose(read, Target(pythons=("3.11",)))] == [False, True, False]


def test_an_edge_without_a_version_takes_the_fork_whose_marker_holds() -> None:
    root = Root(name="(script)", edges=(Edge(name="numpy"),))
    read = graph(
        root,
        pin("numpy", "2.2", marker="python_full_version < '3.11'"),
        pin("numpy", "2.4", marker="python_full_version >= '3.11'"),
    )
    assert selected(read) == {"numpy 2.2": False, "numpy 2.4": True}
    assert selected(read, pythons=("3.10",)) == {"numpy 2.2": True, "numpy 2.4": False}
    assert selected(read, pythons=("3.10", "3.11")) == {"numpy 2.2": None, "numpy 2.4": None}


def test_an_edge_with_a_range_takes_what_is_there_before_the_newest() -> None:
    root = Root(name="app", edges=(Edge(name="a"), Edge(name="b"), Edge(name="c", specifier=">=1,<9")))
    pins = (
        pin("a", requires=(Edge(name="c", specifier=">=1"),)),
        pin("b", requires=(Edge(name="c", specifier="<2"),)),
        pin("c", "1.5"),
        pin("c", "2.5"),
    )
    assert selected(graph(root, *pins)) == {"a 1.0": True, "b 1.0": True, "c 1.5": True, "c 2.5": False}
    without = Root(name="app", edges=(Edge(name="a"),))
    assert selected(graph(without, *pins))["c 2.5"] is True


def test_a_version_is_only_taken_for_the_pythons_that_it_is_for() -> None:
    root = Root(name="app", edges=(Edge(name="c"),))
    read = graph(root, pin("c", "2.0", requires_python=">=3.11"), pin("c", "1.0", requires_python=">=3.8"))
    assert selected(read, pythons=("3.10",)) == {"c 2.0": False, "c 1.0": True}
    assert selected(read, pythons=("3.12",)) == {"c 2.0": True, "c 1.0": False}


def test_a_lock_that_overrides_a_range_keeps_its_version() -> None:
    root = Root(name="app", edges=(Edge(name="c", specifier=">=9"),))
    assert selected(graph(root, pin("c", "1.0"))) == {"c 1.0": True}


def test_members_are_roots_of_their_own() -> None:
    roots = (
        Root(name="api", edges=(Edge(name="lib"),), default=False),
        Root(name="train", edges=(Edge(name="torch"),)),
    )
    lib = pin("lib", kind=Kind.PROJECT, requires=(Edge(name="six"), Edge(name="dev", when_group="dev")))
    pins = (pin("api", kind=Kind.PROJECT), lib, pin("six"), pin("torch"), pin("dev"), pin("train", kind=Kind.PROJECT))
    read = reading(*pins, roots=roots)
    assert [name for name, held in selected(read).items() if held] == ["torch 1.0", "train 1.0"]
    chosen = selected(read, parts={"package": "API"})
    assert [name for name, held in chosen.items() if held] == ["api 1.0", "lib 1.0", "six 1.0"]


def test_conflicting_extras_are_switched_by_whoever_asks_for_them() -> None:
    """An extra that a dependency asks for counts too, wherever the walk meets it."""
    markers = ("extra == 'extra-3-lib-cpu'", "extra != 'extra-3-lib-cpu'")
    first = Edge(name="torch", version="2+cpu", marker=markers[0])
    second = Edge(name="torch", version="2", marker=markers[1])
    pins = (
        pin("torch", "2+cpu"),
        pin("torch", "2"),
        pin("lib"),
        pin("mid", requires=(Edge(name="lib", extras=("cpu",)),)),
    )
    plain = Root(name="app", edges=(first, second, Edge(name="lib")))
    assert selected(graph(plain, *pins)) == {"torch 2+cpu": False, "torch 2": True, "lib 1.0": True, "mid 1.0": False}
    asking = Root(name="app", edges=(first, second, Edge(name="mid")))
    assert selected(graph(asking, *pins)) == {"torch 2+cpu": True, "torch 2": False, "lib 1.0": True, "mid 1.0": True}


# What was asked for and is not there


def said(read: Reading, wanted: Wanted) -> list[str]:
    return [problem.says for problem in problems([read], wanted, target_for([read], wanted))]


def test_what_is_asked_for_in_vain_is_told_with_the_nearest_name() -> None:
    root = Root(name="trainer", extras=("gpu", "cpu"), groups=("dev",))
    read = reading(pin("a", groups=("main", "docs"), under_extras=("tpu",)), roots=(root,))
    assert said(read, Wanted(extras=("gpu", "TPU"), groups=("dev", "docs"), parts={"package": "Trainer"})) == []
    assert said(read, Wanted(extras=("gpus",))) == ["there is no extra `gpus`; did you mean `gpu`?"]
    assert said(read, Wanted(groups=("nothing",))) == ["there is no group `nothing`; there is `dev`, `docs`, `main`"]
    assert said(read, Wanted(parts={"package": "train"})) == ["there is no package `train`; did you mean `trainer`?"]
    assert said(read, Wanted(parts={"stage": "x"})) == ["there is no stage `x`"]


def test_a_python_or_platform_that_is_none_is_told() -> None:
    assert said(reading(), Wanted(python="latest")) == ["`latest` is not a Python version such as 3.11 or 3.11.7"]
    assert said(reading(), Wanted(platform="amiga")) == [
        "`amiga` is not a platform such as linux-x86_64, macos-arm64 or win-amd64"
    ]


def test_an_option_does_not_overrule_what_is_installed() -> None:
    read = reading(python("3.11.7", layer=Layer.INSTALLED))
    assert said(read, Wanted(python="3.11")) == []
    assert said(read, Wanted(python="3.12")) == ["Python 3.12 was requested, but the source states 3.11.7"]


def test_a_python_that_the_lock_excludes_is_told() -> None:
    read = reading(roots=(Root(name="a", requires_python=">=3.10,<=3.12"),))
    assert said(read, Wanted(python="3.12")) == []
    assert said(read, Wanted(python="3.12.4")) == ["a is for Python >=3.10,<=3.12, the target is 3.12.4"]
    assert said(read, Wanted(python="3.9")) == ["a is for Python >=3.10,<=3.12, the target is 3.9"]


def test_the_python_of_a_stage_that_is_not_chosen_says_nothing() -> None:
    text = (
        "FROM python:3.9 AS build\nRUN pip install wheel\nFROM python:3.11-slim AS serve\nRUN pip install six==1.16.0\n"
    )
    reading = read(Document("Dockerfile", text.encode()))
    assert target_for([reading], Wanted()).pythons == ("3.11",)
    assert target_for([reading], Wanted(parts={"stage": "build"})).pythons == ("3.9",)


COMPARED = (
    *(
        "'linux'",
        '"win32"',
        "'x86_64'",
        "'AMD64'",
        "'v1'",
        "'V2'",
        "'CPython'",
        "'Linux'",
        "'posix'",
        "''",
        "'a-b'",
        "'1'",
    ),
    *("'3'", "'3.10'", '"3.11"', "'3.11.4'", "'3.12.*'", "'3.*'", "'3.13.0rc1'", "'4!3'", "'3.11 '", "'é'"),
)
SIGNS = ("==", "!=", "<", "<=", ">", ">=", "~=", "===")
VARIABLES = (
    *("python_full_version", "python_version", "implementation_version", "sys_platform", "platform_system"),
    *("platform_machine", "platform_python_implementation", "implementation_name", "os_name"),
)


def test_usual_comparisons_are_what_packaging_says() -> None:
    worlds = [
        Worlds(("3.10.0", "3.11.4", "3.12.0", "3.13.0rc1"), "linux", "x86_64"),
        Worlds(("3.9.1",), "win32", "AMD64", "pypy"),
        Worlds(("x.y",), "linux", "v1"),
        Worlds((), "linux", "x86_64"),
    ]
    plain = 0
    for variable, sign, value, world in product(
        VARIABLES, ("==", "!=", "<", "<=", ">", ">=", "~=", "==="), COMPARED, worlds
    ):
        text = f"{variable} {sign} {value}"
        environments = [markers._environment(python, world) for python in world.pythons]
        answers = markers._answers(text, environments)
        expected = None if answers is None else sum(1 << bit for bit, holds in enumerate(answers) if holds)
        assert atom_bits(text, world) == expected, (text, world)
        if world.machine != "v1":
            plain += markers._plain_answers(text, environments) is not None
    assert plain > 300
