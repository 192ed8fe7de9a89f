"""setup.cfg: what setuptools reads from its section `[options]`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from mlaudit.document.budget import Limit, spend
from mlaudit.document.document import Document
from mlaudit.grammars import rewriting, waivers
from mlaudit.grammars.pypi import requirement
from mlaudit.grammars.pypi.selected import of_itself
from mlaudit.model.lazy_dataclass import dataclass, field, replace
from mlaudit.model.lazy_pattern import lazy_pattern
from mlaudit.model.names import normalized
from mlaudit.model.nouns import Include, Kind, Layer, Place, Statement, Unread
from mlaudit.model.scope import PinScope
from mlaudit.parsers._registry import parser

_SECTION = lazy_pattern(r"\[([^\]\n]{1,256})\]")
_OPTION = lazy_pattern(r"([^=:\s][^=:\n]{0,255}?)\s*[=:]\s*(.*)")
_SNIFFED = lazy_pattern(rb"(?m)^(?:install_requires|python_requires)\s*[=:]|^\[options(?:\.extras_require)?\]")
_FILE = lazy_pattern(r"file:\s*(.+)")
_BUILD_GROUP = "build-system"
_REFERENCE = lazy_pattern(r"%\(([^()\n]{1,255})\)s")
MAX_REFERENCES = 10
"""References inside references that are followed, as configparser does."""
LINES = Limit(name="lines, counted again for each reference to them", most=300_000)
CHARACTERS = Limit(name="characters that references between options put together", most=5_000_000)


@dataclass(slots=True)
class _SetupOption:
    """One option with its lines; comments and blank lines are left out."""

    section: str
    key: str
    at: Place
    lines: list[tuple[str, Place]] = field(default_factory=list)


def _looks_like_it(doc: Document) -> bool:
    return _SNIFFED.search(doc.head) is not None


rewrite = rewriting.requirement
"""How a version in it is replaced."""


@parser(
    kind="manifest",
    files=["setup.cfg"],
    content=_looks_like_it,
    marks=[b"install_requires", b"python_requires", b"[options"],
)
def read(doc: Document) -> Iterator[Statement]:
    """Requirements, those of extras, and the range of Pythons."""
    yield from waivers.in_comments(doc)
    options = list(_options(doc))
    values = {(option.section, option.key): option.lines for option in options}
    named = values.get(("metadata", "name")) or [("", doc.place())]
    name = named[0][0] or None
    for option in options:
        if not option.key:
            yield doc.unread("expected `[section]` or `option = value`", option.at)
        elif option.section in ("options", "options.extras_require"):
            references = _References(doc=doc, values=values, section=option.section)
            lines = list(references.lines(option.lines))
            yield from (line for line in lines if isinstance(line, Unread))
            stated = replace(option, lines=[line for line in lines if not isinstance(line, Unread)])
            yield from (of_itself(statement, name) for statement in _stated(doc, stated))


def _stated(doc: Document, option: _SetupOption) -> Iterator[Statement]:
    key = option.key.replace("-", "_").lower()
    if option.section == "options.extras_require":
        yield from _requirements(doc, option, (), (normalized(option.key),))
    elif key == "python_requires":
        yield from _python(doc, option)
    elif key == "install_requires":
        yield from _requirements(doc, option, (), ())
    elif key in ("setup_requires", "tests_require"):
        yield from _requirements(doc, option, (_BUILD_GROUP if key == "setup_requires" else "test",), ())


def _options(doc: Document) -> Iterator[_SetupOption]:
    """Options in their order, as configparser reads them: indented lines go on, `#` and `;` begin comments.

    Raises BudgetExceeded.
    """
    section, option = "", None
    start = 0
    spend(LINES, doc.text.count("\n"))
    for number, raw in enumerate(doc.text.split("\n"), start=1):
        line = raw.strip()
        begin = start + len(raw) - len(raw.lstrip())
        start += len(raw) + 1
        if not line or line[0] in "#;":
            continue
        if raw[:1].isspace() and option is not None:
            option.lines.append((line, _place(doc, number, raw, line, begin)))
            continue
        if option is not None:
            yield option
        heading, match = _SECTION.match(line), _OPTION.fullmatch(line)
        section = heading.group(1).strip() if heading else section
        option = None
        if not heading:
            option = _SetupOption(
                section, match.group(1).strip() if match else "", _place(doc, number, raw, line, begin)
            )
            if match and match.group(2):
                value = match.group(2)
                option.lines.append((value, _place(doc, number, raw, value, begin + match.start(2))))
    if option is not None:
        yield option


Lines = list[tuple[str, Place]]


@dataclass(frozen=True, slots=True, kw_only=True)
class _References:
    """The options that `%(key)s` can name: those of its section, else of `[DEFAULT]`, as ConfigParser does."""

    doc: Document
    values: Mapping[tuple[str, str], Lines]
    section: str

    def named(self, key: str) -> Lines:
        return self.values.get((self.section, key)) or self.values.get(("DEFAULT", key)) or []

    def lines(self, lines: Lines, depth: int = 0) -> Iterator[tuple[str, Place] | Unread]:
        """Lines with their references replaced; a line that is one reference becomes all lines of what it names."""
        spend(LINES, len(lines))
        for text, at in lines:
            reference = _REFERENCE.fullmatch(text.partition(" #")[0].strip())
            named = self.named(reference[1]) if reference else []
            if named and depth >= MAX_REFERENCES:
                why = f"references are nested more than {MAX_REFERENCES} deep, which setuptools refuses too"
                yield self.doc.unread(why, at, what=text, template=True)
            elif named:
                yield from self.lines(named, depth + 1)
            else:
                yield self._filled(text), at

    def _filled(self, text: str) -> str:
        """A line with the references inside it replaced by values of one line."""

        def value(match: re.Match[str]) -> str:
            named = self.named(match[1])
            expanded = named[0][0] if len(named) == 1 else match[0]
            spend(CHARACTERS, len(expanded))
            return expanded

        return _REFERENCE.sub(value, text).replace("%%", "%") if "%" in text else text


def _place(doc: Document, number: int, raw: str, text: str, begin: int) -> Place:
    line_start = begin - raw.find(text) if text in raw else begin
    return doc.place(number, begin - line_start + 1, begin, begin + len(text))


def _python(doc: Document, option: _SetupOption) -> Iterator[Statement]:
    for text, at in option.lines[:1]:
        yield doc.pin(Layer.DECLARED, "python", specifier=text, kind=Kind.PYTHON, at=at)


def _requirements(
    doc: Document, option: _SetupOption, groups: tuple[str, ...], extras: tuple[str, ...]
) -> Iterator[Statement]:
    """A requirement per line, or per part of a line that ends with `;`; `file:` names files of them."""
    for text, at in option.lines:
        file = _FILE.fullmatch(text)
        if file:
            for target in file.group(1).split(","):
                yield Include(target=target.strip(), at=at, format="requirements", groups=groups, under_extras=extras)
            continue
        for plain in _parts(text, alone=len(option.lines) == 1):
            yield requirement.pin(doc, plain, at, scope=PinScope(groups=groups, under_extras=extras))


def _parts(text: str, *, alone: bool) -> Iterator[str]:
    """The requirements of a line; a value of one line may hold several, set apart by `;` (setuptools' `list-semi`)."""
    plain = text.partition(" #")[0].strip().rstrip(",")
    several = alone and ";" in plain and requirement.parse(plain).problem is not None
    yield from (part.strip() for part in (plain.split(";") if several else [plain]) if part.strip())
