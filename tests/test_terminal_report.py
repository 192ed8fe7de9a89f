"""The report for a terminal: rows of their own pair only, lines within the width, sentences and quotations whole."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.checkout import write
from tests.command_line import run, unwrapped

LONG = "pipelines/nightly-retraining-of-the-churn-model"
WIDTH = 100
CONFIGURATION = f"""
[environments."{LONG}/training"]
sources = ["{LONG}/training/requirements.txt"]

[environments."{LONG}/serving-one"]
sources = ["{LONG}/serving-one/requirements.txt"]
follows = "{LONG}/training"

[environments."{LONG}/serving-two"]
sources = ["{LONG}/serving-two/requirements.txt"]
follows = "{LONG}/training"
"""


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A writer and two readers with long names; each reader differs in another package."""
    pins = {
        "training": "protobuf==4.21.1\nlightgbm==4.5.0\n",
        "serving-one": "protobuf==3.20.1\nlightgbm==4.5.0\n",
        "serving-two": "protobuf==4.21.1\nlightgbm==4.4.0\n",
    }
    files = {f"{LONG}/{name}/requirements.txt": text for name, text in pins.items()}
    write(tmp_path, {"mlaudit.toml": CONFIGURATION, **files})
    return tmp_path


def rows_below(text: str, reader: str) -> set[str]:
    """The packages of the table of a reader."""
    table = text[text.rindex(f"→ {LONG}/{reader}") :].partition("\n\n")[0]
    return {line.split()[0] for line in table.splitlines()[2:]}


def test_a_table_has_the_rows_of_its_pair(tree: Path) -> None:
    text = run(tree, "check").stdout
    assert rows_below(text, "serving-one") == {"protobuf"}
    assert rows_below(text, "serving-two") == {"lightgbm"}


@pytest.mark.parametrize("arguments", [("check",), ("check", "--verbose"), ("fix",)])
def test_no_line_is_wider_than_the_report(arguments: tuple[str, ...], tree: Path) -> None:
    done = run(tree, *arguments)
    lines = (done.stdout if arguments[0] == "check" else done.stderr).splitlines()
    assert lines
    assert [line for line in lines if len(line) > WIDTH] == []


def test_remarks_of_fix_fit_eighty_columns(tree: Path) -> None:
    remarks = run(tree, "fix").stderr.splitlines()
    assert [line for line in remarks if len(line) > 80 and not line.strip().startswith(LONG)] == []
    assert "protobuf 3.20.1 → 4.21.1: unsafe, the major version changes" in unwrapped("\n".join(remarks))


def test_a_quotation_is_not_cut_at_a_full_stop_in_it(tmp_path: Path) -> None:
    write(tmp_path, {"requirements.txt": "transformers==4.57.6\ntensorflow==2.16.1\n"})
    text = unwrapped(run(tmp_path, "check").stdout)
    assert "Please install the backwards-compatible tf-keras package`." in text


def test_each_place_of_a_broken_combination_names_its_package(tmp_path: Path) -> None:
    write(tmp_path, {"requirements.txt": "setuptools==82.0.0\ntensorboard==2.20.0\n"})
    text = run(tmp_path, "check").stdout
    assert "requirements.txt:2:1   tensorboard 2.20.0\n" in text
    assert "requirements.txt:1:1   setuptools 82.0.0\n" in text


def test_files_with_only_comments_are_one_note(tmp_path: Path) -> None:
    files = {f"s{number}/requirements.txt": "# nothing yet\n" for number in range(5)}
    write(tmp_path, {**files, "train/requirements.txt": "numpy==1.26.4\n"})
    text = unwrapped(run(tmp_path, "check").stdout)
    assert text.count("it contains only comments") == 1
    assert "and 2 more (--verbose lists them): it contains only comments" in text
