"""Runs inside a throw-away environment of `measure`: writes one artifact, or reads it and says what came out.

Only the standard library of Python 3.8 is at hand. The job is JSON on stdin, the answer is the last line on stdout.
"""

from __future__ import annotations

import json
import pickle
import sys
import warnings


def flat(value: object) -> list[object]:
    """A result as a list of numbers and texts that two interpreters can compare."""
    listed = getattr(value, "tolist", None)
    if listed is not None:
        value = listed()
    if isinstance(value, dict):
        value = sorted(value.items(), key=str)
    if isinstance(value, (list, tuple, set, frozenset)):
        return [leaf for member in value for leaf in flat(member)]
    return [float(value)] if isinstance(value, (int, float)) else [str(value)]


def names(job: dict[str, str]) -> dict[str, object]:
    """The recipe's own imports and data."""
    space: dict[str, object] = {"path": job["path"], "pickle": pickle}
    exec(job["setup"], space)  # noqa: S102 - recipes are files of this package
    return space


def dump(job: dict[str, str]) -> list[object]:
    """Make the artifact, save it, and answer with what it computes here."""
    space = names(job)
    space["model"] = eval(job["make"], space)  # noqa: S307 - recipes are files of this package
    exec(job["save"], space)  # noqa: S102 - recipes are files of this package
    return flat(eval(job["use"], space))  # noqa: S307 - recipes are files of this package


def load(job: dict[str, str]) -> list[object]:
    """Load the artifact and answer with what it computes here."""
    space = names(job)
    space["model"] = eval(job["load"], space)  # noqa: S307 - recipes are files of this package
    return flat(eval(job["use"], space))  # noqa: S307 - recipes are files of this package


def answer(job: dict[str, str]) -> dict[str, object]:
    """The result of the step that the job names; whatever a library raises is what is measured."""
    try:
        return {"result": dump(job) if job["step"] == "dump" else load(job)}
    except BaseException as error:
        return {"error": f"{type(error).__name__}: {error}"}


def main() -> None:
    """Read the job, do it, answer."""
    warnings.simplefilter("ignore")
    sys.stdout.write("\n" + json.dumps(answer(json.loads(sys.stdin.read()))) + "\n")


if __name__ == "__main__":
    main()
