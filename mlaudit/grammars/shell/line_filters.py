"""What `sed` and `grep` leave of the lines of a file, where their patterns are simple enough to be followed.

Scripts are those of POSIX sed with the additions of GNU that recipes use (https://www.gnu.org/software/sed/manual/):
`/torch/d`, `s/==2.3.0/==2.1.0/`. A pattern that repeats groups, or a command of another kind, is not followed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain

from mlaudit.document.budget import Limit, spend
from mlaudit.grammars.shell.recipe import Call
from mlaudit.grammars.shell.script_text import Script, whole_text
from mlaudit.grammars.shell.shell_words import Word
from mlaudit.model.errors import Unreadable
from mlaudit.model.lazy_dataclass import dataclass
from mlaudit.model.lazy_pattern import lazy_pattern

MAX_TEXT = 500_000
"""Characters of a file that is filtered."""
FILTERED = Limit(name="characters that filters of a recipe read", most=10_000_000)
"""In one document."""
MAX_EDITS = 50
"""Edits of one command."""
MAX_PATTERN = 400
"""Characters of a pattern."""
MAX_EFFORT = 30_000_000
"""Steps that the patterns may take: for each line, its length to the power of one more than the repetitions."""

_GREP_FLAGS = lazy_pattern(r"-[vEFie]{1,5}|--invert-match|--extended-regexp|--fixed-strings|--ignore-case")
_LONG = {"--invert-match": "v", "--extended-regexp": "E", "--fixed-strings": "F", "--ignore-case": "i"}
_IN_PLACE = lazy_pattern(r"-i(?:\.\S{1,20})?|--in-place(?:=\S{1,20})?")
_REPEATS = ("*", "+", "?")
_BEGINS = lazy_pattern(r"(?<!\\)(?:\\\\)*\\[(|]\Z")
"""An unescaped sign of a basic expression after which a group or an alternative begins."""
_CLASSES = {
    "[:space:]": r"\s",
    "[:blank:]": r" \t",
    "[:digit:]": "0-9",
    "[:alpha:]": "A-Za-z",
    "[:alnum:]": "A-Za-z0-9",
}
_ADDRESSED = lazy_pattern(r"\s*/((?:[^/\\\n]|\\.){1,400})/\s*(I?)\s*d\s*(?:;|$)")
_REPLACED = lazy_pattern(
    r"\s*s([/|#,@])((?:(?!\1)[^\\\n]|\\.){1,400})\1((?:(?!\1)[^\\\n]|\\.){0,400})\1([gI]{0,2})\s*(?:;|$)"
)
_PLAIN_REPLACEMENT = lazy_pattern(r"(?:[^&\\\n]|\\[^0-9nt\n])*")


@dataclass(frozen=True, slots=True, kw_only=True)
class LineEdit:
    """One edit of every line: lines that match are left out (those that do not, with `inverted`), or a part replaced.

    Attributes:
        becomes: what a match is replaced by; None where the line is left out.
        every: all matches of a line are replaced, not the first alone.
    """

    pattern: re.Pattern[str]
    becomes: str | None = None
    every: bool = False
    inverted: bool = False


def filtered(call: Call, name: str) -> Script | None:
    """What `cat`, `sed` or `grep` prints of one file or its piped input; None if only running it would show that."""
    words = list(call.words[1:])
    if name == "sed":
        edits, files = _of_sed(words)
    elif name in ("grep", "egrep", "fgrep"):
        edits, files = _of_grep(words, name)
    elif name == "cat" and len(words) == 1:
        edits, files = [], words
    else:
        return None
    if len(files) > 1 or any(_IN_PLACE.fullmatch(word.text) for word in words):
        return None
    source = _text_of(call, files[0]) if files else call.stdin
    return _edited(source, edits)


def rewritten(call: Call) -> dict[str, Script | None]:
    """What `sed -i` leaves of each file that it changes, by the path in the recipe's file system."""
    edits, files = _of_sed(list(call.words[1:]))
    return {call.recipe.path(word.text): _edited(_text_of(call, word), edits) for word in files}


def _edited(source: Script | None, edits: Sequence[LineEdit] | None) -> Script | None:
    if source is None or edits is None:
        return None
    spend(FILTERED, len(source.text))
    if len(edits) > MAX_EDITS or _effort(source.text, edits) > MAX_EFFORT:
        return None
    lines = [_through(line, edits) for line in _lines(source)]
    followed = [parts for parts in lines if parts is not None]
    return joined(source, chain.from_iterable(followed)) if len(followed) == len(lines) else None


def _text_of(call: Call, file: Word) -> Script | None:
    """The text of a file of the tree, or of one that the recipe wrote before."""
    if file.unresolved:
        return None
    path = call.recipe.path(file.text)
    if path in call.recipe.written:
        return call.recipe.written[path]
    target = call.recipe.locate(path)
    document = call.doc.beside(target) if target else None
    try:
        return whole_text(document) if document is not None and document.size <= MAX_TEXT else None
    except Unreadable:
        return None


def _effort(text: str, edits: Iterable[LineEdit]) -> int:
    lengths = [len(line) + 1 for line in text.split("\n")]
    powers = (min(len(re.findall(r"[*+?|]", edit.pattern.pattern)) + 1, 4) for edit in edits)
    return sum(length**power for power in powers for length in lengths)


def _lines(source: Script) -> Iterator[Script]:
    start = 0
    for line in source.text.splitlines(keepends=True):
        yield source.cut(start, start + len(line))
        start += len(line)


def _through(line: Script, edits: Iterable[LineEdit]) -> Sequence[Script | str] | None:
    """The parts of a line after all edits, where a plain text is a part that the command wrote; None if unsure."""
    parts: list[Script | str] = [line]
    for edit in edits:
        text = "".join(part if isinstance(part, str) else part.text for part in parts)
        bare = text.removesuffix("\n")
        if edit.becomes is None:
            if (edit.pattern.search(bare) is not None) is not edit.inverted:
                return ()
            continue
        matches = list(edit.pattern.finditer(bare))[: None if edit.every else 1]
        if not all(_is_replaced_alike(match) for match in matches):
            return None
        if matches:
            whole = joined(line, parts)
            parts, at = [], 0
            for match in matches:
                parts += [whole.cut(at, match.start()), edit.becomes]
                at = match.end()
            parts.append(whole.cut(at, len(whole.text)))
    return parts


def _is_replaced_alike(match: re.Match[str]) -> bool:
    """Whether sed replaces the same: it takes the longest alternative, Python the first, and nothing is no match."""
    start, end, text = match.start(), match.end(), match.string
    if start == end:
        return False
    longer = range(end + 1, len(text) + 1) if "|" in match.re.pattern else ()
    return all(match.re.fullmatch(text, start, other_end) is None for other_end in longer)


def joined(source: Script, parts: Iterable[Script | str]) -> Script:
    """Parts one behind the other, each with its places."""
    text, pieces = "", []
    for part in parts:
        if isinstance(part, str):
            pieces.append((len(text), -1))
            text += part
        else:
            pieces += [(len(text) + at, offset) for at, offset in part.pieces]
            text += part.text
    return Script(source.doc, text, pieces, source.whole)


def _of_sed(words: list[Word]) -> tuple[list[LineEdit] | None, list[Word]]:
    scripts: list[Word] = []
    operands: list[Word] = []
    extended, understood = False, True
    rest = iter(words)
    for word in rest:
        if word.text in ("-e", "--expression"):
            scripts += [following for following in [next(rest, None)] if following is not None]
        elif word.text in ("-E", "-r", "--regexp-extended"):
            extended = True
        elif _IN_PLACE.fullmatch(word.text):
            continue
        elif word.text.startswith("-") and len(word.text) > 1:
            understood = False
        else:
            operands.append(word)
    if not scripts and operands:
        scripts, operands = operands[:1], operands[1:]
    edits = [edit for script in scripts for edit in _edits_of(script, extended=extended)]
    return (None if not understood or None in edits else [edit for edit in edits if edit is not None]), operands


def _edits_of(script: Word, *, extended: bool) -> Iterator[LineEdit | None]:
    """The edits of a script; None for what is not followed."""
    rest = script.text.replace("\n", ";").strip("; ")
    if script.unresolved or not rest:
        yield None
        return
    while rest:
        deleted, replaced = _ADDRESSED.match(rest), _REPLACED.match(rest)
        if deleted:
            pattern = python_pattern(deleted[1].replace("\\/", "/"), extended=extended, any_case=bool(deleted[2]))
            yield LineEdit(pattern=pattern) if pattern else None
            rest = rest[deleted.end() :]
        elif replaced and _PLAIN_REPLACEMENT.fullmatch(replaced[3]):
            sign, flags = replaced[1], replaced[4]
            source = replaced[2].replace(f"\\{sign}", sign)
            pattern = python_pattern(source, extended=extended, any_case="I" in flags)
            becomes = re.sub(r"\\(.)", r"\1", replaced[3])
            yield LineEdit(pattern=pattern, becomes=becomes, every="g" in flags) if pattern else None
            rest = rest[replaced.end() :]
        else:
            yield None
            return


def _of_grep(words: list[Word], name: str) -> tuple[list[LineEdit] | None, list[Word]]:
    flags = {"egrep": "E", "fgrep": "F"}.get(name, "")
    patterns: list[Word] = []
    operands: list[Word] = []
    understood = True
    rest = iter(words)
    for word in rest:
        if not word.text.startswith("-") or word.text == "-":
            operands.append(word)
        elif _GREP_FLAGS.fullmatch(word.text):
            flags += _LONG.get(word.text, word.text[1:])
            if word.text.endswith("e") and not word.text.startswith("--"):
                patterns += [following for following in [next(rest, None)] if following is not None]
        else:
            understood = False
    if not patterns and operands:
        patterns, operands = operands[:1], operands[1:]
    expressions = [_grep_pattern(word, flags) for word in patterns]
    if not understood or len(expressions) != 1 or expressions[0] is None:
        return None, operands
    return [LineEdit(pattern=expressions[0], inverted="v" not in flags)], operands


def _grep_pattern(word: Word, flags: str) -> re.Pattern[str] | None:
    if word.unresolved:
        return None
    if "F" in flags:
        return re.compile(re.escape(word.text), re.IGNORECASE if "i" in flags else 0)
    return python_pattern(word.text, extended="E" in flags, any_case="i" in flags)


def python_pattern(text: str, *, extended: bool, any_case: bool = False) -> re.Pattern[str] | None:
    """A basic or extended regular expression of POSIX in Python's syntax; None if it is not followed.

    Groups are not repeated and counts not taken, so that no pattern takes more than polynomial time.
    """
    if len(text) > MAX_PATTERN:
        return None
    pattern_parts: list[str] = []
    at = 0
    while at < len(text):
        piece, at = _next(text, at, extended=extended)
        if piece is None or (piece in _REPEATS and not _may_repeat(pattern_parts, piece)):
            return None
        pattern_parts.append(piece)
    try:
        return re.compile("".join(pattern_parts), re.IGNORECASE if any_case else 0)
    except (re.error, RecursionError, OverflowError):
        return None


def _may_repeat(pattern_parts: Sequence[str], sign: str) -> bool:
    """Whether what stands before a sign of repetition may be repeated: no group, but one that may be left out."""
    if not pattern_parts or pattern_parts[-1] in ("(", "|", "^", *_REPEATS):
        return False
    return pattern_parts[-1] != ")" or sign == "?"


def _next(text: str, at: int, *, extended: bool) -> tuple[str | None, int]:
    """The next piece of a pattern in Python's syntax, and where the one after it begins."""
    sign = text[at]
    if sign == "[":
        return _bracket(text, at)
    if sign == "\\":
        return _escaped(text[at + 1 : at + 2], extended=extended), at + 2
    if sign in "()|+?":
        return (sign if extended else re.escape(sign)), at + 1
    if sign in "{}":
        return (None if extended else re.escape(sign)), at + 1
    if sign in ".*":
        return sign, at + 1
    if sign in "^$":
        if not extended and text.startswith(("$)", "$|"), at):
            # GNU's grep takes this dollar for the end of the line, its sed for a plain sign.
            return None, at + 1
        return (sign if extended or _is_anchor(text, at) else re.escape(sign)), at + 1
    return re.escape(sign), at + 1


def _is_anchor(text: str, at: int) -> bool:
    """Whether `^` or `$` of a basic expression is at the border of it, of a group or of an alternative."""
    if text[at] == "^":
        return at == 0 or _BEGINS.search(text, 0, at) is not None
    return at == len(text) - 1 or text.startswith(("\\)", "\\|"), at + 1)


def _escaped(sign: str, *, extended: bool) -> str | None:
    if sign in ("s", "S", "w", "W", "b", "B"):
        return f"\\{sign}"
    if sign in ("(", ")", "|", "+", "?"):
        return re.escape(sign) if extended else sign
    if not sign or sign in "{}" or sign.isalnum():
        return None
    return {"<": r"\b", ">": r"\b"}.get(sign, re.escape(sign))


def _bracket(text: str, at: int) -> tuple[str | None, int]:
    """A set of characters; a closing bracket that stands first is one of them."""
    inner = at + 1
    negated = text[inner : inner + 1] == "^"
    inner += negated
    set_text = ""
    first = inner
    while inner < len(text) and (text[inner] != "]" or inner == first):
        name = next((class_ for class_ in _CLASSES if text.startswith(class_, inner)), None)
        if name is not None:
            set_text += _CLASSES[name]
            inner += len(name)
        elif text.startswith("[", inner) and text[inner + 1 : inner + 2] in ":.=":
            return None, at
        elif text[inner + 1 : inner + 2] == "-" and text[inner + 2 : inner + 3] not in ("", "]", "["):
            set_text += f"{_in_set(text[inner])}-{_in_set(text[inner + 2])}"
            inner += 3
        else:
            set_text += _in_set(text[inner])
            inner += 1
    closed = inner < len(text) and bool(set_text)
    return (f"[{'^' if negated else ''}{set_text}]" if closed else None), inner + 1


def _in_set(sign: str) -> str:
    """A character as it stands in a set of Python's, which has signs of its own there."""
    return sign if sign.isalnum() else f"\\{sign}"
