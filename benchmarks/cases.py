"""Run the field cases and print how many hold, by folder.

Usage: `python -m benchmarks.cases [FOLDER[/NAME] | verdicts ...]`; it ends with 1 where one fails. The cases are
looked for in the folder that `MLAUDIT_CASES` names, else beside the repository. What each must show stands in
`cases.toml`; those of `security` are judged as `tests/test_field_cases.py` does.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import tomli

from benchmarks import verdict_cases
from tests import test_field_cases as security

ROOT = Path(__file__).parent.parent
CASES = Path(os.environ.get("MLAUDIT_CASES", ROOT.parent / "shared" / "cases"))
FOLDERS = ("readers", "repositories", "use", "security")
SECONDS = 120
"""A bound that ends a case that hangs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """How one case went: `why` is empty where it holds; None where a program cannot tell."""

    name: str
    why: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Printed:
    """What the commands of a case left behind."""

    code: int
    text: str
    out: str


def main(asked: Sequence[str]) -> int:
    """Run the cases that are asked for, all without any; the exit code."""
    expectations: Mapping[str, Any] = tomli.loads((ROOT / "benchmarks" / "cases.toml").read_text(encoding="utf-8"))
    failed = (not asked or "verdicts" in asked) and bool(verdict_cases.report())
    for folder in FOLDERS:
        judged = list(_folder(folder, expectations.get(folder, {}), asked))
        if not judged:
            continue
        told = [one for one in judged if one.why is not None]
        held = [one for one in told if not one.why]
        for one in told:
            if one.why:
                print(f"  {folder}/{one.name}: {one.why[:300]}")
        by_hand = len(judged) - len(told)
        print(f"{folder}: {len(held)} of {len(told)} hold{f', {by_hand} by hand' if by_hand else ''}")
        failed = failed or len(held) < len(told)
    return int(failed)


def _folder(folder: str, expected: Mapping[str, Any], asked: Sequence[str]) -> Iterator[Judgement]:
    for path in sorted((CASES / folder).glob("*/case.toml")):
        name = path.parent.name
        if asked and folder not in asked and f"{folder}/{name}" not in asked:
            continue
        case = tomli.loads(path.read_text(encoding="utf-8"))
        with tempfile.TemporaryDirectory() as home:
            if folder == "security":
                yield Judgement(name=name, why=_security(name, case, Path(home)))
            else:
                yield Judgement(name=name, why=fault(path.parent, case, expected.get(name), Path(home)))


def _security(name: str, case: dict[str, Any], home: Path) -> str | None:
    try:
        folder = security._prepared(name, case, home)
        security.CHECKS[name](security._run(security._command(name, case), folder))
    except (AssertionError, KeyError, subprocess.TimeoutExpired) as error:
        return str(error).partition("\n")[0] or type(error).__name__
    except pytest.skip.Exception:
        return None
    return ""


def fault(source: Path, case: Mapping[str, Any], expected: Mapping[str, Any] | None, home: Path) -> str | None:
    """What is wrong with what a case shows: empty where it holds; None where no program can judge it."""
    if expected is None:
        return "cases.toml does not say what it must show"
    if "by-hand" in expected:
        return None
    folder = home / source.name
    shutil.copytree(source, folder)
    (folder / "case.toml").unlink()
    command = str(expected.get("run", case["command"])).replace("{dir}", str(folder))
    if command.split()[0] in ("check", "compare", "list"):
        command = f"mlaudit {command}"
    return "; ".join(_faults(_run(command, folder), expected))


def _run(command: str, folder: Path) -> Printed:
    env = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}", "NO_COLOR": "1"}
    try:
        done = subprocess.run(
            ["bash", "-c", command], cwd=folder, env=env, capture_output=True, check=False, timeout=SECONDS
        )
    except subprocess.TimeoutExpired:
        return Printed(code=-1, text=f"ended after {SECONDS} s", out="")
    out, err = (stream.decode("utf-8", "replace") for stream in (done.stdout, done.stderr))
    return Printed(code=done.returncode, text=" ".join(f"{out}\n{err}".split()), out=out)


def _faults(printed: Printed, expected: Mapping[str, Any]) -> Iterator[str]:
    if "exit" in expected and printed.code != expected["exit"]:
        yield f"exit {printed.code}, not {expected['exit']}"
    if "Traceback" in printed.text or "defect of mlaudit" in printed.text:
        yield "it fails"
    yield from (f"does not say {text!r}" for text in expected.get("says", ()) if not re.search(text, printed.text))
    yield from (f"says {text!r}" for text in expected.get("never", ()) if re.search(text, printed.text))
    selected = set(_selected(printed)) if {"pins", "no-pins"} & set(expected) else set()
    yield from (f"no pin {pin}" for pin in expected.get("pins", ()) if pin not in selected)
    yield from (f"pin {pin}" for pin in expected.get("no-pins", ()) if pin in selected)


def _selected(printed: Printed) -> Iterator[str]:
    """Names, and names with their versions, of the pins that a listing selects."""
    try:
        environments = json.loads(printed.out)["environments"]
    except (ValueError, KeyError):
        return
    for pin in (pin for one in environments for pin in one["pins"] if pin["selected"] is not False):
        yield pin["package"]
        yield f"{pin['package']} {pin['version']}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
