"""The environments that a Dockerfile makes: its final stages, what runs in them and which files they hold."""

from __future__ import annotations

import posixpath
from collections.abc import Collection, Iterator, Mapping, Sequence

from mlaudit.discovery.build_commands import build_commands, trainers
from mlaudit.discovery.image_settings import StageSettings, image_run, with_image_settings
from mlaudit.discovery.recipes import (
    AuditedTree,
    ImageRun,
    RecipePart,
    RunCommand,
    StatedDocument,
    inner_commands,
    stated,
    whole_part,
)
from mlaudit.document.budget import document_budget
from mlaudit.grammars.container import dockerfile_stages, dockerfile_text, image_tags
from mlaudit.grammars.container.dockerfile_stages import DockerfileStages, Stage
from mlaudit.grammars.container.dockerfile_text import Instruction
from mlaudit.grammars.shell.shell_commands import commands
from mlaudit.grammars.variables import expanded
from mlaudit.model.lazy_dataclass import replace
from mlaudit.model.nouns import Place
from mlaudit.model.observation import Observation

MAX_BELOW = 4
"""Images of the tree that are built from one another."""

_RUNNING = ("ENTRYPOINT", "CMD")


def dockerfile_parts(
    path: str, stated_document: StatedDocument, tree: AuditedTree, runs: Sequence[ImageRun] = (), depth: int = 0
) -> Iterator[RecipePart]:
    """Every final stage: the last one, named ones that no other is made of, those that services run, and trainers.

    A stage holds the files of the image that it starts from, where the tree builds that one too, and runs its command.
    """
    document = tree.document(path)
    if document is None or not stated_document.roots():
        yield whole_part(path, stated_document, tree)
        return
    with document_budget():
        build, _ = dockerfile_stages.read(document)
        targets = [build.number(run.target) if run.target else build.stages[-1].index for run in runs]
        training = trainers(build)
        for stage in final_stages(build, targets):
            is_last = stage is build.stages[-1]
            here = (run for run, target in zip(runs, targets, strict=True) if target == stage.index)
            own = [_placed_run(run, build, stage) for run in here]
            by_itself = image_run(path, build, _chain(build, stage))
            part = whole_part(path, stated_document, tree, stage.name)
            below = _below(path, build, stage, tree, depth)
            running = tuple(_started(build, stage, own))
            running = running or (below.commands if below is not None else ())
            built = build_commands(_chain(build, stage))
            if not running and stage.index in training:
                running = built
            yield replace(
                part,
                part="" if is_last else f"stage={stage.name}",
                name="" if stage.name.isdigit() else stage.name,
                commands=running,
                built_by=built,
                copies=tuple(
                    dict.fromkeys((*_copies(path, build, stage, tree), *((below.copies or ()) if below else ())))
                ),
                evidence=(
                    *part.evidence,
                    *(Observation(at=run.at, says=f"is built for the service {run.name}") for run in own if run.name),
                    *(Observation(at=command.at, says=f"runs {command.shown}") for command in running),
                ),
                runs=_with_settings(own, by_itself),
            )


def _with_settings(runs: Sequence[ImageRun], image: ImageRun | None) -> tuple[ImageRun, ...]:
    """Services with the variables of their image; where no service runs it, the image as it runs by itself."""
    if image is None:
        return tuple(runs)
    return tuple(with_image_settings(run, image) for run in runs) or (image,)


def _below(path: str, build: DockerfileStages, stage: Stage, tree: AuditedTree, depth: int) -> RecipePart | None:
    """The part of the image that a stage starts from, None if the tree does not build it."""
    first = next(iter(_chain(build, stage)))
    reference = image_tags.parse(first.image.text)
    if reference is None or depth >= MAX_BELOW or reference.name == "scratch" or image_tags.contents(reference):
        return None
    own = build.own_image(first.image.text)
    if own is None:
        return None
    inner = posixpath.normpath(posixpath.join(posixpath.dirname(path), own.file))
    document = tree.document(inner) if inner in tree.paths else None
    stated_document = stated(document, "dockerfile") if document is not None else None
    if stated_document is None:
        return None
    runs = [ImageRun(dockerfile=inner, target=own.target, at=Place(path=inner))] if own.target else []
    parts = dockerfile_parts(inner, stated_document, tree, runs, depth + 1)
    return next(
        (recipe_part for recipe_part in parts if (recipe_part.name if own.target else recipe_part.part) == own.target),
        None,
    )


def final_stages(build: DockerfileStages, targets: Collection[int | None] = ()) -> Sequence[Stage]:
    """The stages that are images of their own rather than steps towards another, or that something builds."""
    used: set[int | None] = set()
    for stage in build.stages:
        used.update((stage.base, *stage.packages_from))
        for instruction in stage.instructions:
            source = build.source(instruction)
            used.update({source} - {stage.index})
    last = build.stages[-1]
    ends: set[int | None] = {*targets, *trainers(build)}
    if last.index not in targets and any(base.index in targets for base in _chain(build, last)):
        # What services run is built; what only adds to it is for debugging or tests.
        used.add(last.index)
    else:
        ends.add(last.index)
    return [stage for stage in build.stages if stage.index in ends or _is_apart(stage, used)]


def _is_apart(stage: Stage, used: Collection[int | None]) -> bool:
    return stage.index not in used and not stage.name.isdigit()


def _placed_run(run: ImageRun, build: DockerfileStages, stage: Stage) -> ImageRun:
    """A run with the folder that the image's WORKDIR gives where the service names none."""
    folder = ""
    for layer in _chain(build, stage):
        for instruction in layer.instructions:
            if instruction.keyword == "WORKDIR":
                folder = posixpath.join(folder, instruction.rest.text.strip().strip("\"'"))
    return run if run.folder or "$" in folder else replace(run, folder=folder)


def _started(build: DockerfileStages, stage: Stage, runs: Sequence[ImageRun]) -> list[RunCommand]:
    """What containers of an image run: what the image says, where nothing or a service without a command does."""
    of_runs = _commands_of_runs(build, stage, runs)
    as_built = not of_runs or any(run.entrypoint is None and run.command is None for run in runs)
    of_image = list(_commands(build, stage)) if as_built else []
    known = {command.words for command in of_image}
    return [*of_image, *(command for command in of_runs if command.words not in known)]


def _commands_of_runs(build: DockerfileStages, stage: Stage, runs: Sequence[ImageRun]) -> list[RunCommand]:
    """What services run instead of what the image says, each command once."""
    entry = next((instruction for instruction in _running(build, stage) if instruction.keyword == "ENTRYPOINT"), None)
    items = entry.items() if entry is not None else ()
    of_image = tuple(word.text for word in items) if items is not None else None
    by_words: dict[tuple[str, ...], RunCommand] = {}
    for run in runs:
        before = run.entrypoint if run.entrypoint is not None else of_image
        if before is None or (run.entrypoint is None and run.command is None):
            continue
        for words in inner_commands((*before, *(run.command or ()))):
            by_words.setdefault(words, RunCommand(words=words, at=run.at))
    return list(by_words.values())


def _chain(build: DockerfileStages, stage: Stage) -> Iterator[Stage]:
    """A stage and those that it is built from, the innermost first."""
    if stage.base is not None:
        yield from _chain(build, build.stages[stage.base])
    yield stage


def _commands(build: DockerfileStages, stage: Stage) -> Iterator[RunCommand]:
    """What an image of a stage runs: the last ENTRYPOINT with the last CMD, the one as arguments of the other."""
    forms = [(instruction, instruction.items()) for instruction in _running(build, stage)]
    if forms and forms[0][0].keyword == "ENTRYPOINT" and forms[0][1] is None:
        # The shell that it starts is given no CMD.
        forms = forms[:1]
    if forms and all(items is not None for _, items in forms):
        listed = tuple(word.text for _, items in forms for word in items or ())
        yield from (_run_command(forms[0][0], words) for words in inner_commands(listed))
        return
    for instruction, items in forms:
        if items is not None:
            listed = tuple(word.text for word in items)
            yield from (_run_command(instruction, words) for words in inner_commands(listed))
        else:
            for command in commands(dockerfile_text.shell_script(instruction).text, {}):
                yield _run_command(instruction, tuple(word.text for word in command.words))


def _running(build: DockerfileStages, stage: Stage) -> Iterator[Instruction]:
    """The ENTRYPOINT and the CMD that hold; an ENTRYPOINT takes back the CMD of what it is built from."""
    last: dict[str, Instruction] = {}
    for layer in _chain(build, stage):
        for instruction in layer.instructions:
            if instruction.keyword == "ENTRYPOINT":
                last.pop("CMD", None)
            if instruction.keyword in _RUNNING:
                last[instruction.keyword] = instruction
    return (last[keyword] for keyword in _RUNNING if keyword in last)


def _run_command(instruction: Instruction, words: Sequence[str]) -> RunCommand:
    at = instruction.rest.place(0, len(instruction.rest.text.rstrip()))
    return RunCommand(words=tuple(words[1:] if words[:1] == ("exec",) else words), at=at)


def _copies(path: str, build: DockerfileStages, stage: Stage, tree: AuditedTree) -> Iterator[str]:
    """Files and folders of the tree that are in an image of a stage."""
    contexts = _contexts(path, build)
    for holding in _holding(build, stage):
        for copied in _copied_words(build, holding):
            if copied and "://" not in copied:
                places = [_in_context(copied, context) for context in contexts]
                yield next((place for place in places if _is_there(place, tree)), places[0])


def _copied_words(build: DockerfileStages, stage: Stage) -> Iterator[str]:
    """What the COPYs of a stage name as sources in the context, with the variables that hold there."""
    settings = StageSettings(build=build)
    for layer in _chain(build, stage):
        settings.start_stage()
        for instruction in layer.instructions:
            settings.read(instruction)
            if layer is not stage or instruction.keyword not in ("COPY", "ADD"):
                continue
            if not instruction.heredocs and not instruction.flag("from"):
                yield from _known_words(instruction, {**build.globals, **settings.known})[:-1]


def _known_words(instruction: Instruction, values: Mapping[str, str]) -> list[str]:
    """The words of an instruction; an empty text for each of which a variable has no value."""
    items = instruction.items()
    if items is not None:
        return [expanded(item.text, values) or "" for item in items]
    return ["" if word.unresolved else word.text for word in dockerfile_text.words(instruction.rest, values)]


def _in_context(copied: str, context: str) -> str:
    """What a COPY names, below the folder that the image is built from: `/` is that folder."""
    return posixpath.normpath(f"{context or '.'}/{copied}")


def _contexts(path: str, build: DockerfileStages) -> list[str]:
    """The folders that an image may be built from; where nothing shows it, all from the Dockerfile's own upwards."""
    own = posixpath.dirname(path)
    if build.context.sure:
        return [posixpath.normpath(posixpath.join(own, build.context.prefix))]
    folders = own.split("/") if own else []
    return ["/".join(folders[:count]) for count in range(len(folders), -1, -1)]


def _is_there(path: str, tree: AuditedTree) -> bool:
    """Whether a file or folder is in the tree."""
    return path in tree.paths or next(iter(tree.list(path)), None) is not None


def _holding(build: DockerfileStages, stage: Stage) -> Iterator[Stage]:
    """The stages whose files may be in a stage: those that it is built from, and those that it copies from."""
    seen: set[int] = set()
    waiting = list(_chain(build, stage))
    while waiting:
        current = waiting.pop(0)
        if current.index in seen:
            continue
        seen.add(current.index)
        yield current
        for instruction in current.instructions:
            source = build.source(instruction)
            if source is not None:
                waiting.extend(_chain(build, build.stages[source]))
