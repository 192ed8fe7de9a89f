"""Evidence from code on packages that nobody measured: each pair really made, loaded and used, and judged from code.

Run it from the project's folder: `python -m benchmarks.unmeasured_packages WORK PYTHON [PACKAGE ...]`. `PYTHON` is
that of an environment with numpy, scipy, scikit-learn and pandas; the packages of `unmeasured_packages.toml` are
installed by uv into folders of `WORK`, without their own requirements.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path
from typing import Any

import tomli

from benchmarks.code_evidence import Judge, Tier
from mlaudit.code.package.symbols import PackageSymbols
from mlaudit.sources.package_sources import PackageSources


class Folders(Judge):
    """The folders of packages in one work folder."""

    def symbols(self, family: str, version: str) -> PackageSymbols | None:
        """The code of one version of a package."""
        if (family, version) not in self._symbols:
            self._symbols[family, version] = PackageSymbols(PackageSources(self._work / f"{family}-{version}"))
        return self._symbols[family, version]


def main() -> int:
    """Print for each pair what really happens and what is said; fails where they differ."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("work", type=Path)
    arguments.add_argument("python", type=Path)
    arguments.add_argument("packages", nargs="*")
    given = arguments.parse_args()
    text = Path(__file__).with_suffix(".toml").read_text(encoding="utf-8")
    pairs = [pair for pair in tomli.loads(text)["pair"] if not given.packages or pair["package"] in given.packages]
    judge = Folders(given.work)
    wrong = 0
    for pair in pairs:
        really = _really(pair, given.work, given.python)
        path = _pickle(pair, given.work)
        tier, texts = (Tier.NOTHING, ["-"])
        if path.is_file():
            tier, texts = judge.said(path, pair["package"], (pair["writer"], pair["reader"]), "pickle")
        told = tier <= Tier.CONDITIONAL
        agrees = told == pair["breaks"] and (really != "ok") == pair["breaks"]
        wrong += not agrees
        mark = "   " if agrees else "!! "
        print(f"{mark}{pair['package']:18} {pair['writer']:>8} -> {pair['reader']:8} really {really[:60]}")
        print(f"      said {tier.name.lower()}: {(texts or ['-'])[0]}", flush=True)
    print(f"{len(pairs) - wrong} of {len(pairs)} pairs are told right")
    return int(wrong > 0)


def _pickle(pair: dict[str, Any], work: Path) -> Path:
    return work / f"{pair['package']}-{pair['writer']}-{pair['reader']}-{pair['breaks']}.pkl"


def _really(pair: dict[str, Any], work: Path, python: Path) -> str:
    """What a load and use of a pickle of one version by another ends with."""
    writer, reader = (_installed(pair, version, work) for version in (pair["writer"], pair["reader"]))
    path = _pickle(pair, work)
    path.unlink(missing_ok=True)
    made = _run(python, writer, f"{pair['make']}\nimport pickle; pickle.dump(model, open({str(path)!r}, 'wb'), 4)")
    if made != "ok":
        return f"not made: {made}"
    return _run(python, reader, f"import pickle; model = pickle.load(open({str(path)!r}, 'rb')); {pair['use']}")


def _installed(pair: dict[str, Any], version: str, work: Path) -> Path:
    folder = work / f"{pair['package']}-{version}"
    if not (folder / "made").is_file():
        for wanted, deps in (([f"{pair['package']}=={version}"], "--no-deps"), (pair.get("with", []), "--no-deps")):
            if wanted:
                command = ["uv", "pip", "install", "-q", deps, "--target", str(folder), *wanted]
                subprocess.run(command, check=False)
        if folder.is_dir():
            (folder / "made").write_text("", encoding="utf-8")
    return folder


def _run(python: Path, folder: Path, code: str) -> str:
    start = f"import sys, warnings; warnings.simplefilter('ignore'); sys.path.insert(0, {str(folder)!r})\n"
    done = subprocess.run([str(python), "-c", start + code], capture_output=True, text=True, check=False)
    lines = done.stderr.strip().splitlines()
    return "ok" if done.returncode == 0 else (lines[-1] if lines else f"exit {done.returncode}")


if __name__ == "__main__":
    sys.exit(main())
