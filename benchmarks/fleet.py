"""Throughput and memory of `mlaudit fleet` on generated repositories.

    python benchmarks/fleet.py [REPOSITORIES] [WORKERS,...]

Each repository is a checkout with a lock-like requirements file and code for each side, of sizes that vary as those of
small services do. `largest` is the resident size of the largest process of the run.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
TRAIN = (
    "import joblib\nfrom sklearn.linear_model import LogisticRegression\n"
    "model = LogisticRegression().fit([[1]], [1])\njoblib.dump(model, 'models/model_{number}.joblib')\n"
)
SERVE = (
    "import joblib\nfrom fastapi import FastAPI\napp = FastAPI()\nmodel = joblib.load('models/model_{number}.joblib')\n"
)
NUMPY = ("1.26.4", "2.0.2", "2.1.3")


def generate(folder: Path, count: int) -> None:
    for number in range(count):
        root = folder / f"team{number % 100:02}" / f"service{number:05}"
        more = "".join(f"package-{other}==1.{number % 7}.{other}\n" for other in range(20 + number % 60))
        for side, code, numpy in (("train", TRAIN, NUMPY[number % 3]), ("serve", SERVE, NUMPY[number % 2])):
            (root / side).mkdir(parents=True)
            (root / side / "main.py").write_text(code.format(number=number))
            versions = f"numpy=={numpy}\nscikit-learn==1.5.{number % 3}\n"
            (root / side / "requirements.txt").write_text(versions + more)
        (root / ".git").mkdir()


def measure(folder: Path, workers: int) -> tuple[float, bytes]:
    command = [sys.executable, "-m", "mlaudit", "fleet", str(folder), "--jobs", str(workers), "-f", "json", "-q"]
    begin = time.perf_counter()
    done = subprocess.run(command, capture_output=True, cwd=REPOSITORY, check=False)
    if done.returncode not in (0, 1):
        raise SystemExit(done.stderr.decode())
    return time.perf_counter() - begin, done.stdout


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    workers = [int(text) for text in (sys.argv[2] if len(sys.argv) > 2 else "1,2,4").split(",")]
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        generate(folder, count)
        outputs = set()
        for number in workers:
            seconds, output = measure(folder, number)
            outputs.add(output)
            largest = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
            rate = count / seconds
            print(f"{number} workers: {count} repositories, {seconds:.1f} s, {rate:.1f}/s, largest {largest:.0f} MiB")
        print(f"{len(outputs)} different report{'s' if len(outputs) > 1 else ''}")


if __name__ == "__main__":
    main()
