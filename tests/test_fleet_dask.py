"""A fleet on a cluster of Dask that loses workers and its scheduler: every repository counts once."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.fleet import BOUNDS, KILLS, generate, measure, misbehave

pytest.importorskip("distributed", reason="Dask is an extra")

COUNT = 120


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc").is_dir(), reason="a worker is found through /proc")
def test_nothing_is_lost_or_counted_twice(tmp_path: Path) -> None:
    folder = tmp_path / "fleet"
    generate(folder, COUNT)
    misbehave(folder, COUNT)
    said = measure(folder, COUNT, 2, dask=True, losses=True).output
    assert (next(folder.glob(f"*/{KILLS}")) / "killed").exists()
    assert said == measure(folder, COUNT, 2, dask=False, losses=False).output
    report = json.loads(said)
    assert report["summary"]["repositories"] == COUNT
    given_up = [one["given_up"] for one in report["repositories"] if one["given_up"]]
    assert given_up == [f"it took longer than {BOUNDS.seconds:g} seconds"]
