"""The matrix of versions: what was measured is kept, and borders become proposed rows."""

from __future__ import annotations

import sys
from itertools import product
from pathlib import Path

import pytest

from mlaudit.lab import matrix
from mlaudit.lab.matrix import PairOutcome, outcomes, proposals, run
from mlaudit.lab.measure import DumpedArtifact, Experiment

ONE = DumpedArtifact(
    name="one",
    kind="python.pickle",
    make="{'a': 1.5}",
    use="model['a']",
    save="pickle.dump(model, open(path, 'wb'))",
    load="pickle.load(open(path, 'rb'))",
)
PACKAGE = Experiment(package="p", beside=(), setup="", artifacts=(ONE,))
VERSIONS = ["1.0", "2.0", "3.0"]


def crossed(word: str, *bad: tuple[str, str]) -> list[PairOutcome]:
    return [
        PairOutcome(writer, reader, "python.pickle", "one", word if (writer, reader) in bad else "ok")
        for writer, reader in product(VERSIONS, repeat=2)
    ]


def test_every_pair_is_measured_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = tmp_path / "outcomes.jsonl"
    found = dict.fromkeys(VERSIONS[:2], Path(sys.executable))
    first = run(PACKAGE, found, log, 2)
    assert [one.word for one in first] == ["ok"] * 4
    monkeypatch.setattr(matrix, "measure", lambda *_: pytest.fail("measured twice"))
    assert run(PACKAGE, found, log, 2) == outcomes(log) == first


def test_a_border_becomes_a_row() -> None:
    (row,) = proposals("p", VERSIONS, crossed("error", ("1.0", "2.0"), ("1.0", "3.0")))
    assert 'writer = "<=1.0"' in row
    assert 'reader = ">=2.0"' in row
    assert "failed = 2" in row


def test_a_silent_change_comes_first_and_downwards_is_told() -> None:
    rows = list(
        proposals(
            "p",
            VERSIONS,
            [
                *crossed("error", ("1.0", "2.0"), ("1.0", "3.0")),
                *(
                    PairOutcome(
                        writer,
                        reader,
                        "python.pickle",
                        "two",
                        "different" if writer > "2.0" and reader < writer else "ok",
                    )
                    for writer, reader in product(VERSIONS, repeat=2)
                ),
            ],
        )
    )
    assert [row.splitlines()[0] for row in rows] == ["# different: two", "# error: one"]
    assert 'writer = ">=3.0"' in rows[0]
    assert 'reader = "<=2.0"' in rows[0]


def test_a_break_that_does_not_hold_across_is_not_proposed() -> None:
    assert not list(proposals("p", VERSIONS, crossed("error", ("1.0", "2.0"))))
