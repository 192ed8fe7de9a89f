"""The language of requirements files, line by line, as pip reads it (pip/_internal/req/req_file.py), in linear time."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any, NamedTuple

from mlaudit.grammars.pypi.requirement_address import is_address
from mlaudit.model.lazy_dataclass import dataclass
from mlaudit.model.lazy_pattern import lazy_pattern

MAX_OPTIONS = 16384
"""Characters of options on one line that are read as a shell would; a list of hashes may be longer."""


class Piece(NamedTuple):
    """Where a physical line landed in the logical one: its offset there and in the document, its number and start."""

    at: int
    start: int
    number: int
    line_start: int


class LogicalLine(NamedTuple):
    """One logical line: continuations joined, the comment cut off, blanks around it dropped.

    `start`, `number` and `line_start` place its first character; `pieces` shows of the others where lines were joined.
    """

    text: str
    comment: str
    start: int
    number: int
    line_start: int
    pieces: tuple[Piece, ...] = ()

    def span(self, index: int, length: int) -> tuple[int, int, int, int]:
        """Line, column, and the offsets in the document where a span of `text` starts and ends."""
        if not self.pieces:
            start = self.start + index
            return self.number, start - self.line_start + 1, start, start + length
        first, last = self._piece(index), self._piece(index + max(length, 1) - 1)
        start = first.start + index - first.at
        end = last.start + index + length - last.at
        return first.number, start - first.line_start + 1, start, end

    def _piece(self, index: int) -> Piece:
        return self.pieces[max(0, bisect_right(self.pieces, (index, 1 << 62)) - 1)]


_LINE_ENDS = "\r\n\v\f\x1c\x1d\x1e\x85\u2028\u2029"


def logical_lines(text: str) -> Iterator[LogicalLine]:
    """Every line that holds a requirement, an option or a comment, in linear time."""
    open_lines: list[tuple[str, Piece]] = []
    number, offset, line_start = 1, 0, 0
    for raw in text.splitlines(keepends=True):
        line = raw.rstrip(_LINE_ENDS)
        if open_lines or line.endswith("\\"):
            open_lines.append((line, Piece(0, offset, number, line_start)))
            if not line.endswith("\\") or line.lstrip().startswith("#"):
                yield from _joined(open_lines)
                open_lines = []
        elif line:
            cut = comment_start(line) if "#" in line else len(line)
            plain = line[:cut].strip()
            if plain or cut < len(line):
                lead = (len(line) - len(line.lstrip())) if plain else cut
                yield LogicalLine(plain, line[cut:], offset + lead, number, line_start)
        offset += len(raw)
        if raw[-1] in "\r\n":
            number, line_start = number + 1, offset
    if open_lines:
        yield from _joined(open_lines)


def _joined(open_lines: list[tuple[str, Piece]]) -> Iterator[LogicalLine]:
    """One line out of several, as pip joins them: backslashes stripped, a comment at the end set off by a blank."""
    parts: list[str] = []
    pieces: list[Piece] = []
    length = 0
    for line, piece in open_lines:
        skipped, part = 0, line
        if line.lstrip().startswith("#"):
            skipped, part = -1, " " + line
        elif line.endswith("\\"):
            skipped, part = len(line) - len(line.lstrip("\\")), line.strip("\\")
        pieces.append(piece._replace(at=length, start=piece.start + skipped))
        parts.append(part)
        length += len(part)
    whole = "".join(parts)
    cut = comment_start(whole) if "#" in whole else len(whole)
    text = whole[:cut].strip()
    lead = len(whole) - len(whole.lstrip()) if text else cut
    if text or cut < len(whole):
        placed = tuple(piece._replace(at=piece.at - lead) for piece in pieces)
        first = placed[max(0, bisect_right(placed, (0, 1 << 62)) - 1)]
        yield LogicalLine(text, whole[cut:], first.start - first.at, first.number, first.line_start, placed)


def comment_start(line: str) -> int:
    """Where the comment begins: a `#` at the start or behind a blank (`a==1#x` has none); the length if nowhere."""
    at = line.find("#")
    while at > 0 and not line[at - 1].isspace():
        at = line.find("#", at + 1)
    return at if at >= 0 else len(line)


@dataclass(frozen=True, slots=True, kw_only=True)
class Parsed:
    """What one logical line says.

    Attributes:
        requirement: what precedes the options, as it is written.
        address: the requirement begins with an address, not with a name.
        editable: what `-e` names.
        includes: files pulled in, with whether as constraints; pip takes the first.
        indexes: addresses given by `--index-url`, `--extra-index-url` and `--find-links`.
        default_indexes: those given by `--index-url`, which stand for the usual index.
        hashes: `sha256:...`.
        problem: why the line, or its options, cannot be read.
    """

    requirement: str = ""
    address: bool = False
    editable: str | None = None
    includes: tuple[tuple[str, bool], ...] = ()
    indexes: tuple[str, ...] = ()
    default_indexes: tuple[str, ...] = ()
    hashes: tuple[str, ...] = ()
    problem: str | None = None


_PLAIN_VALUE = lazy_pattern(r"[^\s'\"\\]{1,2048}")
_VALUED = {
    "-r": "requirements",
    "--requirement": "requirements",
    "-c": "constraints",
    "--constraint": "constraints",
    "-i": "index_url",
    "--index-url": "index_url",
    "--extra-index-url": "extra_index_urls",
    "-f": "find_links",
    "--find-links": "find_links",
    "-e": "editables",
    "--editable": "editables",
}


@lru_cache(maxsize=65536)
def parsed(text: str) -> Parsed:
    """A logical line taken apart; equal lines are parsed once."""
    if " -" not in text and not text.startswith("-"):
        return Parsed(requirement=text, address=is_address(text))
    requirement, options = _parts(text)
    read_options = _options(options)
    if isinstance(read_options, str):
        return Parsed(requirement=requirement, address=is_address(requirement), problem=read_options)
    return _from_options(requirement, read_options)


def _options(options: str) -> dict[str, Any] | str:
    """The values of options by their long names, or why they cannot be read."""
    tokens = options.split()
    if all(token.startswith("--hash=") and _PLAIN_VALUE.fullmatch(token) for token in tokens):
        return {"hashes": [token[len("--hash=") :] for token in tokens]}
    plain = _single_option(tokens)
    if plain is not None:
        return plain
    if len(options) > MAX_OPTIONS:
        return f"{len(options)} characters of options are not read"
    return _by_option_parser(options)


def _parts(text: str) -> tuple[str, str]:
    """The requirement, and the options behind it: they begin at the first word that starts with `-`."""
    at = 0 if text.startswith("-") else text.index(" -") + 1
    return text[:at].strip(), text[at:]


def _single_option(tokens: list[str]) -> dict[str, Any] | None:
    """The common line of one option and one plain value, without an option parser."""
    key, equals, value = tokens[0].partition("=")
    if len(tokens) == (1 if equals else 2) and (not equals or key.startswith("--")):
        value = value if equals else tokens[1]
        if key in _VALUED and _PLAIN_VALUE.fullmatch(value) and not value.startswith("-"):
            return {_VALUED[key]: [value]}
    return None


NEWER_OPTIONS = {
    "--process-dependency-links": "store_true",
    "--only-final": "append",
    "--all-releases": "append",
    "--no-require-hashes": "store_true",
}
"""Options of requirements files that pip-requirements-parser does not know: older ones, and those of pip 26 (its
`SUPPORTED_OPTIONS`, https://github.com/pypa/pip/blob/main/src/pip/_internal/req/req_file.py)."""


@lru_cache(maxsize=1)
def _option_parser() -> Any:
    """The option parser of pip-requirements-parser, with what newer pips take too."""
    import pip_requirements_parser

    parser = pip_requirements_parser.build_parser()
    parser.add_option("-C", "--config-settings", "--config-setting", dest="config_settings", action="append")
    for name, action in NEWER_OPTIONS.items():
        parser.add_option(name, dest="newer", action=action)
    return parser


def _by_option_parser(options: str) -> dict[str, Any] | str:
    """The values of options, or why they are invalid; fresh, since the parser's own defaults are shared lists."""
    import shlex
    from optparse import Values

    import pip_requirements_parser

    try:
        values, rest = _option_parser().parse_args(shlex.split(options), Values())
    except pip_requirements_parser.OptionParsingError as error:
        return f"pip does not accept such a line: {str(error).partition('error:')[2].strip() or error}"
    except ValueError as error:
        return f"its options cannot be split: {error}"
    return {**vars(values), "ignored": rest}


_REPEATED = "pip reads one -r, -c or -e of a line; give each its own"
_IGNORED = "pip ignores `{}` behind an option; a requirement needs a line of its own"


def _from_options(requirement: str, read_options: dict[str, Any]) -> Parsed:
    def values(key: str) -> tuple[str, ...]:
        given = read_options.get(key) or ()
        return (given,) if isinstance(given, str) else tuple(given)

    includes = [(target, False) for target in values("requirements")]
    includes += [(target, True) for target in values("constraints")]
    editables = values("editables")
    ignored = " ".join(values("ignored"))[:80]
    repeated = len(editables) > 1 or len(includes) > 1 or bool(includes and editables)
    return Parsed(
        requirement=requirement,
        address=is_address(requirement),
        editable=editables[0] if editables and not requirement else None,
        includes=tuple(includes[:1]) if not requirement and not editables else (),
        indexes=(*values("index_url"), *values("extra_index_urls"), *values("find_links")),
        default_indexes=values("index_url"),
        hashes=values("hashes"),
        problem=_REPEATED if repeated else _IGNORED.format(ignored) if ignored else None,
    )


_VARIABLE = lazy_pattern(r"\$\{([A-Z0-9_]{1,256})\}")


def expanded(text: str, defines: Callable[[str], str | None]) -> str:
    """The text with `${UPPER_CASE}` replaced where a value is given; anything else with a `$` is literal for pip."""
    if "${" not in text:
        return text
    return _VARIABLE.sub(lambda match: defines(match.group(1)) or match.group(0), text)


def unresolved(text: str) -> bool:
    """Whether a variable without a value is in the text, other than in the credentials of an address."""
    if "${" not in text:
        return False
    plain = _CREDENTIALS.sub("", text).replace("${PROJECT_ROOT}", "")
    return _VARIABLE.search(plain) is not None


_CREDENTIALS = lazy_pattern(r"(?<=://)[^/\s@]{1,512}@")
