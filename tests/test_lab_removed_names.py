"""The maintainers' search for uses of names that a release took away, over two made releases."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

from mlaudit.lab.name_uses import uses_in
from mlaudit.lab.removed_names import main, sought_names

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

OLD = {
    "pack/__init__.py": "from .core import run\nimport pack.plain as plain\n",
    "pack/core.py": (
        "import numpy as np\nfrom collections import Mapping\n\n\ndef run(x):\n    return x.astype(np.float)\n"
    ),
    "pack/plain.py": (
        "import numpy\n\n\nclass Plain:\n    kind = numpy.float_\n\n"
        "    def fit(self, x):\n        return numpy.int(x)\n"
    ),
    "pack/reads.py": (
        "import pandas as pd\nfrom sklearn.utils import check_array as check\n\n\n"
        "def read(path, table):\n    table.read_csv(path, squeeze=True)\n"
        "    check(pd.read_csv(path, squeeze=True, sep=','), force_all_finite=False)\n"
    ),
    "pack/aside.py": "import imp\n",
    "pack/guarded.py": (
        "import numpy as np\n"
        "try:\n    from sklearn.externals import joblib\nexcept ImportError:\n    import joblib\n"
        "if np.__version__ < '2':\n    kind = np.Inf\n\n\n"
        "def early(x):\n    if x is None:\n        return 0\n    return np.product(x)\n\n\n"
        "def perhaps(x):\n    return x and np.alltrue(x)\n"
    ),
    "pack/patched.py": "import numpy as np\nnp.bool = bool\nkind = np.bool\n",
    "pack/tests/test_core.py": "import cgi\n",
    "pack/broken.py": "def (\n",
}
NEW = {**OLD, "pack/core.py": "def run(x):\n    return x\n"}


def _release(cache: Path, name: str, files: dict[str, str]) -> Path:
    for file, text in files.items():
        path = cache / name / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return cache / name


def test_only_sure_uses_are_found(tmp_path: Path) -> None:
    arguments = ["pandas.read_csv(squeeze)", "sklearn.utils.check_array(force_all_finite)", "pandas.read_csv(path)"]
    names = [*(name for removal in sought_names() for name in removal.names), *arguments]
    found = {(use.name, use.kind, use.moment, use.place) for use in uses_in(_release(tmp_path, "old", OLD), names)}
    assert found == {
        ("collections.Mapping", "name", "import", "pack/core.py:2"),
        ("numpy.float", "attribute", "pack.core.run", "pack/core.py:6"),
        ("numpy.float_", "attribute", "import", "pack/plain.py:5"),
        ("numpy.int", "attribute", "pack.plain.Plain.fit", "pack/plain.py:8"),
        ("imp", "module", "import pack.aside", "pack/aside.py:1"),
        ("pandas.read_csv(squeeze)", "argument", "pack.reads.read", "pack/reads.py:7"),
        ("sklearn.utils.check_array(force_all_finite)", "argument", "pack.reads.read", "pack/reads.py:7"),
    }


def test_rows_span_the_releases_that_were_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _release(tmp_path, "pack==1.0", OLD)
    _release(tmp_path, "pack==1.9", OLD)
    _release(tmp_path, "pack==1.10", NEW)
    assert main(["--cache", str(tmp_path), "pack==1.10", "pack==1.0", "pack==1.9"]) == 0
    lines = capsys.readouterr().out.splitlines()
    at = lines.index("# python >=3.10, name")
    row = '{ package = "pack", versions = ">=1.0,<=1.9", name = "collections.Mapping", fixed = "1.10" },'
    assert lines[at + 1].strip() == f"{row}  # pack/core.py:2"
    assert any('versions = ">=1.0,<=1.10", name = "imp", moment = "`import pack.aside`" }' in line for line in lines)


def test_annotations_count_where_python_evaluates_them(tmp_path: Path) -> None:
    text = "import numpy as np\n\n\ndef run(x: np.float) -> None: ...\n"
    eager = _release(tmp_path, "eager", {"eager.py": text})
    lazy = _release(tmp_path, "lazy", {"lazy.py": f"from __future__ import annotations\n{text}"})
    assert [use.moment for use in uses_in(eager, ["numpy.float"])] == ["import"]
    assert not list(uses_in(lazy, ["numpy.float"]))


def test_a_clone_shows_the_releases_that_it_has_tags_of(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    clone = tmp_path / "clones" / "owner+pack" / "repo"
    clone.mkdir(parents=True)

    def git(*words: str) -> None:
        named = ("-c", "user.name=A", "-c", "user.email=a@pinbox.example", "-c", "tag.gpgsign=false")
        subprocess.run(["git", "-C", str(clone), *named, *words], check=True, capture_output=True)

    git("init", "-q", ".")
    for version, files in (("1.0.0", OLD), ("1.0.1", OLD), ("1.1.0rc1", OLD), ("1.1.0", NEW), ("nightly", OLD)):
        beside = {"../setup.py": "import imp\n", "../tests/__init__.py": "import imp\n"}
        _release(clone / "python", "src", {**files, **beside})
        git("add", "-A")
        git("commit", "-qm", version, "--allow-empty")
        git("tag", f"v{version}" if version != "nightly" else version)
    words = ["pack@owner/pack:python", "--cache", str(tmp_path / "cache"), "--clones", str(tmp_path / "clones")]
    assert main(words) == 0
    last = capsys.readouterr().out.splitlines()
    assert main([*words, "--every"]) == 0
    every = capsys.readouterr().out.splitlines()
    row = '  { package = "pack", versions = "VERSIONS", name = "collections.Mapping", fixed = "1.1.0" },'
    row += "  # pack/core.py:2"
    assert row.replace("VERSIONS", "==1.0.1") in last
    assert row.replace("VERSIONS", ">=1.0.0,<=1.0.1") in every
    assert not [line for line in every if "src/" in line or "setup.py" in line or "tests" in line]
