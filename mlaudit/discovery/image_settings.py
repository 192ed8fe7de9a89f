"""The variables and the folder that a Dockerfile gives what runs in one of its stages."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable
from dataclasses import field

from mlaudit.discovery.recipes import ImageRun
from mlaudit.grammars.container import dockerfile_text
from mlaudit.grammars.container.dockerfile_stages import DockerfileStages, Stage
from mlaudit.grammars.container.dockerfile_text import Instruction
from mlaudit.model.lazy_dataclass import dataclass, replace
from mlaudit.model.nouns import Place


@dataclass(slots=True, kw_only=True)
class StageSettings:
    """What the stages of an image set, one after the other; an unknown folder has a `$`."""

    build: DockerfileStages
    variables: dict[str, str] = field(default_factory=dict)
    arguments: dict[str, str] = field(default_factory=dict)
    folder: str = ""
    at: Place | None = None

    @property
    def known(self) -> dict[str, str]:
        """The values of the variables that hold here; an ENV wins over an ARG."""
        return {**self.arguments, **self.variables}

    def start_stage(self) -> None:
        """Begin a stage: an ARG holds in the stage that declares it, an ENV in those that are built from it too."""
        self.arguments = {}

    def read(self, instruction: Instruction) -> None:
        """Take up one instruction."""
        known = self.known
        if instruction.keyword == "ARG":
            for name, value in dockerfile_text.assignments(instruction, known):
                self._argument(name, value)
        elif instruction.keyword == "ENV":
            for name, value in dockerfile_text.assignments(instruction, known):
                self.variables.pop(name, None)
                self.variables.update({name: value} if value is not None else {})
            self.at = instruction.rest.place(0, len(instruction.rest.text.rstrip()))
        elif instruction.keyword == "WORKDIR":
            words = dockerfile_text.words(instruction.rest, known)
            is_known = bool(words) and not words[0].unresolved
            self.folder = posixpath.join(self.folder, words[0].text) if is_known else "$"

    def _argument(self, name: str, default: str | None) -> None:
        outer = self.build.globals.get(name)
        stated = self.build.doc.defines.get(name, self.build.arguments.get(name))
        value = next((value_given for value_given in (stated, default, outer) if value_given is not None), None)
        if value is not None:
            self.arguments[name] = value


def image_run(path: str, build: DockerfileStages, chain: Iterable[Stage]) -> ImageRun | None:
    """How the image of a stage runs by itself: with what its ENV sets, in its WORKDIR; None if it sets nothing.

    Args:
        path: of the Dockerfile, relative to the audited folder.
        chain: the stages that it is built from, the innermost first, itself last.
    """
    settings = StageSettings(build=build)
    stages = list(chain)
    for stage in stages:
        settings.start_stage()
        for instruction in stage.instructions:
            settings.read(instruction)
    if settings.at is None or not settings.variables:
        return None
    return ImageRun(
        dockerfile=path,
        target="" if stages[-1] is build.stages[-1] else stages[-1].name,
        at=settings.at,
        folder="" if "$" in settings.folder else settings.folder,
        settings=tuple(settings.variables.items()),
    )


def with_image_settings(run: ImageRun, image: ImageRun) -> ImageRun:
    """A service with what its image sets and the service leaves as it is."""
    return replace(run, settings=(*image.settings, *run.settings))
