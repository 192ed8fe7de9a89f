"""Values of a setup.py that its source tells; nothing of it is executed, and what is not told is UNKNOWN."""

from __future__ import annotations

import ast
import itertools
import operator
import posixpath
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

PYTHONS = tuple((3, minor) for minor in range(6, 15))
"""Any of these may build a release."""
MAX_REPEAT = 1000


class UndecidedValue:
    """What the source does not tell; there is one, `UNKNOWN`."""

    def __repr__(self) -> str:
        return "UNKNOWN"


UNKNOWN: Final = UndecidedValue()


@dataclass(frozen=True, slots=True)
class TreePath:
    """A `pathlib.Path` into the source tree."""

    path: str


@dataclass(frozen=True, slots=True)
class OpenedText:
    """A file of the source tree that was opened, or what `StringIO` holds."""

    text: str


@dataclass(frozen=True, slots=True)
class PythonVersion:
    """`sys.version_info`, or its first `length` numbers."""

    length: int = 5


@dataclass(frozen=True, slots=True)
class KnownModule:
    """A module of the standard library, by name."""

    name: str


@dataclass(frozen=True, slots=True)
class KnownFunction:
    """A function of a known module or of the language, by its full name."""

    name: str


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_PURE: Mapping[type, frozenset[str]] = {
    str: _words(
        "capitalize casefold count endswith find format index isdigit isspace join lower lstrip partition removeprefix "
        "removesuffix replace rfind rpartition rsplit rstrip split splitlines startswith strip title upper"
    ),
    list: _words("append clear copy count extend index insert pop remove reverse sort"),
    dict: _words("copy get items keys pop setdefault update values"),
    set: _words("add copy difference discard intersection union update"),
    tuple: _words("count index"),
    re.Pattern: _words("findall finditer fullmatch match search split sub"),
    re.Match: _words("end group groupdict groups start"),
}
MUTATING = _words("append add clear discard extend insert pop remove reverse setdefault sort update")
OPERATIONS: Mapping[type, Callable[..., object]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mod: operator.mod,
    ast.BitOr: operator.or_,
    ast.BitAnd: operator.and_,
    ast.FloorDiv: operator.floordiv,
    ast.Not: operator.not_,
    ast.USub: operator.neg,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Is: operator.is_,
    ast.IsNot: operator.is_not,
    ast.In: lambda first, second: first in second,
    ast.NotIn: lambda first, second: first not in second,
}
CALLS: Mapping[str, Callable[..., object]] = {
    **{
        function.__name__: function
        for function in (all, any, bool, dict, enumerate, int, len, list, max, min, range, set, sorted)
    },
    **{function.__name__: function for function in (frozenset, reversed, str, sum, tuple, zip)},
    "print": lambda *_, **__: None,
    "re.compile": re.compile,
    "re.escape": re.escape,
    "re.findall": re.findall,
    "re.match": re.match,
    "re.search": re.search,
    "re.split": re.split,
    "re.sub": re.sub,
    "itertools.chain": itertools.chain,
    "itertools.chain.from_iterable": itertools.chain.from_iterable,
    "collections.OrderedDict": dict,
    "os.path.basename": posixpath.basename,
    "os.path.dirname": posixpath.dirname,
    "os.path.join": posixpath.join,
    "os.path.normpath": posixpath.normpath,
    "os.path.abspath": posixpath.normpath,
    "os.path.realpath": posixpath.normpath,
    "os.path.split": posixpath.split,
    "os.path.splitext": posixpath.splitext,
    "os.getcwd": lambda: "",
    "io.StringIO": OpenedText,
    "pathlib.Path": lambda *parts: TreePath(posixpath.join(*map(path_of, parts)) if parts else ""),
    "platform.system": lambda: "Linux",
    "platform.machine": lambda: "x86_64",
}
MODULES = _words("codecs collections io itertools os os.path pathlib platform re sys")
CONSTANTS: Mapping[str, object] = {
    "sys.platform": "linux",
    "sys.argv": ["setup.py", "bdist_wheel"],
    "sys.version_info": PythonVersion(),
    "sys.version_info.major": 3,
    "os.name": "posix",
    "os.sep": "/",
    "os.linesep": "\n",
    "re.MULTILINE": re.MULTILINE,
    "re.M": re.M,
    "re.VERBOSE": re.VERBOSE,
    "re.DOTALL": re.DOTALL,
}


def path_of(value: object) -> str:
    """The text of a path. Raises TypeError for what is none."""
    if isinstance(value, TreePath):
        return value.path
    if not isinstance(value, str):
        raise TypeError("expected a path")
    return value


def is_known(value: object) -> bool:
    """Whether nothing in a value is UNKNOWN."""
    if isinstance(value, dict):
        return all(is_known(key) and is_known(member) for key, member in value.items())
    if isinstance(value, (list, tuple, set, frozenset)):
        return all(map(is_known, value))
    return value is not UNKNOWN


def spoil(value: object) -> None:
    """Make what somebody may have changed UNKNOWN wherever it is held."""
    if isinstance(value, list):
        value.append(UNKNOWN)
    elif isinstance(value, dict):
        value[UNKNOWN] = UNKNOWN
    elif isinstance(value, set):
        value.add(UNKNOWN)


def copied(value: object, seen: dict[int, object]) -> object:
    """A copy of nested containers in which what was one object stays one."""
    if id(value) in seen:
        return seen[id(value)]
    if isinstance(value, list):
        seen[id(value)] = fresh = list[object]()
        fresh += (copied(member, seen) for member in value)
        return fresh
    if isinstance(value, dict):
        seen[id(value)] = pairs = dict[object, object]()
        pairs.update((key, copied(member, seen)) for key, member in value.items())
        return pairs
    if isinstance(value, set):
        seen[id(value)] = members = set(value)
        return members
    return value


def applied(operation: type, *values: object) -> object:
    """The result of an operator, UNKNOWN where a value or the operator is."""
    if any(isinstance(value, PythonVersion) for value in values):
        return _compared_python(operation, *values)
    if operation is ast.Div and isinstance(values[0], TreePath):
        return TreePath(posixpath.join(values[0].path, path_of(values[1]))) if is_known(values[1]) else UNKNOWN
    if (
        operation in (ast.Add, ast.BitOr)
        and isinstance(values[0], (list, dict))
        and isinstance(values[1], type(values[0]))
    ):
        return _tried(OPERATIONS[operation], *values)
    if operation is ast.Mult and is_known(list(values)):
        numbers = [value for value in values if isinstance(value, int)]
        return _tried(operator.mul, *values) if numbers and max(numbers) <= MAX_REPEAT else UNKNOWN
    function = OPERATIONS.get(operation)
    return _tried(function, *values) if function is not None and is_known(list(values)) else UNKNOWN


def _compared_python(operation: type, *values: object) -> object:
    """A comparison with the version of the Python that builds, where all that may build agree."""
    function = OPERATIONS.get(operation)
    if function is None or not is_known(list(values)):
        return UNKNOWN
    answers = set()
    for python in PYTHONS:
        numbers = (*python, 999, "final", 0)
        plain = (numbers[: value.length] if isinstance(value, PythonVersion) else value for value in values)
        answers.add(_tried(function, *plain))
    return answers.pop() if len(answers) == 1 else UNKNOWN


def called(function: object, arguments: list[object], keywords: dict[str, object]) -> object:
    """What a known function returns, UNKNOWN for what is not known; what an unknown one was given is spoilt."""
    known = CALLS.get(function.name) if isinstance(function, KnownFunction) else None
    if known is None:
        for argument in (*arguments, *keywords.values()):
            spoil(argument)
        return UNKNOWN
    if known is dict and not arguments:
        return keywords
    if not is_known(arguments) or not is_known(keywords):
        return UNKNOWN
    if known is range and any(isinstance(argument, int) and argument > MAX_REPEAT for argument in arguments):
        return UNKNOWN
    answer = _tried(known, *arguments, **keywords)
    lazy = isinstance(answer, (enumerate, reversed, zip, itertools.chain, range))
    return _tried(list, answer) if lazy else answer


def method_called(owner: object, name: str, arguments: list[object], keywords: dict[str, object]) -> object:
    """What a method of a value returns."""
    kind = next((kind_of_owner for kind_of_owner in _PURE if isinstance(owner, kind_of_owner)), None)
    if kind is None or name not in _PURE[kind]:
        for argument in (owner, *arguments, *keywords.values()):
            spoil(argument)
        return UNKNOWN
    adds = name in ("append", "insert", "setdefault", "add", "get", "copy", "items", "keys", "values")
    if not adds and not (is_known(arguments) and is_known(keywords) and is_known(owner)):
        if name in MUTATING:
            spoil(owner)
        return UNKNOWN
    if name in ("get", "setdefault", "pop") and isinstance(owner, dict) and not is_known(list(owner)):
        return UNKNOWN
    answer = _tried(getattr(owner, name), *arguments, **keywords)
    return list(answer) if name in ("items", "keys", "values", "finditer") and isinstance(answer, Iterable) else answer


def item_of(owner: object, key: object) -> object:
    """A part of a text, a list or a dictionary; of one that somebody may have changed nothing is known."""
    if isinstance(owner, dict) and UNKNOWN in owner:
        return UNKNOWN
    return _tried(operator.getitem, owner, key) if isinstance(owner, (str, list, tuple, dict)) else UNKNOWN


def _tried(function: Callable[..., object], *arguments: object, **keywords: object) -> object:
    try:
        return function(*arguments, **keywords)
    except (TypeError, ValueError, LookupError, AttributeError, ArithmeticError, re.error):
        return UNKNOWN
