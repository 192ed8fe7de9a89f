"""Runs of `mlaudit fix --write`: what is edited; what is refused is said with its reason, and no file changes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import tomli

from tests.checkout import write
from tests.command_line import run, unwrapped

ROOT = Path(__file__).parent.parent
CASES = tomli.loads((ROOT / "fixtures" / "fix_runs.toml").read_text(encoding="utf-8"))["case"]
CONFIGURATION = """
[environments.training]
sources = ["{training}"]
[environments.serving]
sources = ["{serving}"]
follows = "training"
artifact-kinds = ["lightgbm.txt", "torch.state_dict"]
{more}"""


def contents(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_what_is_edited_and_what_is_refused(case: dict[str, Any], tmp_path: Path) -> None:
    training = case.get("training-source", "training.txt")
    configuration = CONFIGURATION.format(training=training, serving=case["serving"], more=case.get("more", ""))
    files = {"mlaudit.toml": configuration, "training.txt": case.get("training", "lightgbm==4.5.0\n"), **case["files"]}
    write(tmp_path, files)
    before, after = contents(tmp_path), case.get("after", {})
    done = run(tmp_path, "fix", "--unsafe-fixes", "--write", *case.get("words", ()))
    shown = unwrapped(done.stderr)
    assert [text for text in case["says"] if text not in shown] == [], shown
    assert contents(tmp_path) == {**before, **after}
    assert done.returncode == case.get("exit-code", 0 if after else 1), shown
    assert bool(done.stdout) is bool(after)
