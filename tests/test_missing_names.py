"""Names that pickles import, against code as files: `fixtures/names/`; some answers are confirmed by a real load."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import tomli

from mlaudit.code.defined_names import InstalledNames
from mlaudit.sources.package_sources import PackageSources
from tests.parser_cases import FIXTURES

INSTALLED = tomli.loads((FIXTURES / "names" / "installed.toml").read_text(encoding="utf-8"))["case"]


def write(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def loaded(folder: Path, asked: str) -> str:
    """What `pickle` says to a pickle that names a class, in a process of its own."""
    module, name = asked.split(":")
    words = [module.encode(), name.encode()]
    data = b"\x80\x04" + b"".join(b"\x8c" + bytes([len(word)]) + word for word in words) + b"\x93."
    code = (
        f"import pickle, sys; sys.path.insert(0, {str(folder)!r})\n"
        f"try:\n    pickle.loads({data!r})\n    print('ok')\n"
        "except Exception as error:\n    print(type(error).__name__)\n"
    )
    run = subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, text=True, check=True)
    return run.stdout.strip()


@pytest.mark.parametrize("case", INSTALLED, ids=lambda case: case["name"])
def test_tells_whether_installed_code_has_a_name(case: dict[str, Any], tmp_path: Path) -> None:
    write(tmp_path, case["files"])
    module, name = case["asked"].split(":")
    assert InstalledNames(PackageSources(tmp_path)).answer(module, name).value == case["answer"]


@pytest.mark.slow
@pytest.mark.parametrize("case", [case for case in INSTALLED if "load" in case], ids=lambda case: case["name"])
def test_a_real_load_agrees(case: dict[str, Any], tmp_path: Path) -> None:
    write(tmp_path, case["files"])
    assert loaded(tmp_path, case["asked"]) == case["load"]
    assert case["load"] != "ok" or case["answer"] in ("defined", "unknown")
