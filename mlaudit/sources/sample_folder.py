"""A small folder with training and serving, for processes that load what audits need before the first of them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

_FILES = {
    "train/requirements.txt": "numpy==2.1.3\nscikit-learn==1.5.2\n",
    "train/train.py": "import joblib, sklearn.svm\njoblib.dump(sklearn.svm.SVC(), 'models/sample.joblib')\n",
    "serve/requirements.txt": "numpy==1.26.0\nscikit-learn==1.5.1\n",
    "serve/app.py": "import joblib, fastapi\napp = fastapi.FastAPI()\nmodel = joblib.load('models/sample.joblib')\n",
}


@contextmanager
def sample_folder() -> Iterator[Path]:
    """The folder, until the end of the block."""
    with TemporaryDirectory() as name:
        for path, text in _FILES.items():
            target = Path(name, path)
            target.parent.mkdir(exist_ok=True)
            target.write_text(text, encoding="utf-8")
        yield Path(name)
