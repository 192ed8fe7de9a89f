"""How long `mlaudit history` takes over a thousand revisions of two locks of 1 MB.

    python -m benchmarks.history [--revisions N] [--keep FOLDER]

Every revision changes one package of one of the two locks, so that no two of them hold the same: a bot's work of some
years. The repository is made by `git fast-import`. The limit is 20 seconds on two cores.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from mlaudit.knowledge.table import watched, watched_packages

MOST_SECONDS = 20.0
PACKAGES, WHEELS = 280, 10
SIDES = ("training", "serving")
CONFIGURATION = """\
[environments.training]
sources = ["training/uv.lock"]

[environments.serving]
sources = ["serving/uv.lock"]
follows = "training"
"""
_PLATFORMS = ("manylinux_2_17_x86_64.manylinux2014_x86_64", "macosx_11_0_arm64", "musllinux_1_2_aarch64", "win_amd64")


def lock(versions: Mapping[str, tuple[int, int, int]]) -> str:
    """A uv.lock in which each package depends on a few of those behind it."""
    names = list(versions)
    parts = ['version = 1\nrevision = 2\nrequires-python = ">=3.11"\n', _project(names)]
    parts += [_package(name, versions[name], names[at + 1 : at + 4]) for at, name in enumerate(names)]
    return "\n".join(parts)


def _project(names: list[str]) -> str:
    listed = "".join(f'    {{ name = "{name}" }},\n' for name in names)
    return f'[[package]]\nname = "app"\nversion = "0.1.0"\nsource = {{ virtual = "." }}\ndependencies = [\n{listed}]\n'


def _package(name: str, version: tuple[int, int, int], requires: list[str]) -> str:
    text = ".".join(map(str, version))
    digest = hashlib.sha256(f"{name}{text}".encode()).hexdigest()
    address = (
        f"https://files.pypi.example/packages/{digest[:2]}/{digest[2:4]}/{digest[4:]}/{name.replace('-', '_')}-{text}"
    )
    requirements = "".join(
        f'    {{ name = "{one}", marker = "python_full_version < \'3.14\'" }},\n' for one in requires
    )
    wheels = "".join(
        f'    {{ url = "{address}-cp31{at % 4}-cp31{at % 4}-{_PLATFORMS[at % 4]}.whl", hash = "sha256:{digest}", '
        f'size = {1_000_000 + at}, upload-time = "2025-03-12T01:42:47.083Z" }},\n'
        for at in range(WHEELS)
    )
    head = (
        f'[[package]]\nname = "{name}"\nversion = "{text}"\nsource = {{ registry = "https://pypi.example/simple" }}\n'
    )
    return f"{head}dependencies = [\n{requirements}]\nwheels = [\n{wheels}]\n"


def names() -> list[str]:
    """Packages of which one in eight is watched."""
    known = [one for one in watched_packages() if "*" not in one and watched(one)][: PACKAGES // 8]
    return sorted([*known, *(f"helper-{number}" for number in range(PACKAGES - len(known)))])


def commits(revisions: int) -> Iterator[bytes]:
    """What `git fast-import` reads."""
    rng = random.Random(17)
    sides = {side: {name: (1, number % 20, 0) for number, name in enumerate(names())} for side in SIDES}
    files = {"mlaudit.toml": CONFIGURATION, **{f"{side}/uv.lock": lock(versions) for side, versions in sides.items()}}
    yield _commit(0, files)
    for number in range(1, revisions):
        side = rng.choice(SIDES)
        name = rng.choice(names())
        major, minor, patch = sides[side][name]
        sides[side][name] = (major, minor + 1, patch) if rng.random() < 0.5 else (major, minor, patch + 1)
        yield _commit(number, {f"{side}/uv.lock": lock(sides[side])})


def _commit(number: int, files: Mapping[str, str]) -> bytes:
    head = f"commit refs/heads/main\nauthor a <a@b.example> {1_600_000_000 + number * 86400} +0000\n"
    head += f"committer a <a@b.example> {1_600_000_000 + number * 86400} +0000\ndata 4\nbump\n"
    changes = "".join(f"M 100644 inline {path}\ndata {len(text)}\n{text}\n" for path, text in files.items())
    return (head + changes).encode()


def made(folder: Path, revisions: int) -> None:
    """The repository."""
    folder.mkdir(parents=True)
    subprocess.run(["git", "init", "-q", "-b", "main"], cwd=folder, check=True)
    importing = subprocess.Popen(["git", "fast-import", "--quiet", "--depth=50"], cwd=folder, stdin=subprocess.PIPE)
    assert importing.stdin is not None
    for commit in commits(revisions):
        importing.stdin.write(commit)
    importing.stdin.close()
    assert importing.wait() == 0
    subprocess.run(["git", "checkout", "-q", "main"], cwd=folder, check=True)


def _processors() -> float:
    """Seconds that processors spent on processes that have ended."""
    times = os.times()
    return times.children_user + times.children_system


def main() -> int:
    """Prints the time; ends with 1 where it is more than the limit."""
    arguments = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    arguments.add_argument("--revisions", type=int, default=1000)
    arguments.add_argument("--keep", type=Path)
    asked = arguments.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = asked.keep or Path(temporary) / "r"
        if not folder.exists():
            made(folder, asked.revisions)
        size = (folder / "training/uv.lock").stat().st_size
        begin, before = time.perf_counter(), _processors()
        done = subprocess.run(
            [sys.executable, "-m", "mlaudit", "history"], cwd=folder, capture_output=True, text=True, check=False
        )
        seconds, used = time.perf_counter() - begin, _processors() - before
    print("\n".join(done.stdout.splitlines()[-3:]), done.stderr, sep="\n")
    what = f"{asked.revisions} revisions of two locks of {size / 1e6:.2f} MB"
    print(f"{what}: {seconds:.1f} s (at most {MOST_SECONDS:.0f}), {used:.1f} s of processors")
    return int(done.returncode != 0 or seconds > MOST_SECONDS)


if __name__ == "__main__":
    sys.exit(main())
