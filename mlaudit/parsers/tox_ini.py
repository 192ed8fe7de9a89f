"""tox.ini: the Pythons and dependencies of tox's environments, and what their commands install."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache, partial

from mlaudit.document.budget import Limit, spend
from mlaudit.document.document import Document
from mlaudit.grammars import ini_text, rewriting, waivers
from mlaudit.grammars.descriptors import merged
from mlaudit.grammars.ini_text import IniOption
from mlaudit.grammars.pypi import python_text
from mlaudit.grammars.pypi.requirement import leading_name
from mlaudit.grammars.shell import install_pip
from mlaudit.grammars.shell.install_command import statements
from mlaudit.grammars.shell.install_conda import install as conda_install
from mlaudit.grammars.shell.recipe import Call, Recipe
from mlaudit.grammars.shell.script_text import Script
from mlaudit.grammars.shell.shell_words import Lexer, Word
from mlaudit.model.errors import Unreadable
from mlaudit.model.lazy_pattern import lazy_pattern
from mlaudit.model.nouns import Root, Statement, Unread
from mlaudit.model.scope import PinScope
from mlaudit.parsers._registry import parser

MAX_ENVIRONMENTS = 200
"""Environments that an `envlist` may name."""
MAX_REFERENCES = 16
"""References (`{[testenv]deps}`) inside references that are followed."""
MAX_NAME = 8192
"""Characters of one name with its braces."""
NAMES = Limit(name="characters of tox's environments and factors, their braces expanded", most=2_000_000)
LINES = Limit(name="lines of tox's options, counted for each environment and each reference", most=50_000)

_SECTION = lazy_pattern(rb"(?m)^\[(?:tox|testenv(?::[^\]]+)?|tox:tox)\]")
_REFERENCE = lazy_pattern(r"\{\[([^\]]{1,128})\]([\w-]{1,64})\}")
_FACTORS = lazy_pattern(r"(!?[\w.]+(?:[-,]!?[\w.]+|\{[\w.,-]{1,200}\})*):\s+(.*)")
_MARK = lazy_pattern(r"[{},]")
_BRACES = lazy_pattern(r"\{([^{}]{1,4096})\}")
_PYTHON_FACTOR = lazy_pattern(r"py(?:thon)?(\d)\.?(\d{1,2})|(\d)\.(\d{1,2})")
_KNOWN = {"toxinidir": ".", "tox_root": ".", "/": "/"}
_WITH_DEFAULT = lazy_pattern(r"\{(?:env:(\w{1,128})|posargs):([^{}]{0,512})\}")
_SUBSTITUTION = lazy_pattern(r"\{(toxinidir|tox_root|/)\}")


Sections = Mapping[str, Mapping[str, IniOption]]


def _looks_like_it(doc: Document) -> bool:
    return _SECTION.search(doc.head) is not None


rewrite = rewriting.in_recipe
"""How a version in it is replaced, in commands, lists and tags of images."""


@parser(kind="aside", files=["tox.ini"], content=_looks_like_it, marks=[b"[tox", b"[testenv"])
def read(doc: Document) -> Iterator[Statement]:
    """Every environment of `env_list` and of the sections is a root; factors choose lines as tox does."""
    yield from waivers.in_comments(doc)
    sections: dict[str, dict[str, IniOption]] = {}
    for option in ini_text.options(doc):
        if isinstance(option, IniOption):
            sections.setdefault(option.section, {})[option.key.replace("_", "").lower()] = option
        else:
            yield option
    if not sections:
        return
    core = _core(sections)
    recipe = Recipe(doc, groups=("tox",), values=doc.defines)
    for line in core["requires"].lines if "requires" in core else ():
        yield from _dependency(recipe, line)
    sheets = _sheets(sections)
    if len(sheets) > MAX_ENVIRONMENTS:
        yield doc.unread(f"it names more than {MAX_ENVIRONMENTS} environments; the others are not read")
    listed = list(sheets.items())[:MAX_ENVIRONMENTS]
    yield from merged(statement for name, own in listed for statement in _environment(doc, sections, name, own))


def environment_commands(doc: Document) -> Iterator[tuple[str, Script]]:
    """The commands of every environment, each with the name of its environment. Raises Unreadable, BudgetExceeded."""
    sections: dict[str, dict[str, IniOption]] = {}
    for option in ini_text.options(doc):
        if isinstance(option, IniOption):
            sections.setdefault(option.section, {})[option.key.replace("_", "").lower()] = option
    for name, own in list(_sheets(sections).items())[:MAX_ENVIRONMENTS]:
        options = {**sections.get("testenv", {}), **own}
        for key in ("commandspre", "commands"):
            for line in _chosen(sections, options.get(key), frozenset(name.split("-"))):
                if isinstance(line, Script):
                    yield name, line


def _core(sections: Sections) -> Mapping[str, IniOption]:
    return sections.get("tox", sections.get("tox:tox", {}))


def _sheets(every_section: Sections) -> Mapping[str, Mapping[str, IniOption]]:
    """The environments by name, each with the options of its own section."""
    sections: dict[str, str] = {}
    for section in every_section:
        if section.startswith("testenv:"):
            sections.update({name: section for name in _expanded(section.partition(":")[2]) if name not in sections})
    names = list(dict.fromkeys([*_environments(_core(every_section).get("envlist")), *sections] or ["testenv"]))
    return {name: every_section.get(sections.get(name, ""), {}) for name in names}


def _environments(listed: IniOption | None) -> Iterator[str]:
    for line in listed.lines if listed else ():
        for part in _parts(line.text):
            yield from (name for name in _expanded(part.strip()) if name)


def _parts(text: str) -> Iterator[str]:
    """What is between commas that are in no braces."""
    start = depth = 0
    for mark in _MARK.finditer(text):
        if mark[0] != ",":
            depth = 1 if mark[0] == "{" else 0
        elif not depth:
            yield text[start : mark.start()]
            start = mark.end()
    yield text[start:]


def _expanded(text: str) -> list[str]:
    """`py{310,311}-{a,b}` is four names; one more than `MAX_ENVIRONMENTS` at most."""
    names = [""]
    position = 0
    if len(text) > MAX_NAME:
        raise Unreadable(f"the name of an environment has more than {MAX_NAME:,} characters")
    for braces in _BRACES.finditer(text):
        names = [name + text[position : braces.start()] for name in names]
        names = [name + part.strip() for name in names for part in braces.group(1).split(",")][: MAX_ENVIRONMENTS + 1]
        position = braces.end()
    names = [name + text[position:] for name in names]
    spend(NAMES, sum(map(len, names)))
    return names


def _environment(doc: Document, sections: Sections, name: str, own: Mapping[str, IniOption]) -> Iterator[Statement]:
    options = {**sections.get("testenv", {}), **own}
    first = next(iter(options.values()), None)
    yield Root(name=name, kind="environment", at=first.lines[0].whole if first and first.lines else doc.place(1, 1))
    recipe = Recipe(doc, parts=(name,), values=doc.defines)
    yield from _python(recipe, name, options)
    factors = frozenset(name.split("-"))
    recipe.step += 1
    yield from _each(_chosen(sections, options.get("condadeps"), factors), partial(_conda_dependency, recipe))
    recipe.step += 1
    yield from _each(_chosen(sections, options.get("deps"), factors), partial(_dependency, recipe))
    for key in ("commandspre", "commands"):
        yield from _each(_chosen(sections, options.get(key), factors), lambda line: statements(line, recipe))


def _each(lines: Iterable[Script | Unread], read: Callable[[Script], Iterable[Statement]]) -> Iterator[Statement]:
    for line in lines:
        yield from (line,) if isinstance(line, Unread) else read(line)


def _python(recipe: Recipe, name: str, options: Mapping[str, IniOption]) -> Iterator[Statement]:
    """`base_python`, else the factor that names a version (`py310`)."""
    option = options.get("basepython")
    if option and option.lines:
        line = option.lines[0]
        if re.search(r"\d\.?\d", line.text):
            yield python_text.statement(
                recipe.doc, line.text.split(",")[0], line.whole, scope=PinScope(parts=recipe.parts)
            )
        return
    for factor in name.split("-"):
        version = _PYTHON_FACTOR.fullmatch(factor)
        if version:
            text = ".".join(part for part in version.groups() if part)
            at = next(
                (ini_option.lines[0].whole for ini_option in options.values() if ini_option.lines),
                recipe.doc.place(1, 1),
            )
            yield python_text.statement(recipe.doc, text, at, scope=PinScope(parts=recipe.parts), derived_from=at)


def _chosen(
    sections: Sections, option: IniOption | None, factors: frozenset[str], within: tuple[IniOption, ...] = ()
) -> Iterator[Script | Unread]:
    """The lines of an option that hold for some factors, references to other sections followed.

    `within` are the options whose references led here. Raises BudgetExceeded.
    """
    within = within or ((option,) if option else ())
    for line in option.lines if option else ():
        spend(LINES)
        conditional = _FACTORS.fullmatch(line.text)
        if conditional:
            if not _holds(conditional.group(1), factors):
                continue
            line = line.cut(conditional.start(2), len(line.text))
        reference = _REFERENCE.fullmatch(line.text.strip())
        if reference is None:
            yield line
            continue
        key = reference.group(2).replace("_", "").lower()
        named = sections.get(reference.group(1), {}).get(key)
        if named in within:
            why = "the reference leads back to itself, so it has no value here"
            yield line.doc.unread(why, line.whole, what=line.text, template=True)
        elif len(within) > MAX_REFERENCES:
            why = f"references are nested more than {MAX_REFERENCES} deep"
            yield line.doc.unread(why, line.whole, what=line.text, template=True)
        elif named is not None:
            yield from _chosen(sections, named, factors, (*within, named))


def _holds(condition: str, factors: frozenset[str]) -> bool:
    """`py310-torch,!gpu`: factors joined by `-` all, alternatives by `,` any; `!` is not."""
    return any(
        all((factor[1:] not in factors) if factor.startswith("!") else factor in factors for factor in needed)
        for needed in _alternatives(condition)
    )


@lru_cache(maxsize=1024)
def _alternatives(condition: str) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(name.split("-")) for part in _parts(condition) for name in _expanded(part))


def _whole(line: Script) -> Word:
    return Word(text=line.text, start=0, end=len(line.text))


def _conda_dependency(recipe: Recipe, line: Script) -> Iterator[Statement]:
    return conda_install(Call(script=line, recipe=recipe, words=(_whole(line),)))


def _dependency(recipe: Recipe, line: Script) -> Iterator[Statement]:
    """One line of `deps`: a requirement, or an option of pip; `{toxinidir}` is the folder of the file."""
    text = _SUBSTITUTION.sub(lambda known: _KNOWN[known.group(1)], line.text)
    text = _WITH_DEFAULT.sub(lambda match: recipe.values.get(match.group(1) or "", match.group(2)), text)
    script = line if text == line.text else Script(line.doc, text, (), line.whole)
    words = [_whole(script)]
    if text.startswith("-"):
        words = [token for token in Lexer(text, {}, shell=False).tokens() if isinstance(token, Word)]
    call = Call(script=script, recipe=recipe, words=tuple(words))
    if re.search(r"\{(?:posargs|env:|\[)", text):
        name = leading_name(text)
        why = "a substitution of tox in it has no value here"
        yield recipe.doc.unread(why, line.whole, what=text, package=name or None, template=True, scope=recipe.scope)
    else:
        yield from install_pip.install(call)
