"""What `conda install`, `conda create`, `conda env create` and mamba's and micromamba's say."""

from __future__ import annotations

from collections.abc import Iterator

from mlaudit.grammars.conda.conda_pins import CondaPins, Standing
from mlaudit.grammars.shell.install_options import arguments, grammar
from mlaudit.grammars.shell.recipe import Call
from mlaudit.grammars.shell.shell_words import Word
from mlaudit.model.nouns import Include, Place, Statement

_FILES = frozenset(("-f", "--file"))


def install(call: Call) -> Iterator[Statement]:
    """`conda install ARGUMENTS`: match specs and, with `--file`, files of them."""
    specs: list[tuple[str, Place]] = []
    for option, word in arguments(call.words, grammar("conda")):
        if option in _FILES:
            yield from _file(call, word)
        elif not option and word.unresolved:
            yield call.unknown(word)
        elif not option and word.text:
            specs.append((word.text, call.at(word)))
    recipe = call.recipe
    standing = Standing(parts=recipe.parts, groups=recipe.groups, step=recipe.step)
    yield from CondaPins(call.doc).declared(specs, standing)


def environment(call: Call) -> Iterator[Statement]:
    """`conda env create -f environment.yml`; the file is `environment.yml` where none is named."""
    install_arguments = list(arguments(call.words, grammar("conda")))
    files = [word for option, word in install_arguments if option in _FILES]
    files += [
        word
        for option, word in install_arguments
        if not option and word.text.endswith((".yml", ".yaml", ".txt", ".lock"))
    ]
    for word in files:
        yield from _file(call, word)
    if not files and call.recipe.locate(call.recipe.path("environment.yml")):
        first = call.words[0] if call.words else Word(text="", start=0, end=len(call.script.text))
        yield from _file(call, Word(text="environment.yml", start=first.start, end=first.end))


def _file(call: Call, word: Word) -> Iterator[Statement]:
    recipe = call.recipe
    if word.unresolved:
        yield call.unknown(word)
        return
    path = recipe.path(word.text)
    if path in recipe.written:
        why = f"`{word.text[:80]}` is written by another command of this recipe; give the file itself as a source"
        yield call.doc.unread(why, call.at(word), what=call.shown())
        return
    target = word.text if "://" in word.text else recipe.locate(path) or path
    yield Include(
        target=target,
        at=call.at(word),
        format=_format_of(target),
        step=recipe.step,
        groups=recipe.groups,
        parts=recipe.parts,
    )
    # What pip installs of an environment file comes a step after its conda packages.
    recipe.step += 1


def _format_of(target: str) -> str | None:
    name = target.rpartition("/")[2]
    if "lock" in name:
        return None
    return "conda-env" if name.endswith((".yml", ".yaml")) else "conda-specs"
