"""Seconds to read which artifacts 2,000 Python files write and read, and the ratio to reading the same bytes.

Run it from the project's folder: `python -m benchmarks.code_reading [--files COUNT]`. One file in eight trains,
as in the repositories of the discovery cases; every other one is code that no call of the table stands in.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

from mlaudit.code.repository import read_program

_TRAIN = """
import os

import joblib
import pandas as pd
from sklearn.ensemble import RandomForestClassifier

from project.config import MODELS

NAME = "forest_{number}.joblib"


def save(model, path):
    joblib.dump(model, path)


def train(table):
    frame = pd.read_csv(table)
    model = RandomForestClassifier(n_estimators=100)
    model.fit(frame.drop(columns=["y"]), frame["y"])
    save(model, os.path.join(MODELS, NAME))


if __name__ == "__main__":
    train("table_{number}.csv")
"""
_PLAIN = """
import logging

logger = logging.getLogger(__name__)


class Service{number}:
    def __init__(self, name, retries=3):
        self.name = name
        self.retries = retries

    def run(self, values):
        total = 0
        for value in values:
            if value > self.retries:
                total += value * {number}
            else:
                logger.info("left out %s", value)
        return {{"name": self.name, "total": total, "values": [str(value) for value in values]}}
"""


def main() -> None:
    """Print seconds for reading the bytes, for reading the code, and their ratio."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--files", type=int, default=2_000)
    count = arguments.parse_args().files
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        paths = _written(root, count)
        start = time.perf_counter()
        size = sum(len((root / path).read_bytes()) for path in paths)
        plain = time.perf_counter() - start
        start = time.perf_counter()
        program = read_program(paths, lambda path: (root / path).read_bytes() if (root / path).is_file() else None)
        uses = len(program.uses)
        seconds = time.perf_counter() - start
    print(f"{count} files, {size / 1e6:.1f} MB, {uses} uses in {len(program.modules)} modules that were parsed")
    print(f"bytes {plain:.2f} s, code {seconds:.2f} s, ratio {seconds / max(plain, 1e-6):.0f}")


def _written(root: Path, count: int) -> list[str]:
    paths = ["project/__init__.py", "project/config.py"]
    (root / "project").mkdir()
    (root / paths[0]).write_text("", encoding="utf-8")
    (root / paths[1]).write_text('MODELS = "models"\n', encoding="utf-8")
    for number in range(count - 2):
        template = _TRAIN if number % 8 == 0 else _PLAIN * 6
        path = f"project/part_{number}.py"
        (root / path).write_text(template.format(number=number), encoding="utf-8")
        paths.append(path)
    return paths


if __name__ == "__main__":
    main()
