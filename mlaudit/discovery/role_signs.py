"""Roles from several weak signs: what an environment runs, which packages it has, what its names say."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from mlaudit.discovery.recipes import RunCommand
from mlaudit.knowledge.roles import tokens, words
from mlaudit.model.lazy_dataclass import dataclass

RUNS, CODE, IMAGES, SCRIPTS, PACKAGES, NAMES = 4.0, 4.0, 3.0, 1.5, 0.6, 2.0
"""What the kinds of signs weigh: what runs and what code does outweigh any name."""
MOST_PACKAGES = 3
"""Packages of one role that count."""

WORK = ("training", "serving", "batch")
"""Roles of commands that show what an environment is for."""

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


def judged_role(signs: Iterable[RoleSign]) -> tuple[str, str]:
    """The role that the signs add up to and its best reason; two empty texts where they say nothing or contradict."""
    sums: dict[str, float] = {}
    best: dict[str, RoleSign] = {}
    for sign in signs:
        sums[sign.role] = sums.get(sign.role, 0) + sign.weight
        if sign.role not in best or sign.weight > best[sign.role].weight:
            best[sign.role] = sign
    ranked = sorted(sums, key=lambda role: (-sums[role], role))
    if not ranked or (len(ranked) > 1 and sums[ranked[0]] - sums[ranked[1]] < 0.5):
        return "", ""
    return ranked[0], best[ranked[0]].why


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
    program, arguments = _program(command)
    return f"{' '.join(command)} ", f"{' '.join((program, *arguments))} "


def role_of_program(command: Sequence[str]) -> str | None:
    """The role that the program of a command shows: a server, a launcher of training, a tool of developers."""
    program, _ = _program(command)
    phrases = _phrases(command)
    for row in words().runs:
        begins = tuple(f"{beginning} " for beginning in row.phrases)
        if program in row.programs or any(phrase.startswith(begins) for phrase in phrases):
            return row.role
    return None


def role_of_script(command: Sequence[str]) -> str | None:
    """The role that the name of a script shows."""
    program, arguments = _program(command)
    scripts = [word for word in (program, *arguments) if "." in word.strip(".")]
    named = scripts[0] if scripts else program
    stem = tokens(named.rpartition("/")[2])
    for row in words().runs:
        if row.scripts.intersection(stem):
            return row.role
    return None


def _program(command: Sequence[str]) -> tuple[str, tuple[str, ...]]:
    """The program of a command by its last name, launchers of Python left out, and what follows it."""
    rest = list(command)
    while rest and (_is_launcher(rest[0]) or (len(rest) < len(command) and _is_option(rest[0]))):
        option = rest.pop(0)
        if option in _WITH_VALUE and len(rest) > 1:
            rest.pop(0)
    if not rest:
        return "", ()
    return rest[0].rpartition("/")[2], tuple(rest[1:])


def _is_launcher(word: str) -> bool:
    name = word.rpartition("/")[2]
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
    _, arguments = _program(command)
    program = next((word for word in command if word.endswith((".py", ".sh"))), None)
    if program is not None:
        yield program
    for at, word in enumerate(command):
        if at and command[at - 1] == "-m":
            yield f"{word.replace('.', '/')}.py"
            yield f"{word.replace('.', '/')}/__main__.py"
    for word in arguments:
        module, colon, rest = word.partition(":")
        if colon and not rest.startswith("//") and _may_be_module(module):
            yield f"{module.replace('.', '/')}.py"
            yield f"{module.replace('.', '/')}/__init__.py"
    last = command[-1] if command else ""
    if "." in last and not last.endswith((".py", ".sh")) and _may_be_module(last):
        yield f"{last.rpartition('.')[0].replace('.', '/')}.py"


def _may_be_module(word: str) -> bool:
    return word.replace(".", "").replace("_", "").isalnum()
