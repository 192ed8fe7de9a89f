"""Build stages of a Dockerfile: what each is built from, whose packages it holds, and where its files come from."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property

from mlaudit.document.budget import Limit, spend
from mlaudit.document.document import Document
from mlaudit.grammars.container import dockerfile_text
from mlaudit.grammars.container.build_commands import ImageBuild
from mlaudit.grammars.container.build_context import BuildContext, OwnImage, builds_of_dockerfile, context, own_image
from mlaudit.grammars.container.dockerfile_text import Instruction
from mlaudit.grammars.shell.shell_words import Word
from mlaudit.model.globs import glob
from mlaudit.model.lazy_dataclass import dataclass, field
from mlaudit.model.lazy_pattern import lazy_pattern
from mlaudit.model.nouns import Unread

MAX_PARENTS = 4
"""Folders above the Dockerfile's own that may be the build context."""

LOOKUPS = Limit(name="look-ups of copied files", most=100_000)
"""Every COPY of a stage, and of those that it copies from, may have brought the file that a command names."""

MAX_STAGES = 300
"""Stages that are read of one document."""

_UNLIKELY = 3
_NO_CONTEXT = "nothing states which folder is the build context"
_ENVIRONMENT_FOLDER = lazy_pattern(
    r"(?:^|/)(?:(?:site|dist)-packages|[\w.-]{0,64}venv[\w.-]{0,64}|\.?envs?|\.?virtualenvs?|\.local|local|install|wheels?|wheelhouse|packages"
    r"|(?:mini|micro)?(?:conda|forge|mamba)\d?|mambaforge|python[\d.]*|lib|opt)(?:/|$)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """Files that come into a stage: their paths in the context or in another stage, and where they land."""

    sources: tuple[str, ...]
    target: str
    is_folder: bool
    stage: int | None = None
    foreign: bool = False


@dataclass(slots=True, kw_only=True)
class Stage:
    """One build stage.

    Attributes:
        name: as `AS` names it, else its number.
        image: what follows FROM, variables replaced.
        base: the stage it is built from, None if that is an image.
        packages_from: other stages whose environment it copies.
        triggers: what ONBUILD leaves to the stages and images that are built from it.
    """

    index: int
    name: str
    image: Word
    origin: Instruction
    base: int | None = None
    platform: str | None = None
    instructions: list[Instruction] = field(default_factory=list)
    packages_from: list[int] = field(default_factory=list)
    copies: list[Copy] = field(default_factory=list)
    triggers: list[Instruction] = field(default_factory=list)


class DockerfileStages:
    """The stages of a Dockerfile.

    Args:
        doc: the Dockerfile.
        instructions: its instructions.
    """

    def __init__(self, doc: Document, instructions: Iterable[Instruction]) -> None:
        self.doc = doc
        self.globals: dict[str, str] = {}
        self.stages: list[Stage] = []
        self.before: list[Instruction] = []
        self.left_out = 0
        self.doubts: list[str] = []
        self._numbers: dict[str, int] = {}
        self._known: dict[str, str | None] = {}
        for instruction in instructions:
            if instruction.keyword == "FROM":
                self._stage(instruction)
            elif self.stages:
                stage = self.stages[-1]
                (stage.triggers if instruction.is_trigger else stage.instructions).append(instruction)
            elif instruction.keyword == "ARG":
                self._argument(instruction)
            else:
                self.before.append(instruction)
        for stage in self.stages:
            for instruction in stage.instructions:
                if instruction.keyword in ("COPY", "ADD"):
                    self._environment_copied(stage, instruction)

    def _argument(self, instruction: Instruction) -> None:
        known = {**self.globals, **self.doc.defines}
        for name, value in dockerfile_text.assignments(instruction, known):
            value = self.doc.defines.get(name, self.arguments.get(name, value))
            if value is not None:
                self.globals[name] = value

    def _stage(self, instruction: Instruction) -> None:
        if len(self.stages) >= MAX_STAGES:
            self.left_out += 1
            return
        words = dockerfile_text.words(instruction.rest, {**self.globals, **self.doc.defines})
        texts = [word.text for word in words]
        index = len(self.stages)
        named = len(texts) > 2 and texts[1].lower() == "as"
        image = words[0] if words else Word(text="", start=0, end=0)
        self.stages.append(
            Stage(
                index=index,
                name=texts[2] if named else str(index),
                image=image,
                origin=instruction,
                base=self.number(image.text),
                platform=instruction.flag("platform"),
            )
        )
        self._numbers[self.stages[index].name.lower()] = index
        self._numbers[str(index)] = index

    def number(self, name: str) -> int | None:
        """The index of the stage with a name or number."""
        return self._numbers.get(name.lower()) if name else None

    def source(self, instruction: Instruction) -> int | None:
        """The index of the stage from which an instruction takes files."""
        return self.number(instruction.flag("from") or "")

    def _environment_copied(self, stage: Stage, instruction: Instruction) -> None:
        source = self.source(instruction)
        if source is None or source == stage.index:
            return
        paths = list(instruction.items() or dockerfile_text.words(instruction.rest, self.globals))
        if any(_ENVIRONMENT_FOLDER.search(word.text.rstrip("/")) or word.text == "/" for word in paths[:-1]):
            stage.packages_from.append(source)

    def _holding(self, index: int, *, copied: bool) -> set[int]:
        """The stages that hold what one installs: itself, those built from it, those that copy its environment."""
        holding = {index}
        for stage in self.stages[index + 1 :]:
            others = [stage.base, *(stage.packages_from if copied else ())]
            if any(other in holding for other in others):
                holding.add(stage.index)
        return holding

    def parts(self, index: int, *, copied: bool) -> tuple[str, ...]:
        """The names of the stages that hold what a stage installs (`copied`), or what its image holds."""
        holding = self._holding(index, copied=copied)
        return tuple(stage.name for stage in self.stages if stage.index in holding)

    def copy(self, stage: Stage, instruction: Instruction, values: Mapping[str, str], folder: str) -> None:
        """Remember where the files of a COPY or ADD land."""
        words = list(instruction.items() or dockerfile_text.words(instruction.rest, values))
        if len(words) < 2:
            return
        target = words[-1].text
        origin = instruction.flag("from")
        self.remember(
            stage,
            [word.text for word in words[:-1]],
            posixpath.join(folder, target),
            is_folder=target.endswith(("/", ".")) or len(words) > 2,
            origin=origin,
        )

    def remember(
        self, stage: Stage, sources: Iterable[str], target: str, *, is_folder: bool, origin: str | None
    ) -> None:
        """Files of the context, of another stage or of another image that are at a path of a stage."""
        number = self.number(origin) if origin else None
        stage.copies.append(
            Copy(
                sources=tuple(sources),
                target=posixpath.normpath(target),
                is_folder=is_folder,
                stage=number,
                foreign=origin is not None and number is None,
            )
        )

    def locate(self, index: int, path: str, depth: int = 0) -> str | None:
        """The file beside the Dockerfile that is at a path of a stage; where none is there, what COPY names."""
        missing: list[tuple[int, str]] = []
        for stage in self._chain(index):
            for copy in reversed(stage.copies):
                spend(LOOKUPS, 1 + len(copy.sources))
                for rank, candidate in () if copy.foreign else _candidates(copy, path):
                    origin = self._origin(copy, candidate, depth)
                    if origin is not None:
                        return origin
                    if copy.stage is None and rank < _UNLIKELY:
                        missing.append((rank, self.context.prefix + candidate.lstrip("/")))
        if depth == 0 and not missing and posixpath.dirname(path) == "/":
            return self._in_unknown_folder(index, posixpath.basename(path))
        return min(missing, default=(0, None))[1] if depth == 0 else None

    def _in_unknown_folder(self, index: int, name: str) -> str | None:
        """The one file of a name that is copied, where only the base image shows in which folder commands run."""
        stages = list(self._chain(index))
        if any(instruction.keyword == "WORKDIR" for stage in stages for instruction in stage.instructions):
            return None
        sources = [
            source
            for stage in stages
            for copy in stage.copies
            for source in (() if copy.foreign or copy.stage is not None else copy.sources)
        ]
        spend(LOOKUPS, len(sources))
        candidates = (
            source if posixpath.basename(source) == name else posixpath.join(source, name) for source in sources
        )
        folders = {self._in_context(candidate) for candidate in candidates} - {None}
        return folders.pop() if len(folders) == 1 else None

    def _origin(self, copy: Copy, candidate: str, depth: int) -> str | None:
        if copy.stage is None:
            return self._in_context(candidate)
        return self.locate(copy.stage, posixpath.join("/", candidate), depth + 1) if depth < len(self.stages) else None

    def _chain(self, index: int | None) -> Iterator[Stage]:
        while index is not None:
            yield self.stages[index]
            index = self.stages[index].base

    def _in_context(self, path: str) -> str | None:
        """The file in the build context; if nothing shows that, in the nearest folder upwards that holds it."""
        plain = posixpath.normpath(path.lstrip("/"))
        if plain not in self._known:
            spend(LOOKUPS, MAX_PARENTS + 1)
            known = self.context
            above = tuple("../" * level for level in range(MAX_PARENTS + 1))
            prefixes = (known.prefix, *known.others) if known.sure else above
            holding = [prefix for prefix in prefixes if self.doc.beside(prefix + plain) is not None]
            self._known[plain] = holding[0] + plain if holding else None
            self._doubt(plain, holding)
        return self._known[plain]

    @cached_property
    def context(self) -> BuildContext:
        """The build context."""
        return context(self.doc, self.builds, self._sources(), MAX_PARENTS)

    @cached_property
    def builds(self) -> tuple[ImageBuild, ...]:
        """What compose files, CI, Makefiles and scripts beside and above state about how it is built."""
        return builds_of_dockerfile(self.doc, MAX_PARENTS)

    @cached_property
    def arguments(self) -> Mapping[str, str]:
        """The values that every build that is known gives to an ARG."""
        first, *others = (dict(build.arguments) for build in self.builds) if self.builds else ({},)
        return {name: value for name, value in first.items() if all(other.get(name) == value for other in others)}

    def own_image(self, reference: str) -> OwnImage | None:
        """The Dockerfile of the tree that an image is built with, where files of the tree say so."""
        return own_image(self.doc, reference, MAX_PARENTS)

    @cached_property
    def built(self) -> Stage:
        """The stage that is built: the one that every build names, else the last."""
        targets = {build.target for build in self.builds} if len(self.stages) > 1 else set()
        numbers = {self.number(target) for target in targets if target and "*" not in target}
        if len(targets) > 1 and numbers - {None}:
            names = " and ".join(f"`{target}`" if target else "the last stage" for target in sorted(targets))
            self.doubts.append(f"it is built for {names}; the last stage is read, and #stage=NAME chooses another")
        only = next(iter(numbers), None) if len(targets) == 1 else None
        return self.stages[only if only is not None else -1]

    def _sources(self) -> Iterator[str]:
        """What the COPYs and ADDs of all stages take of the build context."""
        for stage in self.stages:
            for instruction in (*stage.triggers, *stage.instructions):
                taken = instruction.keyword in ("COPY", "ADD") and not instruction.heredocs
                if taken and instruction.flag("from") is None:
                    words = list(instruction.items() or dockerfile_text.words(instruction.rest, self.globals))
                    yield from (word.text for word in words[:-1] if not word.unresolved)

    def _doubt(self, plain: str, holding: list[str]) -> None:
        """Note a file that is in several folders of which nothing shows which one is built from."""
        if len(holding) > 1:
            first, second = (f"`{prefix}{plain}`" for prefix in holding[:2])
            why = "it is built from both folders" if self.context.named else _NO_CONTEXT
            says = f"{first} or {second}: {why}; {first} is read"
            self.doubts.append(says)


def _candidates(copy: Copy, path: str) -> Iterator[tuple[int, str]]:
    """The sources that a path may have come from, with how likely: copied as a file, into a folder, with its folder."""
    path = posixpath.normpath(path)
    folder, name = posixpath.split(path)
    for source in copy.sources:
        source_folder, source_name = posixpath.split(source.rstrip("/"))
        if path == copy.target and not copy.is_folder and "*" not in source:
            yield 0, source
        if folder == copy.target and (name == source_name or _is_like(name, source_name)) and source_name != ".":
            yield 1, posixpath.join(source_folder, name)
        inside = "/" if copy.target == "/" else copy.target + "/"
        if path.startswith(inside) and "*" not in source:
            yield 2 if "." not in source_name.strip(".") else _UNLIKELY, posixpath.join(source, path[len(inside) :])


def _is_like(name: str, pattern: str) -> bool:
    matcher = glob(pattern) if any(sign in pattern for sign in "*?[") else None
    return matcher is not None and matcher.matches(name)


def read(doc: Document) -> tuple[DockerfileStages, list[Unread]]:
    """The stages of a Dockerfile, and the lines that are no instruction. Raises Unreadable."""
    instructions = list(dockerfile_text.instructions(doc))
    build = DockerfileStages(doc, [entry for entry in instructions if isinstance(entry, Instruction)])
    problems = [entry for entry in instructions if isinstance(entry, Unread)]
    if build.left_out:
        problems.append(doc.unread(f"{build.left_out} stages are not read (at most {MAX_STAGES} are)", doc.place(1, 1)))
    return build, problems


def triggers_of(doc: Document, target: str) -> list[Instruction]:
    """What ONBUILD of one stage of a Dockerfile leaves to what is built from it."""
    build, _ = read(doc)
    number = build.number(target)
    return build.stages[number].triggers if number is not None else []
