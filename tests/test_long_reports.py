"""What a terminal shows of reports with many pairs, environments and entries, and what it counts instead."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.checkout import write
from tests.command_line import run

TRAINED = "numpy==2.1.3\nscikit-learn==1.5.2\n"


def declared(folder: Path, readers: int, *, name: str = "serving", width: int = 80, options: str = "") -> list[str]:
    """The lines of a check of one writer and many readers, of which every third differs."""
    files = {"training/requirements.txt": TRAINED}
    config = '[environments.training]\nsources = ["training/requirements.txt"]\n'
    for number in range(readers):
        path = f"{number}/requirements.txt"
        files[path] = TRAINED if number % 3 else "numpy==1.26.4\nscikit-learn==1.5.2\n"
        config += f'[environments.{name}-{number}]\nsources = ["{path}"]\nfollows = ["training"]\n'
    write(folder, {**files, "mlaudit.toml": config})
    return run(folder, "check", *options.split(), env={"COLUMNS": str(width)}).stdout.splitlines()


def test_many_pairs_are_a_table_with_the_worst_first(tmp_path: Path) -> None:
    lines = declared(tmp_path, 25)
    start = lines.index("25 pairs, the worst first:")
    shown = lines[start + 1 : start + 22]
    assert shown[0].split() == ["1", "error", "training", "→", "serving-0"]
    assert [line.split()[-1] for line in shown[:9]] == [f"serving-{number}" for number in range(0, 25, 3)]
    assert shown[9].split() == ["training", "→", "serving-1"]
    assert shown[20] == "  5 more pairs: --verbose"
    assert "the worst first" not in "\n".join(declared(tmp_path, 25, options="--verbose"))


@pytest.mark.parametrize(
    ("length", "expected"),
    [
        (70, ["1 error   training → {name}-0"]),
        (82, ["1 error   training", "          → {name}-0"]),
        (95, ["1 error", "    training", "    → {name}-0"]),
    ],
)
def test_long_names_of_pairs_are_below_one_another(tmp_path: Path, length: int, expected: list[str]) -> None:
    lines = declared(tmp_path, 6, name="a" * length)
    start = lines.index("6 pairs, the worst first:")
    assert lines[start + 1 : start + 1 + len(expected)] == [line.format(name="a" * length) for line in expected]


def test_environments_without_a_pair_are_counted_past_the_first(tmp_path: Path) -> None:
    write(tmp_path, {f"part-{number:02}/requirements.txt": "pandas==2.2.2\n" for number in range(15)})
    text = run(tmp_path, "check").stdout
    assert "and 3 more environments: --verbose" in text.splitlines()


def test_entries_of_no_finding_are_listed_and_counted(tmp_path: Path) -> None:
    entries = "".join(f"{name}==1 ; bad\n" for name in ("numpy", "x" * 70, *(f"p{number}" for number in range(6))))
    write(tmp_path, {"training/requirements.txt": TRAINED, "serving/requirements.txt": f"{TRAINED}{entries}"})
    lines = run(tmp_path, "check", "--ignore", "MLA901").stdout.splitlines()
    start = lines.index("Not compared:")
    assert lines[start + 1 : start + 5] == [
        "  serving/requirements.txt:3:1 `numpy==1 ; bad`",
        "    not a PEP 508 requirement: unexpected `b` at character 12",
        f"  serving/requirements.txt:4:1 `{'x' * 60}`",
        "    not a PEP 508 requirement: unexpected `b` at character 77",
    ]
    assert lines[start + 11] == "  and 3 more: --verbose"


def test_what_was_left_out_is_said(tmp_path: Path) -> None:
    names = ("dev", "test")
    files = {f"requirements-{name}.txt": "pytest==8.3.3\n" for name in names}
    write(tmp_path, {**files, "docs/requirements.txt": "mkdocs\n", "requirements.txt": "numpy==1.26.4\n"})
    text = " ".join(run(tmp_path, "check").stdout.split())
    assert "3 files left out (documentation, development tools, tests); --verbose lists them." in text
