"""Dockerfile, Containerfile: the images that stages start from, and what their commands install."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Sequence
from functools import partial

from mlaudit.document.budget import Limit, spend
from mlaudit.document.document import Document
from mlaudit.grammars import rewriting, waivers
from mlaudit.grammars.container import dockerfile_stages, dockerfile_text, image_tags
from mlaudit.grammars.container.build_context import OwnImage
from mlaudit.grammars.container.dockerfile_stages import DockerfileStages, Stage
from mlaudit.grammars.container.dockerfile_text import Instruction
from mlaudit.grammars.container.image_variables import variables_of
from mlaudit.grammars.shell.install_command import of_words, statements
from mlaudit.grammars.shell.recipe import Call, Recipe
from mlaudit.model.lazy_dataclass import replace
from mlaudit.model.lazy_pattern import lazy_pattern
from mlaudit.model.nouns import Fact, Include, Kind, Pin, Place, Root, Statement, Unread
from mlaudit.model.scope import PinScope
from mlaudit.parsers._registry import parser

MAX_DEPTH = 4
"""Images of the tree that are built from one another."""
HANDED = Limit(name="variables handed to instructions", most=5_000_000)
"""Every instruction is read with all the variables that are known before it."""

_FROM = lazy_pattern(
    r"^[ \t]*FROM[ \t]+(?:--\w+=\S+[ \t]+)?[\w./:${}@<>-]+(?:[ \t]+AS[ \t]+[\w.-]+)?[ \t\r]*$",
    re.IGNORECASE | re.MULTILINE,
)
_OTHER = lazy_pattern(r"^[ \t]*(?:RUN|COPY|CMD|ENTRYPOINT|WORKDIR|ENV|ARG|ADD|LABEL|USER|EXPOSE)[ \t]+\S", re.M)
_MACHINES = {"amd64": "x86_64", "x86_64": "x86_64", "arm64": "aarch64", "aarch64": "aarch64"}


def _looks_like_it(doc: Document) -> bool:
    text = doc.text[:65536]
    return _FROM.search(text) is not None and _OTHER.search(text) is not None


rewrite = rewriting.in_recipe
"""How a version in it is replaced, in commands, lists and tags of images."""


@parser(
    kind="recipe",
    files=[
        "Dockerfile",
        "Containerfile",
        "Dockerfile.*",
        "Containerfile.*",
        "*.Dockerfile",
        "*.Containerfile",
        "Dockerfile-*",
        "Dockerfile_*",
        "*_Dockerfile",
        "*-Dockerfile",
    ],
    content=_looks_like_it,
    marks=[b"FROM ", b"FROM\t"],
)
def read(doc: Document) -> Iterator[Statement]:
    """Roots are the stages, by default the one that is built, else the last; a pin names every stage that holds it.

    An image that the tree builds itself is read with the stage that starts from it.
    """
    yield from waivers.in_comments(doc)
    yield from _statements(doc, 0)


def _statements(doc: Document, depth: int) -> Iterator[Statement]:
    build, problems = dockerfile_stages.read(doc)
    yield from problems
    if not build.stages:
        if build.before or doc.text.strip():
            yield doc.unread("it has no stage; expected an instruction `FROM image`", doc.place(1, 1))
        return
    built = build.built
    for stage in build.stages:
        yield Root(name=stage.name, kind="stage", default=stage is built, at=_at_image(stage))
    yield from _platform(built)
    reader = _DockerfileReader(doc, build, depth)
    for stage in build.stages:
        yield from reader.stage(stage)
    if depth == 0:
        yield from _left_to_others(doc, build)
    for says in dict.fromkeys(build.doubts):
        yield Fact(key="note", value=says, at=doc.place(1, 1))


def _left_to_others(doc: Document, build: DockerfileStages) -> Iterator[Unread]:
    """The commands behind ONBUILD of stages that no other one of the document is built from."""
    bases = {stage.base for stage in build.stages}
    for stage in build.stages:
        for trigger in stage.triggers if stage.index not in bases else ():
            if trigger.keyword == "RUN":
                why = "ONBUILD runs it in the images that are built from this one; it is no part of this one"
                yield replace(doc.unread(why, trigger.rest.whole, what=trigger.rest.text), parts=(stage.name,))


def _at_image(stage: Stage) -> Place:
    return stage.origin.rest.place(stage.image.start, stage.image.end)


def _platform(last: Stage) -> Iterator[Fact]:
    """The platform that the last stage is built for, where its FROM says it."""
    system, _, machine = (last.platform or "").partition("/")
    machine = _MACHINES.get(machine.partition("/")[0], "")
    if system == "linux" and machine:
        yield Fact(key="platform", value="linux", at=_at_image(last))
        yield Fact(key="machine", value=machine, at=_at_image(last))


_SCOPED = (Pin, Include, Unread)
"""Statements that are of stages."""


class _DockerfileReader:
    """Reads stage after stage; installs are numbered through the document."""

    def __init__(self, doc: Document, build: DockerfileStages, depth: int) -> None:
        self.doc = doc
        self.build = build
        self.depth = depth
        self.step = 0
        self.environments: list[dict[str, str]] = []
        self.recipes: list[Recipe] = []
        self.triggers: list[Instruction] = []

    def stage(self, stage: Stage) -> Iterator[Statement]:
        """What one stage says."""
        base = stage.base
        inside = variables_of(stage.image.text) if base is None else None
        recipe = Recipe(
            self.doc,
            parts=self.build.parts(stage.index, copied=True),
            folder=inside.folder if inside is not None else self.recipes[base or 0].folder,
            locate=partial(self.build.locate, stage.index),
            step=self.step,
        )
        if base is not None:
            recipe.written = dict(self.recipes[base].written)
            recipe.exported = dict(self.recipes[base].exported)
            recipe.cloned = set(self.recipes[base].cloned)
        environment = dict(inside.variables if inside is not None else self.environments[base or 0])
        state = _StageState(self.doc, self.build, stage, recipe, environment, self.recipes)
        if base is None:
            self.triggers = []
            yield from self._image(stage, recipe)
        triggers = self.triggers if base is None else self.build.stages[base].triggers
        for instruction in (*triggers, *stage.instructions):
            yield from state.instruction(instruction)
        self.step = recipe.step
        self.environments.append(state.environment)
        self.recipes.append(recipe)

    def _image(self, stage: Stage, recipe: Recipe) -> Iterator[Statement]:
        word, at = stage.image, _at_image(stage)
        if word.unresolved and word.text.rpartition("/")[2].count("$"):
            yield Call(script=stage.origin.rest, recipe=recipe, words=(word,)).unknown(word)
        elif not word.text:
            yield self.doc.unread("FROM names no image", at)
        elif word.text.lower() != "scratch":
            recipe.step += 1
            own = self._own_image(word.text)
            if own is not None:
                yield from self._of_own(own, stage, recipe)
                return
            parts = self.build.parts(stage.index, copied=False)
            yield from image_tags.statements(self.doc, word.text, at, scope=PinScope(parts=parts, step=recipe.step))

    def _own_image(self, text: str) -> OwnImage | None:
        """The Dockerfile that an image is built with which is no published one."""
        reference = image_tags.parse(text)
        if reference is None or reference.digest or self.depth >= MAX_DEPTH or image_tags.contents(reference):
            return None
        return self.build.own_image(text)

    def _of_own(self, own: OwnImage, stage: Stage, recipe: Recipe) -> Iterator[Statement]:
        """What the image that a stage starts from says, as statements of that stage; its files are beside its own."""
        inner = self.doc.beside(own.file)
        inner_statements = list(_statements(inner, self.depth + 1)) if inner is not None else []
        roots = [statement for statement in inner_statements if isinstance(statement, Root)]
        target = own.target or next((root.name for root in roots if root.default), "")
        first, folder = recipe.step, posixpath.dirname(own.file)
        self.triggers = dockerfile_stages.triggers_of(inner, target) if inner is not None else []
        for statement in inner_statements:
            if isinstance(statement, Root) or (
                isinstance(statement, _SCOPED) and statement.parts and target not in statement.parts
            ):
                continue
            if isinstance(statement, _SCOPED):
                is_image = isinstance(statement, Pin) and statement.kind is not Kind.PACKAGE
                parts = self.build.parts(stage.index, copied=not is_image)
                statement = replace(statement, parts=parts, step=first + statement.step)
                recipe.step = max(recipe.step, statement.step)
            if isinstance(statement, Include) and "://" not in statement.target:
                statement = replace(statement, target=posixpath.normpath(posixpath.join(folder, statement.target)))
            yield statement


class _StageState:
    """What is known at an instruction: arguments, environment variables, the folder, files that came in."""

    def __init__(
        self,
        doc: Document,
        build: DockerfileStages,
        stage: Stage,
        recipe: Recipe,
        environment: dict[str, str],
        earlier: Sequence[Recipe],
    ) -> None:
        self.doc = doc
        self.build = build
        self.stage = stage
        self.recipe = recipe
        self.environment = environment
        self.earlier = earlier
        self.arguments: dict[str, str] = {}

    def values(self) -> dict[str, str]:
        """Variables as the builder sees them: the environment wins over arguments."""
        spend(HANDED, len(self.arguments) + len(self.environment))
        return {**self.doc.defines, **self.arguments, **self.environment}

    def instruction(self, instruction: Instruction) -> Iterator[Statement]:
        """What one instruction says."""
        keyword = instruction.keyword
        if keyword == "ARG":
            self._argument(instruction)
        elif keyword == "ENV":
            self._variables(instruction)
        elif keyword == "WORKDIR":
            self._folder(instruction)
        elif keyword in ("COPY", "ADD"):
            self._copy(instruction)
        elif keyword in ("RUN", "CMD", "ENTRYPOINT"):
            yield from self._run(instruction)

    def _argument(self, instruction: Instruction) -> None:
        for name, value in dockerfile_text.assignments(instruction, self.values()):
            given = self.build.arguments.get(name, value if value is not None else self.build.globals.get(name))
            known = self.doc.defines.get(name, given)
            if known is not None:
                self.arguments[name] = known
            else:
                self.arguments.pop(name, None)

    def _variables(self, instruction: Instruction) -> None:
        # All values of one ENV are replaced with what held before it.
        for name, value in list(dockerfile_text.assignments(instruction, self.values())):
            if value is not None:
                self.environment[name] = value
            else:
                self.environment.pop(name, None)

    def _folder(self, instruction: Instruction) -> None:
        words = dockerfile_text.words(instruction.rest, self.values())
        if words and not words[0].unresolved:
            self.recipe.folder = self.recipe.path(words[0].text)

    def _copy(self, instruction: Instruction) -> None:
        if not instruction.heredocs:
            self.build.copy(self.stage, instruction, self.values(), self.recipe.folder)
            self._copy_exported(instruction)
            return
        words = dockerfile_text.words(instruction.rest, self.values())
        if words:
            target = words[-1].text
            path = posixpath.join(target, instruction.heredocs[0].name) if target.endswith("/") else target
            self.recipe.written[self.recipe.path(path)] = instruction.heredocs[0].body

    def _copy_exported(self, instruction: Instruction) -> None:
        """Locks that an earlier stage wrote out as requirements, where a COPY takes the file."""
        number = self.build.source(instruction)
        if number is None or number >= len(self.earlier):
            return
        exported = self.earlier[number].exported
        texts = [word.text for word in instruction.items() or dockerfile_text.words(instruction.rest, self.values())]
        for source in texts[:-1]:
            path = posixpath.normpath(posixpath.join("/", source))
            if path in exported:
                is_folder = texts[-1].endswith(("/", ".")) or len(texts) > 2
                target = posixpath.join(texts[-1], posixpath.basename(path)) if is_folder else texts[-1]
                self.recipe.exported[self.recipe.path(target)] = exported[path]

    def _run(self, instruction: Instruction) -> Iterator[Statement]:
        known = len(self.stage.copies)
        for mount in (value for name, value in instruction.flags if name == "mount"):
            self._mount(mount)
        self.recipe.values = self.values()
        items = instruction.items()
        if items is not None:
            yield from of_words(instruction.rest, self.recipe, items)
        else:
            yield from statements(dockerfile_text.shell_script(instruction), self.recipe)
        del self.stage.copies[known:]

    def _mount(self, text: str) -> None:
        """`--mount=type=bind,source=requirements.txt,target=/tmp/requirements.txt`: files for one RUN."""
        options = dict(part.partition("=")[::2] for part in text.split(","))
        target = options.get("target") or options.get("dst") or options.get("destination")
        if options.get("type", "bind") != "bind" or not target:
            return
        source = options.get("source") or options.get("src") or "."
        self.build.remember(self.stage, [source], self.recipe.path(target), is_folder=False, origin=options.get("from"))
