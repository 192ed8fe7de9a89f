"""Text that simple commands of a recipe write into files: `echo "numpy==1.26.4" > reqs.txt`, `printf` and the like."""

from __future__ import annotations

from mlaudit.grammars.shell.recipe import Call
from mlaudit.grammars.shell.script_text import Script

_ESCAPES = {"\\n": "\n", "\\t": "\t", "\\\\": "\\"}


def written_text(call: Call, name: str, sign: str, path: str) -> Script | None:
    """What a command leaves in a file, None if only running it would show."""
    if name in ("cat", "tee"):
        return call.stdin if sign == ">" else None
    text = _echoed(call, name)
    if text is None:
        return None
    if sign == ">>":
        before = call.recipe.written.get(path)
        if before is None:
            return None
        text = before.text + text
    return Script(call.doc, text, (), call.whole())


def _echoed(call: Call, name: str) -> str | None:
    if name not in ("echo", "printf"):
        return None
    words = call.words[1:]
    if any(word.unresolved for word in words):
        return None
    options = {word.text for word in words[:1] if word.text in ("-e", "-n", "-en", "-ne")}
    text = " ".join(word.text for word in words[len(options) :])
    if name == "printf" and "%" in text:
        return None
    if name == "printf" or any("e" in option for option in options):
        for escape, sign in _ESCAPES.items():
            text = text.replace(escape, sign)
    return text if name == "printf" or any("n" in option for option in options) else f"{text}\n"
