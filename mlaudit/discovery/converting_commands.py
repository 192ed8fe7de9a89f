"""Commands of recipes that write an artifact themselves: `python -m tf2onnx.convert --output model.onnx --opset 13`."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator, Sequence

from mlaudit.code.nouns import ArtifactName, ArtifactUse, Direction, NameKind
from mlaudit.discovery.recipes import RecipePart, RunCommand
from mlaudit.knowledge.artifact_calls import WritingCommand, artifact_calls


def converting_uses(parts: Iterable[RecipePart]) -> Iterator[ArtifactUse]:
    """What the commands of some parts write."""
    for part in parts:
        for command in (*part.commands, *part.built_by):
            for row in artifact_calls().commands:
                use = _use(row, command)
                if use is not None:
                    yield use


def _use(row: WritingCommand, command: RunCommand) -> ArtifactUse | None:
    program = map(posixpath.basename, command.words[:1])
    # `python3.11 -m` is `python -m`.
    words = [*("python" if name.startswith("python") else name for name in program), *command.words[1:]]
    start = next((beginning for beginning in row.starts if words[: len(beginning.split())] == beginning.split()), None)
    if start is None:
        return None
    name = option_of(words, row.name)
    if not name or "$" in name:
        return None
    path = posixpath.normpath(posixpath.join(command.folder, name))
    settings = ((setting, option_of(words, f"--{setting}")) for setting in row.settings)
    return ArtifactUse(
        at=command.at,
        direction=Direction.WRITES,
        form=row.form,
        call=start,
        library=row.distribution,
        names=(ArtifactName(kind=NameKind.PATH, pieces=(path,), at=command.at),),
        settings=tuple((setting, text) for setting, text in settings if text),
    )


def option_of(words: Sequence[str], option: str) -> str:
    """The value of an option in some words, empty where it is not given."""
    for number, word in enumerate(words):
        if word == option and number + 1 < len(words):
            return words[number + 1]
        if word.startswith(f"{option}="):
            return word.partition("=")[2]
    return ""
