"""The date of the knowledge is that of its newest row, and rows older than a year are listed."""

from __future__ import annotations

import re
from datetime import date, timedelta
from pathlib import Path

from mlaudit.knowledge.dates import DAYS, knowledge_date, stale_rows
from mlaudit.reporters._explain import stale_facts
from tests.command_line import run

FOLDER = Path(__file__).parents[1] / "mlaudit" / "knowledge"


def test_the_date_is_the_newest_of_all_rows() -> None:
    texts = (path.read_text(encoding="utf-8") for path in FOLDER.rglob("*.toml"))
    days = [day for text in texts for day in re.findall(r'checked = "([0-9-]+)"', text)]
    assert knowledge_date() == max(days)


def test_a_row_is_stale_only_behind_a_year() -> None:
    newest = date.fromisoformat(knowledge_date())
    assert not stale_rows(date.fromisoformat("2026-11-25"))
    every = stale_rows(newest + timedelta(days=DAYS + 1))
    assert len(every) > 1000
    assert [row.checked for row in every] == sorted(row.checked for row in every)
    assert stale_rows(newest + timedelta(days=DAYS)) != every


def test_a_stale_row_is_named_with_its_file_and_line() -> None:
    lines = stale_facts(date.fromisoformat("2028-01-01"))
    (found,) = [line for line in lines if "umap-learn-any" in line]
    match = re.fullmatch(r"\d{4}-\d\d-\d\d (knowledge/packages/umap-learn\.toml):(\d+) umap-learn-any", found)
    assert match is not None
    text = (FOLDER.parent / match[1]).read_text(encoding="utf-8").splitlines()
    assert text[int(match[2]) - 1].startswith("checked = ")


def test_the_command_lists_them_and_wants_one_subject(tmp_path: Path) -> None:
    assert run(tmp_path, "explain").returncode == 2
    assert run(tmp_path, "explain", "numpy", "--stale").returncode == 2
    done = run(tmp_path, "explain", "--stale")
    assert done.returncode in (0, 1)
    assert bool(stale_rows(date.today())) == (done.returncode == 1)
