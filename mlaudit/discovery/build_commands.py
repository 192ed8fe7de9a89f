"""Python scripts that a Dockerfile runs while an image is built, such as the training of the model that it serves."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from mlaudit.discovery.recipes import RunCommand
from mlaudit.discovery.role_signs import role_of_command, script_paths
from mlaudit.grammars.container import dockerfile_text
from mlaudit.grammars.container.dockerfile_stages import DockerfileStages, Stage
from mlaudit.grammars.shell.install_command import installs
from mlaudit.grammars.shell.shell_commands import commands


def build_commands(stages: Iterable[Stage]) -> tuple[RunCommand, ...]:
    """The commands of some stages' RUN instructions that may start a module, without those of installers."""
    return tuple(
        RunCommand(words=words, at=instruction.rest.place(0, len(instruction.rest.text.rstrip())))
        for stage in stages
        for instruction in stage.instructions
        if instruction.keyword == "RUN"
        for words in _words(dockerfile_text.shell_script(instruction).text)
    )


def _words(script: str) -> Iterator[tuple[str, ...]]:
    for command in commands(script, {}):
        words = tuple(word.text for word in command.words)
        is_install = "setup.py" in words or installs(command.words)
        if not is_install and any(named.endswith(".py") for named in script_paths(words)):
            yield words


def trains(stage: Stage) -> bool:
    """Whether a stage trains while it is built."""
    return any(role_of_command(command.words) == "training" for command in build_commands((stage,)))


def trainers(build: DockerfileStages) -> frozenset[int]:
    """The stages that train and hand over files, to a stage that is not built from them and installs for itself."""
    made_of = {index for stage in build.stages for index in (stage.base, *stage.packages_from) if index is not None}
    handing = {build.source(instruction) for stage in build.stages for instruction in stage.instructions}
    return frozenset(
        stage.index for stage in build.stages if stage.index in handing and stage.index not in made_of and trains(stage)
    )
