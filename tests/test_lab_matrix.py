"""The matrix of versions: what was measured is kept, and borders become proposed rows."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from itertools import product
from pathlib import Path

import pytest

from mlaudit.lab import matrix
from mlaudit.lab.battery import Battery
from mlaudit.lab.matrix import outcomes
from mlaudit.lab.proposals import PairOutcome, proposals

BATTERY = """
KINDS = {".json": "python.pickle"}


def artifacts():
    yield "one.json", lambda path: open(path, "w").write("1.5")


def probe(path):
    return float(open(path).read())
"""
VERSIONS = ["1.0", "2.0", "3.0"]


def crossed(word: str, *bad: tuple[str, str]) -> list[PairOutcome]:
    return [
        PairOutcome(writer, reader, "python.pickle", "one", word if (writer, reader) in bad else "ok")
        for writer, reader in product(VERSIONS, repeat=2)
    ]


def test_environments_dumps_and_loads_are_made_once_and_resumed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without uv and an index: each environment is this Python, which suffices to hand over a number."""
    (tmp_path / "batteries").mkdir()
    (tmp_path / "batteries" / "pinbox.py").write_text(BATTERY, encoding="utf-8")
    built: list[tuple[str, ...]] = []

    def build(place: Path, python: str, requirements: Sequence[str]) -> None:
        if "pinbox==3.0" in requirements:
            raise subprocess.CalledProcessError(1, "uv")
        built.append((python, *requirements))
        (place / "bin").mkdir(parents=True)
        (place / "bin" / "python").symlink_to(sys.executable)

    monkeypatch.setattr(matrix, "environment", build)
    asked = ["pinbox", "1.0", "2.0,numpy==1.26.4@3.9", "3.0", "--keep", str(tmp_path / "kept")]
    asked += ["--batteries", str(tmp_path / "batteries"), "--jobs", "1"]
    assert matrix.main(asked) == 0
    first = capsys.readouterr()
    assert built == [("3.11", "pinbox==1.0"), ("3.9", "pinbox==2.0", "numpy==1.26.4")]
    assert first.out == "# python.pickle: 2 loads over 2 pairs: 2 ok\n"
    assert "pinbox 3.0 cannot be installed" in first.err
    assert {one.pair for one in outcomes(tmp_path / "kept" / "outcomes.jsonl")} == {
        ("1.0", "2.0,numpy==1.26.4@3.9"),
        ("2.0,numpy==1.26.4@3.9", "1.0"),
    }
    monkeypatch.setattr(matrix, "written", lambda *_: pytest.fail("dumped twice"))
    monkeypatch.setattr(Battery, "probe", lambda *_: pytest.fail("probed twice"))
    assert matrix.main(asked) == 0
    assert (capsys.readouterr().out, len(built)) == (first.out, 2)


def test_a_line_that_was_not_finished_is_left_out(tmp_path: Path) -> None:
    kept = tmp_path / "outcomes.jsonl"
    kept.write_text(
        '{"writer": "1", "reader": "2", "kind": "k", "artifact": "a", "word": "ok"}\n{"wri', encoding="utf-8"
    )
    assert [one.pair for one in outcomes(kept)] == [("1", "2")]


def test_the_same_version_under_two_pythons_gives_a_row_of_pythons() -> None:
    labels = ["1.0@3.9", "1.0@3.11"]
    found = [PairOutcome("1.0@3.9", "1.0@3.11", "python.pickle", "one", "error", "unknown opcode")]
    (row,) = proposals("p", labels, found)
    assert 'writer_python = "<=3.9"' in row
    assert 'reader_python = ">=3.11"' in row
    assert "lab.measure p 1.0 1.0 --pythons 3.9 3.11" in row


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
