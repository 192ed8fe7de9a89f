"""Runs inside a throw-away environment: has a battery write its artifacts, or use them, and answers line by line.

`python battery_child.py BATTERY dump|probe FOLDER` reads names as JSON from stdin: those to leave out of a dump, or
those to probe. Only the standard library of Python 3.8 is there. Each artifact gives two lines of JSON on stdout: its
start, so that a process that dies shows at which, and its outcome.
"""

from __future__ import annotations

import json
import os
import random
import socket
import sys
import warnings
from functools import partial
from types import ModuleType
from typing import Any, Callable, Iterator  # noqa: UP035 - Python 3.8 reads this too

MOST_VALUES = 2000
"""Values of one artifact that are compared."""
SEED = 0


def flat(value: object) -> list[object]:
    """A result as a list of numbers and texts that two interpreters can compare; arrays begin with their shape."""
    shape = getattr(value, "shape", None)
    listed = getattr(value, "tolist", None)
    if listed is not None:
        value = listed()
    if isinstance(value, dict):
        value = sorted(value.items(), key=str)
    if isinstance(value, (list, tuple, set, frozenset)):
        leaves = [leaf for member in value for leaf in flat(member)]
        return [f"shape {tuple(shape)}", *leaves] if isinstance(shape, tuple) else leaves
    return [float(value)] if isinstance(value, (int, float)) else [str(value)]


def seed() -> None:
    """The same random numbers for each artifact, in whatever of the usual libraries is loaded."""
    random.seed(SEED)
    for name, path in (("numpy", "random.seed"), ("torch", "manual_seed")):
        modules: Any = sys.modules.get(name)
        for part in path.split("."):
            modules = getattr(modules, part, None)
        if modules is not None:
            modules(SEED)


def refuse(*_: object, **__: object) -> None:
    """Stands where a connection would be made."""
    raise OSError("a measurement has no network")


def forbid_network() -> None:
    """Let nothing that goes through Python's sockets reach a network."""
    for name in ("connect", "connect_ex"):
        setattr(socket.socket, name, refuse)
    for name in ("create_connection", "getaddrinfo"):
        setattr(socket, name, refuse)


def loaded(path: str) -> dict[str, Any]:
    """The names of a battery's file."""
    with open(path, encoding="utf-8") as source:  # noqa: PTH123 - nothing but builtins before the battery is loaded
        text = source.read()
    # A module that can be imported by its name: pickles of its classes look there.
    module = sys.modules["battery"] = ModuleType("battery")
    module.__file__ = path
    exec(compile(text, path, "exec"), module.__dict__)  # noqa: S102 - batteries are files of this package
    return module.__dict__


def text_of(error: BaseException) -> str:
    """An error's class and text."""
    return f"{type(error).__name__}: {error}"[:2000]


def outcome(act: Callable[[], object]) -> dict[str, object]:
    """What a call gives, with its warnings; whatever a library raises is what is measured."""
    seed()
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        try:
            answer: dict[str, object] = {"result": act()}
        except BaseException as error:
            answer = {"error": text_of(error)}
    answer["warnings"] = [f"{warning.category.__name__}: {warning.message}".splitlines()[0][:200] for warning in heard][
        :5
    ]
    return answer


def wrote(write: Callable[[str], object], path: str) -> None:
    """Write an artifact; what the function returns is nobody's."""
    write(path)


def steps(space: dict[str, Any], step: str, names: list[str]) -> Iterator[tuple[str, Callable[[str], object]]]:
    """Each artifact's name and what is done with its path: written for nothing, or probed for its values."""
    if step == "dump":
        for name, write in space["artifacts"]():
            if name not in names:
                yield name, partial(wrote, write)
        return
    for name in names:
        yield name, lambda path: flat(space["probe"](path))[:MOST_VALUES]


def main() -> None:
    """Load the battery, take its artifacts in turn, answer."""
    sys.path.pop(0)
    battery, step, folder = sys.argv[1:4]
    names = json.loads(sys.stdin.read())
    # Libraries print: what is answered goes to where stdout was, what they print to stderr.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)

    def answer(outcome: dict[str, object]) -> None:
        answers.write(json.dumps(outcome) + "\n")
        answers.flush()

    forbid_network()
    try:
        for name, act in steps(loaded(battery), step, names):
            answer({"start": name})
            answer({"name": name, **outcome(partial(act, f"{folder}{os.sep}{name}"))})
    except BaseException as error:
        answer({"broken": text_of(error)})
    answers.flush()
    # Threads and destructors of libraries are no part of a measurement.
    os._exit(0)


if __name__ == "__main__":
    main()
