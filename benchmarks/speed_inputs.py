"""What `benchmarks.speed` runs on: small files, fleets and a tree, made anew; the two large locks, copied."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

CORPUS = Path(os.environ.get("MLAUDIT_CORPUS", Path(__file__).parent.parent.parent / "shared" / "corpus"))
LOCKS = [CORPUS / "kserve+kserve" / "python" / name for name in ("huggingfaceserver", "autogluonserver")]
TWENTY = """
numpy==2.1.3 pandas==2.2.3 scikit-learn==1.5.2 scipy==1.14.1 joblib==1.4.2 requests==2.32.3 urllib3==2.2.3
click==8.1.7 rich==13.9.4 pyyaml==6.0.2 fastapi==0.115.5 uvicorn==0.32.1 pydantic==2.10.2 pillow==11.0.0
tqdm==4.67.1 certifi==2024.8.30 idna==3.10 anyio==4.6.2 httpx==0.27.2 xgboost==2.1.2
""".split()  # noqa: SIM905  twenty words read better than twenty literals
TREE_FILES = 5400
DEPENDENCY_FILES = 162
"""Three in a hundred."""


def program(name: str) -> str | None:
    """A program beside the running Python, or on PATH."""
    return shutil.which(name, path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}")


def two_requirements_files(folder: Path) -> None:
    """`training/requirements.txt` and `serving/requirements.txt`, with another numpy in the second."""
    _write(folder / "training/requirements.txt", _lines(TWENTY))
    _write(folder / "serving/requirements.txt", _lines(["numpy==1.26.4", *TWENTY[1:]]))


def repository_with_a_note(folder: Path) -> None:
    """A declared pair, and a requirements file that belongs to none of its environments."""
    two_requirements_files(folder)
    _write(folder / "docs/requirements.txt", "mkdocs==1.6.1\n")
    _write(
        folder / "mlaudit.toml",
        '[environments.training]\nsources = ["training/requirements.txt"]\n'
        '[environments.serving]\nsources = ["serving/requirements.txt"]\nfollows = "training"\n',
    )
    subprocess.run(["git", "init", "--quiet", str(folder)], check=True)


def large_locks(folder: Path) -> list[Path]:
    """Copies of two locks of 1 MB with their projects; empty where the corpus is not there."""
    if not all((home / "uv.lock").is_file() for home in LOCKS):
        return []
    for home in LOCKS:
        shutil.copytree(home, folder / home.name)
    return [folder / home.name / "uv.lock" for home in LOCKS]


def fleet(folder: Path, environments: int) -> None:
    """A configuration of environments with 50 pins each, all following one; every tenth drifts."""
    lines = []
    for number in range(environments):
        name = f"service-{number:05}"
        _write(
            folder / name / "requirements.txt", _lines(f"{package}=={version}" for package, version in _pins(number))
        )
        follows = 'follows = "service-00001"' if number != 1 else ""
        lines.append(f'[environments.{name}]\nsources = ["{name}/requirements.txt"]\n{follows}\n')
    _write(folder / "mlaudit.toml", "\n".join(lines))


def node_fleet(folder: Path, packages: int) -> None:
    """The same dependencies and the same drift as `package.json` files of one workspace."""
    root = {"name": "fleet", "private": True, "workspaces": ["packages/*"]}
    _write(folder / "package.json", json.dumps(root, indent=2))
    for number in range(packages):
        name = f"service-{number:05}"
        content = {"name": name, "version": "1.0.0", "dependencies": {name: _three(at) for name, at in _pins(number)}}
        _write(folder / "packages" / name / "package.json", json.dumps(content, indent=2))


def _pins(number: int) -> Iterator[tuple[str, str]]:
    """Fifty packages of one environment, of which four are known to mlaudit."""
    yield from (tuple(pin.split("==", 1)) for pin in TWENTY[:4])  # type: ignore[misc]
    drift = 1 if number % 10 == 0 else 0
    yield from ((f"package-{at}", f"1.{at}.{drift}") for at in range(46))


def _three(version: str) -> str:
    return ".".join([*version.split("."), "0", "0"][:3])


def tree(folder: Path) -> list[str]:
    """A repository of thousands of files; the paths of those that state dependencies."""
    stating = []
    for number in range(TREE_FILES):
        home = f"area-{number % 60:02}/part-{number % 900:03}"
        every = TREE_FILES // DEPENDENCY_FILES
        kind = number // every if number % every == 0 and number // every < DEPENDENCY_FILES else None
        path, text = _other_file(number) if kind is None else _dependency_file(kind)
        if kind is not None:
            home = f"services/{kind // 6:03}/{('train', 'serve')[kind // 3 % 2]}"
            stating.append(f"{home}/{path}")
        _write(folder / home / path, text)
    subprocess.run(["git", "init", "--quiet", str(folder)], check=True)
    subprocess.run(["git", "add", "--all"], cwd=folder, check=True)
    return stating


def _dependency_file(number: int) -> tuple[str, str]:
    pins = [f"{package}=={version}" for package, version in _pins(number)]
    quoted = "".join(f'  "{pin}",\n' for pin in pins[:20])
    return (
        ("requirements.txt", _lines(pins)),
        ("Dockerfile", "FROM python:3.11-slim\nCOPY requirements.txt .\nRUN pip install -r requirements.txt\n"),
        ("pyproject.toml", f'[project]\nname = "service-{number}"\nversion = "1"\ndependencies = [\n{quoted}]\n'),
    )[number % 3]


def _other_file(number: int) -> tuple[str, str]:
    name, ending = f"file-{number:04}", (".py", ".md", ".json", ".yaml", ".txt", ".csv", ".sh", ".ipynb.bak", ".png")
    texts = {".py": "import os\n\n\ndef main() -> None:\n    print(os.name)\n", ".json": "{}\n", ".yaml": "a: 1\n"}
    chosen = ending[number % len(ending)]
    return f"{name}{chosen}", texts.get(chosen, f"number {number}\n" * 20)


def modules_of_a_compare(folder: Path) -> str:
    """A sentence: how many modules a compare of two requirements files loads, and how many of them it enters."""
    code = (
        "import sys\n"
        "entered = set()\n"
        "def called(frame, event, _):\n"
        "    module = frame.f_globals.get('__name__', '')\n"
        "    if event == 'call' and module.startswith('mlaudit') and frame.f_code.co_name != '<module>':\n"
        "        entered.add(module)\n"
        "from mlaudit.cli.app import run\n"
        "sys.setprofile(called)\n"
        "sys.stdout, out = open('/dev/null', 'w'), sys.stdout\n"
        "run(['compare', 'training/requirements.txt', 'serving/requirements.txt'])\n"
        "sys.setprofile(None)\n"
        "loaded = [name for name in sys.modules if name.partition('.')[0] == 'mlaudit']\n"
        "print(len(loaded), len(entered), file=out)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, check=True)
    loaded, entered = done.stdout.split()
    return f"A compare of two requirements files loads {loaded} modules of mlaudit and enters {entered} (to reach: 35)."


def _lines(words: Iterator[str] | list[str]) -> str:
    return "\n".join(words) + "\n"


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
