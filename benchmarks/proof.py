"""How long `mlaudit prove` takes beside the same by hand: `uv venv`, `uv pip sync` and a load, for both sides.

Run it from the project's folder: `python -m benchmarks.proof [--rounds 5]`. It takes scikit-learn from the index that
uv is set up for; nothing is measured before uv's cache holds the wheels. Cold, neither side has an environment; warm,
an earlier run of `prove` has built its own, while by hand they are made anew, as nobody keeps track of them. The last
row is the harshest: by hand nothing but the two loads, in environments that are there. The order of the two changes
from round to round; seconds of the processor decide, since those of the clock are those of whatever else runs.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.timing import Command, Timing, once

LIMIT = 1.15
SIDES = {"training": "1.5.2", "serving": "1.3.2"}
NUMPY = "1.26.4"
PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"
PROVE = (sys.executable, "-m", "mlaudit", "prove", "--budget", "0", "--quiet")
MAKES = """
import joblib
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression
rows, labels = load_breast_cancer(return_X_y=True)
joblib.dump(LogisticRegression(max_iter=5000).fit(rows[:, :4], labels), "model.joblib")
"""
LOADS = """
import random, joblib
model = joblib.load("model.joblib")
print(model.predict_proba([[random.random() for _ in range(4)] for _ in range(48)]).sum())
"""
CONFIGURATION = f"""
target = {{ python = "{PYTHON}" }}
[environments.training]
sources = ["training.txt"]
writes = ["model.joblib"]
[environments.serving]
sources = ["serving.txt"]
follows = "training"
"""


def main() -> None:
    """Print a row of `RESULTS.md` for each state."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--rounds", type=int, default=5)
    rounds = arguments.parse_args().rounds
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name).resolve()
        os.environ |= {"UV_CACHE_DIR": str(folder / "uv"), "MLAUDIT_CACHE_DIR": str(folder / "cache")}
        _prepare(folder)
        rows: dict[str, list[tuple[Timing, Timing]]] = {"cold": [], "warm": [], "warm, beside the loads alone": []}
        for number in range(rounds + 1):
            both = _round(folder, hand_first=bool(number % 2))
            for state, one in both.items() if number else ():
                rows[state].append(one)
        done = subprocess.run([*PROVE, "--format", "json"], cwd=folder, capture_output=True, text=True, check=False)
        assert json.loads(done.stdout)["proofs"][0]["verdict"] == "differs", done
    print("| proof of one scikit-learn model | seconds | by hand | ratio | of processor time | to reach |")
    print("|---|---:|---:|---:|---:|---:|")
    for state, found in rows.items():
        print(_row(state, found))


def _prepare(folder: Path) -> None:
    """Locks for both sides, a model that the first one wrote, and a configuration."""
    for side, version in SIDES.items():
        asked = f"scikit-learn=={version}\nnumpy=={NUMPY}\n"
        words = [
            "uv",
            "pip",
            "compile",
            "-q",
            "--generate-hashes",
            "--python-version",
            PYTHON,
            "-",
            "-o",
            f"{side}.txt",
        ]
        subprocess.run(words, cwd=folder, input=asked, text=True, check=True)
    (folder / "mlaudit.toml").write_text(CONFIGURATION, encoding="utf-8")
    for command in _by_hand(folder):
        subprocess.run((*command.words[:-1], MAKES) if "-c" in command.words else command.words, cwd=folder, check=True)
        if "-c" in command.words:
            break


def _by_hand(folder: Path, *, only_loads: bool = False) -> list[Command]:
    """The commands that a person types: for both sides an environment, what is in it, and a load."""
    commands = []
    for side in SIDES:
        interpreter = str(folder / "hand" / side / "bin" / "python")
        typed = (
            []
            if only_loads
            else [
                ("uv", "venv", "-q", "--clear", "--python", PYTHON, f"hand/{side}"),
                ("uv", "pip", "sync", "-q", "--python", interpreter, f"{side}.txt"),
            ]
        )
        commands += [Command(words=words, folder=folder) for words in (*typed, (interpreter, "-c", LOADS))]
    return commands


def _round(folder: Path, *, hand_first: bool) -> dict[str, tuple[Timing, Timing]]:
    proof = Command(words=PROVE, folder=folder)
    by_hand, loads = Command.sequence(_by_hand(folder)), Command.sequence(_by_hand(folder, only_loads=True))

    def pair(other: Command) -> tuple[Timing, Timing]:
        if hand_first:
            second, first = once(other), once(proof)
            return first, second
        return once(proof), once(other)

    shutil.rmtree(folder / "cache", ignore_errors=True)
    cold = pair(by_hand)
    return {"cold": cold, "warm": pair(by_hand), "warm, beside the loads alone": pair(loads)}


def _row(state: str, found: list[tuple[Timing, Timing]]) -> str:
    wall, hand = min(one.wall for one, _ in found), min(other.wall for _, other in found)
    cpu, by_hand = min(one.cpu for one, _ in found), min(other.cpu for _, other in found)
    limit = f"≤ {LIMIT}" if state in ("cold", "warm") else ""
    missed = " ✗" if limit and cpu / by_hand > LIMIT else ""
    return f"| {state} | {wall:.2f} | {hand:.2f} | {wall / hand:.2f} | {cpu / by_hand:.2f}{missed} | {limit} |"


if __name__ == "__main__":
    main()
