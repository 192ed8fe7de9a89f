"""What a target is where little is known, and each reason for which a pin is chosen or left out."""

from __future__ import annotations

from typing import Any

import pytest

from mlaudit.environments.target import (
    KNOWN_MINORS,
    MAX_PYTHONS,
    Choice,
    applies,
    choose,
    chosen_roots,
    lock_graph,
    part_names,
    python_pins,
    some_patch_admitted,
    target_for,
    wanted_pythons,
)
from mlaudit.model.nouns import Edge, Kind, Layer, Pin, Root, Target
from mlaudit.request.wanted import Wanted
from tests.test_target import pin, python, reading, selected

# The target


@pytest.mark.parametrize(
    ("facts", "wanted", "platform", "machine", "assumed"),
    [
        ({}, "win32", "win32", "AMD64", ("machine",)),
        ({}, "darwin", "darwin", "arm64", ("machine",)),
        ({"platform": "win32"}, None, "win32", "AMD64", ("machine",)),
        ({"platform": "freebsd"}, None, "freebsd", "x86_64", ("machine",)),
        ({"machine": "aarch64"}, None, "linux", "aarch64", ("platform",)),
        ({"machine": ""}, "linux-aarch64", "linux", "aarch64", ()),
        ({"machine": "aarch64"}, "linux-x86_64", "linux", "aarch64", ()),
    ],
)
def test_a_platform_has_its_usual_machine(
    facts: dict[str, str], wanted: str | None, platform: str, machine: str, assumed: tuple[str, ...]
) -> None:
    target = target_for([reading(python("3.11"), facts=facts)], Wanted(platform=wanted))
    assert (target.platform, target.machine, target.assumed) == (platform, machine, assumed)
    assert target.implementation == "cpython"


def test_the_first_source_that_states_a_platform_counts() -> None:
    sources = [
        reading(facts={"platform": "", "machine": "arm64"}),
        reading(facts={"platform": "darwin", "machine": "x"}),
    ]
    target = target_for(sources, Wanted())
    assert (target.platform, target.machine) == ("darwin", "arm64")


@pytest.mark.parametrize("default_groups", [True, False])
def test_a_target_has_what_was_asked_for(default_groups: bool) -> None:
    wanted = Wanted(
        extras=("GPU_x", "gpu-x", "a"), groups=("Dev", "dev"), default_groups=default_groups, parts={"stage": "Serve"}
    )
    target = target_for([reading()], wanted)
    assert (target.extras, target.groups) == (("gpu-x", "a"), ("dev",))
    assert (target.default_groups, dict(target.parts)) == (default_groups, {"stage": "Serve"})


def test_sources_state_so_many_pythons_and_no_more() -> None:
    pins = [python(f"3.{minor}") for minor in range(MAX_PYTHONS + 8)]
    assert MAX_PYTHONS == 32
    assert target_for([reading(*pins)], Wanted()).pythons == tuple(f"3.{minor}" for minor in range(32))


@pytest.mark.parametrize(
    ("stated", "pythons"),
    [
        ("3.11", ("3.11",)),
        (" 3.11.7 ", ("3.11.7",)),
        ("3.11.7+local", ("3.11.7",)),
        ("3.12-slim", ("3.12",)),
        ("3.13a1", ("3.13",)),
        ("3.13.0b2+", ("3.13.0",)),
        ("3.13rc1", ("3.13",)),
        ("3", ()),
        ("3.11.7.1", ("3.11.7",)),
        ("pypy3.10", ()),
        ("3.11x", ()),
        ("latest", ()),
        (">=3.12", ("3.12", "3.13", "3.14")),
        ("==3.12.4", ("3.12.4",)),
        ("==3.12", ("3.12",)),
        (">=4", ()),
        ("", ()),
        (None, ()),
    ],
)
def test_a_python_as_people_write_it(stated: str | None, pythons: tuple[str, ...]) -> None:
    assert wanted_pythons(Wanted(python=stated)) == (pythons if stated != "" else KNOWN_MINORS)


@pytest.mark.parametrize(
    ("specifier", "version", "admitted"),
    [
        (">=3.11", "3.11", True),
        (">=3.11", "3.10", False),
        (">3.11.4,<3.11.6", "3.11", True),
        (">3.11.4,<3.11.5", "3.11", False),
        (">=3.11.5", "3.11", True),
        (">3.11.99", "3.11", True),
        (">3.11.200", "3.11", True),
        ("<3.11.1", "3.11", True),
        ("<3.11.0", "3.11", False),
        ("<=3.11.0", "3.11", True),
        ("==3.11.7", "3.11", True),
        ("==3.1.7", "3.11", False),
        ("==3.11.7", "3.1", False),
        ("==3.11.7,!=3.11.7", "3.11", False),
        (">3.11.6,<3.11.8", "3.11.7", True),
        (">3.11.6,<3.11.8", "3.11.8", False),
        (">3.11.7", "3.11.7", False),
    ],
)
def test_some_patch_of_a_minor_is_admitted(specifier: str, version: str, admitted: bool) -> None:
    assert some_patch_admitted(specifier, version) is admitted


@pytest.mark.parametrize(
    ("pins", "roots", "pythons"),
    [
        ([python("3.9"), python(specifier=">=3.12")], [], ("3.9",)),
        ([python(specifier=">=3.12", layer=Layer.RECORDED)], [], ()),
        ([python("3.9", layer=Layer.RECORDED), python("3.10")], [], ("3.10",)),
        ([python("3.9", layer=Layer.INSTALLED), python("3.9.7", layer=Layer.INSTALLED)], [], ("3.9.7",)),
        ([python(specifier="no range"), python(specifier=">=3.13")], [], ("3.13", "3.14")),
        ([], [Root(name="a", requires_python=">=3.13"), Root(name="b", requires_python="<3.14")], ("3.13",)),
        ([], [Root(name="a"), Root(name="b", requires_python="<3.9")], ("3.8",)),
    ],
)
def test_what_sources_state_of_python(pins: list[Pin], roots: list[Root], pythons: tuple[str, ...]) -> None:
    assert target_for([reading(*pins, roots=tuple(roots))], Wanted()).pythons == pythons


# Roots

STAGES = (Root(name="Build_It", kind="stage", default=False), Root(name="serve", kind="stage"), Root(name="app"))


@pytest.mark.parametrize(
    ("parts", "names"),
    [
        ({}, ["serve", "app"]),
        ({"stage": "build-it"}, ["Build_It", "app"]),
        ({"stage": "BUILD.IT,serve"}, ["Build_It", "serve", "app"]),
        ({"stage": "*"}, ["Build_It", "serve", "app"]),
        ({"stage": "*,x"}, ["Build_It", "serve", "app"]),
        ({"stage": "x"}, ["serve", "app"]),
        ({"stage": ",serve,"}, ["serve", "app"]),
        ({"package": "serve"}, ["serve", "app"]),
    ],
)
def test_roots_are_chosen_by_their_kind_and_name(parts: dict[str, str], names: list[str]) -> None:
    read = reading(
        python(
            "3.9",
        ),
        roots=STAGES,
    )
    assert [root.name for root in chosen_roots(read, parts)] == names
    assert part_names(read, Target(parts=parts)) == frozenset(names)


def test_parts_that_no_root_names_are_those_that_are_asked_for() -> None:
    assert part_names(reading(), Target(parts={"stage": "x"})) == {"x"}
    assert part_names(reading(roots=(Root(name="a", default=False),)), Target(parts={"stage": "x"})) == {"x"}
    read = reading(pin("a", parts=("x",)), pin("b", parts=("y",)))
    assert selected(read) == {"a 1.0": True, "b 1.0": True}
    assert selected(read, parts={"stage": "x"}) == {"a 1.0": True, "b 1.0": False}


def test_a_python_of_parts_counts_where_one_is_chosen() -> None:
    one = pin("python", "3.9", kind=Kind.PYTHON, parts=("Build_It", "other"))
    read = reading(one, pin("python", "3.10", kind=Kind.PYTHON), pin("a", parts=("serve",)), roots=STAGES)
    assert [found.version for found in python_pins([read], {})] == ["3.10"]
    assert [found.version for found in python_pins([read], {"stage": "build-it"})] == ["3.9", "3.10"]
    assert [found.version for found in python_pins([reading(one)], {})] == ["3.9"]


# Pins


@pytest.mark.parametrize(
    ("more", "target", "expected"),
    [
        ({"platforms": ("any",)}, {"platform": "win32"}, True),
        ({"platforms": ("noarch",)}, {"platform": "win32"}, True),
        ({"platforms": ("unix",)}, {}, True),
        ({"platforms": ("unix",)}, {"platform": "darwin"}, True),
        ({"platforms": ("linux",)}, {"machine": "aarch64"}, True),
        ({"platforms": ("linux",)}, {"platform": "darwin"}, False),
        ({"platforms": ("osx-arm64",)}, {"platform": "darwin", "machine": "x86_64"}, False),
        ({"optional": True}, {}, False),
        ({"optional": True, "marker": "python_version > '3'"}, {}, False),
        ({}, {"own": False}, False),
        ({"groups": ("main",)}, {"own": False}, False),
        ({"groups": ("main", "dev")}, {"own": False, "groups": ("dev",)}, True),
        ({"groups": ("dev",)}, {"own": False, "groups": ("dev",)}, True),
        ({"under_extras": ("gpu",)}, {"own": False, "extras": ("gpu",)}, True),
        ({"kind": Kind.LOCAL}, {"own": False}, False),
        ({"kind": Kind.SYSTEM}, {"own": False}, True),
        ({"kind": Kind.BOUND}, {"own": False}, True),
        ({"groups": ("dev",)}, {"groups": ("dev",), "without": ("Dev",)}, False),
        ({"under_extras": ("gpu",)}, {"extras": ("gpu",), "without": ("GPU",)}, False),
        ({"under_extras": ("gpu",), "groups": ("dev",)}, {"extras": ("gpu",)}, False),
        ({"kind": Kind.PYTHON, "groups": ("dev",)}, {}, True),
        ({"kind": Kind.PROJECT, "groups": ("dev",)}, {}, True),
        ({"marker": "python_full_version < '3.11.5'"}, {}, None),
        ({"marker": "python_full_version < '3.11.5'"}, {"pythons": ("3.11.4",)}, True),
        ({"marker": "python_full_version < '3.11.5'"}, {"pythons": ("3.11.5",)}, False),
        ({"marker": "python_full_version == '3.11.4'"}, {"pythons": ("3.11.4",)}, True),
        ({"marker": "platform_release > '5'"}, {}, None),
    ],
)
def test_a_pin_is_chosen_or_not(more: dict[str, Any], target: dict[str, Any], expected: bool | None) -> None:
    for beside in ([], [pin("z", groups=("docs",))]):
        assert selected(reading(pin("a", **more), *beside), **target)["a 1.0"] is expected


@pytest.mark.parametrize(
    ("has_runtime_defaults", "default_groups", "without", "expected"),
    [
        (True, False, (), True),
        (True, True, (), True),
        (False, True, (), True),
        (False, False, (), False),
        (True, True, ("dev",), False),
    ],
)
def test_default_groups(
    has_runtime_defaults: bool, default_groups: bool, without: tuple[str, ...], expected: bool
) -> None:
    root = Root(name="x", groups=("dev",), default_groups=("Dev",), has_runtime_defaults=has_runtime_defaults)
    read = reading(pin("a", groups=("dev",)), roots=(root,))
    assert selected(read, default_groups=default_groups, without=without) == {"a 1.0": expected}


def test_a_choice_names_each_python_once_and_in_order() -> None:
    read = reading(pin("a", marker="python_full_version > '3.11.5'"), pin("b", marker="python_version > '3.14'"))
    assert choose(read, Target(pythons=("3.10", "3.11", "3.12"))) == (
        Choice(selected=None, pythons=("3.11", "3.12")),
        Choice(selected=False, pythons=()),
    )


# Graphs

APP = Root(
    name="app",
    edges=(Edge(name="a"), Edge(name="b", when_extra="gpu"), Edge(name="c", when_group="dev")),
    extras=("gpu",),
    groups=("dev",),
)
OTHER = Root(name="other", default=False, edges=(Edge(name="d"),))


@pytest.mark.parametrize(
    ("target", "names"),
    [
        ({}, "a"),
        ({"extras": ("gpu",)}, "ab"),
        ({"groups": ("dev",)}, "ac"),
        ({"own": False, "groups": ("dev",)}, "c"),
        ({"parts": {"package": "other"}}, "d"),
        ({"parts": {"package": "*"}}, "ad"),
    ],
)
def test_a_lock_installs_what_its_roots_reach(target: dict[str, Any], names: str) -> None:
    system = pin("s", kind=Kind.SYSTEM)
    read = reading(*(pin(name, layer=Layer.LOCKED) for name in "abcde"), system, roots=(APP, OTHER))
    found = {name.split()[0] for name, chosen in selected(read, **target).items() if chosen}
    assert found == {*names, "s"}
    lock = lock_graph(read, Target(pythons=("3.11",), **target))
    assert [root.name for root in lock.roots] == [
        name for name in ("app", "other") if (name == "app" and names != "d") or (name == "other" and "d" in names)
    ]
    assert lock.asked.extras == frozenset(target.get("extras", ()))
    assert lock.asked.groups == frozenset(target.get("groups", ()))


def test_a_stage_is_no_root_of_a_graph() -> None:
    stage = Root(name="stage", kind="stage", edges=(Edge(name="b"),))
    read = reading(pin("a"), pin("b"), roots=(APP, stage, Root(name="empty")))
    assert [root.name for root in lock_graph(read, Target()).roots] == ["app"]
    assert selected(read) == {"a 1.0": True, "b 1.0": False}
    assert selected(reading(pin("a"), pin("b"), roots=(stage,))) == {"a 1.0": True, "b 1.0": True}


@pytest.mark.parametrize(("marker", "is_reached"), [("platform_release > '5'", True), ("python_version < '3'", False)])
def test_a_graph_reaches_what_may_be_installed(marker: str, is_reached: bool) -> None:
    root = Root(name="app", edges=(Edge(name="a", marker=marker),))
    lock = lock_graph(reading(pin("a"), roots=(root,)), Target(pythons=("3.11",)))
    assert bool(lock.graph.walk(lock.roots).get(0)) is is_reached


@pytest.mark.parametrize(
    ("marker", "target", "holds"),
    [
        (None, {}, True),
        ("python_version > '3'", {}, True),
        ("python_version > '3.11'", {"pythons": ("3.11", "3.12")}, False),
        ("python_version > '3.11'", {"pythons": ("3.12",)}, True),
        ("extra == 'gpu'", {"extras": ("gpu",)}, False),
        ("sys_platform == 'linux'", {}, True),
        ("sys_platform == 'linux'", {"platform": "win32"}, False),
        ("platform_machine == 'aarch64'", {"machine": "aarch64"}, True),
        ("implementation_name == 'pypy'", {"implementation": "pypy"}, True),
        ("platform_release > '5'", {}, False),
    ],
)
def test_a_marker_applies(marker: str | None, target: dict[str, Any], holds: bool) -> None:
    assert applies(marker, Target(**target)) is holds
