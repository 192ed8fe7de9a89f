"""What the process of a battery does with results, in this process: libraries and arrays are stand-ins."""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from mlaudit.lab import battery_child
from mlaudit.lab.battery import Battery, BatteryError, battery
from mlaudit.lab.battery_child import flat, seed


class Array(list[Any]):
    """A list as arrays are asked for it."""

    shape = (2, 2)

    def tolist(self) -> list[Any]:
        return list(self)


@pytest.mark.parametrize(
    ("value", "listed"),
    [
        (Array([[1, 2], [3, 4]]), ["shape (2, 2)", 1.0, 2.0, 3.0, 4.0]),
        ({"b": 1, "a": (True, "text")}, ["a", 1.0, "text", "b", 1.0]),
        ({3}, [3.0]),
        (SimpleNamespace(shape=None, tolist=lambda: 1.5), [1.5]),
        (None, ["None"]),
    ],
)
def test_results_are_lists_of_numbers_and_texts(value: object, listed: list[object]) -> None:
    assert flat(value) == listed


def test_libraries_that_are_loaded_get_the_same_seed(monkeypatch: pytest.MonkeyPatch) -> None:
    seeds: list[tuple[str, int]] = []
    monkeypatch.setitem(
        sys.modules,
        "numpy",
        SimpleNamespace(random=SimpleNamespace(seed=lambda number: seeds.append(("numpy", number)))),
    )
    monkeypatch.setitem(
        sys.modules, "torch", SimpleNamespace(manual_seed=lambda number: seeds.append(("torch", number)))
    )
    seed()
    assert seeds == [("numpy", battery_child.SEED), ("torch", battery_child.SEED)]
    monkeypatch.setitem(sys.modules, "numpy", SimpleNamespace())
    monkeypatch.delitem(sys.modules, "torch")
    seed()
    assert len(seeds) == 2


@pytest.mark.parametrize(
    ("mine", "other", "says"),
    [
        ((1.0, "a"), (1.0, "a"), ""),
        ((1.0,), (1.0, 2.0), "another shape"),
        ((1.0,), ("1",), "another shape"),
        (("a",), ("b",), "'a' became 'b'"),
        ((float("nan"),), (1.0,), "nan became 1.0"),
        ((float("nan"), float("inf")), (float("nan"), float("inf")), ""),
        ((1000.0,), (1000.0000001,), ""),
        ((1.0, 5.0), (1.5, 5.25), "by up to 0.5"),
    ],
)
def test_how_far_two_results_are_apart(mine: tuple[object, ...], other: tuple[object, ...], says: str) -> None:
    assert Battery(package="p", path=Path("p.py"), requires=(), kinds={}).apart(mine, other) == says


ENDS = """
KINDS = {".bin": "python.pickle"}
import os, time

def artifacts():
    ACT
    yield "a.bin", lambda path: None

def probe(path):
    return 1
"""


@pytest.mark.parametrize(
    ("act", "says"),
    [
        ("os._exit(3)", r"pinbox\.py does not start in .*: process ended with 3"),
        ("time.sleep(60)", r"pinbox\.py does not start in .*: no answer after 1 s"),
    ],
)
def test_a_process_that_ends_before_its_first_artifact_is_an_error(
    act: str, says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if "sleep" in act:
        monkeypatch.setattr("mlaudit.lab.battery.STARTING", 1.0)
    (tmp_path / "pinbox.py").write_text(ENDS.replace("ACT", act), encoding="utf-8")
    with pytest.raises(BatteryError, match=says):
        list(battery("pinbox", tmp_path).dump(Path(sys.executable), tmp_path / "files"))
