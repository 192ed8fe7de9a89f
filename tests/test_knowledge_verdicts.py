"""The bars of the replay of measured loads, where the measurements are at hand (`MLAUDIT_CORPUS`)."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
CORPUS = Path(os.environ.get("MLAUDIT_CORPUS", ROOT / "../shared/corpus")).resolve()
LOADS = CORPUS.parent / "knowledge" / "measured_loads.csv"


@pytest.mark.skipif(not LOADS.exists(), reason="the measured loads are not here (MLAUDIT_CORPUS)")
def test_the_replay_reaches_its_bars() -> None:
    run = subprocess.run(
        [sys.executable, str(ROOT / "benchmarks" / "verdicts.py"), str(LOADS), "--misses"],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr
