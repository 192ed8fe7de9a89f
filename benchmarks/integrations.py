"""Times what runs where people work: a snapshot, the guard at the start of serving, and a hook, of 400 packages.

    python benchmarks/integrations.py

Each figure is the median of several runs, wall and CPU time; `python -c pass` is the yardstick. The first three are of
whole processes; the guard's are of the call alone, `first` with everything that it imports.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
RUNS = 9
PACKAGES = 400
REAL = {"numpy": "2.1.3", "scipy": "1.15.2", "scikit-learn": "1.6.1", "pandas": "2.2.3", "torch": "2.5.1"}

GUARD = """
import json, sys, time
from mlaudit import guard
sys.path.insert(0, sys.argv[2])
times = []
for _ in range(2):
    wall, cpu = time.perf_counter(), time.process_time()
    guard.check(sys.argv[1], on="warn")
    times += [time.perf_counter() - wall, time.process_time() - cpu]
print(json.dumps(times))
"""


def site(folder: Path) -> Path:
    """A folder of installed packages, with descriptions and requirements as real ones have."""
    named = {**REAL, **{f"package-{number:03}": f"1.{number}.0" for number in range(PACKAGES - len(REAL))}}
    for name, version in named.items():
        info = folder / f"{name.replace('-', '_')}-{version}.dist-info"
        info.mkdir(parents=True)
        requires = "".join(f"Requires-Dist: package-{number:03}>=1.0\n" for number in range(15))
        head = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{requires}"
        (info / "METADATA").write_text(f"{head}\n" + "A line of the description.\n" * 200, encoding="utf-8")
        (info / "INSTALLER").write_text("pip\n", encoding="utf-8")
    return folder


def environment(*path: Path) -> dict[str, str]:
    joined = os.pathsep.join(map(str, (REPOSITORY, *path)))
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, "PYTHONPATH": joined, "PYTHONWARNINGS": "ignore"}


def timed(command: Sequence[str], folder: Path, env: dict[str, str]) -> tuple[float, float]:
    """Wall and CPU seconds of a process."""
    before, begun = os.times(), time.perf_counter()
    subprocess.run(command, cwd=folder, env=env, stdout=subprocess.DEVNULL, check=False)
    after = os.times()
    used = after.children_user + after.children_system - before.children_user - before.children_system
    return time.perf_counter() - begun, used


def medians(runs: Sequence[Sequence[float]]) -> list[float]:
    return [statistics.median(column) * 1000 for column in zip(*runs, strict=True)]


def process(name: str, command: Sequence[str], folder: Path, env: dict[str, str]) -> None:
    timed(command, folder, env)
    wall, cpu = medians([timed(command, folder, env) for _ in range(RUNS)])
    print(f"{name:<34} {wall:7.0f} ms wall {cpu:7.0f} ms CPU")


def guarded(name: str, snapshot: Path, packages: Path) -> None:
    def once() -> list[float]:
        command = [sys.executable, "-c", GUARD, str(snapshot), str(packages)]
        done = subprocess.run(command, env=environment(), capture_output=True, text=True, check=True)
        found: list[float] = json.loads(done.stdout)
        return found

    once()
    first, first_cpu, again, again_cpu = medians([once() for _ in range(RUNS)])
    print(f"guard.check, {name}, first call      {first:7.1f} ms wall {first_cpu:7.1f} ms CPU")
    print(f"guard.check, {name}, second call     {again:7.1f} ms wall {again_cpu:7.1f} ms CPU")


def hook(folder: Path) -> Path:
    """A small repository."""
    files = {
        "training/requirements.txt": "numpy==2.1.3\nscikit-learn==1.5.2\n",
        "serving/requirements.txt": "numpy==2.1.3\nscikit-learn==1.5.2\n",
        "mlaudit.toml": (
            '[environments.training]\nsources = ["training/requirements.txt"]\n'
            '[environments.serving]\nsources = ["serving/requirements.txt"]\nfollows = "training"\n'
        ),
    }
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def changed(snapshot: Path, change: Callable[[str], str]) -> Path:
    made = snapshot.with_name("changed.json")
    made.write_text(change(snapshot.read_text(encoding="utf-8")), encoding="utf-8")
    return made


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        packages = site(folder / "site-packages")
        snapshot = folder / "model.snapshot.json"
        mlaudit = [sys.executable, "-m", "mlaudit"]
        made = [*mlaudit, "snapshot", "--output", str(snapshot)]
        process("python -c pass", [sys.executable, "-c", "pass"], folder, environment())
        process(f"mlaudit snapshot, {PACKAGES} packages", made, folder, environment(packages))
        repository = hook(folder / "repository")
        process(
            "mlaudit check FILE (hook)",
            [*mlaudit, "check", "--quiet", "serving/requirements.txt"],
            repository,
            environment(),
        )
        print(f"{'size of the snapshot':<34} {snapshot.stat().st_size:7} bytes")
        guarded("aligned", snapshot, packages)
        guarded("drift  ", changed(snapshot, lambda text: text.replace('"2.1.3"', '"1.26.0"')), packages)


if __name__ == "__main__":
    main()
