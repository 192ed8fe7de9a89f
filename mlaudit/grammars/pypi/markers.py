"""Environment markers over several environments at once: every marker becomes a set of bits, one bit an environment.

The boolean skeleton is read here, iteratively, so that no nesting is too deep; each comparison is packaging's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache

from mlaudit.model import plain_versions
from mlaudit.model.lazy_dataclass import dataclass
from mlaudit.model.lazy_pattern import lazy_pattern

MAX_LENGTH = 65536
"""Characters: a longer marker is not read."""

_VALUE = r"'[^']{0,256}'|\"[^\"]{0,256}\""
_OPERAND = rf"{_VALUE}|[A-Za-z_][\w.]{{0,64}}"
_TOKEN = lazy_pattern(
    rf"\s*(?:(?P<bracket>[()])|(?P<word>and|or)(?![\w.])"
    rf"|(?P<left>{_OPERAND})\s*(?P<operator>===|[=~!<>]=|[<>]|not\s{{1,8}}in(?![\w.])|in(?![\w.]))\s*(?P<right>{_OPERAND}))"
)
_PRECEDENCE = {"or": 1, "and": 2}
# Nothing in a lock or on a command line shows the kernel's release, so what depends on it stays open.
_UNKNOWABLE = frozenset({"platform_release", "platform_version", "platform.version"})
_ASKED = frozenset({"extra", "extras", "dependency_groups"})
_ENCODED = lazy_pattern(r"(extra|group|project)-([0-9]{1,4})-(.{1,512})")


@dataclass(frozen=True, slots=True, kw_only=True)
class Atom:
    """One comparison of a marker.

    Attributes:
        text: the comparison as written.
        asks: `extra`, `extras` or `dependency_groups` where it asks for what is selected; `nothing` where no
            environment shows it; else empty.
        value: the name that it asks for.
        negated: it holds where the name is not selected.
    """

    text: str
    asks: str = ""
    value: str = ""
    negated: bool = False


Program = tuple["Atom | str", ...]
"""A marker in postfix order: comparisons, and the words `and` and `or`."""


@dataclass(frozen=True, slots=True)
class Worlds:
    """The environments that markers are evaluated for, by full Python version; bit N belongs to the Nth."""

    pythons: tuple[str, ...]
    platform: str
    machine: str
    implementation: str = "cpython"

    @property
    def every(self) -> int:
        """The bits of all environments."""
        return (1 << len(self.pythons)) - 1


@lru_cache(maxsize=16384)
def program(marker: str) -> Program | None:
    """The marker in postfix order, None if it is not one."""
    if len(marker) > MAX_LENGTH:
        return None
    output: list[Atom | str] = []
    pending: list[str] = []
    operand_due = True
    for step in _steps(marker):
        starts = isinstance(step, Atom) or step == "("
        if step is None or starts != operand_due:
            return None
        if isinstance(step, Atom):
            output.append(step)
        elif not _shunted(step, output, pending):
            return None
        operand_due = step in ("(", "and", "or")
    if operand_due or "(" in pending:
        return None
    return (*output, *reversed(pending))


def _shunted(word: str, output: list[Atom | str], pending: list[str]) -> bool:
    """Dijkstra's shunting yard for one bracket or word; False if a bracket has no partner."""
    if word == "(":
        pending.append(word)
        return True
    bound = _PRECEDENCE.get(word, 0)
    while pending and _PRECEDENCE.get(pending[-1], -1) >= max(bound, 1):
        output.append(pending.pop())
    if word != ")":
        pending.append(word)
        return True
    return bool(pending) and pending.pop() == "("


def _steps(marker: str) -> Iterator[Atom | str | None]:
    """Comparisons, words and brackets; None if the text is neither."""
    at, end = 0, len(marker.rstrip())
    while at < end:
        match = _TOKEN.match(marker, at)
        if match is None:
            yield None
            return
        at = match.end()
        yield match["bracket"] or match["word"] or _atom(match["left"], match["operator"], match["right"])


def _atom(left: str, operator: str, right: str) -> Atom:
    text = f"{left} {operator} {right}"
    variable, value = (right, left) if left[0] in "'\"" else (left, right)
    if variable in _UNKNOWABLE or value[0] not in "'\"":
        return Atom(text=text, asks="nothing")
    if variable not in _ASKED:
        return Atom(text=text)
    equality = operator in ("==", "!=") if variable == "extra" else right == variable and operator.endswith("in")
    if not equality:
        return Atom(text=text, asks="nothing")
    return Atom(text=text, asks=variable, value=value[1:-1], negated=operator.startswith(("!", "not")))


def encoded(name: str) -> tuple[str, str, str] | None:
    """Kind, package and name in the extra under which uv writes what conflicts, None if the name is not one.

    `extra-3-api-cpu` is the extra `cpu` of `api`; the number is the length of the package's name
    (uv-resolver/src/universal_marker.rs).
    """
    match = _ENCODED.fullmatch(name)
    if match is None:
        return None
    length, rest = int(match[2]), match[3]
    package, dash, name = rest[:length], rest[length : length + 1], rest[length + 1 :]
    whole = not dash if match[1] == "project" else dash == "-" and bool(name)
    return (match[1], package, name) if whole and len(package) == length else None


def evaluated(read: Program, bits: Callable[[Atom], int]) -> int:
    """The bits of a marker, from the bits of its comparisons."""
    stack: list[int] = []
    for step in read:
        if isinstance(step, Atom):
            stack.append(bits(step))
            continue
        right, left = stack.pop(), stack.pop()
        stack.append(left & right if step == "and" else left | right)
    return stack[0]


@lru_cache(maxsize=65536)
def atom_bits(text: str, worlds: Worlds) -> int | None:
    """The environments in which a comparison holds, None if packaging cannot tell."""
    environments = [_environment(python, worlds) for python in worlds.pythons]
    answers = _plain_answers(text, environments)
    if answers is None:
        answers = _answers(text, environments)
    return None if answers is None else sum(1 << bit for bit, holds in enumerate(answers) if holds)


def _answers(text: str, environments: Sequence[dict[str, str]]) -> list[bool] | None:
    from packaging.markers import InvalidMarker, Marker, UndefinedComparison, UndefinedEnvironmentName
    from packaging.version import InvalidVersion

    try:
        marker = Marker(text)
        return [marker.evaluate(environment) for environment in environments]
    except (InvalidMarker, UndefinedComparison, UndefinedEnvironmentName, InvalidVersion):
        return None


_PLAIN_VERSION = lazy_pattern(
    r"(python_full_version|python_version|implementation_version) ([=~!<>]=|[<>]) "
    r"(?P<quote>['\"])([0-9]{1,9}(?:\.[0-9]{1,9}){0,9}(?:\.\*)?)(?P=quote)"
)
_PLAIN_WORD = lazy_pattern(
    r"(sys_platform|platform_(?:system|machine|python_implementation)|implementation_name|os_name) ([!=]=) "
    # No word that begins so is a version, which packaging would compare as one.
    r"(?P<quote>['\"])([A-UW-Za-uw-z][A-Za-z0-9_]{0,63})(?P=quote)"
)


def _plain_answers(text: str, environments: Sequence[dict[str, str]]) -> list[bool] | None:
    """The usual comparisons as packaging decides them, without its grammar, which loads slowly; None for others."""
    word = _PLAIN_WORD.fullmatch(text)
    if word is not None:
        return [(environment[word[1]] == word[4]) is (word[2] == "==") for environment in environments]
    version = _PLAIN_VERSION.fullmatch(text)
    if version is None:
        return None
    answers = [plain_versions.admits(version[2] + version[4], environment[version[1]]) for environment in environments]
    return [answer for answer in answers if answer is not None] if None not in answers else None


_SYSTEMS = {"linux": ("Linux", "posix"), "darwin": ("Darwin", "posix"), "win32": ("Windows", "nt")}
_IMPLEMENTATIONS = {"cpython": "CPython", "pypy": "PyPy", "graalpy": "GraalVM"}


def _environment(python: str, worlds: Worlds) -> dict[str, str]:
    """Every variable of PEP 508, so that packaging asks nothing of the machine that it runs on."""
    system, os_name = _SYSTEMS.get(worlds.platform, (worlds.platform.capitalize(), "posix"))
    return {
        "implementation_name": worlds.implementation,
        "implementation_version": python,
        "os_name": os_name,
        "platform_machine": worlds.machine,
        "platform_release": "",
        "platform_system": system,
        "platform_version": "",
        "python_full_version": python,
        "platform_python_implementation": _IMPLEMENTATIONS.get(worlds.implementation, worlds.implementation),
        "python_version": ".".join(python.split(".")[:2]),
        "sys_platform": worlds.platform,
        "extra": "",
    }
