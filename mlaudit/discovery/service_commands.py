"""What Makefiles and shell scripts run inside services: `docker compose exec api python export.py`, `docker exec`.

https://docs.docker.com/reference/cli/docker/compose/exec/, https://docs.docker.com/reference/cli/docker/container/exec/
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mlaudit.discovery.recipes import AuditedTree, ImageRun, RunCommand, inner_commands
from mlaudit.discovery.task_parts import commands_of_tasks
from mlaudit.model.lazy_dataclass import dataclass, replace
from mlaudit.model.nouns import Place

MAX_EXECUTED = 100
"""Commands of one service that are looked at."""

_COMPOSE = (("docker", "compose"), ("docker-compose",), ("podman", "compose"), ("podman-compose",))
_ENGINES = ("docker", "podman")
_VALUED = frozenset((
    "-e", "--env", "--index", "-u", "--user", "-w", "--workdir", "-v", "--volume", "--name", "-p", "--publish", "-l",
    "--label", "--entrypoint", "-f", "--file", "--project-name", "--profile", "--env-file", "--detach-keys",
    "--project-directory",
))  # fmt: skip
"""Options that the next word belongs to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutedCommand:
    """One command inside a service, or inside the container of that name."""

    service: str
    words: tuple[str, ...]
    is_container: bool = False


def with_executed(runs: Sequence[ImageRun], tree: AuditedTree) -> list[ImageRun]:
    """Services with the commands that tasks of the tree run inside them."""
    if not runs:
        return []
    executed = [(command, at) for words, at in commands_of_tasks(tree) for command in executed_in_services(words)]
    return [replace(run, executed=tuple(_inside(run, executed))[:MAX_EXECUTED]) for run in runs]


def _inside(run: ImageRun, executed: Sequence[tuple[ExecutedCommand, Place]]) -> Iterator[RunCommand]:
    for command, at in executed:
        if command.service == (run.container if command.is_container else run.name):
            yield from (RunCommand(words=words, at=at) for words in inner_commands(command.words))


def executed_in_services(words: Sequence[str]) -> Iterator[ExecutedCommand]:
    """What a command of docker runs inside a service or container that is there; nothing for any other command."""
    rest = [word for at, word in enumerate(words) if at or word != "sudo"]
    compose = next((prefix for prefix in _COMPOSE if tuple(rest[: len(prefix)]) == prefix), None)
    if compose is not None:
        rest = _without_options(rest[len(compose) :])
        is_inside = rest[:1] in (["exec"], ["run"])
    else:
        is_inside = rest[:1] != [] and rest[0] in _ENGINES and rest[1:2] == ["exec"]
        rest = rest[1:]
    named = _without_options(rest[1:]) if is_inside else []
    if len(named) > 1:
        yield ExecutedCommand(service=named[0], words=tuple(named[1:]), is_container=compose is None)


def _without_options(words: Sequence[str]) -> list[str]:
    """Words from the first that is no option on."""
    rest = list(words)
    while rest and rest[0].startswith("-"):
        del rest[: 2 if rest[0] in _VALUED else 1]
    return rest
