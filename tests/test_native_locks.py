"""What is read from a lock is what the tool that wrote it says: names and versions, for every choice of groups.

A tool is looked for on PATH and in $MLAUDIT_NATIVE_BIN; a test whose tool is absent is skipped. None needs a network.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import tomli
from packaging.requirements import Requirement
from packaging.tags import cpython_tags

from mlaudit.environments.target import choose, target_for
from mlaudit.environments.target_problems import problems
from mlaudit.model.names import normalized
from mlaudit.model.nouns import Kind, Pin, Reading
from mlaudit.parsers._read import read
from mlaudit.request.wanted import Wanted
from mlaudit.sources.working_tree import WorkingTree
from tests.parser_cases import FIXTURES

if TYPE_CHECKING:
    from packaging.markers import Environment

LOCKS = FIXTURES / "native-locks"
ALWAYS = {"main", "default"}
Named = set[tuple[str, str | None]]


def _pylock() -> Any:
    """The module of packaging that reads pylock.toml, which older versions do not have."""
    return importlib.import_module("packaging.pylock")


def _tool(name: str) -> str:
    path = os.pathsep.join(filter(None, (os.environ.get("MLAUDIT_NATIVE_BIN"), os.environ.get("PATH"))))
    found = shutil.which(name, path=path)
    if found is None:
        pytest.skip(f"{name} is not installed; $MLAUDIT_NATIVE_BIN may name its folder")
    return found


def _said(tool: str, *arguments: str, folder: Path) -> str:
    environment = {**os.environ, "PDM_CHECK_UPDATE": "0", "PIPENV_NOSPIN": "1", "PDM_IGNORE_ACTIVE_VENV": "1"}
    environment.pop("PYTHONPATH", None)
    done = subprocess.run(
        [tool, *arguments], cwd=folder, env=environment, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def _reading(path: Path) -> Reading:
    reading = read(WorkingTree(path.parent).document(path))
    assert reading.unread == ()
    return reading


def _copy(name: str, tmp_path: Path) -> Path:
    return Path(shutil.copytree(LOCKS / name, tmp_path / name))


def _packages(pins: Iterable[Pin]) -> Named:
    return {(pin.name, pin.version) for pin in pins if pin.kind is Kind.PACKAGE}


def _grouped(reading: Reading, groups: set[str], extras: set[str], only: bool = False) -> list[Pin]:
    """The pins of these groups, whatever their markers say; `only` leaves out what is always installed."""
    wanted = groups if only else groups | ALWAYS
    return [
        pin
        for pin in reading.pins
        if (not pin.under_extras or extras & set(pin.under_extras))
        and (wanted & set(pin.groups) if pin.groups else not only)
    ]


def _exported(text: str) -> Named:
    found: Named = set()
    for line in text.splitlines():
        if line.strip() and not line.startswith(("#", "-")):
            requirement = Requirement(line)
            version = next((clause.version for clause in requirement.specifier if clause.operator == "=="), None)
            found.add((normalized(requirement.name), version))
    return found


@pytest.mark.parametrize(
    ("arguments", "groups", "extras"),
    [
        (("--prod",), set[str](), set[str]()),
        (("--prod", "-G", "serve"), set(), {"serve"}),
        (("--dev",), {"dev"}, set()),
        (("--dev", "-G", "serve"), {"dev"}, {"serve"}),
        # where nothing is chosen, PDM takes all that is locked
        ((), {"dev"}, {"serve"}),
    ],
)
def test_pdm_exports_what_is_read(
    tmp_path: Path, arguments: tuple[str, ...], groups: set[str], extras: set[str]
) -> None:
    folder = _copy("pdm", tmp_path)
    said = _exported(_said(_tool("pdm"), "export", "--no-hashes", *arguments, folder=folder))
    assert _packages(_grouped(_reading(folder / "pdm.lock"), groups, extras)) == said
    assert len(said) > 5


@pytest.mark.parametrize(
    ("arguments", "groups", "only"),
    [((), set[str](), False), (("--dev",), {"develop"}, False), (("--dev-only",), {"develop"}, True)],
)
def test_pipenv_requires_what_is_read(tmp_path: Path, arguments: tuple[str, ...], groups: set[str], only: bool) -> None:
    folder = _copy("pipenv", tmp_path)
    text = _said(_tool("pipenv"), "requirements", *arguments, folder=folder)
    pins = _grouped(_reading(folder / "Pipfile.lock"), groups, set(), only)
    assert _packages(pins) == _exported(text)
    markers = {line.partition("; ")[2] for line in text.splitlines() if "; " in line}
    assert {pin.marker for pin in pins if pin.marker and pin.version} >= markers
    assert len(pins) > 4


@pytest.mark.parametrize("platform", ["linux-64", "osx-arm64"])
def test_conda_lock_renders_what_is_read(tmp_path: Path, platform: str) -> None:
    folder = _copy("conda-lock", tmp_path)
    _said(_tool("conda-lock"), "render", "-p", platform, "-k", "explicit", folder=folder)
    rendered = _reading(folder / f"conda-{platform}.lock")
    ours = [pin for pin in _grouped(_reading(folder / "conda-lock.yml"), set(), set()) if platform in pin.platforms]
    installed = {(pin.name, pin.version or None) for pin in ours if pin.source == "index"}
    assert {(pin.name, pin.version) for pin in rendered.pins if pin.source != "git"} == installed
    assert {pin.variant for pin in rendered.pins} == {pin.variant for pin in ours}


PYTHONS = ["3.10.0", "3.11.7", "3.13.1"]
CHOICES: list[tuple[tuple[str, ...], tuple[str, ...]]] = [
    ((), ()),
    (("dev",), ()),
    ((), ("serve",)),
    (("dev",), ("serve",)),
    (("docs",), ("gpu",)),
    (("dev", "docs"), ("serve", "gpu")),
]
# Before packaging 26.1 it reads such locks, at most, and selects nothing.
needs_select = pytest.mark.skipif(
    importlib.util.find_spec("packaging.pylock") is None or not hasattr(_pylock().Pylock, "select"),
    reason="this version of packaging does not select from pylock.toml",
)


def _environment(python: str) -> Environment:
    return {
        "implementation_name": "cpython",
        "implementation_version": python,
        "os_name": "posix",
        "platform_machine": "x86_64",
        "platform_release": "",
        "platform_system": "Linux",
        "platform_version": "",
        "python_full_version": python,
        "platform_python_implementation": "CPython",
        "python_version": python.rpartition(".")[0],
        "sys_platform": "linux",
    }


def _selected(path: Path, python: str, groups: tuple[str, ...], extras: tuple[str, ...]) -> Named:
    """What `packaging.pylock` selects, as pip does; every package has a file that fits, so markers alone decide."""
    lock = _pylock().Pylock.from_dict(tomli.loads(path.read_text(encoding="utf-8")))
    minor = tuple(map(int, python.split(".")[:2]))
    selected = lock.select(
        environment=_environment(python),
        tags=list(cpython_tags(minor, platforms=["manylinux_2_28_x86_64", "any"])),
        extras=extras,
        # Without a choice the default groups are selected; a choice stands beside them here, as `--group` does.
        dependency_groups=(*groups, *(lock.default_groups or ())) if groups else None,
    )
    return {(package.name, str(package.version)) for package, _ in selected if package.version is not None}


def _chosen(path: Path, python: str, groups: tuple[str, ...], extras: tuple[str, ...]) -> tuple[Named, list[str]]:
    """The packages that are selected here, and what is said of the choice."""
    reading = _reading(path)
    wanted = Wanted(python=python, platform="linux-x86_64", groups=groups, extras=extras)
    target = target_for([reading], wanted)
    chosen = [pin for pin, choice in zip(reading.pins, choose(reading, target), strict=True) if choice.selected]
    return _packages(chosen), [problem.says for problem in problems([reading], wanted, target)]


@needs_select
@pytest.mark.parametrize("python", PYTHONS)
def test_packaging_selects_all_of_a_lock_without_choices(python: str) -> None:
    path = LOCKS / "pylock" / "pylock.toml"
    expected = _selected(path, python, (), ())
    assert _chosen(path, python, (), ()) == (expected, [])
    assert len(expected) > 5


@needs_select
@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize(("groups", "extras"), CHOICES)
def test_packaging_selects_what_is_chosen(python: str, groups: tuple[str, ...], extras: tuple[str, ...]) -> None:
    path = LOCKS / "pylock-choices" / "pylock.toml"
    assert _chosen(path, python, groups, extras) == (_selected(path, python, groups, extras), [])


@pytest.mark.parametrize("lock", ["pylock", "pylock-choices"])
@pytest.mark.parametrize(
    ("groups", "extras", "said"), [(("nope",), (), "no group `nope`"), ((), ("nope",), "no extra `nope`")]
)
def test_a_choice_that_a_lock_does_not_declare_is_said(
    lock: str, groups: tuple[str, ...], extras: tuple[str, ...], said: str
) -> None:
    """`packaging.pylock` raises for it since version 26.4."""
    (why,) = _chosen(LOCKS / lock / "pylock.toml", "3.11.7", groups, extras)[1]
    assert said in why
