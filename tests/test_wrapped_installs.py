"""Installs behind other commands (`python -c`, `hatch run`, `conda run`, `pipx runpip`): read, or said to be unread."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlaudit.grammars.shell.python_code import MAX_CALLS, MAX_CODE
from mlaudit.model.nouns import Kind, Reading
from mlaudit.parsers._read import read
from mlaudit.sources.working_tree import WorkingTree


def recipe(folder: Path, command: str) -> Reading:
    (folder / "Dockerfile").write_text(f"FROM python:3.11\nRUN {command}\n", encoding="utf-8")
    return read(WorkingTree(folder).document(folder / "Dockerfile"))


def packages(reading: Reading) -> dict[str, str | None]:
    return {pin.package: pin.version for pin in reading.pins if pin.kind is Kind.PACKAGE}


@pytest.mark.parametrize(
    "command",
    [
        "python -c \"import subprocess; subprocess.run(['pip', 'install', 'joblib==1.4.2'])\"",
        "python3 -Ic \"import os; os.system('pip install joblib==1.4.2')\"",
        "python -c 'import subprocess as s; s.check_call(\"pip install joblib==1.4.2\", shell=True)'",
        "python -c \"import sys; subprocess.call([sys.executable, '-m', 'pip', 'install', 'joblib==1.4.2'])\"",
        "python -c \"import pip; pip.main(['install', 'joblib==1.4.2'])\"",
        "python -c \"from pip._internal.cli.main import main; main(['install', 'joblib==1.4.2'])\"",
        "python - <<EOF\nimport os\nos.system('pip install joblib==1.4.2')\nEOF",
        "python <<'EOF'\nimport os\nos.system('pip install joblib==1.4.2')\nEOF",
        "uv run python -c \"import os; os.system('pip install joblib==1.4.2')\"",
        "conda run -n serve python -c \"import os; os.system('pip install joblib==1.4.2')\"",
        "hatch run serve:pip install joblib==1.4.2",
        "hatch run +py=3.11 serve:pip install joblib==1.4.2",
        "hatch -e serve run pip install joblib==1.4.2",
        "hatch env run -e serve -- pip install joblib==1.4.2",
        "hatch run serve:python -m pip install joblib==1.4.2",
        "conda run -n serve pip install joblib==1.4.2",
        "conda run --cwd /srv --no-capture-output -n serve pip install joblib==1.4.2",
        "micromamba run -n serve conda install joblib==1.4.2",
        "poetry -C serving run pip install joblib==1.4.2",
        "pixi run --manifest-path serving -e serve pip install joblib==1.4.2",
    ],
)
def test_what_a_command_behind_another_installs_is_read(tmp_path: Path, command: str) -> None:
    reading = recipe(tmp_path, command)
    assert packages(reading) == {"joblib": "1.4.2"}
    assert reading.unread == ()


@pytest.mark.parametrize(
    "command",
    [
        "python -c \"import subprocess; subprocess.run(['pip', 'install', wanted])\"",
        "python -c \"import os; os.system('pip install ' + wanted)\"",
        "python -c \"import os; os.system(f'pip install {wanted}')\"",
        "python -c \"os.system('pip install joblib' if\"",
        "python - <<EOF\nimport os\nos.system('pip install %s' % wanted)\nEOF",
        f"python -c \"import os; {'x(1); ' * (MAX_CALLS + 1)}os.system('pip install joblib')\"",
        f"python -c \"os.system('pip install joblib') # {'x' * MAX_CODE}\"",
    ],
)
def test_what_only_running_the_code_tells_is_unread(tmp_path: Path, command: str) -> None:
    reading = recipe(tmp_path, command)
    assert packages(reading) == {}
    assert "computed when it runs" in " ".join(entry.why for entry in reading.unread)


@pytest.mark.parametrize("command", ["pipx runpip black install joblib==1.4.2", "pipx install-all tools.json"])
def test_installs_into_environments_of_tools_are_told(tmp_path: Path, command: str) -> None:
    reading = recipe(tmp_path, command)
    assert packages(reading) == {}
    assert any("an environment of its own" in fact.value for fact in reading.facts)


@pytest.mark.parametrize(
    "command",
    [
        'python -c "import torch; print(torch.__version__)"',
        "python -c \"import subprocess; subprocess.run(['nvidia-smi'])\"",
        'python -c "run(names)"',
        "python serve.py -c \"os.system('pip install joblib==1.4.2')\"",
        "hatch run serve:start",
        "hatch env create serve",
    ],
)
def test_commands_that_install_nothing_say_nothing(tmp_path: Path, command: str) -> None:
    reading = recipe(tmp_path, command)
    assert packages(reading) == {}
    assert reading.unread == ()
