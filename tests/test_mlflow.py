"""docs/how-to/mlflow.md with the real MLflow: the snapshot inside the model, the guard before the load."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from mlaudit import guard
from mlaudit.snapshot import dumps

REASON = "mlflow, scikit-learn, pandas and skops are not installed; mlaudit itself needs none of them"
pytest.importorskip("skops", reason=REASON)
flavor = pytest.importorskip("mlflow.sklearn", reason=REASON)
linear = pytest.importorskip("sklearn.linear_model", reason=REASON)

# MLflow imports everything that it can log.
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]
KINDS = ["sklearn.skops"]


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A model as MLflow saves it, with the snapshot of this process inside."""
    snapshot = tmp_path / "mlaudit.snapshot.json"
    snapshot.write_text(dumps(), encoding="utf-8")
    fitted = linear.LogisticRegression().fit([[0.0], [1.0]], [0, 1])
    flavor.save_model(fitted, str(tmp_path / "model"), extra_files=[str(snapshot)])
    return tmp_path / "model"


def test_the_snapshot_is_inside_the_model_and_the_guard_passes(model: Path) -> None:
    guard.check(model / "extra_files" / "mlaudit.snapshot.json", artifact_kinds=KINDS)
    assert flavor.load_model(str(model)).predict([[1.0]]).tolist() == [1]


def test_the_guard_raises_for_a_model_of_another_scikit_learn(model: Path) -> None:
    snapshot = model / "extra_files" / "mlaudit.snapshot.json"
    text = re.sub(r'("scikit-learn", "version": ")[^"]+', r"\g<1>1.2.2", snapshot.read_text(encoding="utf-8"))
    snapshot.write_text(text, encoding="utf-8")
    with pytest.raises(guard.Drift, match=r"scikit-learn 1\.2\.2"):
        guard.check(snapshot, artifact_kinds=["sklearn.pickle"])
