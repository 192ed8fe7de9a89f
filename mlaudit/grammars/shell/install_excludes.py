"""Files of packages that an install leaves out: `uv pip install --excludes FILE`, `UV_EXCLUDE`.

https://docs.astral.sh/uv/reference/cli/#uv-pip-install--excludes; uv takes their names alone, whatever version
follows them, reads `-r`, and refuses lines without a name.
"""

from __future__ import annotations

from collections.abc import Iterator

from mlaudit.grammars.pypi import requirement
from mlaudit.grammars.pypi.requirements_text import logical_lines
from mlaudit.grammars.shell.recipe import Call
from mlaudit.grammars.shell.shell_words import Word
from mlaudit.model.errors import Unreadable
from mlaudit.model.lazy_dataclass import replace
from mlaudit.model.nouns import Kind, Layer, Statement

MAX_FILES = 20
"""Files that a file of exclusions may pull in."""


def excluded(call: Call, word: Word) -> Iterator[Statement]:
    """What a file of exclusions takes away from the packages of a command."""
    if word.unresolved:
        yield call.unknown(word)
        return
    waiting, texts = [word.text], dict[str, str | None]()
    while waiting and len(texts) < MAX_FILES:
        path = call.recipe.path(waiting.pop())
        if path not in texts:
            texts[path] = _text(call, path)
            waiting += [line[1] for line in map(str.split, (texts[path] or "").splitlines()) if _is_include(line)]
    for path, text in texts.items():
        if text is None:
            why = f"the file of exclusions `{path[:120]}` cannot be read; what it leaves out is listed"
            yield call.doc.unread(why, call.at(word), what=word.text)
        else:
            yield from _bounds(call, word, text)


def _is_include(words: list[str]) -> bool:
    return len(words) == 2 and words[0] in ("-r", "--requirement")


def _text(call: Call, path: str) -> str | None:
    if path in call.recipe.written:
        script = call.recipe.written[path]
        return script.text if script is not None else None
    target = call.recipe.locate(path)
    document = call.doc.beside(target) if target is not None else None
    try:
        return document.text if document is not None else None
    except Unreadable:
        return None


def _bounds(call: Call, word: Word, text: str) -> Iterator[Statement]:
    names = dict.fromkeys(requirement.leading_name(line.text) for line in logical_lines(text))
    for name in filter(None, names):
        bound = call.doc.pin(
            Layer.DECLARED,
            name,
            at=call.at(word),
            kind=Kind.BOUND,
            scope=replace(call.recipe.base_scope, optional=True),
            detail="excluded",
        )
        yield replace(bound, overrides=True)
