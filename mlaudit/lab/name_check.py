"""Which proposals of `mlaudit.lab.name_matrix` hold where they are installed: `python -m mlaudit.lab.name_check FILE`.

`--owners` installs each release at a border of a proposal, alone with what it requires, and asks it for the names: the
releases that are said to lack them, and those around. `--pairs N` installs N of the pairs, of as many packages as can
be, and imports what is said not to import. Environments are made by uv, one at a time, and removed; what each said is
kept in `--results`, so that a run goes on where it was stopped.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from packaging.version import Version

from mlaudit.lab.measure import with_progress
from mlaudit.lab.module_facts import ATTRIBUTE, MODULE
from mlaudit.lab.name_matrix import IMPORT, ProposedName

PYTHONS = ("3.11", "3.9")
"""With which an environment is tried that cannot be made with the Python of a proposal."""
SECONDS = 300
_CHILD = """
import json, sys, warnings
warnings.simplefilter("ignore")
for statement in json.load(sys.stdin):
    try:
        exec(statement, {})
        said = ""
    except BaseException as error:
        said = f"{type(error).__name__}: {error}"
    print("\\n@said " + json.dumps([statement, said.strip().splitlines()[0] if said.strip() else ""]))
"""


@dataclass(frozen=True, slots=True)
class CheckedEnvironment:
    """What is installed together, and the statements that are tried there."""

    python: str
    requirements: tuple[str, ...]
    statements: tuple[str, ...]

    @property
    def key(self) -> str:
        """Under which its results are kept."""
        return " ".join((self.python, *self.requirements))


def statement_of(proposal: ProposedName) -> str:
    """What asks a package for a name alone."""
    base, _, last = proposal.name.rpartition(".")
    if proposal.kind == MODULE:
        return f"import {proposal.name}"
    if proposal.kind == ATTRIBUTE:
        return f"import {base}; {proposal.name}"
    return f"from {base} import {last}"


def import_of(proposal: ProposedName) -> str:
    """What is said to fail of a pair."""
    top = proposal.place.partition("/")[0].removesuffix(".py")
    return f"import {top}" if proposal.moment == IMPORT else f"import {proposal.moment}"


def owners_of(proposals: Iterable[ProposedName]) -> Iterator[CheckedEnvironment]:
    """The releases at the borders, each with all names that are asked of it."""
    asked: dict[tuple[str, str], dict[str, str]] = {}
    for proposal in proposals:
        for version in (proposal.before, proposal.lacks_first, proposal.lacks_last, proposal.after):
            if version is not None:
                asked.setdefault((proposal.other, version), {})[statement_of(proposal)] = proposal.python
    for (other, version), statements in asked.items():
        python = Counter(statements.values()).most_common(1)[0][0]
        yield CheckedEnvironment(python, (f"{other}=={version}",), tuple(statements))


def pairs_of(proposals: Iterable[ProposedName], most: int) -> Iterator[CheckedEnvironment]:
    """Pairs of the proposals, in turn of each two packages; what else would break is kept to what works."""
    waiting: dict[tuple[str, str], list[ProposedName]] = {}
    every = tuple(proposals)
    for proposal in every:
        waiting.setdefault((proposal.package, proposal.other), []).append(proposal)
    count = 0
    while waiting and count < most:
        for key in list(waiting):
            proposal = waiting[key].pop()
            if not waiting[key]:
                del waiting[key]
            user, owner = proposal.pair
            yield CheckedEnvironment(
                proposal.python,
                (f"{proposal.package}=={user}", f"{proposal.other}=={owner}", *_working(proposal, every)),
                (import_of(proposal),),
            )
            count += 1
            if count == most:
                return


def _working(proposal: ProposedName, every: Iterable[ProposedName]) -> Iterator[str]:
    """Of other packages that the one of a pair breaks beside too, the releases with which it works."""
    user = Version(proposal.pair[0])
    for other in every:
        if other.package != proposal.package or other.other == proposal.other or other.moment != IMPORT:
            continue
        if Version(other.first) <= user <= Version(other.last):
            yield f"{other.other}<{other.below}" if other.below else f"{other.other}>={other.above}"


def said_in(environment: CheckedEnvironment, scratch: Path) -> dict[str, str] | None:
    """What each statement says, nothing where it works; None where the environment cannot be made."""
    folder = scratch / "environment"
    try:
        pythons = dict.fromkeys((environment.python, *PYTHONS))
        if not any(_is_made(environment, python, folder) for python in pythons):
            return None
        words = json.dumps(environment.statements)
        variables = {**os.environ, "CUDA_VISIBLE_DEVICES": "", "TF_CPP_MIN_LOG_LEVEL": "3", "HOME": str(folder)}
        done = subprocess.run(  # noqa: S603 - own arguments
            [str(folder / "bin" / "python"), "-W", "ignore", "-c", _CHILD],
            input=words,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
            cwd=scratch,
            env=variables,
        )
    except subprocess.TimeoutExpired:
        return None
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    lines = (line.removeprefix("@said ") for line in done.stdout.splitlines() if line.startswith("@said "))
    return dict(map(json.loads, lines))


def _is_made(environment: CheckedEnvironment, python: str, folder: Path) -> bool:
    """Whether the environment can be made with a Python."""
    shutil.rmtree(folder, ignore_errors=True)
    make = ["uv", "venv", "--quiet", "--no-python-downloads", "--python", python, str(folder)]
    install = ["uv", "pip", "install", "--quiet", "--only-binary", ":all:", "--python", str(folder / "bin" / "python")]
    return all(
        subprocess.run(command, capture_output=True, timeout=SECONDS, check=False).returncode == 0  # noqa: S603
        for command in (make, [*install, *environment.requirements])
    )


def proposals_in(path: Path) -> tuple[ProposedName, ...]:
    """The proposals in a file of the matrix."""
    rows: list[dict[str, Any]] = [json.loads(line) for line in path.read_text().splitlines()]
    return tuple(ProposedName(**{**row, "pair": tuple(row["pair"])}) for row in rows)


def main(arguments: Sequence[str] | None = None) -> int:
    """Try what is not known yet, and keep it."""
    parser = argparse.ArgumentParser(prog="python -m mlaudit.lab.name_check", description=__doc__)
    parser.add_argument("proposals", type=Path, metavar="FILE", help="what name_matrix printed")
    parser.add_argument("--results", type=Path, required=True, help="a file of lines of JSON")
    parser.add_argument("--scratch", type=Path, required=True, help="a folder for one environment")
    parser.add_argument("--owners", action="store_true", help="try the releases that have and lack the names")
    parser.add_argument("--pairs", type=int, default=0, help="how many pairs are tried")
    parser.add_argument("--unsure", action="store_true", help="only names that the texts alone do not settle")
    options = parser.parse_args(arguments)
    options.scratch.mkdir(parents=True, exist_ok=True)
    proposals = [proposal for proposal in proposals_in(options.proposals) if not options.unsure or not proposal.sure]
    wanted = [*(owners_of(proposals) if options.owners else ()), *pairs_of(proposals, options.pairs)]
    lines = options.results.read_text().splitlines() if options.results.is_file() else ()
    known: dict[str, dict[str, str] | None] = {}
    for line in lines:
        row = json.loads(line)
        known[row["key"]] = (
            {**(known.get(row["key"]) or {}), **(row["said"] or {})} if row["said"] is not None else None
        )
    left = [
        environment
        for environment in wanted
        if environment.key not in known or not _answers(known[environment.key], environment)
    ]
    for environment in with_progress(left, len(left), "environments"):
        if not isinstance(environment, CheckedEnvironment):
            continue
        answers = said_in(environment, options.scratch)
        with options.results.open("a") as stream:
            stream.write(json.dumps({"key": environment.key, "said": answers}) + "\n")
    return 0


def _answers(answers: dict[str, str] | None, environment: CheckedEnvironment) -> bool:
    """Whether what is kept says something of each statement, or that the environment could not be made."""
    return answers is None or all(statement in answers for statement in environment.statements)


if __name__ == "__main__":
    sys.exit(main())
