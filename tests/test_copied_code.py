"""Functions that training and serving each have a copy of: told where they have parted, silent where they have not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.checkout import write
from tests.command_line import run

FEATURES = '''\
import numpy as np


def fill_missing(table, columns):
    """Replace what is missing."""
    for column in columns:
        values = table[column].to_numpy(dtype=float)
        known = values[~np.isnan(values)]
        default = np.median(known) if len(known) else 0.0
        table[column] = np.where(np.isnan(values), default, values)
    return table
'''
ANOTHER = """\
def fill_missing(path):
    with open(path) as lines:
        return [line.split(",") for line in lines if line.strip() and not line.startswith("#") and "," in line]
"""
TRAINING = "import joblib\nfrom features import fill_missing\n\njoblib.dump(fill_missing, 'churn.joblib')\n"
SERVING = """\
import joblib
from fastapi import FastAPI
from features import fill_missing

app = FastAPI()
model = joblib.load("churn.joblib")
"""


def parted(folder: Path, serving_features: str, name: str = "features.py") -> list[dict[str, object]]:
    """The findings of two folders with a module each."""
    module = name.removesuffix(".py")
    write(
        folder,
        {
            "training/requirements.txt": "joblib==1.4.2\n",
            "training/train.py": TRAINING.replace("features", module),
            f"training/{name}": FEATURES,
            "serving/requirements.txt": "joblib==1.4.2\nfastapi==0.110.0\n",
            "serving/app.py": SERVING.replace("features", module),
            f"serving/{name}": serving_features,
        },
    )
    report = json.loads(run(folder, "check", "--format", "json").stdout)
    assert report["pairs"], report
    return [finding for finding in report["findings"] if finding["code"] == "MLA604"]


def test_a_copy_that_has_parted_is_a_warning_with_both_places(tmp_path: Path) -> None:
    (finding,) = parted(tmp_path, FEATURES.replace("np.median(known)", "np.mean(known)"))
    assert finding["severity"] == "warning"
    assert finding["environments"] == ["training", "serving"]
    places = [(one["path"], one["line"]) for one in finding["locations"]]  # type: ignore[attr-defined]
    assert places == [("serving/features.py", 4), ("training/features.py", 4)]


@pytest.mark.parametrize(
    "text",
    [
        FEATURES,
        FEATURES.replace("    for", "    # every one\n    for"),
        FEATURES.replace('"""Replace what is missing."""', '"""Fill."""').replace(
            "(table, columns)", "(table, columns: list)"
        ),
        ANOTHER,
        FEATURES.replace("fill_missing", "fill_all") + "\nfill_missing = fill_all\n",
        "def broken(:\n",
    ],
    ids=["equal", "comments", "documentation and annotations", "another function", "another name", "no Python"],
)
def test_what_was_never_a_copy_or_is_still_one_is_silent(text: str, tmp_path: Path) -> None:
    assert parted(tmp_path, text) == []


def test_functions_that_prepare_nothing_may_differ(tmp_path: Path) -> None:
    text = FEATURES.replace("fill_missing", "report")
    write(tmp_path, {})
    for module in ("training", "serving"):
        write(tmp_path, {f"{module}/common.py": text if module == "training" else text.replace("median", "mean")})
    assert parted(tmp_path, FEATURES) == []
