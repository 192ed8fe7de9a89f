"""Hostile and odd inputs from the field, each prepared, run as its case says, and held against what it demands.

The cases are not part of the project: `MLAUDIT_CASES` names their folder. Every kind has a test of its own beside this.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import tomli

from tests.checkout import ROOT

CASES = Path(os.environ.get("MLAUDIT_CASES", ROOT.parent / "shared" / "cases")) / "security"
NAMES = sorted(path.parent.name for path in CASES.glob("*/case.toml"))

SECONDS = 30
"""A bound that ends a test whose audit hangs; no test measures time."""
MEMORY = 600 * 1024 * 1024
PASSWORD_OF_THE_CASES = "hunter2SECRET"  # noqa: S105


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the commands of a case left behind."""

    folder: Path
    code: int
    out: str
    err: str
    peak: int

    @property
    def text(self) -> str:
        return self.out + self.err


Check = Callable[[Outcome], None]


def survives(outcome: Outcome) -> None:
    assert "Traceback (most recent call last)" not in outcome.text
    assert "defect of mlaudit" not in outcome.text
    assert outcome.code in (0, 1, 2, 3), outcome.text
    assert outcome.peak < MEMORY


def says(*words: str) -> Check:
    def check(outcome: Outcome) -> None:
        survives(outcome)
        unwrapped = " ".join(outcome.text.split())
        for word in words:
            assert word in unwrapped

    return check


def lists_or_says_why(outcome: Outcome) -> None:
    """Every listing has pins, or a reason for their lack."""
    survives(outcome)
    listings = re.findall(r'"pins": \[(.*?)\],\n"unread": \[(.*?)\]\n', outcome.out, re.DOTALL)
    assert listings or outcome.code == 2
    assert all(pins.strip() or unread.strip() for pins, unread in listings)


def usage_error(outcome: Outcome) -> None:
    survives(outcome)
    assert outcome.out.rstrip().endswith("2") or outcome.code == 2
    assert outcome.err.startswith("error: ")


def runs_nothing(outcome: Outcome) -> None:
    survives(outcome)
    assert not list(outcome.folder.rglob("PWNED*"))


def masks(outcome: Outcome) -> None:
    """The case counts the lines that hold the secret."""
    survives(outcome)
    counts = outcome.out.split()
    assert counts
    assert set(counts) == {"0"}
    assert PASSWORD_OF_THE_CASES not in outcome.text


def prints_no_control(outcome: Outcome) -> None:
    survives(outcome)
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]", outcome.err)
    assert not re.search(r"(?m)^\s*(?:::|##\[)", outcome.err)


def prints_no_invisible(outcome: Outcome) -> None:
    survives(outcome)
    assert not re.search("[\u00ad\u180e\U000e0000-\U000e007f]", outcome.out)


def prints_no_command(outcome: Outcome) -> None:
    survives(outcome)
    assert not re.search(r"(?m)^\s*::", outcome.out)
    assert "##[" not in outcome.out


def quotes_no_other_file(outcome: Outcome) -> None:
    survives(outcome)
    assert "ghp_" not in outcome.text
    assert "aws_secret_access_key" not in outcome.text


def keeps_the_earlier_report(outcome: Outcome) -> None:
    survives(outcome)
    assert (outcome.folder / "full" / "r.json").read_text(encoding="utf-8") == "earlier\n"
    assert [path.name for path in (outcome.folder / "full").iterdir()] == ["r.json"]
    assert outcome.code == 2


def reads_the_named_repository(outcome: Outcome) -> None:
    survives(outcome)
    assert "2.0" in outcome.out
    assert "1.0" not in outcome.out


def finds_the_link(outcome: Outcome) -> None:
    survives(outcome)
    assert "serving" in outcome.out or "link" in outcome.out


def lists_numpy_or_unread(outcome: Outcome) -> None:
    survives(outcome)
    assert '"name": "numpy"' in outcome.out or '"why"' in outcome.out


def one_line_and_usage(outcome: Outcome) -> None:
    survives(outcome)
    lines = outcome.err.splitlines()
    assert len(lines) == 4
    assert all(line.startswith("error: ") for line in lines)
    assert outcome.code == 2


CHECKS: dict[str, Check] = {
    "action-venv-hijack": runs_nothing,
    "at-sign-in-password": masks,
    "conda-records": lists_or_says_why,
    "config-escapes-stderr": prints_no_control,
    "config-ignored-silently": usage_error,
    "config-reads-any-file": quotes_no_other_file,
    "digits-5000": lists_or_says_why,
    "env-doubling": lists_or_says_why,
    "fleet-globs": survives,
    "gguf-cut-silent": says("cut"),
    "git-dir-environment": reads_the_named_repository,
    "git-promisor-check": runs_nothing,
    "git-promisor-revision": runs_nothing,
    "invisible-characters": prints_no_invisible,
    "io-error-file": says("Input/output error"),
    "long-same": says("longer than the file system allows"),
    "long-source": says("longer than the file system allows"),
    "many-versions": lists_or_says_why,
    "notebook-million-cells": lists_or_says_why,
    "nox-expressions": lists_or_says_why,
    "nul-in-source": says("NUL"),
    "output-not-atomic": keeps_the_earlier_report,
    "python-m-hijack": runs_nothing,
    "repeat-pip-install": lists_or_says_why,
    "sbom-nesting-silent": lists_numpy_or_unread,
    "setup-conditional-growth": lists_or_says_why,
    "setup-places-lines": lists_or_says_why,
    "shell-doubling": lists_or_says_why,
    "stages-include": lists_or_says_why,
    "std-streams": one_line_and_usage,
    "symlink-loop-folder": says("leads back to itself"),
    "symlink-loop-source": says("leads back to itself"),
    "symlinked-requirements-silent": finds_the_link,
    "token-over-512": masks,
    "toml-tables": lists_or_says_why,
    "tox-self-reference": lists_or_says_why,
    "unmasked-places": masks,
    "unreadable-folder": says("permission to read it is denied"),
    "workflow-command-in-table": prints_no_command,
}

# What a runner does with a step; without an index, since what may be hijacked comes before any download.
ACTION = """\
mkdir -p {{dir}}/tmp; cd {{dir}}/repo && env RUNNER_TEMP={{dir}}/tmp ACTION_PATH={root} VERSION= PIP_NO_INDEX=1 \
GITHUB_OUTPUT=/dev/null GITHUB_WORKSPACE={{dir}}/repo bash -c "$INSTALL_STEP" >/dev/null 2>&1; ls {{dir}}/PWNED"""
# A limit on the size of files refuses a write as a full disk does, and needs no file system of its own.
FULL_DISK = "mkdir -p {dir}/full; echo earlier > {dir}/full/r.json; ulimit -f 8; "


def test_the_cases_are_there() -> None:
    if not NAMES:
        pytest.skip(f"no cases below {CASES}; MLAUDIT_CASES names their folder")
    assert set(NAMES) <= set(CHECKS), "a case without a check proves nothing"


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_a_case_does_what_it_must(name: str, tmp_path: Path) -> None:
    case = tomli.loads((CASES / name / "case.toml").read_text(encoding="utf-8"))
    folder = _prepared(name, case, tmp_path)
    CHECKS[name](_run(_command(name, case), folder))


def _prepared(name: str, case: dict[str, Any], tmp_path: Path) -> Path:
    """The input of a case below a temporary folder."""
    folder = tmp_path / "case"
    if "prepare" not in case:
        shutil.copytree(CASES / name, folder, symlinks=True)
        return folder
    line = case["prepare"].replace("{dir}", str(folder))
    done = subprocess.run(
        ["bash", "-c", line], cwd=CASES / name, env=_environment(), capture_output=True, text=True, check=False
    )
    if done.returncode == 2 and "must be below /tmp" in done.stderr:
        pytest.skip("the case makes its input below /tmp only, and pytest's folder lies elsewhere")
    assert done.returncode == 0, done.stderr
    return folder


def _command(name: str, case: dict[str, Any]) -> str:
    if name == "action-venv-hijack":
        return ACTION.format(root=ROOT)
    command: str = case["command"]
    if "setpriv" in command and shutil.which("setpriv") is None:
        pytest.skip("the case needs setpriv")
    if "FULL_DISK" in command:
        return FULL_DISK + command.replace("FULL_DISK", "full")
    return command


def _environment() -> dict[str, str]:
    """The test's own environment, with `mlaudit` and `python` of this interpreter first on the path."""
    scripts = str(Path(sys.executable).parent)
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("GIT_", "GITHUB_"))}
    return {**kept, "PATH": os.pathsep.join((scripts, kept.get("PATH", "")))}


def _install_step() -> str:
    import yaml

    action = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
    steps = [step["run"] for step in action["runs"]["steps"] if "run" in step]
    return next((step for step in steps if "venv" in step or "pip install" in step), "exit 1")


def _run(command: str, folder: Path) -> Outcome:
    """The commands in one shell, whose children tell the most memory that one of them took."""
    line = command.replace("{dir}", str(folder))
    seconds = SECONDS * (1 + line.count("; cd "))
    started = subprocess.Popen(
        [sys.executable, "-c", _MEASURED, line],
        cwd=folder,
        env={**_environment(), "INSTALL_STEP": _install_step()},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    try:
        out, err = (stream.decode("utf-8", "backslashreplace") for stream in started.communicate(timeout=seconds))
    except subprocess.TimeoutExpired:
        pytest.fail(f"it did not end within {seconds} seconds")
    finally:
        # An audit that hangs is a grandchild of this process, and would go on without the group's end.
        with suppress(ProcessLookupError):
            os.killpg(started.pid, signal.SIGKILL)
        started.wait()
    err, _, peak = err.rpartition("peak=")
    return Outcome(folder, started.returncode, out, err, int(peak) * 1024)


# Twice the memory that is allowed is enough to see that it was exceeded, and leaves the machine alone.
_MEASURED = f"""
import resource, subprocess, sys
resource.setrlimit(resource.RLIMIT_AS, ({2 * MEMORY}, {2 * MEMORY}))
code = subprocess.run(["bash", "-c", sys.argv[1]]).returncode
print(f"peak={{resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss}}", file=sys.stderr)
sys.exit(code)
"""
