"""Whole-process times, each beside its yardstick in the same run: `python benchmarks/whole_process.py [--rounds N]`.

The yardsticks are what cannot be avoided (importing typer, parsing the locks) and what others need (`uv export`).
Times are the best of several rounds, since everything else on the machine only adds to them.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

CORPUS = Path(os.environ.get("MLAUDIT_CORPUS", Path(__file__).parent.parent.parent / "shared" / "corpus"))
LOCKS = [CORPUS / "kserve+kserve" / "python" / name / "uv.lock" for name in ("huggingfaceserver", "autogluonserver")]
TWENTY = """
numpy==2.1.3 pandas==2.2.3 scikit-learn==1.5.2 scipy==1.14.1 joblib==1.4.2 requests==2.32.3 urllib3==2.2.3
click==8.1.7 rich==13.9.4 pyyaml==6.0.2 fastapi==0.115.5 uvicorn==0.32.1 pydantic==2.10.2 pillow==11.0.0
tqdm==4.67.1 certifi==2024.8.30 idna==3.10 anyio==4.6.2 httpx==0.27.2 xgboost==2.1.2
""".split()  # noqa: SIM905  twenty words read better than twenty literals


def best(command: Sequence[str], rounds: int, folder: Path) -> float:
    """Seconds of the fastest of several runs."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    seconds = []
    for _ in range(rounds):
        begin = time.perf_counter()
        subprocess.run(command, cwd=folder, capture_output=True, check=False, env=environment)
        seconds.append(time.perf_counter() - begin)
    return min(seconds)


def fleet(folder: Path, environments: int) -> None:
    """A configuration of environments with 50 pins each, all following the first; every tenth drifts."""
    lines = []
    for number in range(environments):
        home = folder / f"service-{number:04}"
        home.mkdir()
        pins = [
            f"package-{at}==1.{at}.{number % 10 == 0}".replace("True", "1").replace("False", "0") for at in range(46)
        ]
        (home / "requirements.txt").write_text("\n".join([*TWENTY[:4], *pins]) + "\n")
        follows = 'follows = "service-0001"' if number != 1 else ""
        lines.append(f'[environments.service-{number:04}]\nsources = ["{home.name}/requirements.txt"]\n{follows}\n')
    (folder / "mlaudit.toml").write_text("\n".join(lines))


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--rounds", type=int, default=7)
    rounds = arguments.parse_args().rounds
    python, mlaudit = sys.executable, [sys.executable, "-m", "mlaudit"]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for side, pins in (("training", TWENTY), ("serving", ["numpy==1.26.4", *TWENTY[1:]])):
            (folder / side).mkdir()
            (folder / side / "requirements.txt").write_text("\n".join(pins) + "\n")
        small = [f"{side}/requirements.txt" for side in ("training", "serving")]
        best([*mlaudit, "compare", *small], 1, folder)  # writes the byte code that an install would have
        typer = best([python, "-c", "import typer"], rounds, folder)
        print(f"{'python -c pass':<40}{best([python, '-c', 'pass'], rounds, folder):8.3f} s")
        print(f"{'python -c import typer':<40}{typer:8.3f} s")
        for label, command in (("mlaudit --version", ["--version"]), ("compare, 2 x 20 lines", ["compare", *small])):
            seconds = best([*mlaudit, *command], rounds, folder)
            print(f"{label:<40}{seconds:8.3f} s  {seconds / typer:5.2f} x import typer")
        if all(lock.is_file() for lock in LOCKS):
            locks(folder, rounds, mlaudit)
        (folder / "fleet").mkdir()
        fleet(folder / "fleet", 1000)
        seconds = best(
            [*mlaudit, "check", "--format", "json", "--output", os.devnull], max(rounds // 2, 1), folder / "fleet"
        )
        print(f"{'check, 1,000 environments x 50 pins':<40}{seconds:8.3f} s")


def locks(folder: Path, rounds: int, mlaudit: Sequence[str]) -> None:
    """The two big locks, beside bare parsing of both and `uv export` of both."""
    paths = [str(lock) for lock in LOCKS]
    code = f"import tomli\nfor path in {paths!r}: tomli.loads(open(path, encoding='utf-8').read())"
    bare = best([sys.executable, "-c", code], rounds, folder)
    print(f"{'tomli.loads of two 1 MB locks':<40}{bare:8.3f} s")
    seconds = best([*mlaudit, "compare", *paths], rounds, folder)
    print(f"{'compare of the two':<40}{seconds:8.3f} s  {seconds / bare:5.2f} x tomli")
    uv = shutil.which("uv", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}")
    if uv is None:
        print("uv export: uv is not installed")
        return
    total = 0.0
    for lock in LOCKS:
        home = folder / lock.parent.name
        shutil.copytree(lock.parent, home)
        total += best([uv, "export", "--frozen", "--offline", "--quiet"], rounds, home)
    print(f"{'uv export --frozen of the two':<40}{total:8.3f} s  {total / bare:5.2f} x tomli")


if __name__ == "__main__":
    main()
