"""Roles from several weak signs: what an environment runs, which packages it has, what its names say."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator, Sequence

from mlaudit.discovery.recipes import RunCommand
from mlaudit.knowledge.roles import tokens, words
from mlaudit.model.lazy_dataclass import dataclass
from mlaudit.model.lazy_pattern import lazy_pattern

RUNS, CODE, IMAGES, SCRIPTS, PACKAGES, NAMES = 4.0, 4.0, 3.0, 1.5, 0.6, 2.0
"""What the kinds of signs weigh: what runs and what code does outweigh any name."""
MOST_PACKAGES = 3
"""Packages of one role that count."""

WORK = ("training", "serving", "batch")
"""Roles of commands that show what an environment is for."""

_MODULE = lazy_pattern(r"[\w.]+")
_LAUNCHERS = (
    *("pipenv", "poetry", "uv", "pdm", "hatch", "rye", "pixi", "conda", "mamba", "micromamba"),
    *("sudo", "xvfb-run", "exec", "time", "nohup", "tini", "dumb-init"),
)
_RUNNERS = ("run", "-m", "-u", "--")
_WITH_VALUE = frozenset((
    *("-n", "--name", "-p", "--prefix", "--cwd", "-e", "--environment", "-W", "-X"),
    *("--group", "--only-group", "--no-group", "--extra", "--with", "--with-requirements", "--with-editable"),
    *("--package", "--python", "--project", "--directory", "--env-file", "--index", "--index-url"),
))  # fmt: skip
"""Options of launchers that the next word belongs to; https://docs.astral.sh/uv/reference/cli/#uv-run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleSign:
    """One reason for a role, and what it weighs."""

    role: str
    weight: float
    why: str


def judged_role(signs: Iterable[RoleSign]) -> RoleSign | None:
    """The best sign of the role that the signs add up to; None where they say nothing or contradict."""
    sums: dict[str, float] = {}
    best: dict[str, RoleSign] = {}
    for sign in signs:
        sums[sign.role] = sums.get(sign.role, 0) + sign.weight
        if sign.role not in best or sign.weight > best[sign.role].weight:
            best[sign.role] = sign
    ranked = sorted(sums, key=lambda role: (-sums[role], role))
    if not ranked or (len(ranked) > 1 and sums[ranked[0]] - sums[ranked[1]] < 0.5):
        return None
    return best[ranked[0]]


def signs_of_commands(commands: Iterable[RunCommand]) -> Iterator[RoleSign]:
    """What the commands of a recipe show, those that only install left out."""
    listed = list(commands)
    runs_code = runs_tasks(listed)
    for command in listed:
        role = role_of_program(command.words)
        if role == "platform" and runs_code:
            continue
        if role is not None:
            yield RoleSign(role=role, weight=RUNS, why=f"runs `{command.shown}`")
            continue
        role = role_of_script(command.words)
        if role is not None:
            yield RoleSign(role=role, weight=SCRIPTS, why=f"runs `{command.shown}`")


def role_of_command(command: Sequence[str]) -> str | None:
    """The role of an environment in which a command runs, None if it shows nothing."""
    return role_of_program(command) or role_of_script(command)


def is_platform(commands: Iterable[RunCommand]) -> bool:
    """Whether commands only start a server of a platform, which runs no code of the tree that it sees."""
    listed = list(commands)
    if runs_tasks(listed):
        return False
    roles = {role_of_program(command.words) or role_of_script(command.words) for command in listed}
    return "platform" in roles and roles.isdisjoint(WORK)


def runs_tasks(commands: Iterable[RunCommand], *, only_distributed: bool = False) -> bool:
    """Whether commands start what runs the tasks of a platform: workers, agents, schedulers unless left out."""
    table = words()
    starting = (*table.distributed_workers, *(() if only_distributed else table.workers))
    begins = tuple(f"{beginning} " for beginning in starting)
    return any(phrase.startswith(begins) for command in commands for phrase in _phrases(command.words))


def _phrases(command: Sequence[str]) -> tuple[str, ...]:
    """A command as a line, as it is and from its program on."""
    return f"{' '.join(command)} ", f"{' '.join(_started(command))} "


def role_of_program(command: Sequence[str]) -> str | None:
    """The role that the program of a command shows: a server, a launcher of training, a tool of developers."""
    started = _started(command)
    phrases = _phrases(command)
    for row in words().runs:
        begins = tuple(f"{beginning} " for beginning in row.phrases)
        if not row.programs.isdisjoint(started[:1]) or any(phrase.startswith(begins) for phrase in phrases):
            return row.role
    return None


def role_of_script(command: Sequence[str]) -> str | None:
    """The role that the name of a script shows."""
    started = _started(command)
    scripts = [word for word in started if "." in word.strip(".")]
    stem = {word for named in (scripts or started)[:1] for word in tokens(posixpath.basename(named))}
    for row in words().runs:
        if row.scripts.intersection(stem):
            return row.role
    return None


def _started(command: Sequence[str]) -> list[str]:
    """The program of a command by its last name, launchers of Python left out, and what follows it."""
    rest = list(command)
    while rest and (_is_launcher(rest[0]) or (len(rest) < len(command) and _is_option(rest[0]))):
        option = rest.pop(0)
        if option in _WITH_VALUE and len(rest) > 1:
            rest.pop(0)
    return [*map(posixpath.basename, rest[:1]), *rest[1:]]


def _is_launcher(word: str) -> bool:
    name = posixpath.basename(word)
    return name in _LAUNCHERS or name.startswith("python") or word in _RUNNERS


def _is_option(word: str) -> bool:
    """Whether a word is an option of the launcher before it, and not the code that Python is given."""
    return word.startswith("-") and word != "-c"


def signs_of_packages(packages: Iterable[str]) -> Iterator[RoleSign]:
    """What packages show; each counts a little."""
    named = frozenset(packages)
    for name in sorted(named):
        of_image = words().role_of_image(name)
        if of_image is not None:
            yield RoleSign(role=of_image, weight=IMAGES, why=f"starts from {name}")
    for role, names in words().packages.items():
        if role == "development":
            continue
        installed = sorted(named & names)[:MOST_PACKAGES]
        if installed:
            weight = PACKAGES * len(installed)
            yield RoleSign(role=role, weight=weight, why=f"installs {', '.join(installed)}")


def script_paths(command: Sequence[str]) -> Iterator[str]:
    """What a command names that may be a file or module of the tree: `app.py`, `app` of `app:server`, `pkg.main`."""
    program = next((word for word in command if word.endswith((".py", ".sh"))), None)
    if program is not None:
        yield program
    for at, word in enumerate(command):
        if at and command[at - 1] == "-m":
            yield f"{word.replace('.', '/')}.py"
            yield f"{word.replace('.', '/')}/__main__.py"
    for word in _started(command)[1:]:
        module, colon, rest = word.partition(":")
        if colon and not rest.startswith("//") and _MODULE.fullmatch(module):
            yield f"{module.replace('.', '/')}.py"
            yield f"{module.replace('.', '/')}/__init__.py"
    for last in command[-1:]:
        if "." in last and not last.endswith((".py", ".sh")) and _MODULE.fullmatch(last):
            yield f"{last.rpartition('.')[0].replace('.', '/')}.py"
