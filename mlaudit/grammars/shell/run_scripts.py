"""Scripts that a command of a recipe runs: which file of the recipe's file system it is, and its text."""

from __future__ import annotations

import re

from mlaudit.grammars.shell.recipe import Call
from mlaudit.grammars.shell.script_text import Script, whole_text
from mlaudit.grammars.shell.shell_words import MAX_SCRIPT, Word
from mlaudit.model.errors import Unreadable
from mlaudit.model.lazy_pattern import lazy_pattern
from mlaudit.model.nouns import Fact, Unread

SHELLS = frozenset(("sh", "bash", "dash", "zsh", "ash", "ksh"))
SOURCING = frozenset((".", "source"))
"""Commands that run a script in the shell itself, whose variables it keeps."""

_SCRIPT = lazy_pattern(r"[\w./{}$~+-]{1,1024}\.(?:sh|bash)", re.DOTALL)
_SHEBANG = lazy_pattern(rb"#![^\n]{0,128}\b(?:ba|da|z|a|k)?sh\b")
_INSTALLS = lazy_pattern(r"install|setup|require|deps|dependenc|env|build|bootstrap|provision", re.IGNORECASE)
_OF_CONDA = lazy_pattern(r"(?:mini|ana)(?:conda|forge)|mambaforge", re.IGNORECASE)
_ACTIVATES = lazy_pattern(r"(?:^|/)(?:activate|conda|\.bashrc|\.profile|\.env|nvm|env)(?:\.sh)?$")


def called_script(call: Call, name: str) -> Script | Unread | Fact | None:
    """The script that a command runs, or why it is not read; None for a command that runs none."""
    word = _script_word(call, name)
    if word is None:
        return None
    if word.unresolved:
        return call.unknown(word) if _INSTALLS.search(word.text) else None
    recipe = call.recipe
    path = recipe.path(word.text)
    if path in recipe.written:
        return recipe.written[path] or _downloaded(call, word)
    target = recipe.locate(path)
    document = call.doc.beside(target) if target is not None else None
    if document is None:
        return _missing(call, word, path, copied=target is not None)
    try:
        is_shell = _SCRIPT.fullmatch(word.text) or _SHEBANG.match(document.head)
        script = whole_text(document) if is_shell else None
    except Unreadable as error:
        return call.doc.unread(f"the script `{word.text[:120]}`: {error.why}", call.at(word), what=word.text)
    if script is not None and len(script.text) > MAX_SCRIPT:
        return call.doc.unread("the script is longer than those that are read", call.at(word), what=word.text)
    return script


def _script_word(call: Call, name: str) -> Word | None:
    """The word that names a script: behind `bash` or `source`, or the command itself (`./install.sh`)."""
    words = call.words
    if not words:
        return None
    if name in SHELLS:
        rest = [word for word in words[1:] if not word.text.startswith(("-", "+"))]
        return rest[0] if rest and not any(word.text.endswith("c") for word in words[1:2] if _is_short(word)) else None
    if name in SOURCING:
        return words[1] if len(words) > 1 and not _ACTIVATES.search(words[1].text) else None
    return words[0] if "/" in words[0].text and _SCRIPT.fullmatch(words[0].text) else None


def _is_short(word: Word) -> bool:
    return word.text.startswith("-") and not word.text.startswith("--")


def _downloaded(call: Call, word: Word) -> Fact | None:
    """A script whose text another command brings; the installers of conda bring nothing that is compared."""
    if _OF_CONDA.search(word.text):
        return None
    return call.note(f"`{word.text[:120]}` is created by another command; what it installs is not known", call.at(word))


def _missing(call: Call, word: Word, path: str, *, copied: bool) -> Unread | None:
    if call.recipe.is_cloned(path):
        why = f"the script `{word.text[:120]}` is in a repository that this recipe clones; it cannot be read here"
        return call.doc.unread(why, call.at(word), what=word.text) if _INSTALLS.search(word.text) else None
    if copied and _SCRIPT.fullmatch(word.text):
        why = f"the script `{word.text[:120]}` is copied and run, but it cannot be read"
        return call.doc.unread(why, call.at(word), what=word.text)
    return None
